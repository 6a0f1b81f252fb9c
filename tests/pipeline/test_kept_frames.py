"""Tables of a training on the disk, and histories that are let go."""

import gc
import weakref
from datetime import date
from errno import ENOSPC
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from features.errors import UserError
from pipeline.console import Progress
from pipeline.learning import backtest, kept_frames
from pipeline.learning.kept_frames import KeptFrames

DAY = date(2024, 1, 1)


def test_what_is_fetched_equals_what_was_kept_and_ends_with_the_frames(tmp_path):
    frame = pd.DataFrame(
        {
            "customer_id": pd.Series(["a", "ä", "b"], dtype="str"),
            "cutoff": [DAY] * 3,
            "T": [1.0, np.nan, 0.1 + 0.2],
            "churned": [0, 1, 0],
            "country": pd.Series(["DE", None, "FR"], dtype="str"),
        }
    )
    kept = KeptFrames(tmp_path)
    frames = kept.keep("panel", [(DAY, frame)])
    del kept
    gc.collect()
    pd.testing.assert_frame_equal(frames[DAY], frame, check_exact=True)
    del frames
    gc.collect()
    assert list(tmp_path.iterdir()) == []


def test_a_full_disk_is_told_with_its_place_and_the_key(tmp_path, monkeypatch):
    def full(*_, **__):
        raise OSError(ENOSPC, "No space left on device")

    monkeypatch.setattr(kept_frames.feather, "write_feather", full)
    with pytest.raises(UserError, match=rf"{tmp_path} is full.*--set engine\.scratch=FOLDER"):
        KeptFrames(tmp_path).keep("panel", [(DAY, pd.DataFrame({"T": [1.0]}))])


def test_of_two_cutoffs_one_history_stands_in_memory(monkeypatch):
    alive = []

    class Known:
        def __init__(self):
            assert not [one for one in alive if one()]
            alive.append(weakref.ref(self))

    snapshots = SimpleNamespace(
        plan=SimpleNamespace(backtest=(DAY, date(2024, 4, 1)), months={}),
        spend={},
        labelled={DAY: None, date(2024, 4, 1): None},
        history=lambda cutoff: Known(),
    )
    monkeypatch.setattr(backtest, "judged", lambda *_: ({}, pd.DataFrame()))
    backtest._at_cutoffs(snapshots, ["a", "b"], Progress(quiet=True))
    assert len(alive) == 2
