"""Queries are compiled once a process, and no two different ones share a text."""

import gc
import weakref

import ibis
import pyarrow as pa
import pytest

from features.engines import compiled, duckdb


def rows(engine, values="(1, 'a'), (2, 'b')"):
    name = engine.fresh("rows")
    return engine.create_table(name, engine.sql(f"SELECT * FROM (VALUES {values}) t(n, s)"))


@pytest.fixture
def compiling(monkeypatch):
    """How many queries ibis was asked to compile."""
    monkeypatch.setattr(compiled, "_texts", {})
    count = []
    translate = duckdb.Engine.compiler.to_sqlglot

    def counted(*arguments, **more):
        count.append(1)
        return translate(*arguments, **more)

    monkeypatch.setattr(type(duckdb.Engine.compiler), "to_sqlglot", staticmethod(counted))
    return count


def test_another_connection_asks_its_own_rows_by_the_text_compiled_before(compiling):
    def asked(values):
        table = rows(duckdb.connect(), values)
        return table.filter(table.n > 1).aggregate(s=table.s.max()).to_pyarrow().to_pylist()

    assert asked("(1, 'a'), (2, 'b')") == [{"s": "b"}]
    before = len(compiling)
    assert asked("(5, 'e'), (6, 'f')") == [{"s": "f"}]
    # The rows themselves are written in the query, and so are others.
    assert len(compiling) == before + 1


@pytest.mark.slow
def test_a_connection_is_let_go_though_its_queries_are_kept():
    engine = duckdb.connect()
    scratch, gone = engine.scratch, weakref.ref(engine)
    rows(engine).count().to_pyarrow()
    del engine
    gc.collect()
    assert gone() is None
    assert not scratch.exists()


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (ibis.literal(1), ibis.literal(1.0)),
        (ibis.literal(1), ibis.literal(True)),
        (ibis.literal(0.0), ibis.literal(-0.0)),
        (ibis.literal("a"), ibis.literal("b")),
        (ibis.literal(1, "int8"), ibis.literal(1, "int64")),
        (ibis.literal(1) + 2, ibis.literal(2) + 1),
    ],
)
def test_what_differs_by_its_text_differs_by_its_shape(one, other):
    assert compiled.shape(one.op()) != compiled.shape(other.op())


def test_columns_of_other_types_or_tables_of_other_names_are_other_queries():
    one, two = (ibis.table({"n": kind}, name="t") for kind in ("int64", "string"))
    assert compiled.shape(one.n.max().op()) != compiled.shape(two.n.max().op())
    other = ibis.table({"n": "int64"}, name="u")
    assert compiled.shape(one.n.max().op()) != compiled.shape(other.n.max().op())


def test_rows_in_memory_are_never_taken_for_those_of_another_query():
    engine = duckdb.connect()
    for n in (1, 2):
        table = ibis.memtable(pa.table({"n": [n]}))
        assert engine.to_pyarrow(table.n.max()).as_py() == n


def test_no_more_texts_are_kept_than_are_told(monkeypatch):
    monkeypatch.setattr(compiled, "_texts", {})
    monkeypatch.setattr(compiled, "KEPT", 5)
    for n in range(20):
        compiled.compiled(ibis.literal(n).op(), None, lambda n=n: str(n))
    assert len(compiled._texts) <= 5


def test_tables_of_two_connections_are_never_taken_for_one_anothers():
    one, two = (rows(duckdb.connect(), values) for values in ("(1, 'a')", "(1, 'b')"))
    assert one.get_name() == two.get_name()
    with pytest.raises(ibis.common.exceptions.IbisError):
        one.union(two).to_pyarrow()
