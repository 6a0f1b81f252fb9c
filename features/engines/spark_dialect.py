"""How expressions become Spark's SQL, where ibis lets them mean something else than in DuckDB."""

from typing import Any, ClassVar

from ibis.backends.sql.compilers.base import NULL
from ibis.backends.sql.compilers.pyspark import PySparkCompiler


class Compiler(PySparkCompiler):
    """NaN is a value: ibis takes it for a missing one on Spark, and rows with it for blank."""

    # Those of ibis' own compiler would be made anew.
    SIMPLE_OPS: ClassVar[dict[type, str]] = {}

    def visit_IsNull(self, op: Any, *, arg: Any) -> Any:  # noqa: N802 -- ibis'
        """Whether a value is missing."""
        return arg.is_(NULL)

    def visit_NotNull(self, op: Any, *, arg: Any) -> Any:  # noqa: N802 -- ibis'
        """Whether a value is there, NaN among them."""
        return arg.is_(NULL).not_()
