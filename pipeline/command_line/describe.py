"""`churn describe`: the picture of the business, before any model."""

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pipeline.command_line.options import AsJson, Day, Quiet, takes_a_log

if TYPE_CHECKING:
    pass


class Span(StrEnum):
    """The calendar period that figures are told by."""

    WEEK = "week"
    MONTH = "month"
    QUARTER = "quarter"


# Long: the options of the command are its parameters.
@takes_a_log
def describe(
    path: Path | None,
    overrides: dict[str, Any],
    as_of: Day = None,
    by: Annotated[str, typer.Option(help="Attributes to split by", metavar="country,channel")] = "",
    period: Annotated[Span, typer.Option(help="Calendar period of the figures")] = Span.MONTH,
    compare: Annotated[
        str, typer.Option(help="Two cohorts to compare", metavar="2024-05,2024-03")
    ] = "",
    survey: Annotated[
        Path | None,
        typer.Option(help="Answers of customers: customer_id, date, score", metavar="FILE"),
    ] = None,
    scores: Annotated[
        Path | None,
        typer.Option(help="What `churn score` wrote: adds segments, risk, CLV", metavar="FILE"),
    ] = None,
    out: Annotated[Path | None, typer.Option(help="Write the page, one HTML file")] = None,
    json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Show who comes, who stays, what they are worth, and what the coming horizon brings."""
    from pipeline.business import describe as stage
    from pipeline.business.course import Asked, currency_of
    from pipeline.business.scores import COLUMNS
    from pipeline.command_line import following
    from pipeline.command_line.show import business, log
    from pipeline.config_file import load
    from pipeline.console import Progress, output
    from pipeline.intake.horizon import horizon_of
    from pipeline.intake.orders import open_orders, refuse_overwriting
    from pipeline.scoring.scores_file import read_scores

    progress = Progress(quiet)
    said = read_scores(scores, COLUMNS) if scores else None
    known = {"log": said.log, "horizon_days": said.horizon_days} if said else {}
    config = load(path, overrides, known)
    if by:
        attributes = dict.fromkeys((*config.log.columns.attributes, *_names(by)))
        overrides = {**overrides, "log.columns.attributes": list(attributes)}
        config = load(path, overrides, known)
    refuse_overwriting([out], [config.log.source, path, survey, scores])
    with open_orders(config.log, progress, survey, config.engine, config.cache) as orders:
        asked = Asked(
            as_of=as_of.date() if as_of else orders.end,
            period=period.value,
            window=horizon_of(orders, config, progress),
            by=_names(by),
            compare=_names(compare),
            months=config.clv.months,
            currency=currency_of(config.log),
            survey=survey,
            scores=said,
        )
        found = stage.describe(orders, asked, config.log, progress)
        if out:
            from pipeline.reporting import business_page

            business_page.write(out, orders, found)
        if json:
            from pipeline.business.as_json import as_json

            print(as_json(found))
            return
        console = output()
        log.ledger(console, orders)
        business.business(console, found)
        if out:
            log.files(console, out)
        after = following.training(path, overrides)
        if scores:
            told, after = following.acting(scores, path, overrides, config)
            if told:
                console.print(told)
        log.next_command(console, after)


def _names(listed: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name.strip() for name in listed.split(",") if name.strip()))
