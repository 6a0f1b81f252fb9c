"""Tables for a terminal of any width: names stay whole, columns give way."""

from collections.abc import Callable, Iterable, Sequence

import pandas as pd
from rich import box
from rich.console import Console
from rich.table import Table

ROOMY = 1_000
"""A width, in letters, in which any table has room."""

FOLDED = 12
"""Letters of a name that a line keeps where not even whole names have room."""


def fitting(
    console: Console,
    draw: Callable[[Sequence[str]], Table],
    columns: Iterable[str],
    give_way: Iterable[str],
    narrow: Iterable[str] = (),
) -> tuple[Table, list[str]]:
    """A table of as many of the columns as the console has room for beside whole names.

    The columns of `narrow` stay where `FOLDED` letters of each name have room in a line.
    """
    shown = list(columns)
    asked = [(column, None) for column in give_way] + [(column, FOLDED) for column in narrow]
    for column, letters in asked:
        if _width(console, draw(shown), letters) <= console.width:
            break
        shown.remove(column)
    return draw(shown), shown


def _width(console: Console, table: Table, letters: int | None) -> int:
    """Letters that a table takes unhindered, at most so many of them for names."""
    table.columns[0].max_width = letters
    return console.measure(table, options=console.options.update_width(ROOMY)).maximum


def empty_table(title: str, first: str, *columns: str) -> Table:
    """An empty table; names in its first column are whole, on several lines if need be."""
    table = Table(
        title=f"{title}\n",
        title_justify="left",
        title_style="bold",
        box=box.SIMPLE_HEAD,
        padding=(0, 1, 0, 0),
        pad_edge=False,
        show_edge=False,
    )
    table.add_column(first, overflow="fold")
    for column in columns:
        table.add_column(column, justify="right", no_wrap=True)
    return table


def put(console: Console, table: Table) -> None:
    """Print a table, and a line of air below it."""
    console.print(table)
    console.print()


def number(value: float | None, style: str) -> str:
    """A figure, or a dash where there is none."""
    return "–" if pd.isna(value) else format(value, style)
