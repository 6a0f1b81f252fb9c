#!/usr/bin/env bash
# Twenty customers who differ in nothing but their id get all ten RFM scores, from 000 to 999.
#
# openretailscience 0.48.1 cuts into tenths by rank, and breaks ties by customer id. Most customers
# of most shops have bought once: who of them is a 2 and who a 7 in frequency is decided by the id,
# so a campaign for "frequency 7 and above" takes some of the alike and leaves out others.
set -euo pipefail
here=$(mktemp -d)
trap 'rm -rf "$here"' EXIT
python3 -m venv "$here/env"
"$here/env/bin/pip" install --quiet --disable-pip-version-check \
    openretailscience==0.48.1 pandas==2.3.3 ibis-framework==12.0.0 duckdb==1.5.6 numpy==2.4.6
cat > "$here/run.py" <<'PY'
import warnings

warnings.simplefilter("ignore")
import pandas as pd
from openretailscience.segmentation.rfm import RFMSegmentation

log = pd.DataFrame(
    {
        "customer_id": range(20),
        "transaction_id": range(20),
        "transaction_date": pd.Timestamp("2024-01-01"),
        "unit_spend": 10.0,
    }
)
found = RFMSegmentation(log, current_date="2024-02-01").df
for name in ("recency_days", "frequency", "monetary", "rfm_segment"):
    print(name, "differs" if found[name].nunique() > 1 else "is the same for all", end="; ")
print("segments:", *sorted(found["rfm_segment"].unique()))
PY
cat > "$here/expected" <<'TXT'
recency_days is the same for all; frequency is the same for all; monetary is the same for all; rfm_segment differs; segments: 0 111 222 333 444 555 666 777 888 999
TXT
"$here/env/bin/python" "$here/run.py" 2>/dev/null | tee "$here/seen"
diff "$here/expected" "$here/seen" && echo "as found with openretailscience 0.48.1"
