"""A workbook is closed whatever becomes of it."""

import contextlib
import os
import zipfile

import pytest

from features.engines.duckdb import connect
from features.errors import UserError
from features.readers.reading import read
from features.readers.source import SourceSpec


def is_open(path):
    """Whether this process holds the file open."""
    for number in range(256):
        with contextlib.suppress(OSError):
            if os.path.samestat(os.fstat(number), path.stat()):
                return True
    return False


def test_a_workbook_that_is_none_inside_is_not_left_open(tmp_path):
    path = tmp_path / "log.xlsx"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("nothing.xml", "<nothing/>")
    with pytest.raises(UserError, match="no whole workbook") as refused:
        read(connect(read=[tmp_path], threads=1), SourceSpec(source=str(path)))
    # While the error lives, so does what its frames hold: nothing closes by chance.
    assert refused.value.__context__ is not None
    assert not is_open(path)
