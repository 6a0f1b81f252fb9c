"""What `churn score` said of the customers, beside the picture of the business."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from typing import Any, Protocol

import ibis.expr.types as ir
import numpy as np
import pandas as pd
import pyarrow as pa

from features.business.rfm_scores import TIERS
from features.errors import UserError
from pipeline.business.forecast import Forecast
from pipeline.business.segments import lorenz
from pipeline.intake.orders import Orders

ADVICE = {
    "champion": "thank them; let them see new things first",
    "loyal": "offer what goes with what they buy; they need no discount",
    "promising": "remind them that a second order is due",
    "new": "make the second order easy",
    "at risk": "win them back now: they have spent much, and are late",
    "slowing": "give a reason for the next order before the habit is lost",
    "dormant": "one cheap attempt, then leave them",
    "lost": "no paid contact",
}
"""What is commonly done for each segment of `models.explain.segments`; a segment that the config
renames has none."""

COMING = (
    "late, yet likelier than not to buy of themselves: a reminder; a discount would mostly be "
    "given away"
)
"""What is done instead for a segment of late customers who are likelier to buy than not: in a
business of seasons a silence may be no more than the way to the next one."""

LATE = ("at risk", "slowing", "dormant")

RISKS = (0.0, 0.2, 0.4, 0.6, 0.8, 1.0)
"""Edges of the columns of the map of p(churn) by value; the last one belongs to its column."""

TENFOLD = 10.0
"""A range of totals that were off by more says nothing of the next one."""

CLOSE = 0.05
"""Totals of two ways that differ by less do not contradict each other."""

COLUMNS = ("total_spend",)
"""Columns of the scores that are needed beside those of every scores file."""


class Scores(Protocol):
    """The file that `churn score` wrote; see `pipeline.scoring.scores_file`."""

    @property
    def customers(self) -> pd.DataFrame:
        """One row per scored customer."""

    @property
    def as_of(self) -> date:
        """The day at which they were scored."""

    @property
    def horizon_days(self) -> int:
        """Days that `p_churn` and `expected_spend` look ahead."""

    @property
    def model_version(self) -> str:
        """Of the model that answered."""

    @property
    def log_end(self) -> date | None:
        """The first day that their log does not cover; None where the file does not tell it."""

    @property
    def promised(self) -> Mapping[str, Sequence[float]]:
        """How far off the model was at past cutoffs; empty where the file does not tell it."""

    @property
    def grades(self) -> Mapping[str, str]:
        """How good the model is, by side; empty where the file does not tell it."""


@dataclass(frozen=True)
class Predicted:
    """Scores as small tables; no row is a customer.

    `segments` is indexed by name, the most expected spend first: ``customers``, mean ``p_churn``,
    totals of ``expected_spend`` and ``clv``, ``spend_share``, ``advice``. `risk` counts customers
    by value tier (rows) and p(churn) (columns). `expected` is (total, low, high), see
    `with_past_errors`. `ways` compares forecasts of the horizon's revenue (``known``, ``new``,
    ``together``), None where they do not speak of the same days.
    """

    as_of: date
    horizon_days: int
    model_version: str
    grades: Mapping[str, str]
    segments: pd.DataFrame
    risk: pd.DataFrame
    expected: tuple[float, float, float]
    clv: tuple[float, float]
    ways: pd.DataFrame | None
    rows: str
    notes: tuple[str, ...]


def predicted(
    orders: Orders, known: ir.Table, scores: Scores, as_of: date, ahead: Forecast | None
) -> Predicted:
    """Count and add up the scores of the log's customers.

    Parameters
    ----------
    known
        Customers with a purchase before `as_of`: their ``customer_id``.

    Raises
    ------
    UserError
        When no scored customer is in the log.
    """
    in_log = _in_log(orders, known, scores.customers["customer_id"])
    found = scores.customers[in_log]
    n_known = int(known.count().to_pyarrow().as_py())
    if found.empty:
        raise UserError(
            f"None of the {len(in_log):,} scored customers is in the log {orders.name} before "
            f"{as_of}. Are they scores of this log?"
        )
    total = float(found["expected_spend"].sum())
    expected = with_past_errors(total, scores.promised.get("spend", []))
    clv = found["clv"].to_numpy(float)
    return Predicted(
        scores.as_of,
        scores.horizon_days,
        scores.model_version,
        scores.grades,
        by_segment(found),
        risk_by_value(found),
        expected,
        (float(clv.sum()), float(clv.mean())),
        _ways(expected[0], scores, as_of, ahead),
        f"{len(in_log):,} scores = {len(found):,} used + {len(in_log) - len(found):,} of customers "
        f"who are not in the log before {as_of}; {n_known - len(found):,} of its {n_known:,} "
        "customers have no score.",
        (*mismatches(orders, scores, as_of), *at_odds(total, scores, as_of, ahead)),
    )


def _in_log(orders: Orders, known: ir.Table, ids: pd.Series) -> np.ndarray:
    """Which of the ids the log knows, shape (n_scores,)."""
    listed = pa.table({"scored_id": pa.array(ids, pa.string()), "place": np.arange(len(ids))})
    asked = orders.engine.create_table(orders.engine.fresh("scored_ids"), listed)
    found = asked.semi_join(known, asked.scored_id == known.customer_id).select("place")
    seen = np.zeros(len(ids), bool)
    seen[found.to_pyarrow()["place"].to_numpy()] = True
    return seen


def by_segment(customers: pd.DataFrame) -> pd.DataFrame:
    """Totals of each segment, see `Predicted`."""
    grouped = customers.groupby("segment")
    found = grouped[["expected_spend", "clv"]].sum(min_count=1)
    found.insert(0, "customers", grouped.size())
    found.insert(1, "p_churn", grouped["p_churn"].mean())
    total = found["expected_spend"].sum()
    found["spend_share"] = found["expected_spend"] / total if total > 0 else np.nan
    found["advice"] = [
        COMING if name in LATE and p_churn < 0.5 else ADVICE.get(str(name), "")
        for name, p_churn in found["p_churn"].items()
    ]
    return found.sort_values("expected_spend", ascending=False, kind="stable")


def percentile_of_spend(customers: pd.DataFrame) -> pd.Series:
    """Whole percent of the customers who have spent strictly less than each, 0 to 99."""
    return (customers["total_spend"].rank(method="min") - 1) * 100 // len(customers)


def concentration(customers: pd.DataFrame) -> pd.DataFrame:
    """The Lorenz curve of what the scored customers have spent, see `segments.lorenz`.

    >>> concentration(pd.DataFrame({"total_spend": [5.0, 5.0, 30.0]})).round(2).to_numpy().tolist()
    [[0.0, 0.0], [0.67, 0.25], [1.0, 1.0]]
    """
    percentile = percentile_of_spend(customers)
    spent = customers["total_spend"]
    return lorenz(pd.DataFrame({"percentile": percentile, "customers": 1.0, "revenue": spent}))


def risk_by_value(customers: pd.DataFrame) -> pd.DataFrame:
    """Customers by tier of what they have spent (rows) and band of p(churn) (columns).

    >>> customers = pd.DataFrame({"total_spend": [5.0, 5.0, 9.0], "p_churn": [0.1, 1.0, 0.2]})
    >>> risk_by_value(customers).to_numpy().tolist()
    [[0, 0, 0, 0, 0], [0, 0, 0, 0, 0], [0, 1, 0, 0, 0], [1, 0, 0, 0, 1]]
    """
    less = percentile_of_spend(customers)
    tier = np.select([less >= least for least in TIERS.values()], list(TIERS), list(TIERS)[-1])
    column = np.clip(np.digitize(customers["p_churn"], RISKS) - 1, 0, len(RISKS) - 2)
    counts = pd.crosstab(tier, column)
    counts = counts.reindex(index=list(TIERS), columns=range(len(RISKS) - 1), fill_value=0)
    names = [f"{low:.0%} to {high:.0%}" for low, high in pairwise(RISKS)]
    return counts.set_axis(names, axis=1).rename_axis("tier")


def with_past_errors(total: float, errors: Sequence[float]) -> tuple[float, float, float]:
    """A total, and its ends if it were off by as much as the worst total at past cutoffs.

    The largest past error counts either way: errors of one sign do not say that the next has it,
    too. Where the cutoffs are alike, such a range of n errors holds the next one n times of n + 1
    (split conformal prediction, Lei et al. 2018). NaN where none was judged, or one was off by
    more than tenfold, as a horizon within a pandemic is.

    Parameters
    ----------
    errors : sequence of float
        Expected over observed, minus 1; one that is no number, or of nothing expected, is left out.

    Examples
    --------
    >>> with_past_errors(100.0, [0.25, -0.1]), with_past_errors(100.0, [-0.2])
    ((100.0, 80.0, 125.0), (100.0, 80.0, 125.0))
    >>> with_past_errors(100.0, [-0.99])
    (100.0, nan, nan)
    """
    known = [1 + error for error in errors if np.isfinite(error) and error > -1]
    most = max((max(ratio, 1 / ratio) for ratio in known), default=np.inf)
    if most > TENFOLD:
        return total, np.nan, np.nan
    return total, total / most, total * most


def _ways(
    expected: float, scores: Scores, as_of: date, ahead: Forecast | None
) -> pd.DataFrame | None:
    """Revenue of the horizon by the scores and by the forecast's ways, where both speak of it."""
    if ahead is None or scores.as_of != as_of or ahead.customers is None:
        return None
    if ahead.steps * ahead.step_days != scores.horizon_days:
        return None
    known, new = (float(ahead.customers[f"revenue_{part}"].sum()) for part in ("known", "new"))
    shown = ahead.outlooks["revenue"]
    rows: dict[str, Any] = {
        "the scores": (expected, new),
        "Pareto/NBD": (known, new),
        f"shown above ({shown.method})": (np.nan, np.nan),
    }
    found = pd.DataFrame.from_dict(rows, orient="index", columns=["known", "new"])
    found["together"] = [expected + new, known + new, shown.total[0]]
    return found.rename_axis("way")


def at_odds(expected: float, scores: Scores, as_of: date, ahead: Forecast | None) -> Iterator[str]:
    """A note where known customers alone should bring more than the forecast has for all."""
    if ahead is None or scores.as_of != as_of:
        return
    days = ahead.steps * ahead.step_days
    whole = ahead.outlooks["revenue"].total[0] * scores.horizon_days / days
    if expected > (1 + CLOSE) * whole:
        yield (
            f"Both cannot hold: the scores expect {expected:,.0f} of known customers alone, the "
            f"forecast {whole:,.0f} in as many days, new customers included. Trust the one whose "
            "totals were off less in the past."
        )


def mismatches(orders: Orders, scores: Scores, as_of: date) -> list[str]:
    """One note where the scores do not speak of the same day or log."""
    again = "Write them again with `churn score`."
    if scores.as_of != as_of:
        return [f"The scores are of {scores.as_of}, this picture is of {as_of}. {again}"]
    if scores.log_end and scores.log_end != orders.end:
        return [
            f"The scores were written when the log ended before {scores.log_end}; now it ends "
            f"before {orders.end}. {again}"
        ]
    return []


def told(found: Predicted) -> list[str]:
    """What the scores say of all customers together, in sentences."""
    total, low, high = found.expected
    between = f" ({low:,.0f} to {high:,.0f}, if off by as much as in the past)"
    if np.isnan(low):
        between = " (no range: past errors are not known, or one was more than tenfold)"
    lines = [
        f"The scored customers are expected to spend {total:,.0f} in the {found.horizon_days} days "
        f"from {found.as_of} on{between}.",
        f"The model's CLV of them is {found.clv[0]:,.0f} in total, {found.clv[1]:,.2f} each.",
    ]
    if found.grades:
        graded = ", ".join(f"{side} {grade}" for side, grade in found.grades.items())
        lines.append(f"Grades of the model {found.model_version}: {graded}.")
    return lines
