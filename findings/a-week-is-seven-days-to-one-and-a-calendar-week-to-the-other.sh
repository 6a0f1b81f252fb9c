#!/usr/bin/env bash
# Two libraries that are meant to work together make different weekly summaries of one log.
#
# openretailscience 0.48.1 prepares frequency, recency and T "for" pymc-marketing 0.19.2, in weeks by
# default, and names the unit W to it. Its weeks are days / 7, and every day with a purchase counts.
# To pymc-marketing's own rfm_summary(time_unit="W") a week is a calendar week, and counts once.
# Customer sunday bought on Sunday 7 and Monday 8 January: recency 0.14 or 1. Customer week bought on
# Monday 1 and Sunday 7 January: came back once, or never. Whoever fits one and scores with the other
# gets the same column names and no warning.
set -euo pipefail
here=$(mktemp -d)
trap 'rm -rf "$here"' EXIT
python3 -m venv "$here/env"
"$here/env/bin/pip" install --quiet --disable-pip-version-check \
    openretailscience==0.48.1 pandas==2.3.3 ibis-framework==12.0.0 duckdb==1.5.6 numpy==2.4.6
python3 -m venv "$here/other"
"$here/other/bin/pip" install --quiet --disable-pip-version-check \
    pymc-marketing==0.19.2 pandas==3.1.1 numpy==2.4.6 pymc==5.28.5 arviz==0.23.4
cat > "$here/log.py" <<'PY'
import warnings

warnings.simplefilter("ignore")
import pandas as pd

days = ["2024-01-07", "2024-01-08", "2024-01-01", "2024-01-07"]
who = ["sunday", "sunday", "week", "week"]
log = pd.DataFrame({"customer_id": who, "day": pd.to_datetime(days), "money": 10.0})
END = "2024-01-31"


def told(name, found):
    for customer, row in found.set_index("customer_id").sort_index().iterrows():
        print(f"{name} {customer}:", *(f"{c} {row[c]:.2f}" for c in ("frequency", "recency", "T")))
PY
cat > "$here/run.py" <<'PY'
from log import END, log, told
from openretailscience.experimental.clv import CLVStats

rows = log.rename(columns={"day": "transaction_date", "money": "unit_spend"})
summary = CLVStats(rows, observation_period_end=END)
told(f"openretailscience ({summary.pymc_time_unit})", summary.df.reset_index())
PY
cat > "$here/run_other.py" <<'PY'
from log import END, log, told
from pymc_marketing.clv.utils import rfm_summary

told(
    "pymc-marketing (W)",
    rfm_summary(log, "customer_id", "day", "money", observation_period_end=END, time_unit="W"),
)
PY
cat > "$here/expected" <<'TXT'
openretailscience (W) sunday: frequency 1.00 recency 0.14 T 3.43
openretailscience (W) week: frequency 1.00 recency 0.86 T 4.29
pymc-marketing (W) sunday: frequency 1.00 recency 1.00 T 4.00
pymc-marketing (W) week: frequency 0.00 recency 0.00 T 4.00
TXT
{
    "$here/env/bin/python" "$here/run.py"
    "$here/other/bin/python" "$here/run_other.py"
} 2>/dev/null | tee "$here/seen"
diff "$here/expected" "$here/seen" && echo "as found with openretailscience 0.48.1, pymc-marketing 0.19.2"
