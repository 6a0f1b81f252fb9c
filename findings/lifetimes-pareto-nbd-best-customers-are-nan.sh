#!/usr/bin/env bash
# A newer SciPy turns what lifetimes' Pareto/NBD expects of the very best customers into nan.
#
# lifetimes 0.11.3, ParetoNBDFitter.conditional_expected_number_of_purchases_up_to_time with
# t_x = T = 200, t = 10 and ordinary parameters (r .55, alpha 10.58, s .61, beta 11.67). On
# SciPy 1.15.3 132 repeat purchases lead to 6.2061, on 1.17.1 to nan, with no error and no warning
# of its own; 131 are right on both. A total over such a base is nan, or leaves its best customers
# out. lifetimes names no upper bound for SciPy, so a fresh install has the nan.
set -euo pipefail
here=$(mktemp -d)
trap 'rm -rf "$here"' EXIT
python3 -m venv "$here/env"
"$here/env/bin/pip" install --quiet --disable-pip-version-check \
    lifetimes==0.11.3 pandas==2.3.3 numpy==2.2.6 scipy==1.15.3
cat > "$here/run.py" <<'PY'
import warnings

warnings.simplefilter("ignore")
import pandas as pd
import scipy
from lifetimes import ParetoNBDFitter

model = ParetoNBDFitter()
model.params_ = pd.Series({"r": 0.55, "alpha": 10.58, "s": 0.61, "beta": 11.67})
for n in (131, 132, 200):
    expected = model.conditional_expected_number_of_purchases_up_to_time(10, n, 200.0, 200.0)
    print(f"SciPy {scipy.__version__}, x = {n}: {expected:.4f}")
PY
cat > "$here/expected" <<'TXT'
SciPy 1.15.3, x = 131: 6.1592
SciPy 1.15.3, x = 132: 6.2061
SciPy 1.15.3, x = 200: 9.3898
SciPy 1.17.1, x = 131: 6.1592
SciPy 1.17.1, x = 132: nan
SciPy 1.17.1, x = 200: nan
TXT
"$here/env/bin/python" "$here/run.py" 2>/dev/null | tee "$here/seen"
"$here/env/bin/pip" install --quiet --disable-pip-version-check scipy==1.17.1
"$here/env/bin/python" "$here/run.py" 2>/dev/null | tee -a "$here/seen"
diff "$here/expected" "$here/seen" && echo "as found with lifetimes 0.11.3 and SciPy 1.15.3, 1.17.1"
