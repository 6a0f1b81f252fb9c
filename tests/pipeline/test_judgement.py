"""What the board means in words: better, no better, worse, and for whom."""

from datetime import date
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from models.evaluation.leaderboard import evaluate
from pipeline.backtest import COLUMNS, Backtest
from pipeline.judgement import baseline, by_group, verdict
from pipeline.report import page

N = 400


def backtest(**p_churn):
    """A board of contenders that say what they are told to about 2 x 400 customers."""
    rng = np.random.default_rng(3)
    truth = rng.uniform(0.2, 0.95, 2 * N)
    outcomes = pd.DataFrame(
        {
            "cutoff": np.repeat([date(2024, 1, 1), date(2024, 4, 1)], N),
            "weight": 1.0,
            "churned": (rng.uniform(size=2 * N) < truth).astype(int),
            "spend": rng.gamma(2, 10, 2 * N),
            "frequency": rng.integers(0, 3, 2 * N),
            "recency": 50.0,
            "T": rng.integers(60, 300, 2 * N).astype(float),
            "country": rng.choice(["<b>NO</b>", "SE"], 2 * N),
        }
    )
    answers = {
        name: pd.DataFrame({"p_churn": make(truth, rng), "expected_spend": 20.0 + truth})
        for name, make in p_churn.items()
    }
    rows = []
    for name, said in answers.items():
        for cutoff, index in outcomes.groupby("cutoff").groups.items():
            scores = evaluate(outcomes.loc[index], said.loc[index])
            rows.append({"contender": name, "cutoff": cutoff, "horizon_days": 91, **scores})
    board = pd.DataFrame(rows).assign(chosen=lambda b: b.contender == "blend")
    return Backtest(board.reindex(columns=list(COLUMNS)), "blend", outcomes, answers, ("country",))


def true(truth, rng):
    return truth


def flat(truth, rng):
    return np.full(len(truth), truth.mean())


def wrong(truth, rng):
    return 1 - truth


def nearly(truth, rng):
    return np.clip(truth + rng.normal(0, 0.001, len(truth)), 0.01, 0.99)


def test_better_at_all_cutoffs_is_said_with_its_interval():
    said = verdict(backtest(blend=true, recency_alone=flat))
    assert "blend is better than recency alone at all 2 cutoffs" in said
    assert "95 % interval -" in said


def test_equal_is_no_better():
    assert "within chance" in verdict(backtest(blend=true, recency_alone=nearly))


def test_worse_is_said_to_be_worse_and_where():
    said = verdict(backtest(blend=wrong, recency_alone=true))
    assert "worse than recency alone" in said
    assert "It loses to recency_alone among" in said


def test_better_contender_that_was_not_chosen_is_named():
    said = verdict(backtest(blend=nearly, base_rate=flat, pareto_nbd=true))
    better = backtest(blend=nearly, base_rate=flat, pareto_nbd=true).means.index[0]
    assert ("pareto_nbd has a lower log loss still" in said) == (better == "pareto_nbd")


def test_baseline_is_the_naive_rule_with_the_best_log_loss():
    assert baseline(backtest(blend=true, base_rate=wrong, recency_alone=flat)) == "recency_alone"


def test_groups_hold_attributes_and_their_own_rates():
    result = backtest(blend=true, recency_alone=flat)
    table = by_group(result, "recency_alone").set_index("group")
    assert {"bought once", "country SE", "country <b>NO</b>"} <= set(table.index)
    rows = (result.outcomes["country"] == "SE").to_numpy()
    assert table.loc["country SE", "n_customers"] == rows.sum()
    assert table.loc["country SE", "churn_rate"] == pytest.approx(
        result.outcomes["churned"][rows].mean()
    )


def test_contender_that_failed_at_a_cutoff_has_no_means():
    result = backtest(blend=true, recency_alone=flat)
    failed = result.leaderboard.copy()
    failed.loc[failed.index[-1], "log_loss"] = np.nan
    broken = Backtest(failed, "blend", result.outcomes, result.answers)
    assert np.isnan(broken.means.loc["recency_alone", "log_loss"])
    assert baseline(broken) == "blend"


LOG = SimpleNamespace(
    name="<i>orders.csv",
    first_day=date(2023, 1, 1),
    last_day=date(2024, 6, 30),
    n_customers=400,
    n_purchase_days=900,
    once_only=0.5,
    log=SimpleNamespace(counts=SimpleNamespace(used=9, lines=lambda: ["9 rows = 9 used"])),
)
"""As much of `Orders` as the report asks for."""


def test_report_is_one_page_that_runs_and_fetches_nothing():
    result = backtest(blend=true, recency_alone=flat)
    today = pd.DataFrame({"p_churn": [0.5, 0.9], "segment": ["loyal", "lost"]})
    today = today.assign(expected_purchases=1.0, expected_spend=10.0)
    html = page(LOG, result, "a < b", today)
    assert "a &lt; b" in html
    assert "&lt;b&gt;NO&lt;/b&gt;" in html
    assert "&lt;i&gt;orders.csv" in html
    for forbidden in ("<script", "http:", "https:", "<b>NO", "<i>"):
        assert forbidden not in html
    assert html.count("<svg") == 2
