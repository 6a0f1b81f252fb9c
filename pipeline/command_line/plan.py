"""`churn plan`: whom to contact for which expected profit, and whom to leave for comparison."""

from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pipeline.command_line.options import Configured, Quiet, Settings, Start, overridden

if TYPE_CHECKING:
    from pipeline.acting.plan import Plan
    from pipeline.console import Progress


def plan(
    scores: Annotated[Path, typer.Argument(help="What `churn score` wrote")],
    campaign: Annotated[str, typer.Option(help="Its name, one of the config's `campaigns`")],
    out: Annotated[Path, typer.Option(help="The plan, a .parquet file", metavar="FILE")],
    budget: Annotated[float | None, typer.Option(help="Money", min=0)] = None,
    max_contacts: Annotated[int | None, typer.Option(help="At most so many", min=1)] = None,
    start: Start = None,
    measured: Annotated[
        list[str] | None, typer.Option(help="Results of `churn measure`; repeatable")
    ] = None,
    uplift: Annotated[
        str | None, typer.Option(help="Uplift model of `churn measure`", metavar="DIR")
    ] = None,
    beside: Annotated[
        list[Path] | None,
        typer.Option(help="Plan of a campaign that runs: its customers are left out; repeatable"),
    ] = None,
    report: Annotated[Path | None, typer.Option(help="Write the plan as an HTML page")] = None,
    config: Configured = None,
    settings: Settings = None,
    quiet: Quiet = False,
) -> None:
    """Choose the customers worth a contact, draw a control group, say what it will show."""
    from pipeline.acting import plan_page
    from pipeline.acting.recorded import keep
    from pipeline.command_line import following
    from pipeline.command_line.show import plan
    from pipeline.config_file import load_tracking
    from pipeline.console import Progress, output
    from pipeline.intake.orders import refuse_overwriting

    others = tuple(beside or ())
    refuse_overwriting([out, report], [scores, config, *others])
    section = f"campaigns.{campaign}"
    given = {
        f"{section}.budget": budget,
        f"{section}.max_contacts": max_contacts,
        f"{section}.measured": measured or None,
        f"{section}.uplift": uplift,
    }
    overrides, progress = overridden(settings, given), Progress(quiet)
    day = start.date() if start else None
    made = _made(scores, campaign, out, config, overrides, day, others, progress)
    keep(made, load_tracking(config, overrides).uri, out, progress)
    if report:
        plan_page.write(report, made)
    line = following.measuring(out, config, overrides)
    plan.planned(output(), made, out, following.log_told(made.file.terms.start, line))


def _made(
    scores: Path,
    campaign: str,
    out: Path,
    config: Path | None,
    overrides: dict[str, Any],
    start: date | None,
    others: tuple[Path, ...],
    progress: "Progress",
) -> "Plan":
    """Plan by the effect that was measured or assumed, and say what was not learned from."""
    from pipeline.acting import plan as stage
    from pipeline.acting.effect import effect_of
    from pipeline.config_file import load_campaign

    stage.check_names(campaign, out)
    terms, control = load_campaign(campaign, config, overrides)
    effect, notes = effect_of(campaign, terms)
    for note in notes:
        progress.note(note)
    with progress.step(f"Planning {campaign}"):
        return stage.plan(scores, campaign, terms, control, effect, start, others)
