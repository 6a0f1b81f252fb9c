"""`churn run` as a stage: one job that checks, watches, trains when due, scores and plans.

Each stage is noted in the journal of the day's folder when it is finished. Whoever starts the job
again, with the same log and config, goes on after the last finished one.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from features.writing import atomic
from pipeline.config import Config, digest
from pipeline.console import Progress
from pipeline.intake.orders import Orders, open_orders
from pipeline.scoring.champion import Found
from pipeline.watching import folders, page, stages
from pipeline.watching.contacted import left_alone
from pipeline.watching.due import Decision, due
from pipeline.watching.health import freshness
from pipeline.watching.journal import Journal, Result
from pipeline.watching.model import Known, known, refuse_unlike
from pipeline.watching.monitor import Monitored, monitor, read
from pipeline.watching.recorded import record
from pipeline.watching.signals import LOOK, TRAIN, Signal

Say = Callable[[str], None]


@dataclass(frozen=True)
class Outcome:
    """What a run came to: the folder of its results, and what a person should know.

    `alarm` says that somebody should look; `refused` why a training was not promoted.
    """

    folder: Path
    alarm: bool = False
    refused: str = ""


@dataclass
class Run:
    """A run at work: its orders, its model, its journal."""

    config: Config
    orders: Orders
    known: Known
    journal: Journal
    today: date
    progress: Progress
    say: Say
    stale: Signal = field(init=False)

    def __post_init__(self) -> None:
        self.stale = freshness(self.orders, self.config.monitoring, self.today)

    def once(self, stage: str, do: Callable[[], Result], key: str = "") -> Result:
        """Do a stage, unless it was finished before; see `Journal.once`."""
        if self.journal.finished(stage, key) is not None:
            self.progress.tell(f"{stage}: was finished before")
        return self.journal.once(stage, key, do)

    @property
    def output(self) -> Path:
        """Where all folders of results are."""
        return self.config.output.folder

    @property
    def folder(self) -> Path:
        """Where this run's results go."""
        return self.journal.folder


def run(config: Config, where: str, today: date, progress: Progress, say: Say) -> Outcome:
    """Do whatever is to be done for a config; `where` names it to others who ask for the lock.

    Raises
    ------
    UserError
        When another run is at work, the log cannot be used, or a stage is refused. Finished
        stages are kept, and `latest` leads where it led.
    """
    stages.refuse_unplanned(config)
    with (
        folders.held(config.output.folder, where),
        open_orders(config.log, progress, None, config.engine, config.cache) as orders,
    ):
        return _stages(_opened(config, orders, today, progress, say))


def rehearse(config: Config, today: date, progress: Progress, say: Say) -> Outcome:
    """Say what `run` would do, and why; nothing is written but the cache of the log."""
    stages.refuse_unplanned(config)
    with open_orders(config.log, progress, None, config.engine, config.cache) as orders:
        job = _opened(config, orders, today, progress, say)
        done = job.journal.finished
        verdict = done("monitor") or {}
        if job.known.champion and not verdict:
            verdict = stages.monitored(_watched(job, job.known.champion))
        say(f"monitor: {verdict.get('verdict', 'there is no model yet')}")
        stopped = _stopped(job, verdict)
        if stopped:
            return Outcome(job.folder, alarm=True)
        decision = _decided(job, verdict)
        say(f"train: {'would' if decision['train'] else 'not due'}, for {decision['why']}")
        if decision["train"]:
            say("gate: the new model scores only if it is not worse on the same cutoffs")
        to_plan = "" if not config.schedule.plan else stages.running(job) or f"in {job.output}"
        for stage, todo in (("score", f"in {job.folder}"), ("plan", to_plan)):
            finished = done(stage, job.known.version) is not None and not decision["train"]
            if todo:
                say(f"{stage}: {'finished before' if finished else f'would, {todo}'}")
        return Outcome(job.folder, alarm=verdict.get("verdict") == LOOK)


def _opened(config: Config, orders: Orders, today: date, progress: Progress, say: Say) -> Run:
    """Look up the model, and the journal of this log, day and config."""
    say(f"check: {orders.log.counts.used:,} rows, up to {orders.last_day}")
    with progress.step("Asking the registry"):
        found = known(config)
    if found.champion:
        if found.down:
            progress.note(found.down)
        if found.champion.note:
            progress.note(found.champion.note)
        refuse_unlike(orders, config, found.champion)
    content = (orders.log.fingerprint, digest(config))
    folder = folders.named(config.output.folder, orders.end, *content)
    return Run(config, orders, found, Journal.of(folder), today, progress, say)


def _stages(job: Run) -> Outcome:
    """All stages in order, each of them once."""
    watch = job.once("monitor", lambda: _monitor(job))
    job.say(f"monitor: {watch['verdict']}")
    for sentence in watch["sentences"]:
        job.say(f"  {sentence}")
    if _stopped(job, watch):
        return Outcome(job.folder, alarm=True)
    decision = job.once("decide", lambda: _decided(job, watch))
    refused = ""
    if decision["train"]:
        trained = job.once("train", lambda: stages.train(job.orders, job.config, job))
        version = trained["version"]
        job.say(f"train: version {version}, for {decision['why']}")
        gated = job.once("gate", lambda: stages.gate(job.config, version), version)
        refused = gated["refused"]
        job.say(f"gate: {refused or 'the new model scores'}")
    else:
        job.say(f"train: not due, for {decision['why']}")
    _answers(job)
    answered = decision["train"] and not refused
    unanswered = watch["verdict"] == TRAIN and not answered and not refused
    alarm = job.stale.risen or watch["verdict"] == LOOK or unanswered
    return Outcome(job.folder, alarm, refused)


def _answers(job: Run) -> None:
    """Score, plan, and point `latest` to what came of it."""
    found = known(job.config) if job.journal.finished("train") else job.known
    scored = job.once("score", lambda: stages.score(job, found), found.version)
    job.say(f"score: {scored['customers']:,} customers by model {found.version}")
    if job.config.schedule.plan:
        planned = job.once("plan", lambda: stages.plan(job), found.version)
        job.say(f"plan: {planned['said']}")
    job.journal.once(folders.DONE, "", lambda: {"day": str(job.orders.end)})
    folders.publish(job.output, job.folder)
    folders.drop_old(job.output, job.config.schedule.keep)
    job.say(f"latest: {job.folder}")


def _monitor(job: Run) -> Result:
    if job.known.champion is None:
        return {"verdict": "there is no model yet", "sentences": [], "alarms": []}
    found = _watched(job, job.known.champion)
    page.write(job.folder / "monitor.html", found)
    with atomic(job.folder / "monitor.json") as draft:
        draft.write_text(found.to_json(), encoding="utf-8")
    record(job.config.tracking.uri, job.config.tracking.registered_model, found, job.progress)
    return stages.monitored(found)


def _watched(job: Run, champion: Found) -> Monitored:
    horizon = champion.model.manifest.horizon_days
    scorings = read(folders.earlier_scores(job.output, job.orders.end, horizon))
    plans = sorted((job.output / folders.PLANS).glob("*.parquet"))
    scorings = left_alone(scorings, plans, job.progress)
    return monitor(
        job.orders, champion.model, scorings, job.config.monitoring, job.today, job.progress
    )


def _stopped(job: Run, watch: Result) -> bool:
    """Whether faults of the data stop the run; the log's age is looked at anew each time."""
    if job.stale.risen:
        job.say(f"  {job.stale.words}")
    faulty = job.stale.risen or watch.get("verdict") == LOOK
    if not faulty or job.config.schedule.on_data_alarm == "continue":
        return False
    job.say(
        "stopped: nothing was trained or scored, and the last results stay. Look at the data; when "
        "they are right, run again with --set schedule.on_data_alarm=continue."
    )
    return True


def _decided(job: Run, watch: Result) -> Result:
    verdict = watch.get("verdict") if job.known.champion else None
    if job.known.down and job.known.champion:
        return vars(Decision(False, "the tracking store cannot be used now"))
    return vars(due(job.config.schedule, job.orders.end, job.known.attempted, verdict))
