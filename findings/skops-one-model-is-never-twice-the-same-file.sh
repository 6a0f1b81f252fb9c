#!/usr/bin/env bash
# skops writes where each object of a model lay in memory into its file, so two files of one model
# are never equal: a digest of the file tells nothing about the model.
#
# skops 0.16.0 numbers the nodes of its schema, and names the arrays, by id(), the address of the
# object (`__id__`). The same trees, fitted with one seed to the same rows and dumped by two
# processes, are files of the same length with other bytes, although every prediction is equal.
# Whoever keys a cache by the file, or looks at a checksum to see whether a training gave the same
# model again, sees a new model each time.
set -euo pipefail
here=$(mktemp -d)
trap 'rm -rf "$here"' EXIT
python3 -m venv "$here/env"
"$here/env/bin/pip" install --quiet --disable-pip-version-check \
    skops==0.16.0 scikit-learn==1.9.1 numpy==2.4.6
cat > "$here/run.py" <<'PY'
import hashlib
import json
import sys
import zipfile

import numpy as np
from sklearn.ensemble import HistGradientBoostingClassifier
from skops.io import dump

rng = np.random.default_rng(1)
rows = rng.normal(size=(500, 3))
trees = HistGradientBoostingClassifier(max_iter=3, random_state=1)
trees.fit(rows, rows[:, 0] + rng.normal(size=500) > 0)
dump(trees, sys.argv[1])
with zipfile.ZipFile(sys.argv[1]) as file:
    names = [name for name in file.namelist() if name != "schema.json"]
    schema = json.loads(file.read("schema.json"))
print("predictions", hashlib.sha256(trees.predict_proba(rows).tobytes()).hexdigest()[:12])
with open(sys.argv[1], "rb") as file:
    print("file", hashlib.sha256(file.read()).hexdigest()[:12])
print("address", "__id__" in schema and all(name.split(".")[0].isdigit() for name in names))
PY
for n in 1 2; do
    PYTHONHASHSEED=0 OMP_NUM_THREADS=1 "$here/env/bin/python" "$here/run.py" "$here/$n.skops" > "$here/$n.txt"
    cat "$here/$n.txt"
done
# Seen: the same `predictions` twice, another `file` each time, `address True`.
grep -qx 'address True' "$here/1.txt"
cmp -s <(grep predictions "$here/1.txt") <(grep predictions "$here/2.txt")
! cmp -s <(grep '^file' "$here/1.txt") <(grep '^file' "$here/2.txt")
