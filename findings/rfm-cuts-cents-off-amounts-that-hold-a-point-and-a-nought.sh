#!/usr/bin/env bash
# A purchase of 10.05 counts as 10, one of 1.09 as 1, and one of 10.55 as it is.
#
# rfm 1.0.9 turns every column but the customer into text, and takes the last two characters off a
# text with ".0" in it, so that whole numbers lose what pandas writes behind them. Amounts whose
# cents begin with a nought have it in the middle, and lose their cents. Nothing is said, and
# sums, scores and segments are made of what is left. Three equal purchases of one day are one.
set -euo pipefail
here=$(mktemp -d)
trap 'rm -rf "$here"' EXIT
python3 -m venv "$here/env"
"$here/env/bin/pip" install --quiet --disable-pip-version-check \
    rfm==1.0.9 pandas==2.3.3 numpy==2.4.6 matplotlib==3.11.2
cat > "$here/run.py" <<'PY'
import pandas as pd
from rfm import RFM

log = pd.DataFrame(
    {
        "customer": [*(f"c{i}" for i in range(60)), "thrice", "thrice", "thrice"],
        "date": [*pd.date_range("2024-01-01", periods=60), *[pd.Timestamp("2024-01-05")] * 3],
        "amount": [*[10.05, 10.55, 1.09] * 20, 20.5, 20.5, 20.5],
    }
)
found = RFM(log.copy(), "customer", "date", "amount").rfm_table.set_index("customer")
told = [f"money in {log['amount'].sum():.2f}, out {found['monetary_value'].sum():.2f}"]
for name in ("c0", "c1", "c2", "thrice"):
    told.append(f"{name}: {found['frequency'][name]} of {found['monetary_value'][name]}")
print("; ".join(told))
PY
cat > "$here/expected" <<'TXT'
money in 495.30, out 451.50; c0: 1 of 10.0; c1: 1 of 10.55; c2: 1 of 1.0; thrice: 1 of 20.5
TXT
"$here/env/bin/python" "$here/run.py" 2>/dev/null | tee "$here/seen"
diff "$here/expected" "$here/seen" && echo "as found with rfm 1.0.9"
