"""The page of scores: its totals are those of the file, and it names nobody."""

import re
from datetime import date

import numpy as np
import pandas as pd
import pytest

from pipeline.command_line import main as cli
from pipeline.model_files import artifact
from pipeline.reporting.coming import Coming, areas, sentence
from pipeline.reporting.scores_page import About, movements, page
from tests.pipeline import shop

CUSTOMERS = pd.DataFrame(
    {
        "p_churn": [0.25, 0.75, 0.5, 1.0],
        "expected_purchases": 1.0,
        "expected_spend": [60.0, 20.0, 20.0, 0.0],
        "clv": [100.0, 50.0, 50.0, 0.0],
        "segment": ["loyal", "at risk", "loyal", "lost"],
        "segment_before": ["loyal", "loyal", "at risk", None],
        "total_spend": [90.0, 70.0, 20.0, 5.0],
    }
)


def test_totals_have_the_ends_that_past_errors_would_make():
    said = Coming.of(CUSTOMERS, 30, level=[-0.1, 0.05], spend=[0.25, -0.2])
    assert said.buyers == pytest.approx((1.5, 1.1, 1.9))
    assert said.spend == pytest.approx((100.0, 80.0, 125.0))
    too_much = Coming.of(CUSTOMERS, 30, level=[-0.1], spend=[0.25])
    assert too_much.spend == pytest.approx((100.0, 80.0, 125.0)), "the next error may be the other"
    assert (said.customers, said.clv) == (4, 200.0)
    told = "2 of 4 known customers should buy (1 to 2), for 100 (80 to 125)."
    assert sentence(said) == f"In the next 30 days {told}"


def test_a_total_that_rests_on_few_is_told_so():
    large, small = CUSTOMERS.iloc[[0] * 2], CUSTOMERS.iloc[[1] * 28]
    some = pd.concat([large.assign(expected_spend=900.0), small.assign(expected_spend=1.0)])
    said = Coming.of(some, 30, [0.1], [0.1])
    assert sentence(said).endswith(
        "2 customers are 98% of it: no range says whether one of them goes on."
    )
    one = pd.concat([large[:1].assign(expected_spend=60.0), small.assign(expected_spend=1.0)])
    said = sentence(Coming.of(one, 30, [0.1], [0.1]))
    assert said.endswith("One customer is 68% of it: no range says whether this one goes on.")
    assert Coming.of(some.assign(expected_spend=9.0), 30, [0.1], [0.1]).few is None
    assert Coming.of(some, 30, [0.1], [0.1], weight=2.0).few is None, "a sample does not tell"


def test_a_sample_stands_for_all_customers():
    whole = Coming.of(CUSTOMERS, 30, [0.1], [0.1])
    twice = Coming.of(CUSTOMERS, 30, [0.1], [0.1], weight=2.0)
    assert twice.spend == pytest.approx(tuple(2 * value for value in whole.spend))
    assert (twice.risk == 2 * whole.risk).all(axis=None)
    assert twice.segments["customers"].tolist() == [4, 2, 2]
    assert twice.segments["p_churn"].tolist() == whole.segments["p_churn"].tolist()


def test_without_money_areas_are_customers():
    silent = CUSTOMERS.assign(expected_spend=np.nan, clv=np.nan)
    said = Coming.of(silent, 30, [], [])
    assert "Areas: customers of each segment." in areas(said.segments, 30)
    assert "nan" not in sentence(said) + areas(said.segments, 30)


def test_movements_are_of_those_scored_both_times():
    moves = movements(CUSTOMERS)
    assert moves["customers"].sum() == 3
    assert set(zip(moves["segment_before"], moves["segment"], strict=True)) == {
        ("loyal", "loyal"),
        ("loyal", "at risk"),
        ("at risk", "loyal"),
    }


def test_the_page_says_what_changed_and_folds_why_to_believe_it(here):
    manifest = artifact.verify(here / "out/model")
    about = About("<i>log", ["9 rows = 9 used"], date(2024, 1, 1), manifest, {}, date(2023, 10, 1))
    html = page(CUSTOMERS, about)
    assert "Since 2023-10-01, 2 of 3 customers scored both times moved to another segment." in html
    assert "<i>log" not in html
    assert "who usually takes longer may only be not due yet." in html
    assert re.search(r'<details id="details"><summary>Can it be believed', html)
    assert not re.search(r"<script|https?://|url\(|@import", html)
    alone = page(CUSTOMERS, About("log", [], date(2024, 1, 1), manifest, {}))
    assert "What changed" not in alone
    assert "extended over the months of clv" in alone
    valueless = page(CUSTOMERS.assign(clv=np.nan), About("log", [], date(2024, 1, 1), manifest, {}))
    assert "months of clv" not in valueless


@pytest.mark.thorough
def test_score_writes_the_page_beside_the_scores(here, tmp_path, capsys):
    out, report = tmp_path / "scores.parquet", tmp_path / "scores.html"
    asked = ["score", "orders.csv", "--quiet", "--out", str(out)]
    assert cli.run([*asked, "--report", str(tmp_path / "scores.csv")]) == 2
    assert "--report scores.csv: the name must end in .html" in capsys.readouterr().err
    assert not out.exists()
    assert cli.run([*asked, "--report", str(report)]) == 0
    html, scores = report.read_text(encoding="utf-8"), pd.read_parquet(out)
    assert f"of {len(scores):,} known customers should buy" in html
    assert f"{scores['expected_spend'].sum():,.0f}" in html
    went = html.partition('<section id="course">')[2].partition("</section>")[0]
    assert went.count('<svg class="chart"') == 3, "revenue, active customers, who has spent"
    spend = scores["total_spend"].sort_values(ascending=False)
    best = spend.iloc[: round(len(spend) / 5)].sum() / spend.sum()
    told = re.search(r"The best fifth of the customers brought (\d+)% of the spend", went)
    # The curve is made of percentiles, and a fifth of the customers may be no whole number.
    assert told
    assert int(told[1]) == pytest.approx(100 * best, abs=1.5)
    assert '<table class="heat">' in went, "who stays, by cohort"
    assert report.stat().st_mode & 0o777 == 0o600
    assert shop.MAIL not in html
    assert not [name for name in scores["customer_id"] if len(name) > 8 and name in html]
