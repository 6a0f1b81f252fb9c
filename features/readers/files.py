"""Which files a source names, and what their names say of their format."""

import re
from glob import escape, glob, has_magic
from pathlib import Path

from features.errors import UserError

SUFFIXES = {
    ".csv": "csv",
    ".txt": "csv",
    ".tsv": "tsv",
    ".tab": "tsv",
    ".parquet": "parquet",
    ".pq": "parquet",
    ".xlsx": "xlsx",
}
"""What a file's name says about its format; ``.gz`` may follow the text formats."""

_DATABASE = re.compile(r"^postgres(ql)?://")
_URL = re.compile(r"^[A-Za-z][A-Za-z0-9+.-]+://")


def expand(source: str) -> list[Path]:
    """The files that `source` names: one file, every file below a folder, or a glob's matches.

    A database has none.

    Sorted, so that rows are counted in the same order on every machine. Hidden
    files and those that begin with ``_`` (markers of other tools) are left out of
    folders.

    Raises
    ------
    UserError
        For a web address (nothing is fetched), or when no file is there.
    """
    if is_database(source):
        return []
    if _URL.match(source):
        raise UserError(
            "log.source is a network address, and nothing is fetched over the network. "
            "Download the log and name the file."
        )
    path = Path(source).expanduser()
    if path.is_file():
        return [path]
    if path.is_dir():
        found = [file for file in sorted(path.rglob("*")) if _is_data(file.relative_to(path))]
        files = [file for file in found if file.is_file()]
        if not files:
            raise UserError(f"{source}: this folder has no files of a kind that is read {_kinds()}")
        return files
    if has_magic(source):
        files = [Path(name) for name in sorted(glob(str(path), recursive=True))]
        files = [file for file in files if file.is_file()]
        if files:
            return files
        raise UserError(f"{source}: no file matches this pattern.")
    raise UserError(f"{source}: no such file or folder.{_nearest(path)}")


def is_database(source: str) -> bool:
    """Whether a source is the address of a database.

    Examples
    --------
    >>> is_database("postgresql://reader@localhost/shop"), is_database("orders.csv")
    (True, False)
    """
    return _DATABASE.match(source) is not None


def file_format(path: Path) -> str | None:
    """``csv``, ``tsv``, ``parquet`` or ``xlsx`` by the file's name; None if it does not say."""
    name = path.name.lower().removesuffix(".gz")
    return SUFFIXES.get(Path(name).suffix)


def _is_data(path: Path) -> bool:
    hidden = any(part.startswith((".", "_")) for part in path.parts)
    return not hidden and file_format(path) is not None


def _kinds() -> str:
    return f"({', '.join(SUFFIXES)})."


def _nearest(path: Path) -> str:
    """A hint at a neighbour with nearly the same name."""
    from difflib import get_close_matches

    if not path.parent.is_dir():
        return f" Nor is there a folder {path.parent}."
    names = [file.name for file in path.parent.iterdir()]
    close = get_close_matches(path.name, names, n=1)
    return f" Did you mean {path.parent / close[0]}?" if close else ""


def exact(path: Path) -> str:
    """A path that the engine does not take for a pattern."""
    return escape(str(path))
