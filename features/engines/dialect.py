"""How expressions become DuckDB's SQL, where ibis chose a slow way."""

from typing import Any

from ibis.backends.sql.compilers.duckdb import DuckDBCompiler


class Compiler(DuckDBCompiler):
    """The value of the least key: ibis asks for the first in an order, at twice the price."""

    def visit_ArgMin(self, op: Any, *, arg: Any, key: Any, where: Any) -> Any:  # noqa: N802 -- ibis'
        """The value where `key` is least."""
        return self.agg.arg_min_null(arg, key, where=where)

    def visit_ArgMax(self, op: Any, *, arg: Any, key: Any, where: Any) -> Any:  # noqa: N802 -- ibis'
        """The value where `key` is largest."""
        return self.agg.arg_max_null(arg, key, where=where)
