"""The encoding of a text that is not UTF-8, found by decoding it in each that shops use.

Nearly every encoding decodes nearly every file. The right one gives words whose letters
are of one script, in sensible case, without signs in their midst.
"""

import re
from itertools import pairwise
from pathlib import Path

_WESTERN = "àâäáãåæçèéêëíìîïñóòôöõøœùúûüýÿßªº"
_CENTRAL = "ąćęłńóśźżáčďéěíňřšťúůýžäöüőűăâîçľĺŕôßţş"
_TURKISH = "çğıöşüâîûéi̇ß"
_CYRILLIC = "абвгдежзийклмнопрстуфхцчшщъыьэюяёіїєґўјљњћђџ"
_GREEK = "αβγδεζηθικλμνξοπρσςτυφχψωάέήίόύώϊϋΐΰ"
_ALPHABETS = {
    "cp1252": _WESTERN,
    "cp1250": _CENTRAL,
    "cp1251": _CYRILLIC,
    "cp1254": _TURKISH,
    "cp1253": _GREEK,
    "koi8-r": _CYRILLIC,
    "cp866": _CYRILLIC,
    "cp932": "",
    "gbk": "",
}
"""Encodings that are tried, of two that fit the first, and the letters that each is made for."""

_EAST = re.compile("[\u3000-\u30ff\u4e00-\u9fff\uff01-\uff5e]")
_SIGNS = frozenset("€£¥§°–—‘’‚“”„«»…№·×±™®©•¿¡½¼´¨\xa0\u202f₽₴")
_POLISH = frozenset("ąćęłńóśźż")
"""Letters of which alone there are words: żółć."""

_MOST_BYTES = 8_000_000
_MOST_LINES = 2_000
_DOUBT = 0.2
"""Share of signs that no such text holds, above which an encoding is not proposed."""


def proposed(path: Path) -> str | None:
    """The encoding that makes letters of one script of a file; None if none does."""
    if wide := utf_16(path):
        return wide
    with path.open("rb") as file:
        head = file.read(_MOST_BYTES)
    lines = [line for line in re.split(rb"[\r\n]+", head) if re.search(rb"[\x80-\xff]", line)]
    sample = b"\n".join(lines[:_MOST_LINES])
    doubts = {name: _doubt(sample, name) for name in _ALPHABETS}
    best = min(doubts, key=lambda name: doubts[name])
    return best if doubts[best] < _DOUBT else None


def utf_16(path: Path) -> str | None:
    """UTF-16 without its mark, told by a zero beside most letters; None if it is not."""
    with path.open("rb") as file:
        head = file.read(2_000)
    zeros = {"utf-16-be": head[0::2].count(0), "utf-16-le": head[1::2].count(0)}
    most = max(zeros, key=lambda name: zeros[name])
    return (
        most if zeros[most] > 0.25 * len(head) and min(zeros.values()) < 0.1 * len(head) else None
    )


def _doubt(sample: bytes, encoding: str) -> float:
    """How little the decoded text looks like one that was meant, a share of its characters."""
    try:
        text = sample.decode(encoding)
    except UnicodeDecodeError:
        return 1.0
    foreign = [char for char in text if ord(char) > 127]
    alphabet = _ALPHABETS[encoding]
    faults = sum(_fault(char, alphabet) for char in foreign)
    words = [word for word in re.findall(r"\w+", text) if not word.isascii()]
    faults += sum(_odd_case(word) for word in words)
    if alphabet in (_CYRILLIC, _GREEK):
        faults += sum(bool(re.search("[a-zA-Z]", word)) for word in words)
    elif alphabet:
        # Accents alone make no word: it is one of another script.
        strange = [word for word in words if re.fullmatch("[^\\W\\da-zA-Z]{2,}", word)]
        faults += sum(len(word) for word in strange if not _POLISH.issuperset(word.lower()))
    # A sign between two letters.
    faults += len(re.findall(r"(?<=[^\W\d_])[^\w\s\x00-\x7f’‘´·](?=[^\W\d_])", text))
    return faults / len(foreign) if foreign else 1.0


def _odd_case(word: str) -> int:
    """Capitals behind a small letter."""
    return sum(before.islower() and after.isupper() for before, after in pairwise(word))


def _fault(char: str, alphabet: str) -> float:
    if char in _SIGNS:
        return 0.0
    if not alphabet:
        return 0.0 if _EAST.match(char) else 1.0
    return 0.0 if char.lower() in alphabet else 1.0
