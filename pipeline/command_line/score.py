"""`churn score`: one row per customer of a log, by the champion or a model that is named."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from features.errors import UserError
from pipeline.command_line.options import AllowOtherLog, Day, Quiet, takes_a_log

if TYPE_CHECKING:
    from pipeline.config import Config
    from pipeline.console import Progress
    from pipeline.intake.orders import Orders
    from pipeline.model_files.artifact import Model
    from pipeline.scoring.champion import Found
    from pipeline.scoring.score import Scored


ANOTHER_LOG = (
    "Name a model of this log by --model, give this business a registered model of its own "
    "(--set tracking.registered_model=NAME, in `churn train` too), or say --allow-other-log where "
    "you know that they are one."
)


@takes_a_log
def score(
    path: Path | None,
    overrides: dict[str, Any],
    out: Annotated[Path, typer.Option(help="Results: a .parquet or .csv file", metavar="FILE")],
    model: Annotated[
        str | None,
        typer.Option(help="A model folder or models:/name@alias", show_default="the champion"),
    ] = None,
    as_of: Day = None,
    customers: Annotated[
        Path | None, typer.Option(help="Score the customers of this list only", metavar="FILE")
    ] = None,
    earlier: Annotated[
        Path | None,
        typer.Option(help="Scores of an earlier day: adds each segment then", metavar="FILE"),
    ] = None,
    report: Annotated[
        Path | None,
        typer.Option(help="Also a page: what comes, from whom, what changed", metavar="HTML"),
    ] = None,
    excel_safe: Annotated[
        bool, typer.Option("--excel-safe", help="CSV: ids that look like formulas stay text")
    ] = False,
    allow_other_log: AllowOtherLog = False,
    quiet: Quiet = False,
) -> None:
    """Write one row per customer: how likely to leave, and what they are worth."""
    from pipeline.command_line import following, unsent
    from pipeline.command_line.show import log, scores
    from pipeline.config_file import load_tracking
    from pipeline.console import Progress, output
    from pipeline.scoring import champion
    from pipeline.scoring import score as scoring
    from pipeline.scoring.request import open_as_asked, request

    progress = Progress(quiet)
    _check_names(out, report)
    tracking = load_tracking(path, overrides)
    unsent.send(path, overrides, progress)
    with progress.step("Fetching the model"):
        found = champion.find(model, uri=tracking.uri, registered_model=tracking.registered_model)
    if found.note:
        progress.note(found.note)
    console = output()
    scores.answering(console, found)
    config = request(path, overrides, found)
    _same_horizon(config, found.model)
    _refuse(config, out, path, customers, earlier)
    with open_as_asked(config, found, progress, customers) as orders:
        _same_log(orders, config, found, progress, allow_other_log)
        scored = scoring.score(
            orders,
            found.model,
            out,
            progress,
            as_of=as_of.date() if as_of else None,
            customers=scoring.customer_list(orders, customers, config.log) if customers else None,
            excel_safe=excel_safe,
            earlier=earlier,
        )
        log.ledger(console, orders)
        _report(report, orders, config, scored, found.model, progress)
    scores.scored(console, scored, found, report)
    told, after = following.acting(out, path, overrides, config, model)
    if told:
        console.print(told)
    log.next_command(console, after, following.stored("ui", path, overrides))


def _same_log(
    orders: "Orders", config: "Config", found: "Found", progress: "Progress", allow: bool
) -> None:
    from pipeline.intake.identity import identify
    from pipeline.model_files.identity import refuse_other

    learned = found.model.manifest.log
    asked = identify(orders, config.log, learned)
    if note := refuse_other(learned, asked, found.named, ANOTHER_LOG, allow):
        progress.note(note)


def _check_names(out: Path, report: Path | None) -> None:
    """Refuse a name that says no known format, or is that of the log, before any work is done."""
    from pipeline.scoring.score import check_name

    check_name(out)
    if report and report.suffix not in (".html", ".htm"):
        raise UserError(f"--report {report.name}: the name must end in .html.")


def _report(
    path: Path | None,
    orders: "Orders",
    config: "Config",
    scored: "Scored",
    model: "Model",
    progress: "Progress",
) -> None:
    if path is None:
        return
    from pipeline.business import course
    from pipeline.reporting import scores_page
    from pipeline.scoring.score import who
    from pipeline.scoring.scores_file import read_columns

    found = None
    if config.engine.kind != "spark":
        days = model.manifest.horizon_days
        found = course.of_log(orders, config.log, scored.as_of, days, progress, ahead=True)
    about = scores_page.About(
        orders.name,
        orders.log.counts.lines(),
        scored.as_of,
        model.manifest,
        who(model),
        scored.before,
        found,
    )
    scores_page.write(path, read_columns(scored.path, scores_page.NEEDED), about)


def _refuse(config: "Config", out: Path, *inputs: Path | None) -> None:
    """Stop before a log is read: an output that is an input, or what Spark does not offer."""
    from pipeline.intake.orders import refuse_overwriting
    from pipeline.scoring.cluster import refuse_what_spark_cannot

    if config.engine.kind == "spark":
        refuse_what_spark_cannot(out, *inputs[1:])
    else:
        refuse_overwriting([out], [config.log.source, *inputs])


def _same_horizon(config: "Config", model: "Model") -> None:
    asked, answers = config.horizon_days, model.manifest.horizon_days
    if asked and asked != answers:
        raise UserError(
            f"The model answers for {answers} days, the request says {asked}. "
            f"Train one with `churn train --horizon {asked}d`, or leave the horizon out."
        )
