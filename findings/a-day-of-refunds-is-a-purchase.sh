#!/usr/bin/env bash
# A day on which a customer only got money back is a repeat purchase to two of three CLV libraries.
#
# lifetimes 0.11.3 and pymc-marketing 0.19.2 count it and put its negative money into
# monetary_value; clvkit 0.2.1 does not. Customer B bought for 20 on 2 January, gave all of it back
# on the 5th and never came again: frequency 1, recency 3, monetary_value -20 to the first two
# (to a BG/NBD a customer who is coming back), frequency 0 to the third. Customer A bought for 50
# and gave 50 back on one day: a repeat purchase worth 0 to lifetimes and pymc-marketing, one that
# is left out of the mean by clvkit. None of the first two says a word.
set -euo pipefail
here=$(mktemp -d)
trap 'rm -rf "$here"' EXIT
python3 -m venv "$here/env"
"$here/env/bin/pip" install --quiet --disable-pip-version-check \
    lifetimes==0.11.3 clvkit==0.2.1 pymc-marketing==0.19.2 \
    pandas==3.1.1 numpy==2.4.6 pymc==5.28.5 arviz==0.23.4
cat > "$here/run.py" <<'PY'
import warnings

warnings.simplefilter("ignore")
import clvkit
import pandas as pd
from lifetimes.utils import summary_data_from_transaction_data
from pymc_marketing.clv.utils import rfm_summary

log = pd.DataFrame(
    [
        ("A", "2024-01-01", 50.0),
        ("A", "2024-01-08", 50.0),
        ("A", "2024-01-08", -50.0),
        ("A", "2024-01-20", 30.0),
        ("B", "2024-01-02", 20.0),
        ("B", "2024-01-05", -20.0),
    ],
    columns=["customer_id", "date", "amount"],
)
log["date"] = pd.to_datetime(log["date"])
columns, end = ("customer_id", "date", "amount"), "2024-01-31"
theirs = {
    "lifetimes": summary_data_from_transaction_data(log, *columns, observation_period_end=end),
    "pymc-marketing": rfm_summary(log, *columns, observation_period_end=end).set_index(
        "customer_id"
    ),
    "clvkit": clvkit.CustomerBase.from_transactions(log, observation_period_end=end).to_pandas(),
}
for name, summary in theirs.items():
    for customer in ("A", "B"):
        row = summary.loc[customer]
        print(
            f"{name} {customer}: frequency {row['frequency']:.0f}, "
            f"recency {row['recency']:.0f}, monetary_value {row['monetary_value']:.0f}"
        )
PY
cat > "$here/expected" <<'TXT'
lifetimes A: frequency 2, recency 19, monetary_value 15
lifetimes B: frequency 1, recency 3, monetary_value -20
pymc-marketing A: frequency 2, recency 19, monetary_value 15
pymc-marketing B: frequency 1, recency 3, monetary_value -20
clvkit A: frequency 2, recency 19, monetary_value 30
clvkit B: frequency 0, recency 0, monetary_value 0
TXT
"$here/env/bin/python" "$here/run.py" 2>/dev/null | tee "$here/seen"
diff "$here/expected" "$here/seen" && echo "as found with lifetimes 0.11.3, pymc-marketing 0.19.2, clvkit 0.2.1"
