"""What a fit warns of, and how it is heard in one thread only.

Python's warning filters belong to the whole process. scikit-learn's threads take them away and put
them back, so what a filter does to a warning of ours would depend on the moment.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_HEARD: ContextVar[list[str] | None] = ContextVar("heard", default=None)


class FitWarning(UserWarning):
    """The estimates stand, but the data do not determine all of them."""


def warn(message: str, stacklevel: int) -> None:
    """Warn by `FitWarning`, or leave the message with whoever hears this thread's."""
    heard = _HEARD.get()
    if heard is None:
        warnings.warn(message, FitWarning, stacklevel=stacklevel + 1)
    else:
        heard.append(message)


@contextmanager
def heard() -> Iterator[list[str]]:
    """Collect what this thread's fits warn of instead of warning.

    Examples
    --------
    >>> with heard() as said:
    ...     warn("the likelihood is flat", stacklevel=1)
    >>> said
    ['the likelihood is flat']
    """
    said: list[str] = []
    before = _HEARD.set(said)
    try:
        yield said
    finally:
        _HEARD.reset(before)
