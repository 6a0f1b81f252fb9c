#!/usr/bin/env bash
# scikit-uplift: the uplift of the top 30 % of a model that knows nothing depends on the order of
# the rows.
#
# scikit-uplift 0.5.1, uplift_at_k(strategy="overall"). All customers have the same score, so the
# top 30 % are any 30 %. The function takes those that stand last: of 1,000 customers whose outcome
# and treatment are coins, -.0218 as drawn, 0 when those who converted come first or last, -.9033
# when the converted ones of the control come last. qini_auc_score and uplift_auc_score of the same
# package average ties and give 0 each time. A score with few values (a segment, a leaf of a tree)
# is judged by how the table was sorted.
set -euo pipefail
here=$(mktemp -d)
trap 'rm -rf "$here"' EXIT
python3 -m venv "$here/env"
"$here/env/bin/pip" install --quiet --disable-pip-version-check \
    scikit-uplift==0.5.1 scikit-learn==1.7.2 pandas==2.3.3 numpy==2.2.6
cat > "$here/run.py" <<'PY'
import warnings

warnings.simplefilter("ignore")
import numpy as np
from sklift.metrics import qini_auc_score, uplift_at_k

rng = np.random.default_rng(0)
treated, converted = rng.integers(0, 2, 1000), rng.integers(0, 2, 1000)
same = np.zeros(1000)
orders = {
    "as drawn": np.arange(1000),
    "converted first": np.argsort(-converted, kind="stable"),
    "converted last": np.argsort(converted, kind="stable"),
    "control conversions last": np.argsort(-(2 * treated * converted - converted), kind="stable"),
}
for name, rows in orders.items():
    y, t = converted[rows], treated[rows]
    top = uplift_at_k(y, same, t, strategy="overall", k=0.3)
    print(f"{name}: uplift at 30 % {top + 0.0:.4f}, Qini {qini_auc_score(y, same, t):.4f}")
PY
cat > "$here/expected" <<'TXT'
as drawn: uplift at 30 % -0.0218, Qini 0.0000
converted first: uplift at 30 % 0.0000, Qini 0.0000
converted last: uplift at 30 % 0.0000, Qini 0.0000
control conversions last: uplift at 30 % -0.9033, Qini 0.0000
TXT
"$here/env/bin/python" "$here/run.py" 2>/dev/null | tee "$here/seen"
diff "$here/expected" "$here/seen" && echo "as found with scikit-uplift 0.5.1"
