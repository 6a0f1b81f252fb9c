"""`churn measure`: what a planned campaign changed, held against its control."""

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pipeline.command_line.options import AsJson, Quiet, Until, takes_a_log

if TYPE_CHECKING:
    from pipeline.acting.measured import Measurement
    from pipeline.acting.plan_file import PlanFile
    from pipeline.config import Config
    from pipeline.console import Progress
    from pipeline.intake.orders import Orders


@takes_a_log
def measure(
    path: Path | None,
    overrides: dict[str, Any],
    plan: Annotated[Path, typer.Argument(help="What `churn plan` wrote")],
    out: Annotated[Path, typer.Option(help="Results, a .json file", metavar="FILE")],
    sent: Annotated[
        Path | None, typer.Option(help="List of those contacted in fact", metavar="FILE")
    ] = None,
    until: Until = None,
    uplift: Annotated[
        Path | None,
        typer.Option(help="Learn whom a contact changes; kept if it beats simple orders"),
    ] = None,
    report: Annotated[Path | None, typer.Option(help="Write the results as an HTML page")] = None,
    json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Compare the groups of a plan over its horizon, or what of it is over."""
    from pipeline.acting import measure_page, recorded
    from pipeline.acting.measured import check_name, write_measured
    from pipeline.acting.plan_file import read_plan
    from pipeline.command_line import following
    from pipeline.command_line.show import log, measured
    from pipeline.config_file import load
    from pipeline.console import Progress, output
    from pipeline.intake.orders import refuse_overwriting

    progress, planned = Progress(quiet), read_plan(plan)
    config = load(path, overrides, defaults={"log": dict(planned.terms.log)})
    refuse_overwriting([out, report], [config.log.source, plan, sent, path])
    check_name(out)
    found, orders = _found(planned, config, sent, until, uplift, progress)
    write_measured(found, out)
    recorded.record_measurement(config.tracking.uri, found, progress)
    if report:
        measure_page.write(report, found)
    if json:
        print(found.to_json())
        return
    log.ledger(output(), orders)
    # Nothing is learned from a look that is interim, nor from one without a verdict.
    whole = not found.interim and not found.doubts
    after = [following.next_campaign(planned.terms, path, overrides, config, out)] if whole else []
    measured.measured(output(), found, out, after)


def _found(
    plan: "PlanFile",
    config: "Config",
    sent: Path | None,
    until: datetime | None,
    uplift: Path | None,
    progress: "Progress",
) -> tuple["Measurement", "Orders"]:
    """Read the log and compare the groups."""
    from pipeline.acting import measure as stage
    from pipeline.intake.orders import open_orders
    from pipeline.scoring.score import customer_list

    day = until.date() if until else None
    with open_orders(config.log, progress, sent, config.engine, config.cache) as orders:
        contacted = customer_list(orders, sent, config.log) if sent else None
        with progress.step(f"Comparing the groups of {plan.terms.campaign}"):
            return stage.measure(plan, orders, config.log, contacted, day, uplift), orders
