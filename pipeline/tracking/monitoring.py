"""What is watched of a model as one MLflow run: each signal is a time series."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, time

from mlflow.entities import Metric, RunTag

from pipeline.tracking.store import Store, connect, talking

EXPERIMENT = "monitoring"
NOTE = (
    "A run for each registered model that is watched; its metrics are time series by day: the "
    "signals of `churn monitor`. Alarms are 1 in `alarm/...`. No customer's id is here."
)
LEVEL, MODEL, DAY, VERDICT = "churn.level", "churn.model", "churn.day", "churn.verdict"


def record(
    uri: str, model: str, day: date, values: Mapping[str, float], verdict: str, words: str
) -> str:
    """Add one day to the time series of a model; a day that stands there is not added again.

    Parameters
    ----------
    values : mapping
        Name -> figure, all finite.
    words : str
        The verdict and its reasons; MLflow shows those of the latest day.

    Returns
    -------
    str
        The id of the run.

    Raises
    ------
    TrackingError
        When the store cannot be reached.
    """
    store = connect(uri, EXPERIMENT, create=True, note=NOTE)
    with talking(store.uri):
        run_id, last = _run(store, model)
        if last is not None and last >= day:
            return run_id
        moment = datetime.combine(day, time(), UTC)
        stamp = int(moment.timestamp() * 1000)
        metrics = [Metric(k, round(v, 6), stamp, day.toordinal()) for k, v in values.items()]
        tags = {DAY: str(day), VERDICT: verdict, "mlflow.note.content": words}
        store.client.log_batch(run_id, metrics, [], [RunTag(k, v) for k, v in tags.items()])
        return run_id


def _run(store: Store, model: str) -> tuple[str, date | None]:
    """The run of a model, made when it is not there yet, and the last day in it."""
    found = store.client.search_runs(
        [store.experiment_id], f"tags.`{LEVEL}` = 'watch' and tags.`{MODEL}` = '{model}'"
    )
    if found:
        day = found[0].data.tags.get(DAY)
        return str(found[0].info.run_id), date.fromisoformat(day) if day else None
    tags = {
        "mlflow.source.name": "churn",
        "mlflow.source.type": "LOCAL",
        LEVEL: "watch",
        MODEL: model,
    }
    run = store.client.create_run(store.experiment_id, tags=tags, run_name=f"{model} watched")
    store.client.set_terminated(run.info.run_id, "FINISHED")
    return str(run.info.run_id), None
