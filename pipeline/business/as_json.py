"""What `churn describe --json` prints: every table of the picture as plain data."""

import json
from datetime import date
from typing import Any

import numpy as np
import pandas as pd

from pipeline.business.cohorts import Cohorts
from pipeline.business.describe import Business
from pipeline.business.forecast import Forecast
from pipeline.business.people import People
from pipeline.business.retention import DEFINITIONS
from pipeline.business.scores import Predicted
from pipeline.business.survey import Survey


def as_json(found: Business) -> str:
    """The tables as JSON; what is not known, or not over, is null."""
    values = {
        "log": found.name,
        "as_of": found.as_of,
        "first_day": found.first_day,
        "period": found.period,
        "window_days": found.window,
        "definitions": DEFINITIONS,
        "overall": found.overall,
        "formulas": {**found.formulas, "told": found.formulas_told},
        "growth": found.growth or None,
        "few_customers": found.few._asdict() if found.few else None,
        "periods": records(found.periods),
        "cohorts": triangles(found.cohorts),
        "cohort_comparison": vars(found.comparison) if found.comparison else None,
        "rfm_groups": records(found.groups),
        "tiers": records(found.tiers),
        "lorenz": records(found.lorenz),
        "moved_since": found.moved_since,
        "moved": found.moved.to_dict("index"),
        "by": {
            name: [
                {**row, "cohorts": triangles(found.by_cohort[name][row["group"]])}
                for row in records(table)
            ]
            for name, table in found.by.items()
        },
        **_people(found.people),
        "survey": _survey(found.survey) if found.survey else None,
        "forecast": _forecast(found.forecast) if found.forecast else None,
        "scores": _predicted(found.predicted) if found.predicted else None,
        "notes": found.notes,
        "remarks": found.remarks,
    }
    return json.dumps(plain(values), indent=2)


def _people(found: People) -> dict[str, Any]:
    return {
        "personas": {
            "stability": found.personas.stability,
            "silhouette": found.personas.silhouette,
            "table": records(found.personas.table),
        },
        "rules": {
            "learned_at": found.learned_at,
            "counted_at": found.counted_at,
            "table": [] if found.rules is None else records(found.rules),
        },
        "sampled_share": found.share,
    }


def _survey(found: Survey) -> dict[str, Any]:
    return {
        "kind": found.kind,
        "by_period": records(found.by_period),
        "by_rfm_group": records(found.by_group),
        "rows": found.told,
    }


def _forecast(found: Forecast) -> dict[str, Any]:
    ways = found.customers
    return {
        "step_days": found.step_days,
        "steps": found.steps,
        "until": found.end,
        **{
            name: {
                "method": outlook.method,
                "total": dict(zip(("expected", "low", "high"), outlook.total, strict=True)),
                "coming": records(outlook.coming),
                "past_forecasts": records(outlook.board.rename_axis("method")),
            }
            for name, outlook in found.outlooks.items()
        },
        "customer_by_customer": None if ways is None else records(ways),
    }


def _predicted(found: Predicted) -> dict[str, Any]:
    return {
        "as_of": found.as_of,
        "horizon_days": found.horizon_days,
        "model_version": found.model_version,
        "grades": found.grades,
        "segments": records(found.segments),
        "risk_by_value": records(found.risk),
        "expected_spend": dict(zip(("total", "low", "high"), found.expected, strict=True)),
        "clv": dict(zip(("total", "mean"), found.clv, strict=True)),
        "forecasts": None if found.ways is None else records(found.ways),
        "rows": found.rows,
        "notes": found.notes,
    }


def records(table: pd.DataFrame) -> list[dict[str, Any]]:
    """Rows of a table, the index among their values where it has a name."""
    named = table.reset_index() if table.index.name else table
    return [{str(k): v for k, v in row.items()} for row in named.to_dict("records")]


def triangles(found: Cohorts) -> list[dict[str, Any]]:
    """One entry per cohort, its triangles' rows as lists by age."""
    tables = {
        **{"buyers": found.buyers, "share": found.share, "orders": found.orders},
        **{"revenue": found.revenue, "value_per_customer": found.value},
    }
    return [
        {
            "cohort": found.label(day),
            "customers": int(found.size.iloc[row]),
            **{name: table.iloc[row].tolist() for name, table in tables.items()},
        }
        for row, day in enumerate(found.size.index)
    ]


def plain(value: Any) -> Any:
    """Nested data as JSON has it: no NaN, no types of numpy, days as text."""
    if isinstance(value, dict):
        return {str(key): plain(inner) for key, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(inner) for inner in value]
    if isinstance(value, (date, pd.Timestamp)):
        return value.isoformat()
    if isinstance(value, np.generic):
        value = value.item()
    return None if isinstance(value, float) and not np.isfinite(value) else value
