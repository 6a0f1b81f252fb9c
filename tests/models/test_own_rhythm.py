"""The day of the next purchase by a customer's own gaps: who is on a rhythm, and who is not."""

from dataclasses import replace
from datetime import date, timedelta

import numpy as np
import pandas as pd
import pytest

from models.blend.next_purchase_window import Ends, NextPurchase
from models.blend.own_rhythm import ONCE, TWICE, OwnRhythm
from models.contenders.histories import Histories
from models.evaluation.intervals import coverage
from models.history import History, Longer, known_by

START = date(2023, 1, 1)
HORIZON = 60
RFM = ["frequency", "recency", "T", "monetary_value"]
LAST = 720
"""Days from the log's start to the day that is asked about."""


def shop(seed: int, n: int = 350) -> list[np.ndarray]:
    """Days of purchases: refills every 28 days to a day, and as many who buy at random."""
    rng = np.random.default_rng(seed)
    begins = rng.integers(0, 500, 2 * n)
    exact = [first + 28 * np.arange(40) + rng.integers(-1, 2, 40) for first in begins[:n]]
    at_random = [first + np.cumsum(rng.exponential(28.0, 60)).astype(int) for first in begins[n:]]
    return [np.unique(days) for days in [*exact, *at_random]]


def snapshot(purchases: list[np.ndarray], cutoff: int, horizon: int = HORIZON) -> pd.DataFrame:
    """What is known of everybody at a day of the log, and when they bought next."""
    found = []
    for days in purchases:
        past, next_one = days[days < cutoff], days[days >= cutoff][0]
        if not len(past):
            continue
        gaps = np.diff(past)
        again = next_one - cutoff < horizon
        found.append(
            {
                "frequency": float(len(gaps)),
                "recency": float(past[-1] - past[0]),
                "T": float(cutoff - past[0]),
                "monetary_value": 0.0,
                "gap_log_mean": np.log(gaps).mean() if len(gaps) else np.nan,
                "gap_variation": gaps.std(ddof=1) / gaps.mean() if len(gaps) > 1 else np.nan,
                "churned": int(not again),
                "purchases": float((days[days >= cutoff] < cutoff + horizon).sum()),
                "spend": 0.0,
                "next_purchase": float(next_one - cutoff) if again else np.nan,
                "cutoff": pd.Timestamp(START + timedelta(days=cutoff)),
            }
        )
    return pd.DataFrame(found)


def known(purchases: list[np.ndarray]) -> History:
    """Everything that is known at LAST: six cutoffs, half a horizon apart."""
    days = [LAST - HORIZON - 30 * back for back in range(6, -1, -1)]
    panel = pd.concat([snapshot(purchases, day) for day in days], ignore_index=True)
    everybody = {
        START + timedelta(days=day): snapshot(purchases, day)[RFM].assign(n_customers=1.0)
        for day in [*days, LAST]
    }
    return History(START + timedelta(days=LAST), HORIZON, panel, everybody)


@pytest.mark.thorough
def test_a_rhythm_has_windows_of_days_beside_customers_who_buy_at_random():
    purchases = shop(1)
    history = known(purchases)
    fitted = NextPurchase.fit(history, [history.cutoffs[-1], history.cutoffs[-3]])
    asked = snapshot(purchases, LAST)
    first, last = fitted.window(Histories(asked))
    exact = asked["gap_variation"].to_numpy() < 0.1
    bought = (asked["churned"] == 0).to_numpy()
    day = asked["next_purchase"].to_numpy()
    # 28 days, a day sooner or later at either end. 350 customers: a standard error of .02.
    assert (last - first + 1)[exact].mean() < 5
    assert coverage(day[exact], first[exact], last[exact]) > 0.72
    other = bought & ~exact
    assert coverage(day[other], first[other], last[other]) == pytest.approx(0.8, abs=0.05)
    # Without own gaps all have windows as for somebody in between.
    before = NextPurchase(HORIZON, fitted.model, fitted.tails).window(asked)
    assert (before[1] - before[0] + 1)[exact].mean() > 15
    again = NextPurchase.from_dict(HORIZON, fitted.to_dict()).window(asked)
    alone = [fitted.window(asked.iloc[[row]]) for row in range(0, len(asked), 97)]
    assert np.array_equal(np.array([first, last]), again)
    assert np.array_equal(np.hstack(alone), np.array([first, last])[:, ::97])


@pytest.mark.thorough
def test_groups_of_few_buyers_share_what_is_better_for_all_of_them():
    history = known(shop(7, n=100))
    fitted = NextPurchase.fit(history, [history.cutoffs[-1]])
    assert fitted.rhythm is not None
    assert len(fitted.rhythm.borders) > 1
    shared = {ends for group, ends in fitted.by_group.items() if group >= 0}
    assert len(shared) == 1
    assert shared.pop().own
    assert ONCE not in fitted.by_group


@pytest.mark.slow
def test_a_group_has_its_own_quantiles_whichever_law_answers():
    purchases = shop(3, n=60)
    history, asked = known(purchases), snapshot(purchases, LAST)
    fitted = NextPurchase.fit(history, [history.cutoffs[-1]])
    assert fitted.rhythm is not None
    narrow = (0.4, 0.6)
    for own in (True, False):
        one = replace(fitted, by_group={0: Ends(own, narrow)})
        here = fitted.rhythm.groups(asked) == 0
        assert 0 < here.sum() < len(asked)
        law = replace(fitted, by_group={}, tails=narrow)
        rows = asked[here]
        expected = fitted.rhythm.window(rows, narrow) if own else law.window(rows)
        assert np.array_equal(np.array(one.window(asked))[:, here], np.array(expected))
        others = replace(fitted, by_group={}).window(asked[~here])
        assert np.array_equal(np.array(one.window(asked))[:, ~here], np.array(others))


def closed(purchases: list[np.ndarray]) -> list[np.ndarray]:
    """The same shop, closed for five weeks from a week before LAST on, and a year before."""
    return [days[(days - LAST + 5) % 365 >= 35] for days in purchases]


@pytest.mark.thorough
def test_the_same_day_of_last_year_tells_when_a_season_brings_purchases():
    rng = np.random.default_rng(6)
    at_random = [np.cumsum(rng.exponential(25.0, 90)).astype(int) for _ in range(400)]
    purchases = closed([np.unique(rng.integers(0, 300) + days) for days in at_random])
    history, asked = known(purchases), snapshot(purchases, LAST)
    year = snapshot(purchases, LAST - 366, horizon=366)
    seen = replace(history, longer=Longer(START + timedelta(days=LAST - 366), 12, year))
    bought = asked[asked["churned"] == 0]
    held = {}
    for name, one in (("without", history), ("with", seen)):
        fitted = NextPurchase.fit(one, [history.cutoffs[-1], history.cutoffs[-3]])
        held[name] = coverage(bought["next_purchase"], *fitted.window(bought))
    assert held["without"] < 0.7
    # 350 buyers a year ago and as many now: standard errors of .02 each.
    assert held["with"] == pytest.approx(0.8, abs=0.09)


@pytest.mark.slow
def test_gaps_without_memory_have_the_quantiles_of_the_geometric_law():
    rng = np.random.default_rng(2)
    n, mean = 60_000, 20.0
    wait = rng.geometric(1 / mean, n) - 1.0
    again = wait < HORIZON
    panel = pd.DataFrame(
        {
            "frequency": 5.0,
            "recency": 100.0,
            "T": 100.0 + rng.integers(1, 40, n),
            "gap_log_mean": np.log(mean),
            "gap_variation": rng.uniform(0.8, 1.2, n),
            "next_purchase": np.where(again, wait, np.nan),
        }
    )
    law = OwnRhythm.fit(panel, HORIZON)
    first, last = law.window(panel.iloc[:500], (0.1, 0.9))
    whole = 1 - (1 - 1 / mean) ** HORIZON
    for ends, share in ((first, 0.1), (last, 0.9)):
        true = np.log1p(-share * whole) / np.log1p(-1 / mean)
        # 10,000 customers a group: a standard error of a third of a day where a tenth is left.
        assert np.abs(ends - np.floor(true)).max() <= 2
        assert ends.mean() == pytest.approx(np.floor(true), abs=1.0)


def test_groups_are_by_gaps_and_few_equal_gaps_are_no_proof():
    rng = np.random.default_rng(3)
    panel = pd.DataFrame(
        {
            "frequency": np.repeat([0.0, 1.0, 9.0], [400, 400, 1200]),
            "recency": 50.0,
            "T": 60.0,
            "gap_log_mean": np.repeat([np.nan, 3.0], [400, 1600]),
            "gap_variation": np.where(np.arange(2000) < 800, np.nan, rng.uniform(0, 1, 2000)),
            "next_purchase": rng.integers(0, HORIZON, 2000).astype(float),
        }
    )
    law = OwnRhythm.fit(panel, HORIZON)
    groups = law.groups(panel)
    assert set(groups[:400]) == {ONCE}
    assert set(groups[400:800]) == {TWICE}
    assert set(groups[800:]) == {0, 1, 2, 3}
    often, twice = (
        panel.iloc[[800, 800]].assign(gap_variation=0.0, frequency=[30.0, 2.0]).pipe(law.groups)
    )
    assert often == 0 < twice


def test_the_law_at_a_cutoff_learns_from_nothing_later():
    purchases = shop(4, n=60)
    history = known(purchases)
    day = history.cutoffs[-1]
    later = [np.append(days[days < LAST - HORIZON], LAST + 500) for days in purchases]
    changed = known(later)
    laws = [OwnRhythm.fit(one.at(day).panel, HORIZON).to_dict() for one in (history, changed)]
    assert laws[0] == laws[1]
    assert known_by(history.panel, day)["next_purchase"].notna().any()


def test_without_gaps_or_buyers_there_is_no_law():
    panel = snapshot(shop(5, n=5), 400)
    assert OwnRhythm.fit(panel.drop(columns="gap_variation"), HORIZON) is None
    assert OwnRhythm.fit(panel.assign(next_purchase=np.nan), HORIZON) is None
