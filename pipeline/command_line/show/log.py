"""What every command says of the log it read, and how it ends."""

from pathlib import Path

from rich.console import Console

from pipeline.intake.orders import Orders


def ledger(console: Console, orders: Orders) -> None:
    """Rows in = rows used + rows set aside, by reason; always adds up and always shown."""
    console.print(
        f"{orders.name}: {orders.n_customers:,} customers, {orders.n_purchase_days:,} purchase "
        f"days, {orders.first_day} to {orders.last_day}",
        markup=False,
    )
    for line in orders.log.counts.lines():
        console.print(line, markup=False)
    if orders.n_without_purchase:
        console.print(
            f"{orders.n_without_purchase:,} further customers have no day on which their net "
            "amount is above 0: they have bought nothing yet and are not scored.",
            markup=False,
        )


def files(console: Console, place: Path) -> None:
    """Where the results are."""
    inside = f": {', '.join(sorted(p.name for p in place.iterdir()))}" if place.is_dir() else ""
    console.print(f"Files in {place}{inside}" if inside else f"File: {place}", markup=False)


def next_command(console: Console, *commands: str) -> None:
    """What to do now: commands that can be pasted as they stand, one a line."""
    for i, command in enumerate(commands):
        console.print(
            f"{'  or' if i else 'Next'}: {command}", style="bold", markup=False, soft_wrap=True
        )
