"""Plans and measurements of campaigns as MLflow runs, in an experiment of their own."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any

from mlflow.entities import Metric, Param, RunTag

from pipeline.tracking.store import Store, connect, talking

EXPERIMENT = "campaigns"
NOTE = (
    "Campaigns: a run for each plan and each measurement, with counts, costs and money. "
    "No customer's id is here."
)
LEVEL, NAME, FINGERPRINT = "churn.level", "churn.campaign", "churn.fingerprint"


def open_store(uri: str) -> Store:
    """Open the tracking store, and make the experiment when it is not there yet.

    Raises
    ------
    TrackingError
        When the store cannot be reached.
    """
    return connect(uri, EXPERIMENT, create=True, note=NOTE)


def planned(store: Store, campaign: str) -> str | None:
    """The fingerprint of the plan that was recorded under this name; None without one."""
    with talking(store.uri):
        runs = store.client.search_runs(
            [store.experiment_id],
            f"tags.`{LEVEL}` = 'plan' and tags.`{NAME}` = '{campaign}'",
            order_by=["attributes.start_time DESC"],
            max_results=1,
        )
    return runs[0].data.tags.get(FINGERPRINT) if runs else None


def between(store: Store, first: date, end: date) -> list[tuple[str, date, date]]:
    """Campaigns of which some day lies in `[first, end)`: name, first day, day after the last."""
    with talking(store.uri):
        runs = store.client.search_runs(
            [store.experiment_id],
            f"tags.`{LEVEL}` = 'plan'",
            order_by=["attributes.start_time DESC"],
        )
    found = []
    for run in runs:
        start = date.fromisoformat(run.data.params["start"])
        over = start + timedelta(days=int(run.data.params["horizon_days"]))
        if start < end and first < over:
            found.append((run.data.tags[NAME], start, over))
    return sorted(found, key=lambda one: one[1:])


def record(
    store: Store,
    level: str,
    campaign: str,
    fingerprint: str,
    parameters: Mapping[str, Any],
    metrics: Mapping[str, float],
    words: str,
) -> str:
    """Record a plan or a measurement as one finished run; returns its id.

    Parameters
    ----------
    level : str
        `plan` or `measurement`.
    words : str
        What came of it, in words; MLflow shows it at the head of the run.
    """
    tags = {
        "mlflow.source.name": "churn",
        "mlflow.source.type": "LOCAL",
        "mlflow.note.content": words,
        LEVEL: level,
        NAME: campaign,
        FINGERPRINT: fingerprint,
    }
    now = int(datetime.now(UTC).timestamp() * 1000)
    with talking(store.uri):
        run = store.client.create_run(store.experiment_id, run_name=f"{campaign} {level}")
        run_id = str(run.info.run_id)
        store.client.log_batch(
            run_id,
            [Metric(name, round(value, 6), now, 0) for name, value in metrics.items()],
            [Param(name, str(value)) for name, value in parameters.items()],
            [RunTag(name, value) for name, value in tags.items()],
        )
        store.client.set_terminated(run_id, "FINISHED")
    return run_id
