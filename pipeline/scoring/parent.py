"""Ends a process with its parent: a command that was killed leaves nobody behind who goes on.

A thread that waits keeps its module and its arguments to the end of the process, and all that they
refer to; DuckDB reports what of it is still there as leaked. So this is a module of its own, and
the thread is given a number.
"""

import multiprocessing
import os
import threading
from multiprocessing.connection import wait


def end_with_parent() -> None:
    """Leave at once when the parent process is gone."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        threading.Thread(target=_leave_after, args=(parent.sentinel,), daemon=True).start()


def _leave_after(sentinel: int) -> None:
    wait([sentinel])
    os._exit(1)
