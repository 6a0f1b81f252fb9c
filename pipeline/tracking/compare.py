"""The trainings of a store side by side, newest first."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

from pipeline.model_files.identity import LogIdentity, relation
from pipeline.tracking.download import CHALLENGER, CHAMPION
from pipeline.tracking.registry import MEASURES
from pipeline.tracking.store import Store, talking
from pipeline.tracking.version import IDENTITY


def trainings(
    store: Store, registered_model: str = "churn", most: int = 20
) -> list[dict[str, Any]]:
    """One row per training, newest first, with the chosen contender's figures.

    Returns
    -------
    list of dict
        `run_id, name, started, status, log, as_of, contender, horizon_days, grade, grades,
        version, aliases, apart`, then the measures of `MEASURES`, each a mean over the cutoffs;
        None where a run has none. `apart` says why its figures are not of the same question as
        the champion's (or, without one, the newest version's): `another log` or `another
        horizon`; empty where they are.
    """
    with talking(store.uri):
        runs = store.client.search_runs(
            [store.experiment_id],
            "tags.`churn.level` = 'training'",
            order_by=["attributes.start_time DESC"],
            max_results=most,
        )
        versions = _versions(store, registered_model)
        logs = _logs(store, [run.info.run_id for run in runs])
    held = {alias: run_id for run_id, one in versions.items() for alias in one["aliases"]}
    like = held.get(CHAMPION) or held.get(CHALLENGER) or ""
    horizons = {run.info.run_id: run.data.params.get("horizon_days") for run in runs}
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
            "apart": _apart(run.info.run_id, like, logs, horizons),
            **{name: run.data.metrics.get(name) for name in MEASURES},
        }
        for run in runs
    ]


def _logs(store: Store, run_ids: list[str]) -> dict[str, LogIdentity]:
    """Run -> the log of the version that it registered, under whatever name."""
    asked = ", ".join(f"'{run_id}'" for run_id in run_ids)
    found = store.client.search_model_versions(f"run_id IN ({asked})") if run_ids else []
    logs = {}
    for one in found:
        with suppress(ValueError):  # a tag that a hand has altered tells no log
            logs[str(one.run_id)] = LogIdentity.model_validate_json(one.tags.get(IDENTITY, ""))
    return logs


def _apart(
    run_id: str, like: str, logs: dict[str, LogIdentity], horizons: dict[str, str | None]
) -> str:
    """Why a training's figures are of another question than those of the run `like`."""
    if like in logs and run_id in logs and relation(logs[like], logs[run_id]) == "other":
        return "another log"
    if like in horizons and horizons[run_id] != horizons[like]:
        return "another horizon"
    return ""


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
