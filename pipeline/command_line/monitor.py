"""`churn monitor`: whether the data, the customers and the answer are still what they were."""

from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from features.errors import UserError
from pipeline.command_line.exits import ALARM
from pipeline.command_line.options import AllowOtherLog, AsJson, Quiet, Today, takes_a_log

if TYPE_CHECKING:
    from pipeline.config import Config
    from pipeline.console import Progress
    from pipeline.scoring.champion import Found
    from pipeline.watching.monitor import Monitored


@takes_a_log
def monitor(
    path: Path | None,
    overrides: dict[str, Any],
    log: Annotated[
        list[str] | None,
        typer.Argument(
            help="What `churn score` wrote before, and the order log; told apart by columns",
            metavar="[SCORES]... [LOG]",
        ),
    ] = None,
    model: Annotated[
        str | None,
        typer.Option(help="A model folder or models:/name@alias", show_default="the champion"),
    ] = None,
    plan: Annotated[
        list[Path] | None,
        typer.Option(help="A campaign's plan: whom it contacted is left out", metavar="FILE"),
    ] = None,
    today: Today = None,
    report: Annotated[Path | None, typer.Option(help="Write the findings as an HTML page")] = None,
    allow_other_log: AllowOtherLog = False,
    json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Hold earlier scores against what came, and today's data against the training's; exit 4."""
    from features.readers.files import expand
    from pipeline.command_line import following
    from pipeline.command_line.show import monitored
    from pipeline.config_file import load_tracking
    from pipeline.console import Progress, output
    from pipeline.intake.orders import refuse_overwriting
    from pipeline.scoring import champion
    from pipeline.scoring.request import request
    from pipeline.watching import page, recorded
    from pipeline.watching.monitor import told_apart

    progress, (scores, logs) = Progress(quiet), told_apart(log or ())
    if len(logs) > 1:
        for file in logs:
            expand(file)  # scores that are not there are told apart from no scores
        raise UserError(
            f"{', '.join(logs)}: more than one file is no scores; name one log (a folder or a "
            "pattern may stand for several files), and scores as `churn score` wrote them."
        )
    if logs:
        overrides = {**overrides, "log.source": logs[0]}
    tracking = load_tracking(path, overrides)
    with progress.step("Fetching the model"):
        found = champion.find(model, uri=tracking.uri, registered_model=tracking.registered_model)
    if found.note:
        progress.note(found.note)
    config = request(path, overrides, found)
    refuse_overwriting([report], [config.log.source, path, *scores])
    day = today.date() if today else date.today()
    watched = _watched(config, found, scores, plan or [], day, allow_other_log, progress)
    recorded.record(tracking.uri, found.name or str(found.folder), watched, progress)
    if report:
        page.write(report, watched)
    if json:
        print(watched.to_json())
    else:
        after = following.watching(watched, path, overrides, config, found, model)
        monitored.monitored(output(), watched, after)
    if watched.alarms:
        raise typer.Exit(ALARM)


def _watched(
    config: "Config",
    found: "Found",
    scores: list[Path],
    plans: list[Path],
    today: date,
    allow_other_log: bool,
    progress: "Progress",
) -> "Monitored":
    """Open the log, make sure that it is the model's, and watch."""
    from pipeline.command_line.score import ANOTHER_LOG
    from pipeline.intake.identity import identify
    from pipeline.model_files.identity import refuse_other
    from pipeline.scoring.request import open_as_asked
    from pipeline.watching import monitor as stage
    from pipeline.watching.contacted import left_alone

    scorings, learned = left_alone(stage.read(scores), plans, progress), found.model.manifest.log
    with open_as_asked(config, found, progress, None) as orders:
        asked = identify(orders, config.log, learned)
        if note := refuse_other(learned, asked, found.named, ANOTHER_LOG, allow_other_log):
            progress.note(note)
        return stage.monitor(orders, found.model, scorings, config.monitoring, today, progress)
