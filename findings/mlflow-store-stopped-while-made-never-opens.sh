#!/usr/bin/env bash
# An MLflow store that was stopped while it was being made can never be opened again.
#
# mlflow 3.17.2 makes the tables of a new SQLite store in steps that are committed on their own. A
# job that is stopped in the first second (a scheduler's time limit, a power cut) leaves a file with
# some of the tables: every later run that is given the same address begins anew and ends with
# "table ... already exists", until somebody removes the file. Here the process ends itself after
# the fifth commit of the first run.
set -euo pipefail
here=$(mktemp -d)
trap 'rm -rf "$here"' EXIT
python3 -m venv "$here/env"
"$here/env/bin/pip" install --quiet --disable-pip-version-check mlflow==3.17.2 sqlalchemy==2.1.9
cat > "$here/run.py" <<'PY'
import os
import sys

from sqlalchemy import event
from sqlalchemy.engine import Engine

address, last = sys.argv[1], int(sys.argv[2])
commits = []


@event.listens_for(Engine, "commit")
def stopped(connection):
    commits.append(1)
    if len(commits) == last:
        os._exit(9)


from mlflow import MlflowClient

try:
    print("opened:", len(MlflowClient(address).search_experiments()), "experiment")
except Exception as error:
    print("refused:", "already exists" in str(error))
PY
run() { "$here/env/bin/python" -W ignore "$here/run.py" "sqlite:///$here/$1.db" "$2" 2>/dev/null || true; }
{
    echo "never stopped: $(run whole 0)"
    echo "stopped at the fifth commit: $(run half 5)"
    echo "the next run: $(run half 0)"
    echo "and the one after: $(run half 0)"
} | tee "$here/seen"
cat > "$here/expected" <<'TXT'
never stopped: opened: 1 experiment
stopped at the fifth commit: 
the next run: refused: True
and the one after: refused: True
TXT
diff "$here/expected" "$here/seen" && echo "as found with mlflow 3.17.2"
