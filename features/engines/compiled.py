"""Queries compiled once a process: what is asked of each log again has the same text.

To make SQL of an expression takes ibis longer than DuckDB takes to answer it for a few rows.
"""

from collections.abc import Callable, Hashable, Mapping
from datetime import datetime
from itertools import count
from typing import Any

from ibis.backends import BaseBackend
from ibis.common.graph import Node
from ibis.formats import TableProxy

KEPT = 4_000
"""Texts kept; then they are all forgotten."""

_texts: dict[Hashable, str] = {}


class Named:
    """What an engine names tables by: alike in each connection, so that queries are, too."""

    def fresh(self, kind: str) -> str:
        """A name that no other table of this connection has, such as ``raw_1``."""
        numbers = self.__dict__.setdefault("_numbers", count(1))
        return f"{kind}_{next(numbers)}"


def compiled(op: Node, limit: Any, compile_: Callable[[], str]) -> str:
    """The text of a query, made by `compile_` where no equal one was compiled before."""
    key = (shape(op), limit)
    text = _texts.get(key)  # once: another thread may forget all of them
    if text is None:
        text = compile_()
        if len(_texts) >= KEPT:
            _texts.clear()
        _texts[key] = text
    return text


def shape(op: Node) -> Hashable:
    """All that the text of a query depends on: its operations, but not the connection.

    Examples
    --------
    >>> import ibis
    >>> from features.engines.duckdb import connect
    >>> one, two = (connect().sql("SELECT 1 AS n") for _ in range(2))
    >>> shape((one.n + 1).op()) == shape((two.n + 1).op())
    True
    >>> shape((one.n + 1).op()) == shape((one.n + 2).op())
    False
    """
    numbers: dict[int, int] = {}
    nodes: list[Hashable] = []

    def visit(part: Any) -> Hashable:
        if isinstance(part, Node):
            if id(part) not in numbers:
                told = (type(part), *map(visit, part.__args__))
                numbers[id(part)] = len(nodes)
                nodes.append(told)
            return (Node, numbers[id(part)])
        if isinstance(part, BaseBackend | TableProxy):  # rows in memory have a name of their own
            return None
        if isinstance(part, Mapping):
            return tuple((name, visit(value)) for name, value in part.items())
        if isinstance(part, tuple):
            return tuple(map(visit, part))
        # 0.0 equals -0.0, True 1, and a moment the same one of another zone: their texts do not.
        alike = isinstance(part, bool | float | datetime)
        return (type(part), repr(part)) if alike else part

    visit(op)
    return tuple(nodes)
