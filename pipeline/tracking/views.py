"""Saved views of the experiment, so that MLflow opens on a leaderboard with charts.

MLflow keeps a shared view as a tag of the experiment, a layout that it does not document:
should a version change it, the runs are all there and only the view is lost.
"""

from __future__ import annotations

import base64
import json
import math
import time
import zlib
from collections.abc import Sequence
from typing import Any
from urllib.parse import urlencode

from pipeline.tracking.looks import INTERVAL, PLACE
from pipeline.tracking.store import Store

TAG = "mlflow.sharedViewState."
COLUMNS = (
    "log_loss",
    "vs_baseline/log_loss",
    "roc_auc",
    "level_error",
    "ece",
    "buyer_lift_10",
    "spend_gini",
    "spend_bias",
)
OF_TRAININGS = (
    "tags.`churn.log`",
    "params.`horizon_days`",
    "params.`as_of`",
    "tags.`churn.grade`",
    "tags.`churn.alias`",
    "metrics.`log_loss`",
    "metrics.`level_error`",
    "metrics.`spend_bias`",
)
"""Columns of the trainings: what was asked of which log, how good it was, and what became of it."""

MEANS = ("log_loss", "roc_auc", "spend_gini", "ece", "buyer_lift_10")
BY_CUTOFF = ("by_cutoff/log_loss", "by_cutoff/level_error")
OVER_TIME = ("log_loss", "level_error", "spend_bias")
FOLDED = ("Model metrics", "by_cutoff", "vs_baseline")

Section = tuple[str, str, str, tuple[str, ...]]
"""A section's key, its title, the kind of its charts, and their metrics."""

CONTENDERS: tuple[Section, ...] = (
    (
        "against",
        "Against the best rule, 95 % interval",
        "INTERVAL",
        (PLACE,),
    ),
    ("cutoffs", "Cutoff by cutoff", "LINE", BY_CUTOFF),
    ("measures", "Mean over the cutoffs", "BAR", MEANS),
)
TRAININGS: tuple[Section, ...] = (
    ("time", "Each training: loss, level, spend error", "BAR", OVER_TIME),
)


def seed(
    store: Store, latest: str | None = None, most: float = math.inf, log: str | None = None
) -> None:
    """Write the views `leaderboard`, `trainings` and `over time` into the experiment.

    Parameters
    ----------
    latest : str, optional
        The parent run whose contenders `leaderboard` shows; of all trainings without it.
    most : float
        Log loss from which on a contender is left out, until the filter is taken away: one far
        off would flatten the bars of the rest.
    log : str, optional
        The log whose trainings `over time` shows; those of two logs are no course.
    """
    contenders = "tags.`churn.level` = 'contender'"
    if latest:
        contenders += f" AND tags.`mlflow.parentRunId` = '{latest}'"
        if math.isfinite(most):
            contenders += f" AND metrics.`log_loss` < {most:.4g}"
    elif TAG + "leaderboard" in store.experiment.tags:
        return
    trainings = "tags.`churn.level` = 'training'"
    columns = [f"metrics.`{name}`" for name in COLUMNS]
    board = _state(contenders, "metrics.`log_loss`", True, columns, CONTENDERS)
    _write(store, "leaderboard", board)
    started = "attributes.start_time"
    _write(store, "trainings", _state(trainings, started, False, OF_TRAININGS, TRAININGS))
    of_log = f"{trainings} AND tags.`churn.log` = '{log}'" if log and "'" not in log else trainings
    _write(store, "over time", _state(of_log, started, True, OF_TRAININGS, TRAININGS))


def url(server: str, experiment_id: str, view: str = "leaderboard") -> str:
    """The address at which a server shows a saved view: `trainings` as a table, others as charts.

    Examples
    --------
    >>> url("http://127.0.0.1:5000", "1")[:48]
    'http://127.0.0.1:5000/#/experiments/1/runs?workf'
    >>> "compareRunsMode" in url("http://127.0.0.1:5000", "1", "trainings")
    False
    """
    query = {"workflowType": "machine_learning"}
    query |= {} if view == "trainings" else {"compareRunsMode": "CHART"}
    query |= {"viewStateShareKey": view}
    return f"{server.rstrip('/')}/#/experiments/{experiment_id}/runs?{urlencode(query)}"


def _write(store: Store, name: str, state: dict[str, Any]) -> None:
    packed = base64.b64encode(zlib.compress(json.dumps(state).encode())).decode()
    value = {"name": name, "createdAt": int(time.time() * 1000), "state": f"deflate;{packed}"}
    store.client.set_experiment_tag(store.experiment_id, TAG + name, json.dumps(value))


def _state(
    condition: str,
    order: str,
    ascending: bool,
    columns: Sequence[str],
    sections: Sequence[Section],
) -> dict[str, Any]:
    """The state of MLflow's runs page: which runs, columns, order and charts."""
    charts = [_card(kind, metric, key) for key, _, kind, metrics in sections for metric in metrics]
    # MLflow adds a chart for each further metric, in sections of these names: folded away.
    shown = [_section(key, title) for key, title, _, _ in sections]
    shown += [_section(name, name, display=False) for name in FOLDED]
    return {
        "searchFilter": condition,
        "orderByKey": order,
        "orderByAsc": ascending,
        "startTime": "ALL",
        "lifecycleFilter": "Active",
        "datasetsFilter": [],
        "modelVersionFilter": "All Runs",
        "selectedColumns": list(columns),
        "columnOrder": list(columns),
        "runsHiddenMode": "SHOWALL",
        "compareRunCharts": charts,
        "compareRunSections": shown,
        "isAccordionReordered": True,
        "hideEmptyCharts": True,
        "groupBy": None,
        "autoRefreshEnabled": True,
    }


def _card(kind: str, metric: str, section: str) -> dict[str, Any]:
    line = kind in ("LINE", "INTERVAL")
    card = {
        "uuid": f"churn-{kind}-{metric}",
        "type": "LINE" if line else kind,
        "metricKey": metric,
        "metricSectionId": section,
        "runsCountToCompare": 20,
        "deleted": False,
        "isGenerated": False,
    }
    if line:
        card |= {
            "selectedMetricKeys": [metric],
            "xAxisKey": "time",
            "useGlobalXaxisKey": False,
            "useGlobalLineSmoothing": False,
            "lineSmoothness": 0,
            "displayPoints": True,
        }
    if kind == "INTERVAL":
        card |= {"xAxisKey": "metric", "selectedXAxisMetricKey": INTERVAL}
    return card


def _section(uuid: str, name: str, display: bool = True) -> dict[str, Any]:
    return {"uuid": uuid, "name": name, "display": display, "isReordered": True, "deleted": False}
