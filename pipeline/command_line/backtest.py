"""`churn backtest`: compare at past cutoffs, record nothing."""

from pathlib import Path
from typing import Annotated, Any

import typer

from features.errors import UserError
from pipeline.command_line.options import Full, Quiet, takes_a_log


@takes_a_log
def backtest(
    path: Path | None,
    overrides: dict[str, Any],
    out: Annotated[Path | None, typer.Option(help="Write the leaderboard as CSV")] = None,
    report: Annotated[Path | None, typer.Option(help="Write the report, one HTML page")] = None,
    full: Full = False,
    quiet: Quiet = False,
) -> None:
    """Compare all contenders at past cutoffs, without training or recording anything."""
    from pipeline.command_line import following
    from pipeline.command_line.show import board, log
    from pipeline.config_file import load
    from pipeline.console import Progress, output
    from pipeline.intake.orders import open_orders, refuse_overwriting
    from pipeline.learning import backtest as stage
    from pipeline.learning.judgement import judge
    from pipeline.learning.prepare import prepare
    from pipeline.own_estimators import refuse_half_answer, refuse_unknown
    from pipeline.reporting import report as page
    from pipeline.tracking.board import refuse_unjudged, standings

    config, progress = load(path, overrides), Progress(quiet)
    refuse_unknown(config.contenders)
    refuse_overwriting([out, report], [config.log.source, path])
    with open_orders(config.log, progress, None, config.engine, config.cache) as orders:
        snapshots = prepare(orders, config, progress)
        result = stage.backtest(snapshots, config.contenders, progress)
        with progress.step("Judging by group and cutoff"):
            judgement = judge(result, config.clv.months)
    if report:
        page.write(report, orders, result, judgement, config.replayed)
    if out:
        stage.write(result, out)
    console = output()
    log.ledger(console, orders)
    board.leaderboard(console, result, full or bool(config.contenders))
    board.verdict(console, judgement)
    for file in (out, report):
        if file:
            log.files(console, file)
    try:
        refuse_half_answer(config.contenders)
        refuse_unjudged(standings(result.leaderboard, judgement.rule))
    except UserError as error:
        console.print(f"`churn train` would refuse this. {error}", style="bold", markup=False)
    else:
        log.next_command(console, following.training(path, overrides))
