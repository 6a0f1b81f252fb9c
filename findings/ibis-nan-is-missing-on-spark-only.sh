#!/usr/bin/env bash
# isnull() of ibis is true for NaN on Spark, and false on DuckDB: one expression, two answers.
#
# ibis 12.0.0, pyspark 4.3.0, duckdb 2.0.0. In Spark and in DuckDB NaN is a value, and IS NULL is
# false for it. ibis writes x IS NULL OR ISNAN(x) for Spark, and x IS NULL for DuckDB; its option
# ibis.options.pyspark.treat_nan_as_null is about results, is False by default, and changes nothing
# here. fill_null() and coalesce() leave NaN as it is on both, so that on Spark what isnull() calls
# missing is not filled. A rule such as "quantity.notnull() & (value that can be used).isnull()"
# finds the rows with NaN on one engine and lets them pass on the other. Needs Java 17.
set -euo pipefail
here=$(mktemp -d)
trap 'rm -rf "$here"' EXIT
python3 -m venv "$here/env"
"$here/env/bin/pip" install --quiet --disable-pip-version-check \
    'ibis-framework[duckdb]==12.0.0' duckdb==2.0.0 pyspark==4.3.0 pyarrow==25.0.1 pandas==3.1.1
cat > "$here/run.py" <<'PY'
import sys

import ibis
import pyarrow as pa
from pyarrow import parquet
from pyspark.sql import SparkSession

file = f"{sys.argv[1]}/pieces.parquet"
parquet.write_table(pa.table({"row": [1, 2, 3], "pieces": [2.0, float("nan"), None]}), file)
spark = SparkSession.builder.master("local[1]").config("spark.ui.enabled", "false").getOrCreate()
spark.sparkContext.setLogLevel("OFF")
engines = {"duckdb": ibis.duckdb.connect(), "spark": ibis.pyspark.connect(spark)}
for name, engine in engines.items():
    log = engine.read_parquet(file)
    found = log.select("row", missing=log.pieces.isnull(), filled=log.pieces.fill_null(0.0))
    rows = found.order_by("row").to_pandas()
    print(f"{name:7}missing {rows.missing.tolist()}, filled {rows.filled.tolist()}")
print("treat_nan_as_null:", ibis.options.pyspark.treat_nan_as_null)
plain = spark.sql("SELECT CAST('NaN' AS DOUBLE) IS NULL AS missing").collect()[0].missing
print("Spark itself says that NaN is null:", plain)
PY
cat > "$here/expected" <<'TXT'
duckdb missing [False, False, True], filled [2.0, nan, 0.0]
spark  missing [False, True, True], filled [2.0, nan, 0.0]
treat_nan_as_null: False
Spark itself says that NaN is null: False
TXT
PYSPARK_PYTHON="$here/env/bin/python" "$here/env/bin/python" -W ignore "$here/run.py" "$here" \
    2> /dev/null | tee "$here/seen"
diff "$here/expected" "$here/seen" && echo "as found with ibis-framework 12.0.0 and pyspark 4.3.0"
