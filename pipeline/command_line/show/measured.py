"""A measurement as a person reads it: the verdict, and the differences it rests on."""

from pathlib import Path

from rich.console import Console

from pipeline.acting import measure_words
from pipeline.acting.measured import Measurement
from pipeline.command_line.show.log import files, next_command
from pipeline.command_line.show.tables import empty_table, put


def measured(console: Console, found: Measurement, out: Path, following: list[str]) -> None:
    """Say what came of a campaign, and what follows; without a verdict no difference is shown."""
    console.print(f"{found.campaign}, {measure_words.days(found)}", style="bold", markup=False)
    console.print()
    tables = [] if found.doubts else list(found.comparisons)
    for one in tables:
        table = empty_table(measure_words.title(one), *measure_words.DIFFERENCES)
        for row in measure_words.differences(one):
            table.add_row(*row)
        put(console, table)
    if found.segments and not found.doubts:
        table = empty_table("Gained, as a share of what was at stake", *measure_words.SEGMENTS)
        for row in measure_words.segments(found):
            table.add_row(*row)
        put(console, table)
    for sentence in found.verdict:
        console.print(sentence, markup=False)
    files(console, out)
    next_command(console, *following)
