"""Ends a process with its parent: a command that was killed leaves nobody behind who goes on.

What a waiting thread holds stays to the end of the process, and with it all that it refers to: so
it is told of a number only. DuckDB would report as leaked what of it is still there.
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
