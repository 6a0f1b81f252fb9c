"""The trainings of a store side by side, newest first."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from pipeline.tracking.store import Store, talking

MEASURES = ("log_loss", "roc_auc", "brier", "ece", "buyer_lift_10", "spend_gini", "spend_bias")


def trainings(
    store: Store, registered_model: str = "churn", most: int = 20
) -> list[dict[str, Any]]:
    """One row per training, newest first, with the chosen contender's figures.

    Returns
    -------
    list of dict
        `run_id, name, started, status, log, as_of, contender, horizon_days, grade, grades,
        version, aliases`, then the measures of `MEASURES`, each a mean over the cutoffs; None
        where a run has none.
    """
    with talking(store.uri):
        runs = store.client.search_runs(
            [store.experiment_id],
            "tags.`churn.level` = 'training'",
            order_by=["attributes.start_time DESC"],
            max_results=most,
        )
        versions = _versions(store, registered_model)
    return [
        {
            "run_id": run.info.run_id,
            "name": run.info.run_name,
            "started": datetime.fromtimestamp(run.info.start_time / 1000, UTC).isoformat(
                timespec="seconds"
            ),
            "status": run.info.status,
            "log": run.data.tags.get("churn.log"),
            "as_of": run.data.params.get("as_of"),
            "contender": run.data.params.get("contender"),
            "horizon_days": run.data.params.get("horizon_days"),
            "grade": run.data.tags.get("churn.grade"),
            "grades": run.data.tags.get("churn.grades"),
            **versions.get(run.info.run_id, {"version": None, "aliases": []}),
            **{name: run.data.metrics.get(name) for name in MEASURES},
        }
        for run in runs
    ]


def _versions(store: Store, name: str) -> dict[str, dict[str, Any]]:
    """Run -> the version that it registered, and the aliases that point to it."""
    found = store.client.search_registered_models(f"name = '{name}'")
    aliases: dict[str, list[str]] = {}
    for alias, version in found[0].aliases.items() if found else ():
        aliases.setdefault(str(version), []).append(alias)
    return {
        str(version.run_id): {
            "version": str(version.version),
            "aliases": sorted(aliases.get(str(version.version), [])),
        }
        for version in store.client.search_model_versions(f"name = '{name}'")
    }
