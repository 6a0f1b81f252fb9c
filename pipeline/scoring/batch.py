"""What is said of one batch of customers: the same function on a laptop and on a cluster."""

from datetime import date
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from features.errors import UserError
from models.blend.blend import Blend
from models.blend.predictions import BlendPredictions
from models.campaign.profit import at_stake
from models.contenders.protocol import ANSWERS, UNLIKELY
from models.explain.segments import Thresholds, segments
from pipeline.intake.closed_seasons import closed_days, on_open_days
from pipeline.model_files.artifact import Model

SCHEMA = pa.schema(
    {
        "customer_id": pa.string(),
        "as_of": pa.date32(),
        "horizon_days": pa.int32(),
        "frequency": pa.int32(),
        "recency": pa.int32(),
        "T": pa.int32(),
        "monetary_value": pa.float64(),
        "p_churn": pa.float64(),
        "p_alive": pa.float64(),
        "expected_purchases": pa.float64(),
        "expected_spend": pa.float64(),
        "spend_if_any_low": pa.float64(),
        "spend_if_any_high": pa.float64(),
        "clv": pa.float64(),
        "p_churn_clv": pa.float64(),
        "clv_if_any_low": pa.float64(),
        "clv_if_any_high": pa.float64(),
        "at_stake": pa.float64(),
        "next_purchase_from": pa.date32(),
        "next_purchase_to": pa.date32(),
        "segment": pa.string(),
        "segment_before": pa.string(),
        "first_purchase": pa.date32(),
        "last_purchase": pa.date32(),
        "orders": pa.int32(),
        "total_spend": pa.float64(),
        "average_order_value": pa.float64(),
        "usual_gap": pa.float64(),
        "overdue": pa.int32(),
        "reason_1": pa.string(),
        "reason_2": pa.string(),
        "reason_3": pa.string(),
        "days_since_last": pa.int32(),
        "model_version": pa.string(),
        "run_id": pa.string(),
    }
)
"""One row per customer; README.md says what each column means."""

_KNOWN = ("customer_id", "frequency", "recency", "T", "monetary_value", "orders", "days_since_last")
"""Columns of a snapshot that scores have as well."""

WINDOW = ("next_purchase_from", "next_purchase_to")

ABOUT = b"churn"
"""Key of a Parquet file's metadata, beside its columns: JSON with `log_end`, the first day that
the log does not cover, `log`, how it was read, `grades` of the model by side, `spread`, see
`pipeline.learning.spread`, `promised`, see `pipeline.learning.profile`, and `earlier`, the day of
`segment_before`."""

ABOUT_FILE = "_common_metadata"
"""Holds the same for a folder of scores, as the metadata of a schema: readers of Parquet skip it.
"""


def scored_batch(customers: pa.RecordBatch | pa.Table, model: Model, day: date) -> pa.RecordBatch:
    """Answer for one batch of a snapshot, in the columns of `SCHEMA`."""
    if not customers.num_rows:
        return pa.RecordBatch.from_pylist([], schema=SCHEMA)
    found = answered(customers.to_pandas(use_threads=False), model, day)
    return pa.RecordBatch.from_arrays(
        [_column(found[kind.name], kind.type, customers.num_rows) for kind in SCHEMA],
        schema=SCHEMA,
    )


def _column(values: Any, kind: pa.DataType, rows: int) -> pa.Array:
    """A column of an answer, or what all rows have in common; NaN is nothing."""
    if isinstance(values, pd.Series | np.ndarray):
        return pa.array(np.asarray(values), kind, from_pandas=True)
    return pa.repeat(pa.scalar(values, kind), rows)


def answered(customers: pd.DataFrame, model: Model, day: date) -> dict[str, Any]:
    """What is answered for one batch of a snapshot, by column; no row depends on another."""
    manifest, answer = model.manifest, model.contender
    blended = answer.predictions(customers) if isinstance(answer, Blend) else None
    if blended is None or np.isnan(blended.answers[list(ANSWERS)].to_numpy()).any():
        raise UserError(
            f"The model {manifest.version} ({manifest.contender}) does not answer everything for "
            "every customer. Train again with `churn train`."
        )
    predicted = blended.answers
    likely = predicted["p_churn"].to_numpy() <= UNLIKELY
    first, last = (
        np.where(likely, np.floor(predicted[name].to_numpy()), np.nan) for name in WINDOW
    )
    closed = closed_days(manifest.settings["closed"], day, manifest.horizon_days)
    window = map(partial(_dates, day), on_open_days(first, last, closed))
    names = segments(customers, predicted, Thresholds.from_dict(manifest.settings["segments"]))
    return {
        **{name: customers[name] for name in _KNOWN},
        **predicted,
        **lifetime(blended, manifest.settings["clv"], day),
        **blended.reasons,
        **facts(customers, day),
        "as_of": day,
        "horizon_days": manifest.horizon_days,
        "at_stake": at_stake(predicted["p_churn"], predicted["expected_spend"]),
        "segment": names,
        "segment_before": customers.get("segment_before"),
        "model_version": manifest.version,
        "run_id": manifest.run_id,
        **dict(zip(WINDOW, window, strict=True)),
    }


def facts(customers: pd.DataFrame, day: date) -> dict[str, Any]:
    """What a sentence about a customer needs, by column: dates, orders, money, own usual gap.

    `usual_gap` (days) and `overdue` (days of silence beyond it) are missing for one-time buyers.
    """
    silent, gap, total, orders, age = (
        customers[name].to_numpy(float, na_value=np.nan)
        for name in ("days_since_last", "gap_mean", "amount_total", "orders", "T")
    )
    return {
        "first_purchase": _dates(day, -age),
        "last_purchase": _dates(day, -silent),
        "total_spend": total,
        "average_order_value": total / orders,
        "usual_gap": gap,
        "overdue": np.round(np.maximum(silent - gap, 0.0)),
    }


def lifetime(blended: BlendPredictions, period: dict[str, Any], day: date) -> dict[str, np.ndarray]:
    """`clv` over the configured months from `day` on, and what it is made of.

    The probability of no purchase in them, and 80 % of what is spent if there is any.
    """
    months = period["months"]
    clv = blended.clv(months, period["monthly_discount_rate"], day)
    low, high = blended.clv_interval(clv, months, day, if_any=True)
    return {
        "clv": clv,
        "p_churn_clv": blended.none_within(months, day),
        "clv_if_any_low": low,
        "clv_if_any_high": high,
    }


def _dates(day: date, after: np.ndarray) -> np.ndarray:
    """The dates so many whole days after `day`; missing where the number is."""
    known = ~np.isnan(after)
    days = np.where(known, after, 0.0).astype("timedelta64[D]")
    return np.where(known, np.datetime64(day, "D") + days, np.datetime64("NaT"))
