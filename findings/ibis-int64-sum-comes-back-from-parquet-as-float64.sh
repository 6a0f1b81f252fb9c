#!/usr/bin/env bash
# A sum that ibis calls int64 is a float64 in the Parquet file that ibis writes by DuckDB.
#
# ibis 12.0.0, duckdb 2.0.0. DuckDB sums whole numbers as HUGEINT (128 bits). ibis takes the sum for
# int64, so a .cast("int64") written behind it is left out of the query as though it did nothing.
# Parquet has no such integer, and DuckDB writes DOUBLE: orders counted per customer come back as
# floats, and a sum of points beyond 2^53 as another number, without a word. In Arrow, where ibis
# casts what comes to its own schema, the same sum is whole. A cast to int32 and then to int64 stays
# in the query, and a count with a condition is BIGINT in DuckDB from the start.
set -euo pipefail
here=$(mktemp -d)
trap 'rm -rf "$here"' EXIT
python3 -m venv "$here/env"
"$here/env/bin/pip" install --quiet --disable-pip-version-check \
    'ibis-framework[duckdb]==12.0.0' duckdb==2.0.0 pyarrow==25.0.1 pandas==3.1.1
cat > "$here/run.py" <<'PY'
import sys
from pathlib import Path

import ibis
import pyarrow.parquet

engine = ibis.duckdb.connect()
rows = {"customer": ["a", "a", "b"], "points": [2**53, 1, 5]}
log = engine.create_table("log", ibis.memtable(rows))
found = log.group_by("customer").aggregate(
    points=log.points.sum().cast("int64"),
    large=(log.points > 2).sum().cast("int64"),
    counted=log.count(where=log.points > 2),
)
file = Path(sys.argv[1]) / "sums.parquet"
engine.to_parquet(found, file)
print("ibis says   ", {name: str(kind) for name, kind in found.schema().items()})
kinds = {field.name: str(field.type) for field in pyarrow.parquet.read_schema(file)}
print("the file is ", kinds)
said = found.order_by("customer").to_pyarrow()["points"].to_pylist()
kept = engine.read_parquet(file).order_by("customer").to_pyarrow()["points"].to_pylist()
print("by Arrow    ", said)
print("by the file ", kept)
print("cast in the query:", "CAST" in ibis.to_sql(log.points.sum().cast("int64").as_table()))
twice = log.points.sum().cast("int32").cast("int64")
print("cast in two steps:", "BIGINT" in ibis.to_sql(twice.as_table()))
PY
cat > "$here/expected" <<'TXT'
ibis says    {'customer': 'string', 'points': 'int64', 'large': 'int64', 'counted': 'int64'}
the file is  {'customer': 'string', 'points': 'double', 'large': 'double', 'counted': 'int64'}
by Arrow     [9007199254740993, 5]
by the file  [9007199254740992.0, 5.0]
cast in the query: False
cast in two steps: True
TXT
"$here/env/bin/python" -W ignore "$here/run.py" "$here" | tee "$here/seen"
diff "$here/expected" "$here/seen" && echo "as found with ibis-framework 12.0.0 and duckdb 2.0.0"
