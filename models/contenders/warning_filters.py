"""Warning filters belong to the whole process, and fits run in threads: one at a time."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from threading import RLock
from typing import Literal

_ONE_AT_A_TIME = RLock()


@contextmanager
def filtered(
    action: Literal["error", "ignore"], category: type[Warning] = Warning
) -> Iterator[None]:
    """Turn warnings into errors, or silence them, for as long as the block takes.

    `warnings.catch_warnings` restores what it found, so two threads that overlap leave
    each other's filters behind. Here the second one waits.
    """
    with _ONE_AT_A_TIME, warnings.catch_warnings():
        warnings.simplefilter(action, category)
        yield
