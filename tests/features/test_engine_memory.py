"""How much memory the engine takes unless told otherwise."""

import pytest

from features.engines import memory
from features.engines.duckdb import connect


@pytest.mark.parametrize(
    ("threads", "free_gb", "mib"),
    [(1, 64, 1024), (2, 64, 1024), (16, 64, 8192), (16, 5, 3072), (4, 0.1, 256)],
)
def test_the_engine_takes_half_a_gigabyte_a_thread_of_what_is_free(
    monkeypatch, threads, free_gb, mib
):
    monkeypatch.setattr(memory, "free_memory", lambda: int(free_gb * (1 << 30)))
    assert memory.usual_limit(threads) == mib << 20
    setting = connect(threads=threads).raw_sql("SELECT current_setting('memory_limit')")
    assert setting.fetchall() == [(f"{mib}.0 MiB" if mib < 1024 else f"{mib / 1024:.1f} GiB",)]
