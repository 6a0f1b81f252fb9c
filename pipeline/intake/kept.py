"""Purchase days that were read before: a cache by content, which is never stale and safe to delete.

An entry is a folder: the days in order of customer, the rows set aside, the account of the log,
and what was last made of the days (`Entry`). Its name is a digest of every byte of the log's files,
of the mapping, and of the code that reads: whatever changes, changes the name. Entries are customer
data, and nobody else's to read.
"""

import contextlib
import hashlib
import json
import os
import re
import shutil
import tempfile
import time
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, field
from datetime import date
from decimal import Decimal
from pathlib import Path
from types import ModuleType
from typing import Any
from uuid import uuid4

import duckdb
import ibis.expr.types as ir

import features
from features.engines.duckdb import Engine
from features.engines.parquet import read_parquet
from features.log.reasons import Counts
from features.log.spec import LogSpec

DAYS, ASIDE, ACCOUNT = "days.parquet", "aside.parquet", "account.json"
DRAFT = ".draft-"


@dataclass(frozen=True)
class Extent:
    """From when to when the purchases and the days of a log go, and how many people have some.

    `first` is None where there is no purchase.
    """

    first: date | None
    last: date
    everybody: int
    purchases: int
    buyers: int
    repeaters: int

    @classmethod
    def of(cls, customers: ir.Table) -> "Extent":
        """What `features.customer.purchase_days.spans` tell."""
        found = customers.aggregate(
            first=customers.first_bought.min(),
            last=customers.last.max(),
            everybody=customers.count(),
            purchases=customers.purchases.sum().cast("int64"),
            buyers=(customers.purchases > 0).sum(),
            repeaters=(customers.purchases > 1).sum(),
        )
        return cls(**found.to_pyarrow().to_pylist()[0])


@dataclass(frozen=True)
class Account:
    """What reading a log told, but for its rows: where they went, and what to remark.

    `columns` are names and types of the validated log.
    """

    counts: Counts
    extent: Extent
    fingerprint: str
    attributes: tuple[str, ...]
    date_format: str | None
    columns: dict[str, str]
    remarks: tuple[str, ...] = field(default=())

    def to_json(self) -> str:
        """As text that `from_json` reads."""
        return json.dumps(asdict(self), default=str)

    @classmethod
    def from_json(cls, text: str) -> "Account":
        """The account that was written."""
        found = json.loads(text)
        counts, extent = found.pop("counts"), found.pop("extent")
        counts["refunded"] = Decimal(counts["refunded"])
        days = {key: extent[key] and date.fromisoformat(extent[key]) for key in ("first", "last")}
        for name in ("attributes", "remarks"):
            found[name] = tuple(found[name])
        return cls(counts=Counts(**counts), extent=Extent(**{**extent, **days}), **found)


@dataclass(frozen=True)
class Kept:
    """A log that was read: its account, its netted days, its quarantine.

    On one machine the days are in order of customer, and stand in `days_file`.
    """

    account: Account
    days: ir.Table
    days_file: Path | None
    quarantine: ir.Table
    entry: "Entry | None" = None


@dataclass(frozen=True)
class Cache:
    """Entries below `folder`, the least used dropped when they are more than `limit` bytes."""

    folder: Path
    limit: int

    def entry(self, spec: LogSpec, files: Iterable[Path]) -> Path:
        """The place of the entry for these files, read in this way by this code."""
        digest = hashlib.blake2b(digest_size=16)
        digest.update(
            f"{code(features)} duckdb {duckdb.__version__} {spec.model_dump_json()}".encode()
        )
        for file in files:
            digest.update(repr(str(file.resolve())).encode())
            digest.update(_content(file).encode())
        return self.folder / digest.hexdigest()

    def make_room(self, entry: Path) -> None:
        """Drop the entries that were not used for longest, until the rest is small enough.

        What else lies in the folder is somebody's own.
        """
        os.utime(entry)
        for left in filter(_is_left, self.folder.iterdir()):
            shutil.rmtree(left, ignore_errors=True)
        entries = [path for path in self.folder.iterdir() if _is_entry(path)]
        total = 0
        for path in sorted(entries, key=_last_used, reverse=True):
            total += sum(file.stat().st_size for file in path.glob("*"))
            if total > self.limit:
                shutil.rmtree(path, ignore_errors=True)


@dataclass(frozen=True)
class Entry:
    """The place of a log in the cache.

    What was made of its days may lie beside them, so that it ends when they do: one file of each
    `kind`, found again by its `key` only, and as it was written.
    """

    cache: Cache
    place: Path

    def lend(self, kind: str, key: str, own: Path) -> bool:
        """Let `own` be the file that was kept under this key; False if there is none."""
        try:
            file = next(self.place.glob(f"{kind}-{key}-*.parquet"), None)
            if file is not None:
                _lend(file, own)
            return file is not None and file.stem.endswith(_content(own))
        except OSError:
            return False

    def keep(self, kind: str, key: str, own: Path) -> None:
        """Keep a finished file, in place of others of its kind; without room, do without."""
        own.chmod(0o600)
        draft = self.place / f".{uuid4().hex}"
        with contextlib.suppress(OSError):
            name = f"{kind}-{key}-{_content(own)}.parquet"
            _lend(own, draft)
            for other in self.place.glob(f"{kind}-*.parquet"):
                other.unlink(missing_ok=True)
            draft.replace(self.place / name)
            self.cache.make_room(self.place)


def kept(
    engine: Engine,
    read: Callable[[Path], Account],
    cache: Cache | None,
    entry: Path | None,
    today: date,
) -> Kept:
    """The entry where there is one, else what `read` writes into a folder: `DAYS` and `ASIDE`.

    The files that are worked with are the engine's own: whoever deletes the entry meanwhile, or
    drops it for want of room, disturbs nobody.
    """
    own = engine.scratch / "days"
    if entry is None or not _take(entry, own, today):
        own.mkdir(mode=0o700)
        account = read(own)
        digests = {name: _content(own / name) for name in (DAYS, ASIDE)}
        known = {"account": account.to_json(), "day": str(today), "content": digests}
        (own / ACCOUNT).write_text(json.dumps(known))
        if cache is not None and entry is not None:
            _give(own, entry)
    if cache is not None and entry is not None and entry.is_dir():
        cache.make_room(entry)
    known = json.loads((own / ACCOUNT).read_text())
    account = Account.from_json(known["account"])
    days, aside = (read_parquet(engine, own / name) for name in (DAYS, ASIDE))
    place = Entry(cache, entry) if cache is not None and entry is not None else None
    return Kept(account, days, own / DAYS, aside, place)


def _take(entry: Path, own: Path, today: date) -> bool:
    """Lend the files of an entry; False where it is not there, not whole, or of an earlier day."""
    try:
        own.mkdir(mode=0o700)
        for name in (DAYS, ASIDE, ACCOUNT):
            _lend(entry / name, own / name)
        known = json.loads((own / ACCOUNT).read_text())
        # A power cut may leave a file of the right size that holds zeros.
        whole = all(_content(own / name) == found for name, found in known["content"].items())
        # A row that was dated in the future is not when its day has come.
        early = "date_in_future" in Account.from_json(known["account"]).counts.set_aside
        if whole and (not early or known["day"] == str(today)):
            return True
    except (OSError, ValueError, KeyError, TypeError):
        pass
    shutil.rmtree(own, ignore_errors=True)
    shutil.rmtree(entry, ignore_errors=True)
    return False


def _give(own: Path, entry: Path) -> None:
    """Keep the files as an entry, all of it or nothing; without room for it, do without."""
    try:
        entry.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        draft = Path(tempfile.mkdtemp(prefix=DRAFT, dir=entry.parent))
    except OSError:
        return
    try:
        for name in (DAYS, ASIDE, ACCOUNT):
            (own / name).chmod(0o600)
            _lend(own / name, draft / name)
        os.replace(draft, entry)  # fails where another command was first: its entry is the same
    except OSError:
        shutil.rmtree(draft, ignore_errors=True)


def _content(file: Path) -> str:
    """A digest of every byte of a file."""
    with file.open("rb") as content:
        return hashlib.file_digest(content, lambda: hashlib.blake2b(digest_size=16)).hexdigest()


def _lend(source: Any, target: Any) -> Any:
    """The same file under another name, or a copy of it on another disk."""
    try:
        os.link(source, target)
    except OSError:
        shutil.copy2(source, target)
    return target


def _is_entry(path: Path) -> bool:
    return bool(re.fullmatch("[0-9a-f]{32}", path.name)) and (path / ACCOUNT).is_file()


def _is_left(path: Path) -> bool:
    """Whether it is what a kill left of an entry that was being made."""
    named = re.fullmatch(rf"{re.escape(DRAFT)}[a-z0-9_]{{8}}", path.name)
    ours = named and {file.name for file in path.glob("*")} <= {DAYS, ASIDE, ACCOUNT}
    return bool(ours) and time.time() - _last_used(path) > 3600


def _last_used(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except OSError:  # another command has dropped it
        return 0.0


def code(*packages: ModuleType) -> str:
    """A digest of all code of these packages."""
    digest = hashlib.blake2b(digest_size=16)
    for package in packages:
        root = Path(next(iter(package.__path__)))
        for file in sorted(root.rglob("*.py")):
            digest.update(file.relative_to(root).as_posix().encode() + file.read_bytes())
    return digest.hexdigest()
