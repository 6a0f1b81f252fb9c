"""Nothing may be learned from a label that was not complete."""

from dataclasses import replace
from datetime import date, timedelta

import pandas as pd
import pytest

from models.history import LABELS, SO_FAR, known_by


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


def test_an_earlier_cutoff_knows_only_the_beginning_of_unfinished_horizons(history):
    then = history.cutoffs[-1] - timedelta(days=1)
    populations = {**history.populations, then: history.population}
    earlier = replace(history, populations=populations).at(then)
    begun = [c for c in history.cutoffs if c < then and c not in earlier.cutoffs]
    assert begun == history.cutoffs[1:2]
    assert sorted(earlier.recent["cutoff"].dt.date.unique()) == begun
    assert not {"churned", "purchases", "spend"} & set(earlier.recent)
    assert earlier.recent[SO_FAR].max() < (then - begun[0]).days


def test_a_purchase_that_had_not_come_yet_is_refused(history):
    rows = history.rows(history.cutoffs[-1])[["cutoff", SO_FAR]]
    later = rows.assign(cutoff=pd.Timestamp(history.cutoff - timedelta(days=10)))
    with pytest.raises(ValueError, match="came after"):
        replace(history, recent=later)
    assert replace(history, recent=known_by(later, history.cutoff)).recent is not None


def test_soon_reads_the_first_days_of_every_cutoff_that_has_them(history):
    rows = history.rows(history.cutoffs[-1])
    near = rows.assign(cutoff=pd.Timestamp(history.cutoff - timedelta(days=20)))
    known = replace(history, recent=known_by(near, history.cutoff))
    soon = known.soon(20)
    assert len(soon) == len(history.panel) + len(rows)
    bought = pd.concat([history.panel, near])[SO_FAR] < 20
    assert (soon["churned"] == 0).sum() == bought.sum()
    assert len(known.soon(21)) == len(history.panel), "day 21 of the recent cutoff is not over"
