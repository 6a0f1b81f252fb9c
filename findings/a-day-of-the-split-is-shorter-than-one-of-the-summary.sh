#!/usr/bin/env bash
# Of a log with times of day, the summary takes its last day whole and the split ends it at midnight.
#
# lifetimes 0.11.3 and pymc-marketing 0.19.2 alike. Customer a bought on 1 January, on 31 January at
# 15:00 and on 29 February at 15:00. A summary up to "2024-01-31" counts the second purchase. The
# calibration (training) part of a split at "2024-01-31" does not: it is a purchase of the holdout.
# And that of the last afternoon of the holdout, up to "2024-02-29", is in neither part. T is 30 days
# in both. So a model is not tested on the period that follows the one it was fitted to, and dates
# without a time of day give another answer than the same dates with one. No warning.
set -euo pipefail
here=$(mktemp -d)
trap 'rm -rf "$here"' EXIT
python3 -m venv "$here/env"
"$here/env/bin/pip" install --quiet --disable-pip-version-check \
    lifetimes==0.11.3 pymc-marketing==0.19.2 \
    pandas==3.1.1 numpy==2.4.6 pymc==5.28.5 arviz==0.23.4
cat > "$here/run.py" <<'PY'
import warnings

warnings.simplefilter("ignore")
import pandas as pd
from lifetimes.utils import calibration_and_holdout_data, summary_data_from_transaction_data
from pymc_marketing.clv.utils import rfm_summary, rfm_train_test_split

moments = ["2024-01-01 10:00", "2024-01-31 15:00", "2024-02-29 15:00"]
timed = pd.DataFrame({"id": "a", "date": pd.to_datetime(moments), "amount": [10.0, 20.0, 30.0]})
columns, end, last = ("id", "date", "amount"), "2024-01-31", "2024-02-29"
split = {"monetary_value_col": "amount"}
for kind, log in (("timed", timed), ("dated", timed.assign(date=timed["date"].dt.normalize()))):
    whole = summary_data_from_transaction_data(log, *columns, observation_period_end=end).iloc[0]
    parts = calibration_and_holdout_data(log, "id", "date", end, last, **split).iloc[0]
    print(
        f"{kind}, lifetimes: summary {whole['frequency']:.0f}, "
        f"calibration {parts['frequency_cal']:.0f} (T {parts['T_cal']:.0f}), "
        f"holdout {parts['frequency_holdout']:.0f}"
    )
    whole = rfm_summary(log, *columns, observation_period_end=end).iloc[0]
    parts = rfm_train_test_split(log, "id", "date", end, last, **split).iloc[0]
    print(
        f"{kind}, pymc-marketing: summary {whole['frequency']:.0f}, "
        f"training {parts['frequency']:.0f} (T {parts['T']:.0f}), "
        f"test {parts['test_frequency']:.0f}"
    )
PY
cat > "$here/expected" <<'TXT'
timed, lifetimes: summary 1, calibration 0 (T 30), holdout 1
timed, pymc-marketing: summary 1, training 0 (T 30), test 1
dated, lifetimes: summary 1, calibration 1 (T 30), holdout 1
dated, pymc-marketing: summary 1, training 1 (T 30), test 1
TXT
"$here/env/bin/python" "$here/run.py" 2>/dev/null | tee "$here/seen"
diff "$here/expected" "$here/seen" && echo "as found with lifetimes 0.11.3, pymc-marketing 0.19.2"
