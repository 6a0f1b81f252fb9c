"""Writing a file or folder so that no reader sees half of it, and nobody else sees it at all."""

import contextlib
import errno
import fcntl
import hashlib
import os
import re
import shutil
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from features.errors import UserError

HELD = ".held"
"""The file in a scratch folder that its process locks."""

FULL = (errno.ENOSPC, errno.EDQUOT)
"""What a system says where a disk, or one's share of it, is full."""

LONGEST_WAIT = 10.0
"""Seconds to wait for another process that writes the same file: a report takes less."""


@contextlib.contextmanager
def atomic(path: str | os.PathLike[str]) -> Iterator[Path]:
    r"""Write to a temporary neighbour that takes the name `path` only when all went well.

    The body writes to the yielded path, which does not exist yet. When the body
    ends, the content is on disk before the name changes, so that a crash, a full
    disk or a kill leaves the old file as it was. The file can be read and written
    by its owner only, and so can the draft, at all times: an output is customer data.
    What a kill left of an earlier draft is removed.

    Raises
    ------
    UserError
        If the folder cannot be made, `path` is a folder or a symbolic link, or another
        process is writing it.

    Examples
    --------
    >>> import tempfile
    >>> target = Path(tempfile.mkdtemp()) / "numbers.txt"
    >>> with atomic(target) as draft:
    ...     _ = draft.write_text("one\n")
    >>> target.read_text(), oct(target.stat().st_mode & 0o777)
    ('one\n', '0o600')
    """
    target = Path(path)
    _writable(target)
    with alone(target) as locked:
        if locked:
            clear(target, ".draft")
        # A folder, for the body makes the file anew, with rights of its own choice.
        folder = private_folder(target, ".draft")
        try:
            draft = folder / "draft"
            yield draft
            os.chmod(draft, 0o600)
            _to_disk(draft)
            os.replace(draft, target)
            _to_disk(target.parent)
        except OSError as error:
            elsewhere = error.filename and folder not in Path(str(error.filename)).parents
            if error.errno not in FULL or elsewhere:
                raise
            # Whoever wrote may not have named the file, or in words of its own.
            raise OSError(error.errno, os.strerror(error.errno), str(target)) from None
        finally:
            shutil.rmtree(folder, ignore_errors=True)


@contextlib.contextmanager
def alone(path: Path, longest_wait: float | None = None) -> Iterator[bool]:
    """Keep other processes that ask here from writing `path`, by a hidden lock file beside it.

    The lock ends with the process, however that ends: a lock file that a kill left
    behind locks nothing. Yields False where files cannot be locked (some network
    drives); the body runs all the same.

    Parameters
    ----------
    longest_wait : float, optional
        Seconds to wait for another process; `LONGEST_WAIT` by default.

    Raises
    ------
    UserError
        When another process still holds the lock after that.
    """
    file = path.with_name(f".{_short(path.name)}.lock")
    until = time.monotonic() + (LONGEST_WAIT if longest_wait is None else longest_wait)
    descriptor = None
    while descriptor is None:
        try:
            descriptor = _lock(file)
        except BlockingIOError:
            if time.monotonic() >= until:
                raise UserError(
                    f"{path}: is being written by another process. "
                    "Wait until it ends, or choose another name."
                ) from None
            time.sleep(0.05)
        except OSError:  # no locks here; a folder without rights shows at the first write
            break
    try:
        yield descriptor is not None
    finally:
        if descriptor is not None:
            file.unlink(missing_ok=True)
            os.close(descriptor)


def private_folder(path: Path, suffix: str) -> Path:
    """Make a hidden folder beside `path` that nobody but its owner can look into."""
    return Path(tempfile.mkdtemp(suffix, f".{_short(path.name)}.", path.parent))


def clear(path: Path, suffix: str) -> None:
    """Remove what killed processes left of `private_folder`; to be called under the lock."""
    name = re.compile(re.escape(f".{_short(path.name)}.") + "[a-z0-9_]{8}" + re.escape(suffix))
    for left in path.parent.iterdir():
        if name.fullmatch(left.name):
            shutil.rmtree(left, ignore_errors=True)


@contextlib.contextmanager
def scratch(where: Path | None, prefix: str) -> Iterator[str]:
    """A folder for as long as the block takes; what killed processes left of theirs is removed.

    Parameters
    ----------
    where : Path, optional
        The folder to make it in; by default the machine's own for what is short-lived.
    """
    with (
        tempfile.TemporaryDirectory(prefix=prefix, dir=where) as folder,
        (Path(folder) / HELD).open("w") as held,
    ):
        fcntl.flock(held, fcntl.LOCK_EX)  # ends with the process, however that ends
        for left in Path(folder).parent.glob(f"{prefix}*"):
            if _left(left):
                shutil.rmtree(left, ignore_errors=True)
        yield folder


def _left(folder: Path) -> bool:
    """Whether nobody holds a folder of `scratch` any more; a new one has a minute to be held."""
    file = folder / HELD
    try:
        with file.open("r+") as held:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return time.time() - file.stat().st_mtime > 60
    except OSError:
        return False


def _writable(target: Path) -> None:
    if address := re.match(r"[A-Za-z][A-Za-z0-9+.-]+:/", str(target)):
        raise UserError(f"{address[0]}… is a network address; name a file, and copy it there.")
    if target.is_symlink():
        raise UserError(f"{target}: is a symbolic link; name the file itself.")
    if target.is_dir():
        raise UserError(f"{target}: is a folder; name a file in it.")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UserError(f"{target.parent}: cannot be made: {error.strerror}.") from None


def _lock(file: Path) -> int:
    """Lock a file that is made for it; BlockingIOError while another process holds it."""
    descriptor = os.open(file, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        # Whoever held it may have removed the file: then this lock is on nothing.
        if os.path.samestat(os.fstat(descriptor), file.stat()):
            return descriptor
    except (BlockingIOError, FileNotFoundError):
        pass
    except OSError:
        os.close(descriptor)
        file.unlink(missing_ok=True)
        raise
    os.close(descriptor)
    raise BlockingIOError


def _short(name: str) -> str:
    """A name with room for what is put around it."""
    return name if len(name.encode()) < 200 else hashlib.sha256(name.encode()).hexdigest()


def _to_disk(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
