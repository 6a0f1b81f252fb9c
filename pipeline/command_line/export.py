"""`churn export`: the audience of a plan's arm, as a platform wants it."""

from pathlib import Path
from typing import Annotated

import typer

from pipeline.command_line.options import Quiet


def export(
    plan: Annotated[Path, typer.Argument(help="What `churn plan` wrote")],
    to: Annotated[str, typer.Option(help="klaviyo, meta, google, braze, mailchimp or csv")],
    contacts: Annotated[
        Path, typer.Option(help="customer_id, email, phone, names, consent", metavar="FILE")
    ],
    out: Annotated[Path, typer.Option(help="Audience: a .csv or .xlsx file", metavar="FILE")],
    arm: Annotated[str | None, typer.Option(help="Which one, when a plan has several")] = None,
    suppress: Annotated[
        Path | None, typer.Option(help="Write the control's suppression list", metavar="FILE")
    ] = None,
    country: Annotated[
        str, typer.Option(help="Two letters, for phones without a country's code")
    ] = "",
    all_consented: Annotated[
        bool, typer.Option("--all-consented", help="Everybody in the contacts has consented")
    ] = False,
    quiet: Quiet = False,
) -> None:
    """Write whom to contact, normalised and hashed as the platform asks."""
    from pipeline.acting import export as stage
    from pipeline.acting.contacts import read_contacts
    from pipeline.acting.plan_file import read_plan
    from pipeline.command_line import following
    from pipeline.command_line.show import exported
    from pipeline.console import Progress, output
    from pipeline.intake.orders import refuse_overwriting

    planned = read_plan(plan)
    chosen = stage.check(planned, to, arm, out, suppress, country)
    refuse_overwriting([out, suppress], [plan, contacts])
    progress = Progress(quiet)
    with progress.step(f"Writing the audience of {chosen} for {to}"):
        listed = read_contacts(contacts, all_consented, planned.terms.log, progress.note)
        made = stage.export(planned, listed, to, chosen, out, suppress, country)
    console = output()
    exported.exported(console, made, out, suppress)
    line = following.measuring(plan, None, {})
    console.print(following.log_told(planned.terms.start, line), markup=False, soft_wrap=True)
