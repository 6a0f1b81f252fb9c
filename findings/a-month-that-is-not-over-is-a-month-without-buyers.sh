#!/usr/bin/env bash
# A cohort's month that has not begun is 0 % to openretailscience, and unknown to clvkit.
#
# openretailscience 0.48.1, clvkit 0.2.1. The log ends in March 2024. Of the cohort that first bought
# in March nobody can have bought in April yet: openretailscience's share is 0.0, a number like that
# of a cohort which was lost, and it enters the mean of its column; clvkit leaves it out.
set -euo pipefail
here=$(mktemp -d)
trap 'rm -rf "$here"' EXIT
python3 -m venv "$here/env"
"$here/env/bin/pip" install --quiet --disable-pip-version-check \
    openretailscience==0.48.1 pandas==2.3.3 ibis-framework==12.0.0 duckdb==1.5.6 numpy==2.4.6
python3 -m venv "$here/other"
"$here/other/bin/pip" install --quiet --disable-pip-version-check \
    clvkit==0.2.1 pandas==3.1.1 numpy==2.4.6
cat > "$here/log.py" <<'PY'
import warnings

warnings.simplefilter("ignore")
import pandas as pd

days = ["2024-01-05", "2024-02-05", "2024-01-06", "2024-02-07", "2024-03-07", "2024-03-09"]
log = pd.DataFrame({"customer_id": [1, 1, 2, 3, 3, 4], "day": pd.to_datetime(days), "money": 10.0})
PY
cat > "$here/run.py" <<'PY'
from log import log
from openretailscience.analysis.cohort import CohortAnalysis

names = {"day": "transaction_date", "money": "unit_spend"}
rows = log.rename(columns=names).assign(transaction_id=range(len(log)))
found = CohortAnalysis(
    rows, aggregation_column="customer_id", agg_func="nunique", period="month", percentage=True
).df
print("openretailscience, one month later:", *found[1].tolist(), "mean", found[1].mean())
PY
cat > "$here/run_other.py" <<'PY'
from clvkit import CohortMatrix
from log import log

found = CohortMatrix.from_transactions(
    log, period="M", datetime_col="day", amount_col="money"
).to_pandas(relative=True)
print("clvkit, one month later:", *found[1].tolist(), "mean", found[1].mean())
PY
cat > "$here/expected" <<'TXT'
openretailscience, one month later: 0.5 1.0 0.0 mean 0.5
clvkit, one month later: 0.5 1.0 nan mean 0.75
TXT
{
    "$here/env/bin/python" "$here/run.py"
    "$here/other/bin/python" "$here/run_other.py"
} 2>/dev/null | tee "$here/seen"
diff "$here/expected" "$here/seen" && echo "as found with openretailscience 0.48.1, clvkit 0.2.1"
