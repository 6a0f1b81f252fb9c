"""Tables by cutoff that are fetched, and rows that are not copied."""

from datetime import date

import numpy as np
import pandas as pd
import pytest

from models.frames import Frames, some_rows
from models.history import History

DAYS = [date(2024, month, 1) for month in (1, 2, 3)]


def test_a_frame_is_fetched_when_it_is_asked_for_and_not_before():
    fetched = []
    frames = Frames(DAYS[:2], lambda day: fetched.append(day) or pd.DataFrame({"day": [day]}))
    assert list(frames) == DAYS[:2]
    assert DAYS[1] in frames
    assert DAYS[2] not in frames
    assert fetched == []
    assert frames[DAYS[1]]["day"].tolist() == [DAYS[1]]
    assert fetched == [DAYS[1]]
    with pytest.raises(KeyError):
        frames[DAYS[2]]


@pytest.mark.parametrize("chosen", [[1, 2], [0, 2], []])
def test_rows_that_stand_together_are_not_copied(chosen):
    frame = pd.DataFrame({"T": [1.0, 2.0, 3.0], "x": [4.0, 5.0, 6.0]})
    rows = some_rows(frame, frame.index.to_series().isin(chosen))
    pd.testing.assert_frame_equal(rows, frame.iloc[chosen].reset_index(drop=True))
    together = chosen == [1, 2]
    assert np.shares_memory(rows["x"].to_numpy(), frame["x"].to_numpy()) is together


def test_an_earlier_history_shares_the_rows_and_fetches_no_population():
    panel = pd.DataFrame({"cutoff": np.repeat(DAYS, 2), "T": np.arange(6.0), "churned": [0, 1] * 3})
    panel[["purchases", "spend", "next_purchase"]] = 1.0
    asked = []
    history = History(date(2024, 6, 1), 30, panel, Frames([*DAYS, date(2024, 6, 1)], asked.append))
    earlier = history.at(DAYS[2])
    assert earlier.cutoffs == [DAYS[0]]
    assert list(earlier.populations) == DAYS
    assert np.shares_memory(earlier.panel["T"].to_numpy(), panel["T"].to_numpy())
    assert asked == []
