"""Tells MLflow of a training, from what lies in its output folder.

What there is to tell is kept beside the results (`unsent.json`) until the store has taken all of
it. So a store that falls silent and a process that is killed cost no training: the next command
that uses the folder sends it.
"""

import contextlib
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
from pydantic import BaseModel, ConfigDict, ValidationError

from features.errors import UserError
from features.writing import alone, atomic
from models.all_contenders import BASELINES
from pipeline.config import TrackingConfig
from pipeline.console import Progress
from pipeline.model_files.artifact import LONGEST_WAIT
from pipeline.model_files.manifest import MANIFEST, Manifest
from pipeline.reporting import report
from pipeline.tracking import registry, runs
from pipeline.tracking.errors import GateError, TrackingError
from pipeline.tracking.store import Store
from pipeline.training import UNSENT
from pipeline.training.gate import compared as against
from pipeline.training.gate import gate

REPORT, LEADERBOARD, MODEL, CONFIG = "report.html", "leaderboard.csv", "model", "config.yaml"

LOCK = "recording"
"""Names the hidden lock of the one process that tells the store of a folder's training."""


class Told(BaseModel):
    """What MLflow is told of a training beside its leaderboard, report and model.

    `config` is what the training was asked for, as YAML (`pipeline.config.as_recorded`);
    `figures` are tags of the run and of the version; `intervals` hold, for each contender, the
    95 % interval of its log loss less that of the naive rule `baseline`.
    """

    model_config = ConfigDict(frozen=True, ser_json_inf_nan="constants")

    run_id: str
    name: str
    promote: bool
    config: str
    figures: dict[str, str]
    verdict: str
    baseline: str
    intervals: dict[str, tuple[float, float]]
    description: str


def keep(folder: Path, told: Told) -> None:
    """Write what is to be told; to be called before the model it speaks of takes its place."""
    with atomic(folder / UNSENT) as draft:
        draft.write_text(told.model_dump_json(indent=1))


def compared(opened: runs.Training, leaderboard: pd.DataFrame, told: Told) -> None:
    """Record the comparison: its verdict, and a run for each contender.

    Raises
    ------
    UserError
        When the chosen contender cannot be judged; all is recorded then.
    """
    runs.tag(opened, {f"churn.{name}": value for name, value in told.figures.items()})
    runs.describe(opened, told.verdict)
    runs.log_leaderboard(opened, leaderboard, told.baseline, BASELINES, told.intervals)


def record(opened: runs.Training, folder: Path, told: Told) -> str:
    """Record the comparison and the files, and register the model; its version.

    Raises
    ------
    TrackingError
        When the store fails; a further call begins anew.
    """
    leaderboard = pd.read_csv(folder / LEADERBOARD, parse_dates=["cutoff"])
    compared(opened, leaderboard, told)
    page = folder / REPORT
    charts = {f"charts/{name}.svg": drawn for name, drawn in report.drawings(page).items()}
    runs.log_files(opened, [page, folder / LEADERBOARD], {CONFIG: told.config, **charts})
    return registry.register(opened, folder / MODEL, told.name, told.figures, told.description)


def finish(store: Store, folder: Path, told: Told, progress: Progress) -> bool:
    """Promote what was recorded, if it may be; whether it is champion. Nothing is left to tell.

    Raises
    ------
    GateError
        When the promotion was asked for and the model is worse than the champion.
    """
    try:
        champion = promote(store, told.name, told.promote, progress)
    except GateError:
        (folder / UNSENT).unlink(missing_ok=True)
        raise
    (folder / UNSENT).unlink(missing_ok=True)
    return champion


def promote(store: Store, name: str, asked: bool, progress: Progress) -> bool:
    """Promote the challenger when asked to, or when there is no champion that could be asked.

    What was compared with the champion before, or why nothing was, is said.

    Raises
    ------
    GateError
        When it was asked for, and the gate speaks against it.
    """
    champion = registry.describe(store, name, registry.CHAMPION)
    if not asked and champion and champion.readable:
        return False
    try:
        version = registry.promote(store, name, gate=gate)
    except GateError:
        if asked:
            raise
        return False  # it stays the challenger, and what speaks against it is told
    for line in against(version, champion):
        progress.note(line)
    return True


def send(folder: Path, tracking: TrackingConfig, progress: Progress) -> None:
    """Tell the store of a training that it has not taken yet; nothing where there is none.

    What stands in the way (the store still does not answer, another process is at it) is said,
    and the training waits on.
    """
    if not (folder / UNSENT).is_file():
        return
    try:
        with for_this_process(folder):
            said = _send(folder, tracking, progress)
    except (UserError, GateError) as error:
        said = f"The training in {folder} was not recorded or promoted: {error}"
    if said:
        progress.note(said)


@contextlib.contextmanager
def for_this_process(folder: Path) -> Iterator[None]:
    """Keep other processes from telling the store of the training in this folder meanwhile."""
    folder.mkdir(parents=True, exist_ok=True)
    with alone(folder / LOCK, LONGEST_WAIT):
        yield


def _send(folder: Path, tracking: TrackingConfig, progress: Progress) -> str:
    told = _waiting(folder)
    if told is None:
        (folder / UNSENT).unlink(missing_ok=True)
        return ""
    with progress.step(f"Recording the training in {folder} in MLflow"):
        store = runs.prepare(tracking.uri, tracking.experiment)
        with runs.reopened(store, told.run_id) as opened:
            version = record(opened, folder, told)
        champion = finish(store, folder, told, progress)
    alias = registry.CHAMPION if champion else registry.CHALLENGER
    return f"The training in {folder} is recorded now: version {version}, {alias}."


def _waiting(folder: Path) -> Told | None:
    """What is to be told; None where another training's model lies there, or none was written."""
    try:
        told = Told.model_validate_json((folder / UNSENT).read_bytes())
        held = Manifest.model_validate_json((folder / MODEL / MANIFEST).read_bytes())
    except (OSError, ValidationError):
        return None
    return told if held.run_id == told.run_id else None


def waits(folder: Path, error: TrackingError) -> str:
    """Say where the results are when the store failed after they were written."""
    return (
        f"{error}\nNothing is lost: model, report and leaderboard are whole in {folder}, and "
        f"`churn score LOG --model {folder / MODEL}` scores with it. The next `churn train`, "
        "`score`, `compare` or `promote` with this output folder records and registers it."
    )
