"""What an export says: whom it wrote, and why the others were left out."""

from pathlib import Path

from rich.console import Console

from pipeline.acting.export import REACHED, Exported
from pipeline.command_line.show.log import files


def exported(console: Console, made: Exported, out: Path, suppress: Path | None) -> None:
    """Members of the arm = written + left out, by reason; no address is shown."""
    counts = {REACHED: made.counts.get(REACHED, 0), **made.counts}
    told = " + ".join(f"{n:,} {why}" for why, n in counts.items())
    console.print(f"{made.arm}: {made.n:,} = {told}", markup=False)
    files(console, out)
    if suppress:
        console.print(f"{made.suppressed:,} of the control, to be suppressed:", markup=False)
        files(console, suppress)
