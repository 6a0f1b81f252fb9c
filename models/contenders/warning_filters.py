"""Warning filters belong to the whole process, and fits run in threads: one at a time."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from threading import RLock

_ONE_AT_A_TIME = RLock()


@contextmanager
def silenced() -> Iterator[None]:
    """Show no warnings for as long as the block takes.

    `warnings.catch_warnings` restores what it found, so two threads that overlap leave
    each other's filters behind. Here the second one waits; scikit-learn's threads do not, so no
    answer may rest on a filter.
    """
    with _ONE_AT_A_TIME, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield
