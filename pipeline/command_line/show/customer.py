"""One customer in a terminal: figures, reasons, purchase days."""

from rich.console import Console

from pipeline.business.customer import Customer, days_told, figures, reasons

SHOWN = 10
"""So many days are shown, the latest last; the page and --json have all."""


def customer(console: Console, found: Customer) -> None:
    """Show what is known of one customer, and nothing of another."""
    told = figures(found)
    width = max(map(len, told))
    console.print(f"Customer {found.customer_id} at {found.as_of}", style="bold", markup=False)
    for name, value in told.items():
        console.print(f"{name:{width}}  {value}", markup=False)
    if found.answers:
        console.print(f"Answered by: {found.answered_by}.", style="dim", markup=False)
    for reason in reasons(found):
        console.print(f"- {reason}", markup=False)
    last = found.days.tail(SHOWN)
    console.print()
    console.print(f"The last {len(last)} of {days_told(found.facts)}", markup=False)
    for _, row in last.iterrows():
        kind = "" if row["kind"] == "purchase" else f"  {row['kind']}"
        console.print(f"{row['day']}  {row['amount']:>12,.2f}{kind}", markup=False)
    for note in found.notes:
        console.print(note, style="dim", markup=False)
