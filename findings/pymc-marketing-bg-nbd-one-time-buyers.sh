#!/usr/bin/env bash
# PyMC-Marketing's BG/NBD says of one-time buyers that they are likelier to stay away than its own
# model has it.
#
# pymc-marketing 0.19.2, BetaGeoModel.expected_probability_no_purchase.
# A BG/NBD customer can drop out only after a repeat purchase, so who has made none is alive, and
# buys nothing in t more units with probability ((alpha + T) / (alpha + T + t))^r. At the published
# CDNOW parameters, T = 38.86 and t = 39 that is .8557; the method answers .9266. For customers
# with repeat purchases it is right (.4454 for x = 2, t_x = 30.43). The term for "dropped out after
# the last purchase" is counted for everybody; it belongs to x > 0 only. In most logs one-time
# buyers are the larger half.
set -euo pipefail
here=$(mktemp -d)
trap 'rm -rf "$here"' EXIT
python3 -m venv "$here/env"
"$here/env/bin/pip" install --quiet --disable-pip-version-check \
    pymc-marketing==0.19.2 pandas==3.1.1 numpy==2.4.6 pymc==5.28.5 arviz==0.23.4
cat > "$here/run.py" <<'PY'
import arviz as az
import numpy as np
import pandas as pd
from pymc_marketing.clv import BetaGeoModel

r, alpha, a, b = 0.2425945, 4.4136019, 0.7929199, 2.4258881
customers = pd.DataFrame(
    {"customer_id": [0, 1], "frequency": [0, 2], "recency": [0.0, 30.43], "T": [38.86, 38.86]}
)
model = BetaGeoModel(data=customers)
model.build_model()
known = {"r": r, "alpha": alpha, "a": a, "b": b}
model.idata = az.from_dict(posterior={name: np.full((1, 2), x) for name, x in known.items()})
silent = model.expected_probability_no_purchase(39, customers).mean(("chain", "draw")).values
closed_form = ((alpha + 38.86) / (alpha + 38.86 + 39)) ** r
print(f"x = 0: answered {silent[0]:.4f}, closed form {closed_form:.4f}")
print(f"x = 2: answered {silent[1]:.4f}")
PY
cat > "$here/expected" <<'TXT'
x = 0: answered 0.9266, closed form 0.8557
x = 2: answered 0.4454
TXT
"$here/env/bin/python" "$here/run.py" 2>/dev/null | tee "$here/seen"
diff "$here/expected" "$here/seen" && echo "as found with pymc-marketing 0.19.2"
