#!/usr/bin/env bash
# ibis takes two DuckDB databases in memory for one, and reads the wrong table without a word.
#
# ibis-framework 12.0.0 tells connections apart by the arguments they were made with. Two calls of
# ibis.duckdb.connect() have the same ones, so the backends are equal, and so are their tables of
# one name: a join of this year's orders with last year's, each loaded into a connection of its
# own, runs on one of them and compares a year with itself. With tables of different names it is
# an error, from DuckDB, that a table does not exist. Between two files ibis refuses such a join.
set -euo pipefail
here=$(mktemp -d)
trap 'rm -rf "$here"' EXIT
python3 -m venv "$here/env"
"$here/env/bin/pip" install --quiet --disable-pip-version-check \
    'ibis-framework[duckdb]==12.0.0' duckdb==1.5.3 pandas==3.1.1 pyarrow==25.0.1
cat > "$here/run.py" <<'PY'
import sys

import ibis


def opened(where, amount):
    connection = ibis.duckdb.connect(where)
    connection.raw_sql(f"CREATE TABLE orders AS SELECT 'A' AS customer, {amount} AS amount")
    return connection.table("orders")


for places in ((":memory:", ":memory:"), (f"{sys.argv[1]}/a.db", f"{sys.argv[1]}/b.db")):
    last, this = opened(places[0], 10), opened(places[1], 99)
    both = last.join(this.select("customer", now="amount"), "customer")
    try:
        rows = both.to_pyarrow().to_pylist()
    except Exception as error:
        rows = type(error).__name__
    print("in memory:" if ":memory:" in places else "in files:", last.equals(this), rows)
PY
cat > "$here/expected" <<'TXT'
in memory: True [{'customer': 'A', 'amount': 10, 'now': 10}]
in files: False IbisError
TXT
"$here/env/bin/python" -W ignore "$here/run.py" "$here" | tee "$here/seen"
diff "$here/expected" "$here/seen" && echo "as found with ibis-framework 12.0.0"
