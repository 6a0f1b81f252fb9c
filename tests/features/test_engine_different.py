"""Different numbers are counted exactly, in however many parts."""

import pytest

from features.engines.different import n_different
from features.engines.duckdb import connect


@pytest.mark.parametrize("at_once", [1 << 24, 700, 64])
def test_each_number_counts_once_whatever_part_it_is_in(at_once):
    rows = connect().sql("SELECT hash(i % 1234) AS digest FROM range(5000) r(i)")
    assert n_different(rows, "digest", at_once) == 1234


def test_the_edges_of_64_bits_are_numbers_like_others():
    edges = "(VALUES (0::UBIGINT), (18446744073709551615::UBIGINT), (0::UBIGINT)) r(digest)"
    rows = connect().sql(f"SELECT * FROM {edges}")
    assert n_different(rows, "digest", 2) == 2
    assert n_different(rows.filter(rows.digest == 7), "digest") == 0
