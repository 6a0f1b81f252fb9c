"""Promises of contenders that go wrong, of stores that fall silent, and of processes killed."""

import fcntl
import os
import subprocess
import sys
import time
from datetime import date
from types import SimpleNamespace

import numpy as np
import pandas as pd

from features.writing import HELD, scratch
from models.history import LABELS
from pipeline.console import Progress
from pipeline.learning import judged


class NoNumbers:
    """A classifier of somebody's own that answers NaN."""

    def fit(self, history):
        return self

    def predict(self, customers):
        return pd.DataFrame({"p_churn": np.where(customers.index > 1, 0.5, np.nan)})


def test_49_a_contender_that_answers_nan_has_no_figures_and_the_others_go_on(monkeypatch, capsys):
    monkeypatch.setattr(judged, "contender", lambda name: NoNumbers())
    outcomes = pd.DataFrame({label: [0, 1, 0, 1] for label in LABELS})
    history = SimpleNamespace(cutoff=date(2024, 1, 1))
    row, said = judged.judged(history, outcomes, (0, None), Progress(), "mine")
    assert row == {"n_customers": 4}
    assert said.isna().all(axis=None)
    assert "2 of 4 of its probabilities are no numbers" in " ".join(capsys.readouterr().err.split())


def test_53_what_a_killed_process_left_in_the_scratch_folder_goes_with_the_next_one(tmp_path):
    code = (
        "import os; from pathlib import Path; from features.writing import scratch\n"
        f"with scratch(Path({str(tmp_path)!r}), 'churn-') as folder:\n"
        "    Path(folder, 'unpacked.csv').write_text('x'); os.kill(os.getpid(), 9)\n"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == -9
    (left,) = tmp_path.iterdir()
    with scratch(tmp_path, "churn-"):
        assert left.exists()  # it may be that of a process that has only begun
    os.utime(left / HELD, (time.time() - 99,) * 2)
    with (left / HELD).open() as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        with scratch(tmp_path, "churn-"):
            assert left.exists()  # held by a process that lives
    with scratch(tmp_path, "churn-"):
        assert not left.exists()
    assert list(tmp_path.iterdir()) == []
