"""The backtest holds clv against every period, longer than the horizon, that is over by now."""

import re
from datetime import date

import numpy as np
import pandas as pd
import pytest

from models.all_contenders import DEFAULT
from models.blend.blend import Blend
from models.btyd.lifetime_value import month_ends
from models.contenders.encoding import expit, logit
from models.history import LABELS
from pipeline.config import Config
from pipeline.console import Progress
from pipeline.intake.orders import open_orders
from pipeline.learning.backtest import backtest
from pipeline.learning.judged import _valued
from pipeline.learning.judgement import judge
from pipeline.learning.prepare import prepare
from tests.pipeline import shop
from tests.pipeline.boards import CUTOFFS, board, customers

LONG_AGO, LATELY = date(2022, 12, 20), date(2023, 5, 1)


@pytest.fixture(scope="module")
def held(tmp_path_factory):
    """The rows of a log, its snapshots, and a backtest at a cutoff long ago and a late one."""
    rows = shop.rows(400, seed=8)
    path = shop.write(tmp_path_factory.mktemp("log") / "orders.csv", rows)
    columns = {"customer_id": "Customer ID", "transacted_at": "Date", "amount": "Total"}
    config = Config.model_validate(
        {
            "log": {"source": str(path), "columns": columns},
            "horizon_days": 45,
            "contenders": ["recency_alone", DEFAULT],
            "clv": {"months": 12},
            "backtest": {"cutoffs": [LONG_AGO.isoformat(), LATELY.isoformat()]},
        }
    )
    progress = Progress(quiet=True)
    with open_orders(config.log, progress) as orders:
        snapshots = prepare(orders, config, progress)
    return rows, snapshots, backtest(snapshots, config.contenders, progress)


@pytest.mark.thorough
def test_the_months_are_those_that_were_over(held):
    _, snapshots, _ = held
    # Of the second no more than a month was, which is less than a horizon.
    assert snapshots.plan.months == {LONG_AGO: 6}


@pytest.mark.thorough
def test_the_money_is_what_the_log_has(held):
    rows, snapshots, _ = held
    end = LONG_AGO.toordinal() + month_ends(6, start=LONG_AGO)[-1]
    came = {}
    for name, day, amount, *_ in rows:
        if LONG_AGO.toordinal() <= date.fromisoformat(day).toordinal() < end:
            came[name] = came.get(name, 0.0) + float(amount)
    known = snapshots.labelled[LONG_AGO]["customer_id"]
    expected = [came.get(name, 0.0) for name in known]
    np.testing.assert_allclose(snapshots.spend[LONG_AGO], expected, atol=1e-6)


@pytest.mark.thorough
def test_the_board_and_the_verdict_tell_how_far_off_it_was(held):
    _, _, result = held
    rows = result.leaderboard.set_index(["contender", "cutoff"])
    found = rows.loc[(DEFAULT, LONG_AGO)]
    assert found["clv_months"] == 6
    assert abs(found["clv_bias"]) < 0.4
    assert 0.65 < found["clv_coverage_pit"] < 0.95
    assert 0.2 < found["clv_gini"] < 1
    assert 0 < found["clv_gini_error"] < 0.2
    assert rows.loc[(DEFAULT, LATELY), "clv_bias":].isna().all()
    assert rows.loc[("recency_alone", LONG_AGO), "clv_bias":].isna().all()
    said = [line for line in judge(result).sentences if "The value of" in line]
    assert len(said) == 1
    assert f"The value of 6 months, asked for on {LONG_AGO}" in said[0]
    assert f"{found['clv_bias']:+.0%}" in said[0]


def test_without_a_longer_period_nothing_is_said():
    outcomes, truth = customers(400)
    result = board(outcomes, {DEFAULT: truth, "recency_alone": truth * 0 + 0.5})
    assert not any("The value of" in line for line in judge(result).sentences)


@pytest.mark.parametrize(
    ("months", "held", "ending"),
    [
        (1.0, 0.8, "The value of 1 month, .* in total; .* held 80% of the outcomes."),
        (9.0, 0.56, "The value of 9 months, .* held 56% of the outcomes: too few."),
        (9.0, float("nan"), "The value of 9 months, .* in total."),
    ],
)
def test_the_verdict_counts_months_and_judges_the_intervals(months, held, ending):
    outcomes, truth = customers(400)
    result = board(outcomes, {DEFAULT: truth, "recency_alone": truth * 0 + 0.5})
    rows = result.leaderboard
    first = (rows["contender"] == DEFAULT) & (rows["cutoff"] == CUTOFFS[0])
    found = {"clv_months": months, "clv_bias": 0.1, "clv_coverage_pit": held}
    rows.loc[first, list(found)] = list(found.values())
    said = [line for line in judge(result).sentences if "The value of" in line]
    assert len(said) == 1
    assert re.fullmatch(ending, said[0])


@pytest.mark.thorough
def test_where_returns_ate_the_money_no_share_of_it_is_told(held):
    _, snapshots, _ = held
    history, months = snapshots.history(LONG_AGO), snapshots.plan.months[LONG_AGO]
    people = snapshots.labelled[LONG_AGO].drop(columns=list(LABELS))
    blend = Blend().fit(history)
    kept = np.tile([100.0, -99.9], len(people))[: len(people)]
    found = _valued(blend.predictions(people), people, months, kept, LONG_AGO)
    assert np.isnan(found["clv_bias"])
    assert found["clv_months"] == months


def test_of_several_periods_the_longest_is_told():
    outcomes, truth = customers(400)
    result = board(outcomes, {DEFAULT: truth, "recency_alone": truth * 0 + 0.5})
    result.leaderboard["clv_months"] = [9.0, 5.0] * 2
    result.leaderboard["clv_bias"] = [-0.31, 0.42] * 2
    said = [line for line in judge(result).sentences if "The value of" in line]
    assert len(said) == 1
    assert "9 months" in said[0]
    assert "-31%" in said[0]


@pytest.mark.thorough
def test_where_a_part_was_better_the_mean_of_both_answers(held, monkeypatch):
    _, snapshots, _ = held
    monkeypatch.setattr("pipeline.learning.backtest.better_part", lambda *_: "pareto_nbd")
    names = ("recency_alone", "pareto_nbd", DEFAULT)
    result = backtest(snapshots, names, Progress(quiet=True))
    assert result.chosen == "blend_with_pareto_nbd"
    assert list(result.answers) == [*names, result.chosen]
    said = {name: answer["p_churn"] for name, answer in result.answers.items()}
    both = (logit(said[DEFAULT]) + logit(said["pareto_nbd"])) / 2
    np.testing.assert_allclose(said[result.chosen], expit(both))
    losses = result.means["log_loss"]
    assert losses[result.chosen] <= (losses[DEFAULT] + losses["pareto_nbd"]) / 2
    board = result.leaderboard
    assert set(board.loc[board["chosen"], "contender"]) == {result.chosen}


@pytest.mark.thorough
def test_of_customers_who_come_once_a_year_those_who_missed_it_have_left(tmp_path):
    rng = np.random.default_rng(5)
    rows = []
    for number in range(900):
        day = float(rng.integers(0, 1200))
        while day < 1400:
            rows.append(
                (f"c{number}", pd.Timestamp("2019-01-01") + pd.Timedelta(days=int(day)), 50)
            )
            if rng.random() < 0.3:
                break
            day += 365 + rng.normal(0, 10)
    path = tmp_path / "log.parquet"
    pd.DataFrame(rows, columns=["customer", "date", "amount"]).to_parquet(path, index=False)
    columns = {"customer_id": "customer", "transacted_at": "date", "amount": "amount"}
    config = Config.model_validate(
        {"log": {"source": str(path), "columns": columns}, "horizon_days": 120}
    )
    with open_orders(config.log, Progress(quiet=True)) as orders:
        snapshots = prepare(orders, config, Progress(quiet=True))
    today = snapshots.plan.as_of
    found = Blend().fit(snapshots.history(today)).predictions(snapshots.today)
    silent = snapshots.today["days_since_last"].to_numpy()
    served, missed = silent < 200, silent > 420
    none, value = found.none_within(12, today), found.clv(12, 0.0, today)
    # Seven in ten come again; of who missed the year, nobody. The horizon alone says .73 and .68.
    assert 0.25 < none[served].mean() < 0.5
    assert none[missed].mean() > 0.9
    assert value[served].mean() == pytest.approx(35, abs=8)
    assert value[missed].mean() < 7
    # Nobody can come more than twice in a year, whatever the chance that he comes at all.
    given = value / (1 - none)
    assert given.max() < 2.5 * 50
    low, high = found.clv_interval(value, 12, today, if_any=True)
    assert ((low <= given) & (given <= high)).all()
    assert high.max() < 4 * 50
    assert (found.clv(24, 0.0, today) >= value - 1e-9).all()
