"""Text files packed by gzip, unpacked as far as a log may grow."""

import gzip
import zlib
from collections.abc import Iterator
from pathlib import Path
from tempfile import NamedTemporaryFile

from features.errors import UserError

LARGEST_GROWTH = 100
"""Times a gzip file may grow on unpacking; logs grow 5 to 30 times, bombs 1,000 times."""

LARGEST_CONTENT = 20_000_000_000
"""Bytes that one gzip file may become, whatever it grows."""

_FREE_GROWTH = 50_000_000
_CHUNK = 1 << 20


def unpack(path: Path, scratch: Path) -> Path:
    """The content of a gzip file, written into `scratch`.

    Raises
    ------
    UserError
        If it was cut short, or grows as no log does; then before anything is written.
    """
    try:
        if _is_bomb(path, _declared_size(path)):
            # Of a file that was cut short the size says nothing: so the content is counted.
            for _ in _unpacked(path):
                pass
        with NamedTemporaryFile(dir=scratch, suffix=".csv", delete=False) as target:
            target.writelines(_unpacked(path))
            return Path(target.name)
    except (OSError, EOFError, zlib.error):
        raise UserError(f"{path}: is no whole gzip file; it was cut short or damaged.") from None


def _declared_size(path: Path) -> int:
    """What the last member says that it unpacks to, modulo 4 GB; small of a file cut short."""
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - 4))
        return int.from_bytes(file.read(4), "little")


def _is_bomb(path: Path, size: int) -> bool:
    grown = size > _FREE_GROWTH and size > LARGEST_GROWTH * path.stat().st_size
    return grown or size > LARGEST_CONTENT


def _unpacked(path: Path) -> Iterator[bytes]:
    size = 0
    with gzip.open(path, "rb") as source:
        while chunk := source.read(_CHUNK):
            size += len(chunk)
            if _is_bomb(path, size):
                raise UserError(
                    f"{path}: grows more than {LARGEST_GROWTH} times on unpacking, or beyond "
                    f"{LARGEST_CONTENT / 1e9:.0f} GB, as archive bombs do. Unpack it yourself if "
                    "you trust it."
                )
            yield chunk
