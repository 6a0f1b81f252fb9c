"""`churn train`: compare on the past, fit the answer, record both."""

from pathlib import Path
from typing import Annotated, Any

import typer

from pipeline.command_line.options import AllowOtherLog, Full, Quiet, takes_a_log


@takes_a_log
def train(
    path: Path | None,
    overrides: dict[str, Any],
    promote: Annotated[
        bool, typer.Option("--promote", help="Make it champion if it is not worse")
    ] = False,
    allow_other_log: AllowOtherLog = False,
    full: Full = False,
    quiet: Quiet = False,
) -> None:
    """Compare all contenders on the past, train the answer, record both in MLflow."""
    from pipeline.command_line import following
    from pipeline.command_line.show import board, log
    from pipeline.config_file import load
    from pipeline.console import Progress, output
    from pipeline.intake.orders import open_orders
    from pipeline.own_estimators import refuse_half_answer
    from pipeline.training import train as stage

    config, progress = load(path, overrides), Progress(quiet)
    refuse_half_answer(config.contenders)
    with open_orders(config.log, progress, None, config.engine, config.cache) as orders:
        trained = stage.train(orders, config, progress, promote, allow_other_log)
    console = output()
    log.ledger(console, orders)
    board.leaderboard(console, trained.result, full or bool(config.contenders))
    board.standing(console, trained, path, overrides)
    log.files(console, config.output.folder)
    # Without a champion nothing scores yet: how good the new one is, is to be seen first.
    unsent = None if trained.version else trained.folder
    score = following.scoring(path, overrides, config, unsent)
    look = following.stored("compare", path, overrides)
    log.next_command(
        console,
        score if trained.champion or unsent else look,
        following.stored("ui", path, overrides),
    )
