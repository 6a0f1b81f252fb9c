"""What earlier scorings expected, against what came of it: over their horizon, or the part over."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from features.customer.outcomes import outcomes
from features.errors import UserError
from models.evaluation.bootstrap import customer_log_loss
from models.evaluation.intervals import coverage
from pipeline.intake.orders import Orders
from pipeline.scoring.scores_file import Scores
from pipeline.watching.pace import Pace, pace, recency_rule

COLUMNS = (
    "customers", "p_churn", "churned", "expected_purchases", "purchases", "expected_spend",
    "spend", "log_loss",
)  # fmt: skip


@dataclass(frozen=True)
class Realised:
    """A scoring beside what came of it within `days` of its horizon.

    `segments` is indexed by segment, `everybody` first, with `COLUMNS`: expected values are of
    the days that are over. `rule_log_loss` is that of recency alone, and `behind` by how much the
    answer's is higher, with its standard error. `gone` customers are no longer in the log.
    """

    as_of: date
    horizon_days: int
    days: int
    model_version: str
    segments: pd.DataFrame
    level_error: float
    purchases_error: float
    spend_error: float
    rule_log_loss: float
    behind: float
    behind_error: float
    coverage: float
    gone: int
    promised: Mapping[str, Any]

    @property
    def over(self) -> bool:
        """Whether the whole horizon is over."""
        return self.days >= self.horizon_days

    @property
    def total(self) -> pd.Series:
        """The figures of everybody."""
        return self.segments.T["everybody"]

    @property
    def words(self) -> str:
        """Which scoring it is."""
        return f"scored at {self.as_of}"


def realised(orders: Orders, scores: Scores) -> Realised | None:
    """Hold a scoring against the log; None where nothing of its horizon is over.

    Raises
    ------
    UserError
        When none of its customers is in the log.
    """
    days = min(scores.horizon_days, (orders.end - scores.as_of).days)
    if days < 1:
        return None
    all_rows = _with_outcomes(orders, scores, days)
    gone = int((all_rows["known"] == 0).sum())
    rows = all_rows[all_rows["known"] > 0].reset_index(drop=True)
    if rows.empty:
        raise UserError(
            f"None of the {len(all_rows):,} customers scored at {scores.as_of} is in the log "
            f"{orders.name}. Are they scores of this log?"
        )
    shares = pace(orders, scores.as_of, scores.horizon_days, days)
    rows = _expected(rows, shares)
    rule = recency_rule(orders, rows, scores.as_of, scores.horizon_days)
    behind = _behind(rows, rule, shares)
    n = len(rows)
    return Realised(
        scores.as_of,
        scores.horizon_days,
        days,
        scores.model_version,
        _by_segment(rows),
        _level_error(rows, shares),
        _total_error(rows["p"], rows["purchases"], shares),
        _spend_error(rows, scores.spread, shares),
        float(rows["loss"].mean() - np.mean(behind)) if rule is not None else np.nan,
        float(np.mean(behind)) if rule is not None else np.nan,
        float(np.std(behind) / np.sqrt(n)) if rule is not None else np.nan,
        _coverage(rows) if days >= scores.horizon_days else np.nan,
        gone,
        scores.promised,
    )


def _with_outcomes(orders: Orders, scores: Scores, days: int) -> pd.DataFrame:
    """The scored customers with what came of them, in the order of the scores."""
    customers = scores.customers
    listed = orders.engine.create_table(
        f"scored_{scores.as_of:%Y%m%d}",
        pa.table({"customer_id": customers["customer_id"], "place": np.arange(len(customers))}),
        overwrite=True,
    )
    came = outcomes(orders.netted, listed, scores.as_of, scores.as_of, days)
    kept = came.order_by("place").select("known", "purchases", "spend").to_pyarrow().to_pandas()
    return pd.concat([customers.reset_index(drop=True), kept.astype(float)], axis=1)


def _expected(rows: pd.DataFrame, shares: Pace) -> pd.DataFrame:
    """Add what was expected of the days that are over, and the loss of each customer."""
    p = _partly(rows["p_churn"].to_numpy(float), shares)
    churned = (rows["purchases"] == 0).astype(float)
    return rows.assign(
        p=p,
        churned=churned,
        expected_purchases=rows["expected_purchases"] * shares.purchases,
        expected_spend=rows["expected_spend"] * shares.spend,
        loss=customer_log_loss(churned, p),
    )


def _partly(p_churn: np.ndarray, shares: Pace) -> np.ndarray:
    """Probability of no purchase within the days that are over."""
    return 1.0 - (1.0 - p_churn) * shares.buyers


def _behind(rows: pd.DataFrame, rule: np.ndarray | None, shares: Pace) -> np.ndarray:
    if rule is None:
        return np.zeros(len(rows))
    theirs = customer_log_loss(rows["churned"], _partly(rule, shares))
    return np.asarray(rows["loss"] - theirs)


def _level_error(rows: pd.DataFrame, shares: Pace) -> float:
    """Standard error of the share that churned: of chance, and of the pace of a part."""
    p = rows["p"].to_numpy(float)
    chance = np.sqrt((p * (1 - p)).sum()) / len(p)
    return float(np.hypot(chance, (1 - p).mean() * shares.buyers_sd / max(shares.buyers, 1e-9)))


def _total_error(p: pd.Series, purchases: pd.Series, shares: Pace) -> float:
    """Relative standard error of a total of purchases."""
    total = max(float(purchases.sum()), 1.0)
    chance = np.sqrt(max(float((purchases**2).sum()), 1.0)) / total
    return float(np.hypot(chance, shares.purchases_sd / max(shares.purchases, 1e-9)))


def _spend_error(rows: pd.DataFrame, spread: Mapping[str, Sequence[float]], shares: Pace) -> float:
    """The same of a total of money, by how far the spend of alike customers lay apart."""
    expected = rows["expected_spend"].to_numpy(float)
    if spread:
        edges, variance = (np.asarray(spread[k]) for k in ("expected_spend", "spend_variance"))
        whole = expected / shares.spend
        tenth = np.minimum(np.searchsorted(edges, whole), len(edges) - 1)
        chance = np.sqrt(variance[tenth].sum() * shares.spend)
    else:
        chance = np.sqrt(((rows["spend"] - expected) ** 2).sum())
    relative = chance / max(float(rows["spend"].sum()), 1e-9)
    return float(np.hypot(relative, shares.purchases_sd / max(shares.purchases, 1e-9)))


def _coverage(rows: pd.DataFrame) -> float:
    """Share of those who bought whose spend lay in the range they were given if there is any."""
    bought = rows[(rows["churned"] == 0) & rows["spend_if_any_low"].notna()]
    if bought.empty:
        return float("nan")
    ends = (bought["spend_if_any_low"], bought["spend_if_any_high"])
    return coverage(bought["spend"].clip(lower=0), *ends)


def _by_segment(rows: pd.DataFrame) -> pd.DataFrame:
    everybody = rows.assign(segment="everybody")
    table = pd.concat([everybody, rows]).groupby("segment", sort=False)
    found = pd.DataFrame(
        {
            "customers": table.size(),
            "p_churn": table["p"].mean(),
            "churned": table["churned"].mean(),
            "expected_purchases": table["expected_purchases"].sum(),
            "purchases": table["purchases"].sum(),
            "expected_spend": table["expected_spend"].sum(min_count=1),
            "spend": table["spend"].sum(),
            "log_loss": table["loss"].mean(),
        }
    )
    return found[list(COLUMNS)]
