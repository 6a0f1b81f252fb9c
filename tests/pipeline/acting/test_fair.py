"""What cannot be compared has no verdict, and an interim look speaks of the time so far."""

from dataclasses import replace
from datetime import timedelta
from types import SimpleNamespace
from unittest.mock import MagicMock

import numpy as np
import pandas as pd
import pytest

from features.errors import UserError
from models.campaign.estimation import Difference
from pipeline.acting.measure import compare, measure
from pipeline.acting.outcomes import with_outcomes
from pipeline.acting.verdict import sentences
from tests.pipeline.acting import world


@pytest.fixture(scope="module")
def plan(planned_once):
    return planned_once()


def came(plan, seed=0, **columns):
    """Outcomes of the plan's members: a fifth bought, as many as before."""
    n, rng = len(plan.file.members), np.random.default_rng(seed)
    bought, earlier = (rng.random(n) < 0.2).astype(int), (rng.random(n) < 0.2).astype(int)
    found = {"known": 1, "purchases": bought, "orders": bought, "spend": 40.0 * bought}
    found |= {"purchases_before": earlier, "spend_before": 40.0 * earlier}
    return pd.DataFrame({**found, **columns}, index=range(n))


def told(plan, outcomes, last=None, n_sent=None):
    return compare(
        plan.file, with_outcomes(plan.file, outcomes), last or plan.file.terms.end, n_sent
    )


def contacted(plan):
    return (plan.file.members["arm"] != "control").to_numpy()


def test_a_tenth_of_the_treated_lost_and_none_of_the_control_leave_no_verdict(plan):
    ours = np.flatnonzero(contacted(plan))
    known = np.ones(len(plan.file.members), int)
    known[ours[:: len(ours) // 70]] = 0
    found = told(plan, came(plan, known=known))
    assert "Sample ratio mismatch" in found.doubts[0]


def test_a_log_without_many_of_the_customers_leaves_no_verdict(plan):
    known = (np.arange(len(plan.file.members)) % 5 > 0).astype(int)
    (doubt,) = told(plan, came(plan, known=known)).doubts
    assert "does it reach as far back?" in doubt


def test_a_campaign_in_which_nobody_bought_has_lost_no_certain_sum(plan):
    nothing = dict.fromkeys(("purchases", "orders", "spend"), 0)
    found = told(plan, came(plan, **nothing))
    cost = f"{0.5 * contacted(plan).sum():,.2f}"
    assert found.verdict[0].startswith("No verdict")
    assert f"nothing to compare. The contacts cost {cost}." in found.verdict[1]


def test_a_control_that_was_contacted_as_much_leaves_no_verdict(plan):
    everybody = came(plan, received=1)
    (doubt,) = told(plan, everybody, n_sent=len(everybody)).doubts
    assert "100% of the control were contacted and 100% of those to be contacted" in doubt


def test_customers_that_would_tell_are_more_than_those_that_could_not(plan):
    found = told(plan, came(plan))
    # Few giants make the interval four errors wide: three errors from 0 cannot tell.
    profit = Difference(3.0, 1.0, 4.3)
    whole = replace(found.total, profit=profit)
    said = sentences(replace(found, comparisons=(whole,)), 1000)[0]
    assert "it takes 2,938 customers instead of 1,000" in said


def test_an_early_look_speaks_of_the_time_so_far_and_promises_no_number_of_customers(plan):
    nearly = came(plan, spend=np.where(np.arange(len(plan.file.members)) == 0, 1.0, 0.0))
    early = told(plan, nearly, world.AS_OF + timedelta(days=2)).verdict[0]
    assert "has not earned its cost so far" in early
    assert "lost" not in early
    unsure = told(plan, came(plan), world.AS_OF + timedelta(days=20)).verdict[0]
    assert "Cannot tell so far" in unsure
    assert "it takes" not in unsure


def test_a_log_or_a_list_of_strangers_is_refused(plan, monkeypatch):
    outcomes = came(plan, known=0)
    monkeypatch.setattr(
        "pipeline.acting.measure.member_outcomes", lambda *_: with_outcomes(plan.file, outcomes)
    )
    orders, sent = SimpleNamespace(name="new.csv", end=plan.file.terms.end), MagicMock()
    sent.count().to_pyarrow().as_py.return_value = 2
    with pytest.raises(UserError, match="999 customers of the plan has a row before 2024-03-01"):
        measure(plan.file, orders, None)
    outcomes["known"], outcomes["received"] = 1, 0
    with pytest.raises(UserError, match="None of the 2 contacts of --sent"):
        measure(plan.file, orders, None, sent)
