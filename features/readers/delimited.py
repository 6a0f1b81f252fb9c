"""Delimited text: looked through byte by byte before the engine is let near it.

What pandas or an engine would guess, shift or drop in silence (a delimiter too
many, a foreign encoding, a quote that never closes) is an error here, with the
line where it stands and never with what stands there.
"""

import codecs
import re
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from shlex import quote
from typing import BinaryIO

from features.errors import QuestionError, UserError
from features.readers.encodings import proposed, utf_16
from features.readers.header import all_end_in, cells, header
from features.readers.line_ends import with_plain_line_ends
from features.readers.packed import unpack
from features.readers.source import SourceSpec

LONGEST_LINE = 1_000_000
"""Bytes; no order fills more, and a field of megabytes is an attack or a broken quote."""

UNNAMED = "a cell without a name"
"""What the engine says of a row that does not end in a delimiter where all others do."""

_CHUNK = 1 << 20
_BOMS = {
    codecs.BOM_UTF32_LE: "utf-32",
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}
_MAGIC = {b"PAR1": "a Parquet file", b"PK\x03\x04": "a zip archive or a workbook"}


@dataclass(frozen=True)
class Delimited:
    """A text file that is fit to be read: UTF-8, one kind of line end, a sound header."""

    origin: Path
    path: Path
    delimiter: str | None
    names: tuple[str, ...]
    skip: int
    line_ends: int
    cells: int

    def line_above(self, rows: int) -> int | None:
        """What to add to a row's number for its line; None where rows and lines part ways.

        They do when a field holds a line break, or a line is blank.
        """
        return self.skip if self.line_ends - self.skip in (rows, rows - 1) else None


@dataclass
class _Scan:
    """What one pass over the bytes of a file has seen."""

    crlf: int = 0
    lf: int = 0
    cr: int = 0

    @property
    def line_ends(self) -> int:
        return self.lf + self.cr - self.crlf

    @property
    def mixed(self) -> bool:
        return (self.crlf > 0) + (self.lf > self.crlf) + (self.cr > self.crlf) > 1


def inspect(path: Path, spec: SourceSpec, scratch: Path) -> Delimited:
    """Check one text file and find its delimiter and its columns.

    A file that is packed, not UTF-8 or of mixed line ends is rewritten into `scratch`.

    Raises
    ------
    UserError
        Naming the file, the line and the way out.
    """
    readable, encoding = path, spec.encoding
    if path.stat().st_size == 0:
        raise UserError(f"{path}: no rows, the file is empty.")
    if path.suffix.lower() == ".gz":
        readable = unpack(path, scratch)
    with readable.open("rb") as file:
        start = file.read(8)
    _expected_kind(path, start, encoding)
    if encoding is not None and codecs.lookup(encoding).name not in ("utf-8", "ascii"):
        readable = _transcode(path, readable, encoding, scratch)
    scan = _scan(path, readable)
    found = header(path, readable, spec)
    if scan.mixed:
        readable = _even_out(readable, found.delimiter, scratch)
    if found.delimiter is not None and found.cells == len(found.names):
        _no_trailing_delimiter(path, readable, found.delimiter, found.cells, found.skip)
    return Delimited(
        path, readable, found.delimiter, found.names, found.skip, scan.line_ends, found.cells
    )


def explain(message: str, files: list[Delimited]) -> UserError:
    """Turn the engine's complaint, which prints whole rows, into one that holds no value."""
    line = re.search(r"CSV Error on Line: (\d+)", message)
    where = f", line {line[1]}" if line else ""
    named = re.findall(r"^\s*file = (.*)$", message, flags=re.MULTILINE)
    origin = next((str(f.origin) for f in files if named and str(f.path) == named[-1]), None)
    file = origin or ", ".join(str(f.origin) for f in files[:1])
    widths = re.search(r"Expected Number of Columns: (\d+) Found: (\d+)", message)
    if widths:
        what = (
            f"the header has {widths[1]} columns and this line {widths[2]}. A delimiter is missing "
            "or too many, a text with a delimiter is not quoted, or the file was cut short."
        )
    elif UNNAMED in message:
        what = (
            "a row has a cell more than the header has names, and it is not blank, so "
            "log.trailing_delimiter does not fit."
        )
    elif "unterminated quote" in message:
        what = (
            "a quoted text begins and does not end. The file was cut short, or a quote in a text "
            "is not doubled."
        )
    elif "aximum line size" in message:
        what = f"a row of more than {LONGEST_LINE:,} bytes."
    else:
        what = "this is no well-formed delimited text (see RFC 4180)."
    return UserError(f"{file}{where}: {what}")


def _expected_kind(path: Path, start: bytes, encoding: str | None) -> None:
    for magic, kind in _MAGIC.items():
        if start.startswith(magic):
            raise UserError(f"{path}: is {kind}, not delimited text. Unpack it, or set log.format.")
    if start.startswith(b"\x1f\x8b"):
        raise UserError(f"{path}: is packed by gzip; its name must end in .gz to be read.")
    bom = next((name for mark, name in _BOMS.items() if start.startswith(mark)), None)
    if bom and encoding is None:
        raise QuestionError(f"{path}: is written in {bom}, not utf-8. Say so:", {"encoding": bom})


def _transcode(origin: Path, path: Path, encoding: str, scratch: Path) -> Path:
    """The same text in UTF-8."""
    line = 1
    decoder = codecs.getincrementaldecoder(encoding)()
    with path.open("rb") as source, _draft(scratch) as target:
        while True:
            chunk = source.read(_CHUNK)
            try:
                text = decoder.decode(chunk, final=not chunk)
            except UnicodeError:
                what = f"{origin}, near line {line}: is not written in {encoding}"
                raise _another_encoding(what, path) from None
            line += text.count("\n")
            target.write(text.removeprefix("\ufeff").encode("utf-8", "surrogatepass"))
            if not chunk:
                return Path(target.name)


def _even_out(path: Path, delimiter: str | None, scratch: Path) -> Path:
    """The same text in UTF-8, its lines alike."""
    with path.open(encoding="utf-8-sig", newline="") as source, _draft(scratch) as target:
        chunks = iter(lambda: source.read(_CHUNK), "")
        target.writelines(text.encode() for text in with_plain_line_ends(chunks, delimiter))
        return Path(target.name)


def _draft(scratch: Path) -> "tempfile._TemporaryFileWrapper[bytes]":
    return tempfile.NamedTemporaryFile(dir=scratch, suffix=".csv", delete=False)


def _scan(origin: Path, path: Path) -> _Scan:
    """One pass: UTF-8, no NUL, no endless line; counts the kinds of line ends."""
    scan, lines, since, last = _Scan(), 0, 0, b""
    decoder = codecs.getincrementaldecoder("utf-8")()
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            if (at := chunk.find(b"\0")) >= 0:
                line = lines + chunk.count(b"\n", 0, at) + 1
                what = f"{origin}, line {line}: holds a NUL byte"
                if utf_16(path):
                    raise _another_encoding(what, path)
                raise UserError(f"{what}. The file is damaged or binary.")
            _decode(decoder, chunk, origin, path, lines)
            mark = b"\n" if b"\n" in chunk else b"\r"
            first = chunk.find(mark)
            since = since + len(chunk) if first < 0 else since + first
            if since > LONGEST_LINE:
                line = lines + 1
                raise UserError(
                    f"{origin}, line {line}: is longer than {LONGEST_LINE:,} bytes. No order is; a "
                    "quote or a line end is missing. Mend that line, or write a file without it:\n"
                    f"  sed {line}d {quote(str(origin))} > mended.csv"
                )
            if first >= 0:
                since = len(chunk) - chunk.rfind(mark) - 1
            # The pair may be torn apart by the chunk's edge.
            scan.crlf += last == b"\r" and chunk[:1] == b"\n"
            scan.lf += (fed := chunk.count(b"\n"))
            if b"\r" in chunk:
                scan.crlf += chunk.count(b"\r\n")
                scan.cr += chunk.count(b"\r")
            lines, last = lines + fed, chunk[-1:]
    _decode(decoder, b"", origin, path, lines, final=True)
    return scan


def _decode(
    decoder: codecs.IncrementalDecoder,
    chunk: bytes,
    origin: Path,
    path: Path,
    lines: int,
    final: bool = False,
) -> None:
    # Plain ASCII that continues no letter of several bytes is quickly seen.
    if chunk.isascii() and not decoder.getstate()[0] and not final:
        return
    try:
        decoder.decode(chunk, final)
    except UnicodeDecodeError as error:
        line = lines + chunk.count(b"\n", 0, max(error.start, 0)) + 1
        raise _another_encoding(f"{origin}, line {line}: is not utf-8", path) from None


def _another_encoding(what: str, path: Path) -> UserError:
    """The refusal of a text in another encoding, with the one that was found by decoding."""
    if found := proposed(path):
        return QuestionError(f"{what}. It reads well in {found}:", {"encoding": found})
    return UserError(
        f"{what}, and no encoding that was tried makes letters of one script of it. The file is "
        "damaged, or parts of it are of different encodings."
    )


def _no_trailing_delimiter(origin: Path, path: Path, delimiter: str, width: int, skip: int) -> None:
    """The engine would take a delimiter too many at a line's end without a word."""
    for line, text in _lines_ending_in(path, delimiter):
        if line > skip and text.count(delimiter) >= width and len(cells(text, delimiter)) > width:
            what = f"{origin}, line {line}: ends in a delimiter that the header does not have."
            if all_end_in(path, delimiter, width, skip):
                raise QuestionError(
                    f"{what} So do the rows below:", {"trailing_delimiter": "ignore"}
                )
            raise UserError(f"{what} Other rows do not, so a cell is missing or too many: mend it.")


def _lines_ending_in(path: Path, delimiter: str) -> Iterator[tuple[int, str]]:
    ending = re.compile(re.escape(delimiter.encode()) + rb"[\r\n]")
    with path.open("rb") as file:
        if not _anywhere(file, ending):
            return
    with path.open(encoding="utf-8-sig", newline=None) as lines:
        for number, line in enumerate(lines, start=1):
            if line.rstrip("\n").endswith(delimiter):
                yield number, line


def _anywhere(file: BinaryIO, pattern: "re.Pattern[bytes]") -> bool:
    rest = b""
    while chunk := file.read(_CHUNK):
        if pattern.search(rest + chunk):
            return True
        rest = chunk[-1:]
    return pattern.search(rest + b"\n") is not None
