"""The tables behind the report: what was predicted beside what came; nothing is drawn here."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from models.blend.blend import Blend
from models.contenders.protocol import Contender
from models.evaluation import calibration_error_by_chance, expected_calibration_error
from models.evaluation.calibration import calibration_table
from models.evaluation.intervals import coverage_by_decile
from models.evaluation.ranking import gain_table, spend_by_decile
from models.explain.reasons import importance
from models.explain.segments import Thresholds, segments
from models.history import weights
from pipeline.learning.backtest import Backtest

LARGEST_SAMPLE = 5_000
"""So many of today's customers, evenly spaced, say what moves the answer."""


@dataclass(frozen=True)
class Outlook:
    """What the trained answer says of today's customers, and what moves it.

    `customers` has `p_churn`, `expected_purchases`, `expected_spend`, `segment` and `total_spend`,
    and each row stands for `weight` customers; `segments` says who is in each;
    `importance` is the mean size of each theme's contribution to the log odds, largest first;
    `weights` are the parts' shares in the answer. Both are empty for an answer that cannot
    be taken apart.
    """

    customers: pd.DataFrame
    segments: dict[str, str]
    importance: pd.Series = field(default_factory=lambda: pd.Series(dtype=float))
    weights: dict[str, float] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    weight: float = 1.0


def outlook(
    contender: Contender, today: pd.DataFrame, predicted: pd.DataFrame, parting: Thresholds
) -> Outlook:
    """Gather what the report says of today: the answers, and what moves them."""
    customers = predicted.assign(
        segment=segments(today, predicted, parting), total_spend=today["amount_total"]
    )
    who, weight = parting.described(), float(weights(today).mean())
    if not isinstance(contender, Blend):
        return Outlook(customers, who, weight=weight)
    sample = today.iloc[:: -(-len(today) // LARGEST_SAMPLE)]
    themes = importance(contender.predictions(sample).contributions)
    shares = dict(contender.weights)
    return Outlook(customers, who, themes, shares, tuple(contender.notes), weight)


def calibration(result: Backtest) -> pd.DataFrame:
    """Predicted beside observed churn by tenth of `p_churn`, see `calibration_table`."""
    return _beside(calibration_table, result, "churned", "p_churn")


def calibration_error(result: Backtest) -> tuple[float, float]:
    """ECE, mean over the cutoffs, and what it would be if every probability were the truth."""
    found = []
    for rows in cutoffs(result, "p_churn"):
        p_churn = result.answers[result.chosen].loc[rows, "p_churn"]
        known = result.outcomes.loc[rows]
        own = expected_calibration_error(known["churned"], p_churn, known["weight"])
        found.append((own, calibration_error_by_chance(p_churn, known["weight"])))
    own, chance = np.mean(found, axis=0)
    return float(own), float(chance)


def deciles(result: Backtest) -> pd.DataFrame:
    """Predicted beside observed spend by tenth of expected spend, see `spend_by_decile`."""
    return _beside(spend_by_decile, result, "spend", "expected_spend")


def ranges(result: Backtest) -> pd.DataFrame:
    """How often the 80 % intervals of spend held, by tenth, see `coverage_by_decile`.

    Without rows for an answer that has no intervals.
    """
    said = result.answers[result.chosen].dropna(subset=["expected_spend_low"])
    if said.empty:
        return pd.DataFrame()
    known = result.outcomes.loc[said.index]
    return coverage_by_decile(
        known["spend"].clip(lower=0),
        said["expected_spend_low"],
        said["expected_spend_high"],
        said["expected_spend"],
        said["p_churn"],
        known["weight"],
    )


def gains(result: Backtest, rule: str) -> pd.DataFrame:
    """Lift and gain, see `gain_table`; mean over cutoffs, with `rule_buyer_gain` beside."""
    tables = []
    for rows in cutoffs(result, "p_churn", rule):
        known = result.outcomes.loc[rows]
        answer, other = (
            gain_table(known["churned"], result.answers[name].loc[rows, "p_churn"], known["weight"])
            for name in (result.chosen, rule)
        )
        tables.append(answer.assign(rule_buyer_gain=other["buyer_gain"]))
    return pd.concat(tables).groupby(level=0).mean()


def levels(result: Backtest) -> pd.DataFrame:
    """Predicted beside observed level at each cutoff.

    Returns
    -------
    DataFrame
        `cutoff`, `n_customers`, `p_churn` and `churn_rate` (means), `expected_spend` and
        `spend` (money per customer).
    """
    rows = []
    for index in cutoffs(result, "p_churn"):
        known, said = result.outcomes.loc[index], result.answers[result.chosen].loc[index]
        weight = known["weight"].to_numpy(float)
        rows.append(
            {
                "cutoff": known["cutoff"].iloc[0],
                "n_customers": weight.sum(),
                "p_churn": _mean(said["p_churn"], weight),
                "churn_rate": _mean(known["churned"], weight),
                "expected_spend": _mean(said["expected_spend"], weight),
                "spend": _mean(known["spend"], weight),
            }
        )
    return pd.DataFrame(rows)


def cutoffs(result: Backtest, answer: str, *others: str) -> Iterator[pd.Index]:
    """Rows of each cutoff at which the chosen contender gave an answer, and others a p_churn."""
    given = result.answers[result.chosen][answer].notna()
    for name in others:
        given &= result.answers[name]["p_churn"].notna()
    for _, rows in result.outcomes[given].groupby("cutoff", sort=True):
        yield rows.index


def _beside(
    table: Callable[..., pd.DataFrame], result: Backtest, outcome: str, answer: str
) -> pd.DataFrame:
    """A table of what came beside what the chosen contender said, where it had an answer."""
    said = result.answers[result.chosen][answer].dropna()
    known = result.outcomes.loc[said.index]
    return table(known[outcome], said, known["weight"])


def _mean(values: pd.Series, weight: np.ndarray) -> float:
    return float(np.average(values.to_numpy(float), weights=weight))
