"""A leaderboard as standings: each contender's means, values by cutoff and differences."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from datetime import date

import numpy as np
import pandas as pd

from features.errors import UserError
from pipeline.markup import counted

NOT_MEASURES = ("contender", "cutoff", "horizon_days", "n_customers", "chosen", "clv_months")
"""Columns of a leaderboard that name or count rather than measure."""

REQUIRED = "log_loss"
"""Contenders are selected by it: who answers any measure in `CHURN` answers this one too."""

CHURN = ("roc_auc", "average_precision", "log_loss", "brier", "ece")
NO_SCORES = ("churn_rate", "fit_seconds")
"""Measures that say nothing about how good a contender is."""

COVERAGE, VALUE = "coverage", "clv"
"""Measures named so may be missing: where the past is short there are no intervals, and after late
cutoffs no months to value."""

OF_TOTAL_SPEND = ("spend_mae_ratio", "spend_bias", "top_10_capture")
"""These may be missing too: where returns leave hardly any money, there is no total to share."""


@dataclass(frozen=True)
class Standing:
    """One contender's figures.

    `by_cutoff` has them cutoff by cutoff; `means` are of those that are `judged`, and
    `differences` to the baseline of the `shared` ones of them, at which both answered.
    `failed_at` are the cutoffs that `failure` is about.
    """

    contender: str
    chosen: bool
    baseline: str
    failure: str = ""
    failed_at: tuple[date, ...] = ()
    means: dict[str, float] = field(default_factory=dict)
    differences: dict[str, float] = field(default_factory=dict)
    by_cutoff: dict[date, dict[str, float]] = field(default_factory=dict)
    judged: tuple[date, ...] = ()
    shared: int = 0

    def words(self) -> str:
        """What there is to say about it, in one or two sentences."""
        if self.failure:
            return f"**Failed**: {self.failure}. So it has no means."
        if REQUIRED not in self.means:
            return "Answers for spend only: it has no log loss to be placed by."
        text = f"Log loss {self.means[REQUIRED]:.4f} (smaller is better)"
        if self.contender != self.baseline and REQUIRED in self.differences:
            gap = self.differences[REQUIRED]
            side = "better" if gap < 0 else "worse"
            text += f", {abs(gap):.4f} {side} than the baseline {self.baseline}"
            if self.shared < len(self.judged):
                text += f" at the {self.shared} cutoffs of both"
        head = "**Chosen.** " if self.chosen else ""
        text = f"{head}{text}; mean of {counted(self.judged, self.by_cutoff)}"
        left_out = [str(day) for day in self.by_cutoff if day not in self.judged]
        if left_out:
            text += f", the answer could not be fitted at {', '.join(left_out)}"
        return f"{text}."


def standings(leaderboard: pd.DataFrame, baseline: str) -> dict[str, Standing]:
    """Each contender's standing, best log loss first and failed ones last.

    All are judged at the cutoffs at which the chosen contender could be fitted: means of other
    days say more about the days. A measure that is missing at every one was not answered and is
    left out; so is a coverage or a measure of total spend that is missing at some, and whatever
    but the log loss is missing where nobody bought, or everybody did: ranks are not defined
    there. A standing fails, and then has no means, when another measure is missing at some of
    these cutoffs or is infinite, when it has no log loss beside its other measures of churn, or
    no scores at all.

    Parameters
    ----------
    leaderboard : DataFrame
        One row per contender and cutoff; `contender`, `cutoff`, the measures, and
        optionally `chosen`.

    Raises
    ------
    ValueError
        When there are no rows, or none of the baseline.

    Examples
    --------
    >>> board = pd.DataFrame({
    ...     "contender": ["base_rate", "bg_nbd"], "cutoff": [date(1998, 1, 1)] * 2,
    ...     "log_loss": [0.5, 0.375], "chosen": [False, True]})
    >>> best = standings(board, "base_rate")["bg_nbd"]
    >>> best.means, best.differences, best.chosen
    ({'log_loss': 0.375}, {'log_loss': -0.125}, True)
    """
    if baseline not in set(leaderboard["contender"]):
        raise ValueError(f"The leaderboard has no rows of the baseline {baseline}.")
    numbers = [
        name for name in leaderboard.select_dtypes("number").columns if name not in NOT_MEASURES
    ]
    # MLflow's comparison opens on the first: the one that decides, not one that all share.
    measures = sorted(numbers, key=lambda name: (name != REQUIRED, name in NO_SCORES))
    floor = leaderboard[leaderboard["contender"] == baseline].set_index("cutoff")[measures]
    judged = _judged(leaderboard, measures)
    found = [
        _standing(str(name), rows.sort_values("cutoff"), measures, baseline, floor, judged)
        for name, rows in leaderboard.groupby("contender", sort=False)
    ]
    found.sort(key=lambda one: (bool(one.failure), one.means.get(REQUIRED, math.inf)))
    return {one.contender: one for one in found}


def unjudged(leaderboard: pd.DataFrame, baseline: str) -> bool:
    """Whether the chosen contender has a figure that is no number."""
    return any(one.chosen and one.failure for one in standings(leaderboard, baseline).values())


def refuse_unjudged(found: dict[str, Standing]) -> None:
    """Stop before an answer is trained that some cutoff cannot judge.

    Raises
    ------
    UserError
        When the chosen contender has a figure that is no number; it says where, and what to do.
    """
    for standing in found.values():
        if standing.chosen and standing.failure:
            sound = [str(day) for day in standing.judged if day not in standing.failed_at]
            others = f"the others: --set 'backtest.cutoffs=[{', '.join(sound)}]'"
            raise UserError(
                f"The chosen contender {standing.contender} cannot be judged: {standing.failure}.\n"
                f"Judge it at {others if sound else 'later days (backtest.cutoffs)'}, or bring a "
                "longer history."
            )


def _judged(leaderboard: pd.DataFrame, measures: list[str]) -> pd.Series:
    """Cutoffs at which the chosen contender could be fitted; all if it never could."""
    cutoffs = leaderboard["cutoff"]
    if "chosen" not in leaderboard:
        return cutoffs
    rows = leaderboard[leaderboard["chosen"].astype(bool)]
    fitted = rows.loc[~_unfitted(rows, _scores(measures)), "cutoff"]
    return fitted if len(fitted) else cutoffs


def _standing(
    contender: str,
    all_rows: pd.DataFrame,
    measures: list[str],
    baseline: str,
    floor: pd.DataFrame,
    judged: pd.Series,
) -> Standing:
    chosen = bool("chosen" in all_rows and all_rows["chosen"].astype(bool).any())
    rows = all_rows[all_rows["cutoff"].isin(judged)]
    answered = [name for name in measures if rows[name].notna().any()]
    days = _days(rows)
    faults = _faults(rows, answered)
    failure = next((f"{what} {_where(off, days)}" for what, off in faults.items()), "")
    failed_at = tuple(day for day, *off in zip(days, *faults.values(), strict=True) if any(off))
    by_cutoff = {
        day: {str(name): float(value) for name, value in row.items() if math.isfinite(value)}
        for day, row in zip(_days(all_rows), all_rows[measures].to_dict("records"), strict=True)
    }
    # A mean over some of the cutoffs would be of other days than the others'.
    whole = [name for name in answered if rows[name].notna().all()]
    means = {} if failure else {name: float(rows[name].mean()) for name in whole}
    gaps = rows.set_index("cutoff")[measures] - floor
    shared = int(gaps[REQUIRED].notna().sum()) if REQUIRED in gaps else 0
    differences = {
        name: float(gaps[name].mean())
        for name in means
        if name not in NO_SCORES and math.isfinite(gaps[name].mean())
    }
    return Standing(
        contender,
        chosen,
        baseline,
        failure,
        failed_at,
        means,
        differences,
        by_cutoff,
        tuple(days),
        shared,
    )


def _faults(rows: pd.DataFrame, answered: list[str]) -> dict[str, pd.Series]:
    """What is no number among a contender's figures, in words -> where it is none."""
    scores = _scores(answered)
    if not scores:
        return {"it has no scores": pd.Series(True, index=rows.index)}
    alike = _all_alike(rows)
    found = {"it could not be fitted": _unfitted(rows, scores)}
    expected = [REQUIRED, *answered] if set(answered) & set(CHURN) else answered
    for name in dict.fromkeys(n for n in expected if COVERAGE not in n and VALUE not in n):
        values = rows[name] if name in rows else pd.Series(math.nan, index=rows.index)
        undefined = values.isna() & (alike | (name in OF_TOTAL_SPEND)) & (name != REQUIRED)
        found[f"{name} is not a number"] = ~np.isfinite(values) & ~undefined
    return {what: off for what, off in found.items() if off.any()}


def _scores(measures: list[str]) -> list[str]:
    return [name for name in measures if name not in NO_SCORES]


def _unfitted(rows: pd.DataFrame, scores: list[str]) -> pd.Series:
    """Where a contender has no score at all, though there was something to tell apart."""
    return rows[scores].isna().all(axis=1) & ~_all_alike(rows)


def _days(rows: pd.DataFrame) -> list[date]:
    return [pd.Timestamp(day).date() for day in rows["cutoff"]]


def _where(off: pd.Series, days: list[date]) -> str:
    """At how many cutoffs, and at which."""
    if off.all():
        return "at any cutoff"
    named = ", ".join(str(day) for day, is_off in zip(days, off, strict=True) if is_off)
    return f"at {off.sum()} of {len(off)} cutoffs ({named})"


def _all_alike(rows: pd.DataFrame) -> pd.Series:
    """Cutoffs after which nobody bought, or everybody did."""
    if "churn_rate" not in rows:
        return pd.Series(False, index=rows.index)
    return rows["churn_rate"].isin([0.0, 1.0])
