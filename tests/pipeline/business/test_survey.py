"""NPS and CSAT of a survey: every row accounted for, scores by hand, refusals."""

import json

import numpy as np
import pytest

from models.evaluation.shares import net_promoters
from pipeline.command_line.main import run
from tests.pipeline import shop

pytestmark = pytest.mark.usefixtures("unforecast")


def answered(tmp_path, capsys, answers, *options, head="customer_id,date,score"):
    log = shop.write(tmp_path / "shop.csv", shop.rows(200))
    survey = tmp_path / "survey.csv"
    survey.write_text("\n".join([head, *answers]) + "\n")
    asked = ["--horizon", "91d", "--survey", str(survey), "--json", "--quiet", *options]
    code = run(["describe", str(log), *shop.COLUMNS, *asked])
    return code, *capsys.readouterr()


@pytest.fixture
def known():
    return sorted({row[0] for row in shop.rows(200) if row[0].startswith("0")})


@pytest.mark.thorough
@pytest.mark.slow
def test_every_row_is_counted_or_left_out_for_a_reason(tmp_path, capsys, known):
    answers = [f"{known[0]},2023-01-05,10", f"{known[1]},2023-01-06,9", f"{known[2]},2023-01-07,3"]
    answers += [f"{known[3]},2023-02-01,7", "nobody,2023-02-01,1", f"{known[4]},2023-02-01,"]
    answers += [f"{known[5]},2030-01-01,10"]
    code, out, err = answered(tmp_path, capsys, answers)
    assert code == 0, err
    found = json.loads(out)["survey"]
    assert found["kind"] == "NPS"
    months = {row["period"]: row for row in found["by_period"]}
    assert months["2023-01"]["answers"] == 3
    assert months["2023-01"]["score"] == pytest.approx(1 / 3)
    assert months["2023-02"]["score"] == 0
    assert sum(row["answers"] for row in found["by_rfm_group"]) == 4
    assert (
        "7 answers = 4 counted + 3 left out (blank or unreadable 1; of customers"
        in found["rows"][0]
    )
    assert "not in the log 1; on or after" in found["rows"][0]
    assert not any(f'"{name}"' in out for name in known)


@pytest.mark.thorough
@pytest.mark.parametrize(
    ("name", "told"), [("Rating", ("CSAT", 0.5)), ("csat", ("CSAT", 0.5)), ("NPS", ("NPS", -1.0))]
)
def test_scores_of_one_to_five_are_satisfaction_unless_their_column_is_called_nps(
    tmp_path, capsys, known, name, told
):
    answers = [
        f"{name},2023-01-05,{score}" for name, score in zip(known, (5, 4, 3, 1), strict=False)
    ]
    _, out, _ = answered(tmp_path, capsys, answers, head=f"customer_id,date,{name}")
    found = json.loads(out)["survey"]
    assert (found["kind"], found["by_period"][0]["score"]) == told


def test_satisfaction_beyond_five_is_refused_and_not_told_as_nps(tmp_path, capsys, known):
    answers = [f"{name},2023-01-05,{n}" for name, n in zip(known, (9, 8, 7), strict=False)]
    code, _, err = answered(tmp_path, capsys, answers, head="customer_id,date,csat")
    assert code == 2
    assert "csat goes from 7 to 9, and satisfaction is counted of scores 1 to 5" in " ".join(
        err.split()
    )


@pytest.mark.sampled
@pytest.mark.slow
@pytest.mark.parametrize(
    ("answer", "head", "told"),
    [
        ("{},2023-01-05,11", "customer_id,date,score", "1 of 1 scores lie outside 0 to 10"),
        ("nobody,2023-01-05,9", "customer_id,date,score", "none of its 1 rows is an answer"),
        ("{},2023-01-05,9", "customer_id,date,stars", "has no column called score"),
    ],
)
def test_a_survey_that_cannot_be_used_is_refused(tmp_path, capsys, known, answer, head, told):
    code, out, err = answered(tmp_path, capsys, [answer.format(known[0])], head=head)
    assert code == 2
    assert told in " ".join(err.split())
    assert known[0] not in err
    assert not out


@pytest.mark.parametrize(("p", "d", "n"), [(0.5, 0.2, 40), (0.85, 0.05, 25), (0.3, 0.3, 200)])
def test_the_interval_of_nps_covers_as_it_says(p, d, n):
    drawn = np.random.default_rng(4).multinomial(n, [p, d, 1 - p - d], 4000)
    _, low, high = net_promoters(drawn[:, 0], drawn[:, 1], np.full(4000, n))
    held = np.mean((low <= p - d) & (p - d <= high))
    # Rocks finds 93 to 97 % for such samples.
    assert 0.93 <= held <= 0.975


def test_the_interval_of_nps_holds_the_score_of_a_single_answer():
    score, low, high = net_promoters(np.array([1.0, 0]), np.array([0.0, 1]), np.array([1.0, 1]))
    assert (low <= score).all()
    assert (score <= high).all()
