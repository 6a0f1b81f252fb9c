"""Earlier scores beside what came: counted as pandas counts, alarms only where they were wrong."""

from dataclasses import replace
from datetime import timedelta

import numpy as np
import pandas as pd
import pytest

from features.errors import UserError
from models.evaluation.scores import log_loss
from pipeline.acting import plan as planning
from pipeline.acting.effect import effect_of
from pipeline.acting.plan_file import write_plan
from pipeline.config_file import load_campaign
from pipeline.console import Progress
from pipeline.watching.contacted import left_alone
from pipeline.watching.judged import judged
from pipeline.watching.monitor import INTERVAL, read
from pipeline.watching.realised import realised
from pipeline.watching_config import MonitoringConfig
from tests.pipeline.acting import world
from tests.pipeline.watching.made import made

FRAME = world.scores(n=1500)


HELD = {"coverage": [0.9]}
"""The world's intervals are wider than they say, and the backtest knew."""


def scored(folder, frame=FRAME, promised=HELD):
    path = world.write_scores(folder / "s.parquet", frame)
    (one,) = read([path])
    one.promised.update(promised)
    return one


def log(until=world.HORIZON, frame=FRAME):
    found = world.orders(frame, until=until)
    return found.rename(columns={"customer_id": "who", "date": "day"})


def held(scores, orders_log):
    with made(orders_log) as orders:
        return realised(orders, scores)


def alarms(one, version="abc123", learned=world.AS_OF):
    return {s.name for s in judged([one], version, learned, MonitoringConfig()) if s.risen}


def test_expected_and_realised_are_what_pandas_counts(tmp_path):
    scores, orders = scored(tmp_path), log()
    one = held(scores, orders)
    after = orders[orders.day >= world.AS_OF]
    spend = after.groupby("who").amount.sum().reindex(FRAME.customer_id).fillna(0)
    churned = (spend == 0).to_numpy(float)
    total = one.total
    assert (one.days, one.gone, one.over) == (world.HORIZON, 0, True)
    assert total["customers"] == len(FRAME)
    assert total["churned"] == pytest.approx(churned.mean())
    assert total["p_churn"] == pytest.approx(FRAME.p_churn.mean())
    assert total["spend"] == pytest.approx(spend.sum())
    assert total["expected_spend"] == pytest.approx(FRAME.expected_spend.sum())
    assert total["expected_purchases"] == pytest.approx(FRAME.expected_purchases.sum())
    assert total["log_loss"] == pytest.approx(log_loss(churned, FRAME.p_churn))
    low, high = (FRAME[name] for name in INTERVAL)
    inside = ((spend.to_numpy() >= low) & (spend.to_numpy() <= high))[churned == 0]
    assert one.coverage == pytest.approx(inside.mean())
    by_segment = pd.Series(churned).groupby(FRAME.segment).mean()
    assert one.segments["churned"].drop("everybody").to_dict() == pytest.approx(
        by_segment.to_dict()
    )
    assert one.segments["customers"].drop("everybody").sum() == len(FRAME)


@pytest.mark.parametrize("until", [world.HORIZON, 40, 25])
def test_scores_that_are_true_raise_no_alarm_also_before_the_horizon_is_over(tmp_path, until):
    one = held(scored(tmp_path), log(until))
    assert one.days == until
    assert alarms(one) == set()
    assert one.total["p_churn"] == pytest.approx(one.total["churned"], abs=0.05)


@pytest.mark.parametrize("until", [world.HORIZON, 25])
def test_51_scores_that_are_wrong_raise_the_alarms_that_name_it(tmp_path, until):
    wrong = FRAME.assign(p_churn=FRAME.p_churn / 3, expected_spend=FRAME.expected_spend * 3)
    assert {"level", "spend"} <= alarms(held(scored(tmp_path, wrong), log(until)))


def test_ids_in_another_order_than_their_answers_are_behind_recency(tmp_path):
    rng = np.random.default_rng(0)
    shuffled = FRAME.assign(p_churn=rng.permutation(FRAME.p_churn.to_numpy()))
    # Who will buy has bought lately, and everybody long ago: recency tells much.
    orders = log()
    lately = set(orders.who[orders.day >= world.AS_OF])
    before = pd.DataFrame({"who": FRAME.customer_id, "amount": 10.0})
    long_ago = before.assign(day=world.AS_OF - timedelta(days=150))
    after = before.assign(day=world.AS_OF - timedelta(days=30))[before.who.isin(lately)]
    orders = pd.concat([long_ago, after, orders[orders.day >= world.AS_OF]])
    assert "behind_rule" in alarms(held(scored(tmp_path, shuffled), orders))


def test_what_the_backtest_was_off_by_is_no_alarm(tmp_path):
    promised = {"level": [0.02, -0.6], "spend": [3.0], "coverage": [0.2], "log_loss": [9.0]}
    wrong = FRAME.assign(p_churn=FRAME.p_churn / 2, expected_spend=FRAME.expected_spend * 2)
    one = held(scored(tmp_path, wrong, promised), log())
    assert alarms(one) - {"behind_rule", "purchases"} == set()


def test_a_model_that_was_replaced_or_knew_what_came_is_not_judged(tmp_path):
    wrong = FRAME.assign(p_churn=FRAME.p_churn / 3)
    one = held(scored(tmp_path, wrong), log())
    assert alarms(one, version="another") == set()
    assert alarms(one, learned=world.AS_OF + timedelta(days=1)) == set(), "it knew what came"


def test_scores_without_money_are_not_judged_by_it(tmp_path):
    nothing = FRAME.assign(expected_spend=np.nan, spend_if_any_low=np.nan, spend_if_any_high=np.nan)
    assert alarms(held(scored(tmp_path, nothing), log())) == set()


def test_customers_who_are_gone_from_the_log_are_counted_and_left_out(tmp_path):
    orders = log()
    gone = set(FRAME.customer_id[:100])
    one = held(scored(tmp_path), orders[~orders.who.isin(gone)])
    assert one.gone == 100
    assert one.total["customers"] == len(FRAME) - 100
    assert alarms(one) == {"customers_gone"}


def test_scores_of_another_log_are_refused_and_of_a_day_not_over_left_out(tmp_path):
    orders = log()
    with pytest.raises(UserError, match="None of the 1,500 customers"):
        held(scored(tmp_path), orders.assign(who="x" + orders.who))
    early = orders[orders.day < world.AS_OF - timedelta(days=1)]
    assert held(scored(tmp_path), early) is None


def test_whom_a_campaign_contacted_is_no_mistake_of_the_answer(tmp_path, capsys):
    scores = scored(tmp_path)
    campaign = {"contact_cost": 0.01}
    terms, control = load_campaign("c", None, {f"campaigns.c.{k}": v for k, v in campaign.items()})
    plan = planning.plan(tmp_path / "s.parquet", "c", terms, control, effect_of("c", terms)[0]).file
    file = tmp_path / "plan.parquet"
    write_plan(plan, file)
    treated = plan.customers.loc[plan.customers["arm"].isin(plan.treatments), "customer_id"]
    assert 100 < len(treated) < 0.9 * len(FRAME)
    orders = log()
    bought = pd.DataFrame({"who": treated, "day": world.AS_OF, "amount": 100.0})
    spoilt = pd.concat([orders, *[bought.assign(day=world.AS_OF + timedelta(n)) for n in range(9)]])
    assert "purchases" in alarms(held(scores, spoilt))
    (kept,) = left_alone([scores], [file], Progress())
    assert f"{len(treated):,} of 1,500 customers were contacted" in capsys.readouterr().err
    assert not set(kept.customers["customer_id"]) & set(treated)
    assert alarms(held(kept, spoilt)) == set()
    # A campaign that was over before says nothing of these scores.
    later = replace(scores, as_of=world.AS_OF + timedelta(days=400))
    assert left_alone([later], [file], Progress()) == [later]
