"""Saved views of the experiment, so that MLflow opens on a leaderboard with charts.

MLflow keeps a shared view as a tag of the experiment, a layout that it does not document:
should a version change it, the runs are all there and only the view is lost.
"""

from __future__ import annotations

import base64
import json
import time
import zlib
from typing import Any
from urllib.parse import urlencode

from pipeline.tracking.store import Store

TAG = "mlflow.sharedViewState."
COLUMNS = (
    "log_loss",
    "roc_auc",
    "average_precision",
    "brier",
    "ece",
    "buyer_lift_10",
    "spend_gini",
    "spend_bias",
    "fit_seconds",
)
BARS = ("log_loss", "vs_baseline/log_loss", "roc_auc", "spend_gini", "ece", "buyer_lift_10")
FOLDED = ("Model metrics", "by_cutoff", "vs_baseline")
LINES = ("by_cutoff/log_loss", "by_cutoff/spend_gini")


def seed(store: Store, latest: str | None = None) -> None:
    """Write the views `leaderboard` and `trainings` into the experiment.

    Parameters
    ----------
    latest : str, optional
        The parent run whose contenders `leaderboard` shows; of all trainings without it.
    """
    contenders = "tags.`churn.level` = 'contender'"
    if latest:
        contenders += f" AND tags.`mlflow.parentRunId` = '{latest}'"
    elif TAG + "leaderboard" in store.experiment.tags:
        return
    trainings = "tags.`churn.level` = 'training'"
    _write(store, "leaderboard", _state(contenders, "metrics.`log_loss`", True, LINES))
    _write(store, "trainings", _state(trainings, "attributes.start_time", False, ()))


def url(server: str, experiment_id: str, view: str = "leaderboard") -> str:
    """The address at which a server shows a saved view.

    Examples
    --------
    >>> url("http://127.0.0.1:5000", "1")[:48]
    'http://127.0.0.1:5000/#/experiments/1/runs?workf'
    """
    query = {
        "workflowType": "machine_learning",
        "compareRunsMode": "CHART",
        "viewStateShareKey": view,
    }
    return f"{server.rstrip('/')}/#/experiments/{experiment_id}/runs?{urlencode(query)}"


def _write(store: Store, name: str, state: dict[str, Any]) -> None:
    packed = base64.b64encode(zlib.compress(json.dumps(state).encode())).decode()
    value = {"name": name, "createdAt": int(time.time() * 1000), "state": f"deflate;{packed}"}
    store.client.set_experiment_tag(store.experiment_id, TAG + name, json.dumps(value))


def _state(condition: str, order: str, ascending: bool, lines: tuple[str, ...]) -> dict[str, Any]:
    """The state of MLflow's runs page: which runs, columns, order and charts."""
    charts = [_card("BAR", metric, "measures") for metric in BARS]
    charts += [_card("LINE", metric, "cutoffs") for metric in lines]
    sections = [_section("measures", "Mean over the cutoffs")]
    if lines:
        sections.append(_section("cutoffs", "Cutoff by cutoff"))
    # MLflow adds a chart for each further metric, in sections of these names: folded away.
    sections += [_section(name, name, display=False) for name in FOLDED]
    columns = [f"metrics.`{name}`" for name in COLUMNS]
    return {
        "searchFilter": condition,
        "orderByKey": order,
        "orderByAsc": ascending,
        "startTime": "ALL",
        "lifecycleFilter": "Active",
        "datasetsFilter": [],
        "modelVersionFilter": "All Runs",
        "selectedColumns": columns,
        "columnOrder": columns,
        # All are listed, the ten best are drawn: one far off would flatten the bars of the rest.
        "runsHiddenMode": "FIRST_10_RUNS",
        "compareRunCharts": charts,
        "compareRunSections": sections,
        "isAccordionReordered": True,
        "hideEmptyCharts": True,
        "groupBy": None,
        "autoRefreshEnabled": True,
    }


def _card(kind: str, metric: str, section: str) -> dict[str, Any]:
    card = {
        "uuid": f"churn-{kind}-{metric}",
        "type": kind,
        "metricKey": metric,
        "metricSectionId": section,
        "runsCountToCompare": 10,
        "deleted": False,
        "isGenerated": False,
    }
    if kind == "LINE":
        card |= {
            "selectedMetricKeys": [metric],
            "xAxisKey": "time",
            "useGlobalXaxisKey": False,
            "useGlobalLineSmoothing": True,
            "displayPoints": True,
        }
    return card


def _section(uuid: str, name: str, display: bool = True) -> dict[str, Any]:
    return {"uuid": uuid, "name": name, "display": display, "isReordered": True, "deleted": False}
