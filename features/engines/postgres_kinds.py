"""What PostgreSQL calls the types of columns, and how their cells are asked for."""

from features.engines.duckdb import literal, quote

ZONED = "timestamp with time zone"
MOMENTS = ("date", "timestamp without time zone", ZONED)
FLOATS = ("real", "double precision")
NUMBERS = ("smallint", "integer", "bigint", "numeric", *FLOATS)

BYTES = "C"
"""The collation in which texts are compared by their bytes."""

_AS_THEY_STAND = ("text", "character varying")
_CAST = (*MOMENTS, *NUMBERS, "uuid")
"""Types whose cast to a text is what COPY writes; of others `format` says it."""


def as_text(name: str, kind: str) -> str:
    """A cell as COPY writes it."""
    cell = quote(name)
    if kind in _CAST:
        cell = f"{cell}::text"
    elif kind not in _AS_THEY_STAND:
        cell = f"CASE WHEN {cell} IS NOT NULL THEN format('%s', {cell}) END"
    return f'({cell}) COLLATE "{BYTES}"'


def typed(name: str, kind: str, timezone: str | None) -> str:
    """A moment as the clocks of the business showed it; a float by the digits it is written."""
    cell = quote(name)
    if kind == ZONED:
        return f"{cell} AT TIME ZONE {literal(timezone)}"
    return f"{cell}::text::numeric" if kind in FLOATS else cell


def in_ibis(kind: str) -> str:
    """What ibis calls a type; a moment says its places, or none were tried to be made one."""
    named = {"smallint": "int16", "integer": "int32", "bigint": "int64", "date": "date"}
    return named.get(kind, "timestamp(6)" if kind in MOMENTS else "decimal")
