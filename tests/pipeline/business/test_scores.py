"""`churn describe --scores`: sums by hand, what is not in the log, and scores of another day."""

import json
from datetime import date
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from pyarrow import parquet

from pipeline.business.scores import at_odds, by_segment, risk_by_value
from pipeline.command_line.main import run
from pipeline.scoring.score import ABOUT, SCHEMA
from tests.pipeline import shop

pytestmark = pytest.mark.slow

END = "2023-07-01"


def scores(path, log, /, strangers=3, as_of=END, **about):
    """Scores of a log's customers, made by hand: who has bought more leaves less."""
    names = sorted({row[0] for row in log}) + [f"stranger {n}" for n in range(strangers)]
    n = np.arange(len(names))
    values = {
        "customer_id": names,
        "as_of": pd.Timestamp(as_of),
        "horizon_days": 91,
        "model_version": "1",
        "segment": np.where(n % 3 == 0, "champion", np.where(n % 3 == 1, "lost", "our own")),
        "p_churn": (n % 10) / 10,
        "expected_spend": n % 20.0,
        "clv": 3.0 * n,
        "total_spend": n * 1.0,
    }
    frame = pd.DataFrame(values)
    frame = frame.assign(**{name: None for name in SCHEMA.names if name not in frame})
    told = {
        "log_end": END,
        "promised": {"spend": [0.25, -0.2]},
        "grades": {"ranking": "good"},
    } | about
    schema = SCHEMA.with_metadata({ABOUT: json.dumps(told)})
    parquet.write_table(pa.Table.from_pandas(frame, schema, preserve_index=False), path)
    return frame


def described(folder, capsys, *options):
    code = run(["describe", str(folder / "shop.csv"), *shop.COLUMNS, *options, "-q"])
    return code, *capsys.readouterr()


@pytest.fixture
def log(tmp_path):
    found = [row for row in shop.rows(200) if not row[2].startswith("-")]
    # The last day of the log is a known one.
    found.append((found[0][0], "2023-06-30", "9.00", "Z1", "NO"))
    shop.write(tmp_path / "shop.csv", found)
    return found


def test_segments_add_up_to_all_that_is_expected():
    customers = pd.DataFrame(
        {
            "segment": ["new", "lost", "new"],
            "p_churn": [0.2, 0.9, 0.4],
            "expected_spend": [30.0, 10.0, 60.0],
            "clv": [1.0, 2.0, 4.0],
        }
    )
    found = by_segment(customers)
    assert found.index.tolist() == ["new", "lost"]
    assert found.loc["new", ["customers", "p_churn", "clv"]].tolist() == [
        2,
        pytest.approx(0.3),
        5.0,
    ]
    assert found["spend_share"].tolist() == pytest.approx([0.9, 0.1])
    assert found.loc["lost", "advice"] == "no paid contact"


def test_late_customers_who_are_likelier_to_buy_than_not_are_not_to_be_won_back_by_discounts():
    customers = pd.DataFrame(
        {
            "segment": ["at risk", "at risk", "slowing", "loyal"],
            "p_churn": [0.3, 0.6, 0.6, 0.1],
            "expected_spend": [9.0, 9.0, 9.0, 9.0],
            "clv": [1.0, 1.0, 1.0, 1.0],
        }
    )
    advice = by_segment(customers)["advice"]
    assert advice["at risk"].startswith("late, yet likelier than not to buy of themselves")
    assert advice["slowing"].startswith("give a reason for the next order")
    assert advice["loyal"].startswith("offer what goes with")


def test_every_customer_has_one_place_on_the_map_of_risk_by_value():
    rng = np.random.default_rng(2)
    customers = pd.DataFrame({"total_spend": rng.gamma(1, 50, 500), "p_churn": rng.random(500)})
    found = risk_by_value(customers)
    assert found.to_numpy().sum() == 500
    assert found.sum(axis=1).tolist() == [5, 95, 150, 250]


@pytest.mark.thorough
def test_the_scores_of_the_logs_customers_are_added_up_and_those_of_others_counted(
    tmp_path, capsys, log
):
    frame = scores(tmp_path / "scores.parquet", log)
    code, out, err = described(
        tmp_path, capsys, "--scores", str(tmp_path / "scores.parquet"), "--json"
    )
    assert code == 0, err
    found = json.loads(out)
    told, mine = found["scores"], frame.iloc[:-3]
    expected = mine["expected_spend"].sum()
    assert told["expected_spend"]["total"] == pytest.approx(expected)
    ends = [told["expected_spend"][end] for end in ("low", "high")]
    assert ends == pytest.approx([0.8 * expected, 1.25 * expected]), (
        "as the pages of scores have it"
    )
    assert told["clv"]["mean"] == pytest.approx(mine["clv"].mean())
    assert sum(row["customers"] for row in told["segments"]) == len(mine)
    assert f"{len(frame)} scores = {len(mine)} used + 3 of customers who are not" in told["rows"]
    assert told["notes"] == []
    assert found["window_days"] == 91
    by_scores, by_model, _ = told["forecasts"]
    assert by_scores["known"] == pytest.approx(expected)
    assert by_scores["together"] == pytest.approx(expected + by_model["new"])
    assert shop.SENTINEL not in out


@pytest.mark.parametrize(("expected", "said"), [(700.0, 1), (610.0, 0), (300.0, 0)])
def test_known_customers_who_should_bring_more_than_the_forecast_has_for_all_are_told(
    expected, said
):
    revenue = SimpleNamespace(total=(560.0, 500.0, 900.0))
    ahead = SimpleNamespace(steps=8, step_days=7, outlooks={"revenue": revenue})
    day = date(2024, 10, 1)
    notes = list(at_odds(expected, SimpleNamespace(as_of=day, horizon_days=60), day, ahead))
    assert len(notes) == said
    assert all("700 of known customers alone, the forecast 600 in as" in note for note in notes)
    assert list(at_odds(expected, SimpleNamespace(as_of=day, horizon_days=60), day, None)) == []


@pytest.mark.thorough
@pytest.mark.usefixtures("unforecast")
def test_scores_of_another_day_or_of_a_shorter_log_are_told_once(tmp_path, capsys, log):
    file = tmp_path / "scores.parquet"
    notes = []
    for day, end in (("2023-05-01", "2023-05-01"), (END, "2023-06-01")):
        scores(file, log, as_of=day, log_end=end)
        _, out, _ = described(tmp_path, capsys, "--scores", str(file), "--json")
        notes.append(json.loads(out)["scores"]["notes"])
    assert [len(note) for note in notes] == [1, 1]
    assert "The scores are of 2023-05-01, this picture is of 2023-07-01." in notes[0][0]
    assert "when the log ended before 2023-06-01" in notes[1][0]


@pytest.mark.usefixtures("unforecast")
def test_the_page_and_the_screen_tell_of_the_scores(tmp_path, capsys, log):
    scores(tmp_path / "scores.parquet", log)
    page = tmp_path / "page.html"
    options = ("--scores", str(tmp_path / "scores.parquet"), "--out", str(page))
    code, out, err = described(tmp_path, capsys, *options)
    assert code == 0, err
    text = page.read_text(encoding="utf-8")
    for words in ("no paid contact", "p(churn)", "CLV by the model", "<b>good</b>", "the scores"):
        assert words in text, words
    assert shop.SENTINEL not in text
    assert "Segments of the scores of 2023-07-01" in out
    assert "ranking good" in out


@pytest.mark.thorough
@pytest.mark.usefixtures("unforecast")
def test_a_total_that_was_off_by_more_than_tenfold_leaves_no_range(tmp_path, capsys, log):
    file = tmp_path / "scores.parquet"
    scores(file, log, promised={"spend": [-0.99, 0.1]})
    code, out, err = described(tmp_path, capsys, "--scores", str(file))
    assert code == 0, err
    assert "(no range: past errors are not known, or one was more than tenfold)." in out


@pytest.mark.usefixtures("unforecast")
def test_scores_of_another_business_are_refused(tmp_path, capsys, log):
    scores(tmp_path / "scores.parquet", [("nobody", "", "", "", "")], strangers=4)
    code, out, err = described(tmp_path, capsys, "--scores", str(tmp_path / "scores.parquet"))
    assert (code, out) == (2, "")
    assert "None of the 5 scored customers is in the log" in err


@pytest.mark.thorough
@pytest.mark.usefixtures("unforecast")
def test_a_log_is_read_as_its_scores_were(tmp_path, log, capsys):
    about = {"customer_id": "Customer ID", "transacted_at": "Date", "amount": "Total"}
    scores(tmp_path / "scores.parquet", log, **{"log": {"columns": about}})
    named = [str(tmp_path / "shop.csv"), "--scores", str(tmp_path / "scores.parquet"), "-q"]
    assert run(["describe", *named, "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert run(["describe", *named, *shop.COLUMNS, "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == found
    assert run(["customer", log[0][0], *named]) == 0
