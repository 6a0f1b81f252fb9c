"""`churn simulate`: an order log of any size, drawn at random."""

import shlex
from pathlib import Path
from typing import Annotated

import typer

from pipeline.command_line.options import Quiet


def simulate(
    out: Annotated[Path, typer.Option(help="Folder to make, a Parquet file a month")],
    customers: Annotated[int, typer.Option(min=1, max=10**9)] = 100_000,
    years: Annotated[float, typer.Option(min=0.1, max=50, help="Length of the log")] = 3.0,
    lines: Annotated[float, typer.Option(min=1, max=100, help="Rows an order, in the mean")] = 1.5,
    seed: Annotated[int, typer.Option(min=0, help="The same seed draws the same log")] = 0,
    quiet: Quiet = False,
) -> None:
    """Write an order log of any size that was drawn at random, for benchmarks and first steps."""
    from pipeline import simulated_log
    from pipeline.command_line.show import log
    from pipeline.console import Progress, output

    rows = simulated_log.simulate(customers, years, out, Progress(quiet), lines, seed)
    console = output()
    console.print(f"{rows:,} rows of {customers:,} customers in {out}", markup=False)
    options = "--customer-id customer_id --transacted-at ordered_at --amount amount"
    log.next_command(console, f"churn check {shlex.quote(str(out))} {options}")
