#!/bin/sh
# statsmodels 0.15.0: combine_effects(method_re="dl") lets the DerSimonian-Laird variance between
# studies go below 0, where the estimator is cut at 0 (DerSimonian & Laird 1986, equation 9): effects
# that agree well get a standard error near 0, or NaN. Seen: tau2 = -0.04, standard error 1.5e-09 for
# three studies of 0.1 with a standard error of 0.2 each; the fixed-effect error is 0.115.
# Fails when that changes.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet "statsmodels==0.15.0" "numpy<3" "pandas>=3,<4"
"$folder/venv/bin/python" - <<'PY'
import warnings
import numpy as np
import statsmodels
from statsmodels.stats.meta_analysis import combine_effects

warnings.simplefilter("ignore")
same = combine_effects(np.array([0.1, 0.1, 0.1]), np.full(3, 0.04), method_re="dl")
mixed = combine_effects(np.array([0.1, 0.1, 0.1]), np.array([4e-4, 0.02, 1e-4]), method_re="dl")
print("statsmodels", statsmodels.__version__)
print("equal effects: tau2", same.tau2, "standard error", same.sd_eff_w_re)
print("other errors:  tau2", mixed.tau2, "standard error", mixed.sd_eff_w_re)
assert same.tau2 < 0 and same.sd_eff_w_re < 1e-6, "changed"
assert mixed.tau2 < 0 and np.isnan(mixed.sd_eff_w_re), "changed"
PY
