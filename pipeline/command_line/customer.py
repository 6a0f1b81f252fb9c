"""`churn customer`: one customer's screen, page or JSON."""

from pathlib import Path
from typing import Annotated, Any

import typer

from pipeline.command_line.options import AsJson, Day, Quiet, takes_a_log


@takes_a_log
def customer(
    path: Path | None,
    overrides: dict[str, Any],
    customer: Annotated[str, typer.Argument(help="The customer's id, as in the log", metavar="ID")],
    scores: Annotated[
        Path | None,
        typer.Option(help="What `churn score` wrote: its answers and reasons", metavar="FILE"),
    ] = None,
    as_of: Day = None,
    out: Annotated[Path | None, typer.Option(help="Write the page, one HTML file")] = None,
    json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Show one customer: purchases, whether they are still there, and what may come next."""
    from pipeline.business import customer as stage
    from pipeline.business.course import currency_of
    from pipeline.command_line.show import customer as screen
    from pipeline.command_line.show import log
    from pipeline.config_file import load
    from pipeline.console import Progress, output
    from pipeline.intake.horizon import horizon_of
    from pipeline.intake.orders import open_orders, refuse_overwriting
    from pipeline.scoring.scores_file import read_scores

    progress = Progress(quiet)
    said = read_scores(scores, stage.ANSWERS) if scores else None
    config = load(path, overrides, {"log": said.log} if said else {})
    refuse_overwriting([out], [config.log.source, path, scores])
    with open_orders(config.log, progress, None, config.engine, config.cache) as orders:
        horizon = said.horizon_days if said else horizon_of(orders, config, progress)
        day = as_of.date() if as_of else orders.end
        with progress.step("Looking the customer up"):
            found = stage.customer(
                orders, customer, config.log, day, horizon, said, currency_of(config.log)
            )
        if out:
            from pipeline.reporting import customer_page

            customer_page.write(out, found)
    if json:
        print(stage.as_json(found))
        return
    console = output()
    screen.customer(console, found)
    if out:
        log.files(console, out)
