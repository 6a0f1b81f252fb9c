"""Nothing may be learned from a label that was not complete."""

from dataclasses import replace
from datetime import date, timedelta

import pandas as pd
import pytest

from models.history import LABELS


def test_going_back_keeps_only_labels_complete_by_then(history):
    earlier = history.at(history.cutoffs[-1])
    end = [cutoff + timedelta(days=history.horizon_days) for cutoff in earlier.cutoffs]
    assert max(end) <= earlier.cutoff
    assert earlier.cutoffs == history.cutoffs[:2]
    assert max(earlier.populations) == earlier.cutoff


def test_the_snapshot_of_an_earlier_cutoff_carries_no_labels(history):
    earlier = history.at(history.cutoffs[-1])
    assert not set(LABELS) & set(earlier.snapshot.columns)
    assert len(earlier.snapshot) == len(history.rows(history.cutoffs[-1]))


def test_an_unfinished_label_is_refused(history):
    with pytest.raises(ValueError, match=r"horizon of 60 days that is not over"):
        replace(
            history,
            cutoff=history.cutoff - timedelta(days=1),
            populations={history.cutoff - timedelta(days=1): history.population},
        )


def test_a_cutoff_without_population_is_refused(history):
    with pytest.raises(ValueError, match="no population"):
        replace(history, cutoff=date(2030, 1, 1))


def test_a_part_is_fitted_once(history):
    calls = []
    for _ in range(2):
        history.once("a part", lambda: calls.append(1))
    assert calls == [1]


def test_the_latest_panel_is_one_cutoff(history):
    assert history.latest().panel["cutoff"].unique().tolist() == [pd.Timestamp(history.cutoffs[-1])]
