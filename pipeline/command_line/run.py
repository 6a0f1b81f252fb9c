"""`churn run`: the one job for a scheduler, from the log to scores, and plans when asked for."""

from datetime import date
from pathlib import Path
from typing import Annotated

import typer

from pipeline.command_line.exits import ALARM, GATE_FAILED
from pipeline.command_line.options import Quiet, Settings, Today, overridden


def run(
    config: Annotated[Path, typer.Option("--config", "-c", help="YAML file with the log")],
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would be done, and why; do nothing")
    ] = False,
    today: Today = None,
    settings: Settings = None,
    quiet: Quiet = False,
) -> None:
    """Check, monitor, train when due, let the better model score; done twice it is done once."""
    from pipeline.config_file import load
    from pipeline.console import Progress, output
    from pipeline.watching import run as stage

    asked, progress, console = load(config, overridden(settings, {})), Progress(quiet), output()
    day = today.date() if today else date.today()

    def say(line: str) -> None:
        console.print(line, markup=False, soft_wrap=True)

    if dry_run:
        done = stage.rehearse(asked, day, progress, say)
    else:
        done = stage.run(asked, str(config), day, progress, say)
    if done.alarm:
        raise typer.Exit(ALARM)
    if done.refused:
        raise typer.Exit(GATE_FAILED)
