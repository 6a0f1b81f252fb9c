"""The dated folders of results, the link to the latest one, and the lock that one run holds."""

import contextlib
import fcntl
import hashlib
import json
import os
import re
import shutil
import socket
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from features.errors import UserError
from pipeline.watching.journal import Journal

RUNS, LATEST, LOCK, SCORES = "runs", "latest", ".run.lock", "scores.parquet"
PLANS = "plans"
"""Outside the dated folders: a plan is needed until its campaign is measured."""

DONE = "done"
"""Stage: everything that was asked for is there."""

NAME = re.compile(r"(\d{4}-\d\d-\d\d)_[0-9a-f]{8}")


@dataclass(frozen=True)
class Finished:
    """A folder of results that is complete."""

    folder: Path
    day: date

    @property
    def scores(self) -> Path:
        """What was scored in it."""
        return self.folder / SCORES


def named(output: Path, day: date, *content: str) -> Path:
    """The folder of a day and of what its results are made of: the same content, the same name."""
    digest = hashlib.sha256("\n".join(content).encode()).hexdigest()
    return output / RUNS / f"{day}_{digest[:8]}"


def finished(output: Path) -> list[Finished]:
    """Folders of results that are complete, the earliest day first."""
    found = []
    for folder in sorted((output / RUNS).glob("*_*")):
        name = NAME.fullmatch(folder.name)
        if name and Journal.of(folder).finished(DONE) is not None:
            found.append(Finished(folder, date.fromisoformat(name[1])))
    return found


def earlier_scores(output: Path, day: date, horizon_days: int, most: int = 12) -> list[Path]:
    """Scores of the days before, a week or more apart, that still have something to tell."""
    chosen: list[Finished] = []
    oldest = day - timedelta(days=3 * horizon_days)
    for one in reversed(finished(output)):
        apart = not chosen or (chosen[-1].day - one.day).days >= 7
        if oldest <= one.day < day and one.scores.is_file() and apart:
            chosen.append(one)
    return [one.scores for one in reversed(chosen[:most])]


def publish(output: Path, folder: Path) -> None:
    """Point `latest` to a folder: before and after, and never between, it leads to a whole one."""
    link, draft = output / LATEST, output / f".{LATEST}.draft"
    if link.exists() and not link.is_symlink():
        raise UserError(f"{link}: is there and is no link; remove it, or set output.folder.")
    draft.unlink(missing_ok=True)
    draft.symlink_to(folder.relative_to(output))
    os.replace(draft, link)


def drop_old(output: Path, keep: int) -> int:
    """Remove the oldest folders of results beyond so many, never the latest; how many."""
    folders = [one for one in sorted((output / RUNS).iterdir()) if NAME.fullmatch(one.name)]
    latest = (output / LATEST).resolve()
    old = [one for one in folders[:-keep] if one.resolve() != latest]
    for folder in old:
        shutil.rmtree(folder, ignore_errors=True)
    return len(old)


@contextlib.contextmanager
def held(output: Path, config: str) -> Iterator[None]:
    """Hold the results' lock for as long as the block takes; it ends with the process.

    Raises
    ------
    UserError
        Naming who holds it.
    """
    output.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(output / LOCK, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise UserError(_holder(output, os.read(descriptor, 4096))) from None
        except OSError:  # a drive without locks: one job at a time is up to the scheduler
            pass
        since = datetime.now(UTC).isoformat(timespec="seconds")
        me = {"pid": os.getpid(), "host": socket.gethostname(), "since": since, "config": config}
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, json.dumps(me).encode(), 0)
        yield
    finally:
        os.close(descriptor)


def _holder(output: Path, told: bytes) -> str:
    try:
        who = json.loads(told)
        holder = f"process {who['pid']} on {who['host']}, since {who['since']}, for {who['config']}"
    except (ValueError, KeyError, TypeError):
        holder = "another process"
    return f"{output}: another run is at work ({holder}). Wait until it ends; nothing was touched."
