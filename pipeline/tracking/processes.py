"""Which process a run belongs to, so that a run whose process is gone can be told."""

from __future__ import annotations

import os
import signal
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any


def here() -> dict[str, str]:
    """Tags that name this process and no later one with the same number."""
    return {"churn.host": socket.gethostname(), "churn.process": _identity(os.getpid())}


def gone(tags: dict[str, str]) -> bool:
    """Whether the process that these tags name ran on this machine and has ended.

    Examples
    --------
    >>> gone(here())
    False
    >>> gone({})
    False
    """
    name = tags.get("churn.process", "")
    number = name.partition("-")[0]
    if tags.get("churn.host") != socket.gethostname() or not number.isdigit():
        return False
    return _identity(int(number)) != name


def _identity(number: int) -> str:
    """The process number and when it started; numbers are used again, start times are not."""
    try:
        status = Path(f"/proc/{number}/stat").read_text()
        return f"{number}-{status.rpartition(')')[2].split()[19]}"
    except OSError:
        return f"{number}-{'alive' if _alive(number) else 'ended'}"


def _alive(number: int) -> bool:
    """Whether a process of this number runs, where there is no /proc to look in."""
    if Path("/proc/self/stat").exists():
        return False
    try:
        os.kill(number, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True


@contextmanager
def exit_on_terminate() -> Iterator[None]:
    """Turn SIGTERM into SystemExit(143), so that what is open gets closed on the way out."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def leave(number: int, _: Any) -> None:
        raise SystemExit(128 + number)

    before = signal.signal(signal.SIGTERM, leave)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
