"""The watch as a person reads it: the verdict, the alarms, and the scorings they rest on."""

from rich.console import Console

from pipeline.command_line.show.log import next_command
from pipeline.command_line.show.tables import empty_table, put
from pipeline.watching import words
from pipeline.watching.monitor import Monitored


def monitored(console: Console, found: Monitored, following: str) -> None:
    """Say what is to be done and why, then the figures, and the command that follows."""
    for nth, sentence in enumerate(found.sentences):
        console.print(sentence, style="" if nth else "bold", markup=False)
    console.print()
    tables = (
        ("Signals, alarms first", words.SIGNALS, words.signals(found)),
        ("Earlier scorings, and what came", *_short(found)),
        ("Features that move the answer most", words.FEATURES, words.features(found)[:5]),
    )
    for title, head, rows in tables:
        if rows:
            table = empty_table(title, *head)
            for row in rows:
                table.add_row(*row)
            put(console, table)
    next_command(console, following)


def _short(found: Monitored) -> tuple[list[str], list[list[str]]]:
    """The columns of the scorings that a terminal has room for."""
    rows = words.scorings(found)
    return [words.SCORINGS[n] for n in words.SHORT], [[row[n] for n in words.SHORT] for row in rows]
