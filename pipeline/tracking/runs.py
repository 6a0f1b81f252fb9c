"""A training as MLflow shows it: a parent run, and below it one run per contender."""

from __future__ import annotations

import contextlib
import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
from mlflow.entities import Metric, Param, RunTag

from pipeline.tracking import looks, processes, views
from pipeline.tracking.board import Standing, refuse_unjudged, standings
from pipeline.tracking.errors import TrackingError
from pipeline.tracking.looks import ANSWER, COLORS, RULE, interval_of, metrics_of, most_drawn
from pipeline.tracking.provenance import Data, git_state
from pipeline.tracking.store import Store, connect, talking

CONTENDER, SWEPT = "contender", "churn.swept"


@dataclass(frozen=True)
class Training:
    """An open parent run, and the parameters that each of its runs carries."""

    store: Store
    run_id: str
    parameters: dict[str, str]


def prepare(uri: str = "sqlite:///mlflow.db", experiment: str = "churn") -> Store:
    """Open the tracking store; make it, and the experiment, when they are not there yet.

    A SQLite file is readable by its owner only, and is made by one process while others
    wait. Runs that a killed process left behind as running are closed.

    Raises
    ------
    TrackingError
        When the store cannot be reached, is locked, or is of a kind MLflow no longer has.
    """
    store = connect(uri, experiment, create=True)
    with talking(store.uri):
        sweep(store)
        views.seed(store)
    return store


@contextlib.contextmanager
def training(
    store: Store,
    *,
    name: str,
    parameters: Mapping[str, Any],
    tags: Mapping[str, str] | None = None,
    data: Data | None = None,
) -> Iterator[Training]:
    """Open a parent run for as long as the block takes.

    It ends FINISHED; KILLED on SIGINT and SIGTERM; FAILED on any other exception.

    Parameters
    ----------
    parameters : mapping
        At most 14 settings that every run of the training carries, so that MLflow can
        compare them; sequences are shortened to `first..last (n)`.
    tags : mapping, optional
        Further tags, such as the digest of the config.

    Raises
    ------
    TrackingError
        When the store cannot be reached.
    ValueError
        When there are too many parameters, or one is too long to be read in a table.
    """
    short = looks.parameters(parameters)
    described = {**processes.here(), **git_state(), **(tags or {}), "churn.level": "training"}
    with processes.exit_on_terminate():
        with talking(store.uri):
            run_id = _create(store, name, described)
        opened = Training(store, run_id, short)
        with _closed_at_the_end(opened):
            with talking(store.uri):
                _log(store, run_id, parameters=short)
                if data is not None:
                    store.client.log_inputs(run_id, [data.as_input()])
            yield opened


@contextlib.contextmanager
def reopened(store: Store, run_id: str) -> Iterator[Training]:
    """Open the parent run of a training again that the store has not taken whole.

    It ends as in `training`. The contenders' runs below it are removed, to be made anew.

    Raises
    ------
    TrackingError
        When the store cannot be reached, or has no such run.
    """
    with processes.exit_on_terminate():
        with talking(store.uri):
            run = store.client.get_run(run_id)
            below = f"tags.`mlflow.parentRunId` = '{run_id}'"
            for one in store.client.search_runs([run.info.experiment_id], below):
                store.client.delete_run(one.info.run_id)
            _log(store, run_id, tags=processes.here())
            store.client.update_run(run_id, status="RUNNING")
            if SWEPT in run.data.tags:
                store.client.delete_tag(run_id, SWEPT)
        names = set(run.data.params) - {CONTENDER}
        opened = Training(store, run_id, {name: run.data.params[name] for name in names})
        with _closed_at_the_end(opened):
            yield opened


@contextlib.contextmanager
def _closed_at_the_end(opened: Training) -> Iterator[None]:
    """Say how the run ended, whatever ends it."""
    try:
        yield
    except BaseException as error:
        stopped = isinstance(error, KeyboardInterrupt | SystemExit)
        with contextlib.suppress(TrackingError):
            _close(opened.store, opened.run_id, "KILLED" if stopped else "FAILED")
        raise
    _close(opened.store, opened.run_id, "FINISHED")


def log_leaderboard(
    opened: Training,
    leaderboard: pd.DataFrame,
    baseline: str,
    rules: Sequence[str] = (),
    intervals: Mapping[str, tuple[float, float]] | None = None,
) -> dict[str, Standing]:
    """Record one child run per contender, and the chosen one's figures on the parent.

    Each run carries a measure's mean over the cutoffs under its own name, its values as
    steps `by_cutoff/<measure>`, and its difference to the baseline's mean as
    `vs_baseline/<measure>`. A contender with a figure that is no number ends FAILED.

    Parameters
    ----------
    leaderboard : DataFrame
        One row per contender and cutoff, as `churn backtest` writes it.
    baseline : str
        The contender that the others are measured against.
    rules : sequence of str
        The naive rules, which are drawn in one colour.
    intervals : mapping, optional
        Contender -> 95 % interval of its log loss less the baseline's.

    Returns
    -------
    dict
        Contender -> its standing, best log loss first, failed ones last.

    Raises
    ------
    UserError
        As `refuse_unjudged`, when all is recorded.
    ValueError
        When the baseline is unknown.
    """
    found = standings(leaderboard, baseline)
    with talking(opened.store.uri):
        others = itertools.cycle(COLORS)
        for above, (name, standing) in enumerate(found.items()):
            color = ANSWER if standing.chosen else RULE if name in rules else next(others)
            ends = (intervals or {}).get(name)
            gaps = interval_of(standing, ends, len(found) - above)
            _log_contender(opened, standing, color, gaps)
        for standing in found.values():
            if standing.chosen and not standing.failure:
                _log(
                    opened.store,
                    opened.run_id,
                    parameters={CONTENDER: standing.contender},
                    metrics=metrics_of(standing),
                )
        log = opened.store.client.get_run(opened.run_id).data.tags.get("churn.log")
        views.seed(opened.store, opened.run_id, most_drawn(found), log)
    refuse_unjudged(found)
    return found


def log_files(
    opened: Training, files: Sequence[Path], texts: Mapping[str, str] | None = None
) -> None:
    """Put files, and `texts` by name, into the parent run.

    At its root MLflow can lay two runs side by side; in its folder `charts` it shows images.
    """
    with talking(opened.store.uri):
        for file in files:
            opened.store.client.log_artifact(opened.run_id, str(file))
        for name, text in (texts or {}).items():
            opened.store.client.log_text(opened.run_id, text, name)


def describe(opened: Training, verdict: str) -> None:
    """Say in words what came out; MLflow shows it at the head of the run."""
    tag(opened, {"mlflow.note.content": verdict})


def tag(opened: Training, tags: Mapping[str, str]) -> None:
    """Set tags on the parent run."""
    with talking(opened.store.uri):
        _log(opened.store, opened.run_id, tags=tags)


def tags_of(store: Store, run_id: str) -> dict[str, str]:
    """The tags of a run."""
    with talking(store.uri):
        return dict(store.client.get_run(run_id).data.tags)


def sweep(store: Store) -> int:
    """Close the runs of processes of this machine that ended without a word; how many."""
    swept = 0
    for run in store.client.search_runs([store.experiment_id], "attributes.status = 'RUNNING'"):
        parent = run.data.tags.get("mlflow.parentRunId")
        owner = store.client.get_run(parent) if parent else run
        if owner.info.status != "RUNNING" or processes.gone(owner.data.tags):
            _log(store, run.info.run_id, tags={SWEPT: "its process was gone"})
            store.client.set_terminated(run.info.run_id, "KILLED")
            swept += 1
    return swept


def _log_contender(
    opened: Training, standing: Standing, color: str, gaps: Sequence[Metric]
) -> None:
    store = opened.store
    tags = {
        "mlflow.parentRunId": opened.run_id,
        "mlflow.note.content": standing.words(),
        "mlflow.runColor": color,
        "churn.level": "contender",
        "chosen": str(standing.chosen).lower(),
    }
    name = looks.name_of(standing)
    run_id = _create(store, name, tags)
    parameters = {**opened.parameters, CONTENDER: standing.contender}
    _log(store, run_id, metrics=[*metrics_of(standing), *gaps], parameters=parameters)
    store.client.set_terminated(run_id, "FAILED" if standing.failure else "FINISHED")


def _create(store: Store, name: str, tags: Mapping[str, str]) -> str:
    source = {"mlflow.source.name": "churn", "mlflow.source.type": "LOCAL"}
    run = store.client.create_run(store.experiment_id, tags={**source, **tags}, run_name=name)
    return str(run.info.run_id)


def _log(
    store: Store,
    run_id: str,
    metrics: Sequence[Metric] = (),
    parameters: Mapping[str, str] | None = None,
    tags: Mapping[str, str] | None = None,
) -> None:
    """Everything about one run in one request per thousand metrics."""
    store.client.log_batch(
        run_id,
        list(metrics[:900]),
        [Param(key, value) for key, value in (parameters or {}).items()],
        [RunTag(key, value) for key, value in (tags or {}).items()],
    )
    for start in range(900, len(metrics), 900):
        store.client.log_batch(run_id, list(metrics[start : start + 900]))


def _close(store: Store, run_id: str, status: str) -> None:
    with talking(store.uri):
        store.client.set_terminated(run_id, status)
        for name in processes.here():
            store.client.delete_tag(run_id, name)  # of use only while it runs
