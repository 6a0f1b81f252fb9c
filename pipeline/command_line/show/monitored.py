"""The watch as a person reads it: the verdict, the alarms, and the scorings they rest on."""

from rich.console import Console

from pipeline.command_line.show.log import next_command
from pipeline.command_line.show.tables import empty_table, put
from pipeline.watching import words
from pipeline.watching.monitor import Monitored
from pipeline.watching.signals import LOOK, TRAIN


def monitored(console: Console, found: Monitored, log: str) -> None:
    """Say what is to be done and why, then the figures; `log` are the words that name the log."""
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
    if found.verdict == TRAIN:
        next_command(console, f"churn train {log} --promote")
    elif found.verdict == LOOK:
        next_command(console, f"churn check {log}")
    else:
        # A name of its own: the scores that were watched are evidence, and stay.
        next_command(console, f"churn score {log} --out scores_{found.day}.parquet")


def _short(found: Monitored) -> tuple[list[str], list[list[str]]]:
    """The columns of the scorings that a terminal has room for."""
    rows = words.scorings(found)
    return [words.SCORINGS[n] for n in words.SHORT], [[row[n] for n in words.SHORT] for row in rows]
