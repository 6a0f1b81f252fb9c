"""Trains the answer: compares the contenders on the past, fits the blend, records both."""

from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import pandas as pd

from features.customer.catalogue import NAMES
from features.customer.snapshot import categories
from features.engines.parquet import write_parquet
from features.errors import UserError
from models.contenders.protocol import Contender
from models.explain.coming_back import held_to
from models.explain.segments import Rules, Thresholds, thresholds
from pipeline.business.course import of_log
from pipeline.config import Config, TrackingConfig, as_recorded, digest
from pipeline.console import Progress
from pipeline.intake.closed_seasons import closed_seasons
from pipeline.intake.identity import identify
from pipeline.intake.orders import Orders
from pipeline.learning import backtest
from pipeline.learning.backtest import Backtest
from pipeline.learning.judged import fit
from pipeline.learning.judgement import Judgement, intervals, judge
from pipeline.learning.prepare import prepare
from pipeline.learning.profile import profile, promised
from pipeline.learning.snapshots import Snapshots
from pipeline.learning.spread import spread
from pipeline.model_files import artifact
from pipeline.model_files.identity import refuse_other
from pipeline.model_files.manifest import Manifest
from pipeline.reporting import evidence, report
from pipeline.tracking import registry, runs, store
from pipeline.tracking.board import unjudged
from pipeline.tracking.errors import TrackingError
from pipeline.tracking.version import Version
from pipeline.training import card, recording
from pipeline.training.gate import cutoffs
from pipeline.training.recording import LEADERBOARD, MODEL, REPORT, Told


@dataclass(frozen=True)
class Trained:
    """What a training leaves behind; `champion` says whether it now scores.

    `version` is empty while the tracking store has not taken it; see `pipeline.training.recording`.
    """

    folder: Path
    manifest: Manifest
    result: Backtest
    judgement: Judgement
    version: str
    champion: bool


ANOTHER_LOG = (
    "Give this business a registered model of its own (--set tracking.registered_model=NAME), or "
    "say --allow-other-log where you know that they are one."
)


def train(
    orders: Orders,
    config: Config,
    progress: Progress,
    promote: bool = False,
    allow_other_log: bool = False,
) -> Trained:
    """Backtest, fit the chosen contender on everything known today, save and record it.

    The model becomes champion when there is none yet, or when `promote` is asked for and
    the gate lets it pass.

    Parameters
    ----------
    allow_other_log
        Register it also where the name holds models of another log.

    Raises
    ------
    UserError
        When the log does not carry a training, the registered model is another log's, or the
        tracking store cannot be used.
    GateError
        When `promote` was asked for and it is worse than the champion.
    """
    folder = config.output.folder
    recording.send(folder, config.tracking, progress)
    held = _held(config.tracking)
    _refuse_another_log(held, orders, config, progress, allow_other_log)
    also = tuple(sorted(cutoffs(held))) if promote and held else ()
    snapshots = prepare(orders, config, progress, also)
    with progress.step("Opening the tracking store"):
        tracking = runs.prepare(config.tracking.uri, config.tracking.experiment)
    name = f"{orders.name} {snapshots.plan.as_of}"
    start = partial(runs.training, name=name, tags=_tags(orders, config), data=_data(orders))
    manifest, version, champion = None, "", False
    try:
        with start(tracking, parameters=card.parameters(config, snapshots)) as opened:
            result = backtest.backtest(snapshots, config.contenders, progress)
            with progress.step("Judging by group and cutoff"):
                judgement = judge(result, config.clv.months)
            told = _told(opened.run_id, orders, config, snapshots, result, judgement, promote)
            if unjudged(result.leaderboard, judgement.rule):
                recording.compared(opened, result.leaderboard, told)
            with recording.for_this_process(folder):
                manifest = _written(orders, config, snapshots, result, judgement, told, progress)
                with progress.step("Recording the training in MLflow"):
                    version = recording.record(opened, folder, told)
        champion = recording.finish(tracking, folder, told, progress)
    except TrackingError as error:
        if manifest is None:
            raise
        progress.note(recording.waits(folder, error))
    return Trained(folder / MODEL, manifest, result, judgement, version, champion)


def _written(
    orders: Orders,
    config: Config,
    snapshots: Snapshots,
    result: Backtest,
    judgement: Judgement,
    told: Told,
    progress: Progress,
) -> Manifest:
    """Fit the answer, write its report and leaderboard, and last of all its model."""
    as_of, folder = snapshots.plan.as_of, config.output.folder
    with progress.step(f"Fitting {result.chosen} on everything known at {as_of}"):
        contender = _fit(result.chosen, snapshots)
    predicted = contender.predict(snapshots.today)
    parting = _parting(config, snapshots, contender, predicted)
    looks: dict[str, Any] = {"closed": closed_seasons(orders.netted, as_of)}
    looks |= {"segments": parting.to_dict(), "profile": _profile(orders, snapshots, predicted)}
    settings = {**looks, **_settings(orders, config, result, judgement)}
    said = evidence.outlook(contender, snapshots.today, predicted, parting)
    went = of_log(orders, config.log, as_of, snapshots.plan.horizon_days, progress)
    report.write(folder / REPORT, orders, result, judgement, config.replayed, said, went)
    backtest.write(result, folder / LEADERBOARD)
    write_parquet(orders.quarantine, folder / "quarantine.parquet")
    recording.keep(folder, told)
    return _save(orders, config, snapshots, judgement, contender, settings, told.run_id)


def _told(
    run_id: str,
    orders: Orders,
    config: Config,
    snapshots: Snapshots,
    result: Backtest,
    judgement: Judgement,
    promote: bool,
) -> Told:
    """What MLflow is told of the training."""
    figures = card.tags(result, judgement, snapshots.plan.as_of)
    days = snapshots.plan.horizon_days
    settled = {"horizon_days": days, "date_format": _reading(orders, config)["date_format"]}
    return Told(
        run_id=run_id,
        name=config.tracking.registered_model,
        promote=promote,
        config=as_recorded(config, **settled),
        figures=figures,
        verdict=judgement.verdict,
        baseline=judgement.rule,
        intervals=intervals(result, judgement.rule),
        description=card.description(orders.name, days, figures),
    )


def _refuse_another_log(
    held: Version | None, orders: Orders, config: Config, progress: Progress, allowed: bool
) -> None:
    """Stop where the registered model learned from another log, or say so where that is allowed."""
    if held and held.log:
        found = identify(orders, config.log, held.log)
        model = f"The registered model {held.name}"
        note = refuse_other(held.log, found, model, ANOTHER_LOG, allowed)
        if note:
            progress.note(note)


def _tags(orders: Orders, config: Config) -> dict[str, str]:
    return {
        "churn.config": digest(config),
        "churn.data": orders.log.fingerprint,
        "churn.log": orders.name,
    }


def _parting(config: Config, known: Snapshots, by: Contender, said: pd.DataFrame) -> Thresholds:
    """Where segments part, of today's customers, the lost held to a longer period that is over."""
    rules = Rules(**config.segments.model_dump())
    parting = thresholds(known.today, said, known.plan.horizon_days, rules)
    return held_to(parting, known.longer.get(known.plan.as_of), by.predict)


def _settings(
    orders: Orders, config: Config, result: Backtest, judgement: Judgement
) -> dict[str, Any]:
    """What those need who ask the model, or watch it, beside its answers."""
    return {
        "clv": config.clv.model_dump(),
        "spread": spread(result),
        "promised": promised(result, judgement.rule),
        "log": _reading(orders, config),
        "ending": Path(config.log.source).suffix,
    }


def _profile(orders: Orders, snapshots: Snapshots, predicted: pd.DataFrame) -> dict[str, Any]:
    """How customers and rows look today, to notice when they no longer do."""
    columns = (*NAMES, *categories(snapshots.attributes))
    return profile(snapshots.today, predicted["p_churn"], columns, orders.log.counts)


def _save(
    orders: Orders,
    config: Config,
    snapshots: Snapshots,
    judgement: Judgement,
    contender: Contender,
    settings: dict[str, Any],
    run_id: str,
) -> Manifest:
    """Write the model's folder."""
    return artifact.save(
        config.output.folder / MODEL,
        contender,
        horizon_days=snapshots.plan.horizon_days,
        cutoffs=(*snapshots.plan.panels[snapshots.plan.as_of], snapshots.plan.as_of),
        features=NAMES,
        attributes=snapshots.attributes,
        data_digest=orders.log.fingerprint,
        log=identify(orders, config.log),
        grades={one.side: one.grade for one in judgement.grades},
        run_id=run_id,
        settings=settings,
    )


def _fit(name: str, snapshots: Snapshots) -> Contender:
    try:
        return fit(name, snapshots.history(snapshots.plan.as_of))
    except ValueError as error:
        raise UserError(f"{name} cannot be fitted on this log: {error}") from None


def _held(tracking: TrackingConfig) -> Version | None:
    """What the registered model holds: the champion, or else the challenger; None if neither."""
    try:
        opened = store.connect(tracking.uri, tracking.experiment)
    except TrackingError:  # not made yet: what else is wrong shows when it is opened to write
        return None
    name = tracking.registered_model
    return registry.describe(opened, name, registry.CHAMPION) or registry.describe(
        opened, name, registry.CHALLENGER
    )


def _reading(orders: Orders, config: Config) -> dict[str, Any]:
    """How this log was read, said outright: a short list to be scored may leave it open."""
    spec = config.log.model_dump(mode="json", exclude={"source", "table", "until", "name"})
    return {**spec, "date_format": config.log.date_format or orders.log.date_format}


def _data(orders: Orders) -> runs.Data:
    return runs.Data(
        name=orders.name,
        source=orders.name,
        digest=orders.log.fingerprint,
        profile={
            "rows": orders.log.counts.rows,
            "rows_used": orders.log.counts.used,
            "customers": orders.n_customers,
            "purchase_days": orders.n_purchase_days,
            "first_day": str(orders.first_day),
            "last_day": str(orders.last_day),
        },
        columns=orders.log.columns,
    )
