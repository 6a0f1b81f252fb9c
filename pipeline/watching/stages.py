"""The stages of `churn run`, each as a function whose result the journal keeps."""

import re
from pathlib import Path
from typing import TYPE_CHECKING

from features.errors import UserError
from pipeline.acting import plan as planning
from pipeline.acting.effect import effect_of
from pipeline.acting.plan_file import read_plan, read_terms
from pipeline.acting.recorded import keep
from pipeline.acting.too_few import TooFewError
from pipeline.config import Config, digest
from pipeline.intake.orders import Orders
from pipeline.scoring import score as scoring
from pipeline.tracking.errors import GateError, TrackingError
from pipeline.training import gate as gates
from pipeline.training import recording
from pipeline.training import train as training
from pipeline.watching import folders
from pipeline.watching.journal import Result
from pipeline.watching.model import Known
from pipeline.watching.monitor import Monitored

if TYPE_CHECKING:
    from pipeline.watching.run import Run


def refuse_unplanned(config: Config) -> None:
    """Stop before any work where the campaign to be planned is none of the config's."""
    asked = config.schedule.plan
    if asked and asked not in config.campaigns:
        known = ", ".join(config.campaigns) or "none"
        raise UserError(f"schedule.plan: there is no campaign {asked} (campaigns: {known}).")


def monitored(found: Monitored) -> Result:
    """What the journal keeps of a watch."""
    names = [signal.name for signal in found.alarms]
    return {"verdict": found.verdict, "sentences": found.sentences[1:], "alarms": names}


def train(orders: Orders, config: Config, job: "Run") -> Result:
    """Train into the folder of the run; a training of the same log and config is not repeated."""
    inside = config.model_copy(
        update={"output": config.output.model_copy(update={"folder": job.folder})}
    )
    recording.send(job.folder, config.tracking, job.progress)
    version = _trained_before(orders, inside)
    if version is None:
        try:
            version = training.train(orders, inside, job.progress, promote=True).version
        except GateError:  # the next stage tells why
            version = _trained_before(orders, inside)
        if not version:  # not finished: else the gate would ask about another training
            raise TrackingError("The training is not recorded yet: the next run sends it.")
    return {"version": version}


def _trained_before(orders: Orders, config: Config) -> str | None:
    """The challenger's version, if this very log and config made it; see `training.train`."""
    from pipeline.tracking import registry, runs, store

    tracking = config.tracking
    try:
        opened = store.connect(tracking.uri, tracking.experiment)
        found = registry.describe(opened, tracking.registered_model, registry.CHALLENGER)
    except TrackingError:
        return None
    if found is None:
        return None
    tags = runs.tags_of(opened, found.run_id)
    same = tags.get("churn.data") == orders.log.fingerprint
    return found.version if same and tags.get("churn.config") == digest(config) else None


def gate(config: Config, version: str) -> Result:
    """Let the version that was trained take the champion's place, if nothing speaks against it."""
    from pipeline.tracking import registry, store

    opened = store.connect(config.tracking.uri, config.tracking.experiment)
    try:
        registry.promote(opened, config.tracking.registered_model, version, gate=gates.gate)
    except GateError as error:
        return {"refused": str(error)}
    return {"refused": ""}


def score(job: "Run", found: Known) -> Result:
    """Score everybody, with the segments of the results before."""
    if found.champion is None:
        raise UserError(
            "No model may score yet: the training was not good enough to become champion. "
            "`churn compare` shows it."
        )
    scored = scoring.score(
        job.orders,
        found.champion.model,
        job.folder / folders.SCORES,
        job.progress,
        earlier=_before(job, found.champion.model.manifest.horizon_days),
    )
    return {"customers": scored.n_customers}


def _before(job: "Run", horizon_days: int) -> Path | None:
    """Scores of the results before this day, if they speak of as many days."""
    from pipeline.scoring.scores_file import read_segments

    for one in reversed(folders.finished(job.output)):
        if one.day < job.orders.end and one.scores.is_file():
            return one.scores if read_segments(one.scores)[2] == horizon_days else None
    return None


def plan(job: "Run") -> Result:
    """Plan the campaign under a name of the day's own, unless an earlier one of it still runs.

    Whoever takes part in another campaign that runs is left out.
    """
    dated = _dated(job)
    if said := running(job):
        return {"said": said}
    name = str(job.config.schedule.plan)
    terms = job.config.campaigns[name]
    terms = terms.model_copy(update={"kind": terms.kind or name})
    effect, notes = effect_of(dated, terms)
    for note in notes:
        job.progress.note(note)
    scores = job.folder / folders.SCORES
    try:
        with job.progress.step(f"Planning {dated}"):
            made = planning.plan(
                scores, dated, terms, job.config.control, effect, others=_under_way(job)
            )
    except TooFewError as error:  # the scores are new all the same
        return {"said": f"none. {error}"}
    place = job.output / folders.PLANS / f"{dated}.parquet"
    if place.exists() and read_plan(place).fingerprint != made.file.fingerprint:
        said = f"none, {dated} was planned already, with other customers or terms"
        return {"said": f"{said}: it stays as it is"}
    place.parent.mkdir(mode=0o700, exist_ok=True)
    keep(made, job.config.tracking.uri, place, job.progress)
    return {"said": f"{dated}, {len(made.contacted):,} contacts"}


def running(job: "Run") -> str:
    """Which campaign of the same name is not over, in words: a new one would contact its control.

    Empty when there is none.
    """
    own = re.compile(rf"{job.config.schedule.plan}_\d{{8}}")
    for path in _under_way(job):
        if own.fullmatch(path.stem) and path.stem != _dated(job):
            said = f"none, {path.stem} runs until {read_terms(path).end}"
            return f"{said}: a new one would contact its control group"
    return ""


def _under_way(job: "Run") -> list[Path]:
    """The plans, of any campaign, whose days hold that of this run."""
    plans = {p: read_terms(p) for p in sorted((job.output / folders.PLANS).glob("*.parquet"))}
    return [path for path, one in plans.items() if one.start <= job.orders.end < one.end]


def _dated(job: "Run") -> str:
    return f"{job.config.schedule.plan}_{job.orders.end:%Y%m%d}"
