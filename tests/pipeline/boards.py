"""Backtests made by hand: contenders that say what they are told to."""

from datetime import date
from types import SimpleNamespace

import numpy as np
import pandas as pd

from models.evaluation.leaderboard import evaluate
from pipeline.learning.backtest import COLUMNS, Backtest
from pipeline.learning.judged import PREDICTED

CUTOFFS = (date(2024, 1, 1), date(2024, 4, 1))
HORIZON = 91

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


def customers(n, seed=3):
    """`n` customers at each cutoff: what was known, and the probability that rules them."""
    rng = np.random.default_rng(seed)
    rows = len(CUTOFFS) * n
    truth = rng.uniform(0.2, 0.95, rows)
    churned = (rng.uniform(size=rows) < truth).astype(int)
    outcomes = pd.DataFrame(
        {
            "cutoff": np.repeat(CUTOFFS, n),
            "weight": 1.0,
            "churned": churned,
            "spend": np.where(churned == 1, 0.0, rng.gamma(2, 10, rows)),
            "frequency": rng.integers(0, 3, rows),
            "recency": 50.0,
            "T": rng.integers(60, 300, rows).astype(float),
            "country": rng.choice(["<b>NO</b>", "SE"], rows),
        }
    )
    return outcomes, truth


def board(outcomes, p_churn, expected_spend=None, attributes=("country",), chosen="blend"):
    """A backtest in which each contender answers `p_churn[name]`."""
    answers = {
        name: pd.DataFrame(
            {"p_churn": p, "expected_spend": 20.0 * (1 - p) if expected_spend is None else np.nan}
        )
        for name, p in p_churn.items()
    }
    if expected_spend is not None:
        answers[chosen]["expected_spend"] = expected_spend
    for name, said in answers.items():
        answers[name] = said.reindex(columns=list(PREDICTED))
    rows = []
    for name, said in answers.items():
        for cutoff, index in outcomes.groupby("cutoff").groups.items():
            scores = evaluate(outcomes.loc[index], said.loc[index])
            rows.append({"contender": name, "cutoff": cutoff, "horizon_days": HORIZON, **scores})
    leaderboard = pd.DataFrame(rows).assign(chosen=lambda b: b.contender == chosen)
    return Backtest(
        leaderboard.reindex(columns=list(COLUMNS)), chosen, outcomes, answers, attributes
    )


def backtest(n=400, **p_churn):
    """A board of contenders, each a function of the true probabilities and a generator."""
    outcomes, truth = customers(n)
    rng = np.random.default_rng(4)
    return board(outcomes, {name: make(truth, rng) for name, make in p_churn.items()})


def true(truth, rng):
    return truth


def flat(truth, rng):
    return np.full(len(truth), truth.mean())


def wrong(truth, rng):
    return 1 - truth


def nearly(truth, rng):
    return np.clip(truth + rng.normal(0, 0.001, len(truth)), 0.01, 0.99)
