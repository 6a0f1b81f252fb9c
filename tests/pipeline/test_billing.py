"""Where most purchases fall on the same days, a horizon holds as many of them from each day."""

from datetime import date

import numpy as np
import pandas as pd
import pytest

from features.engines.duckdb import connect
from pipeline.config import Config
from pipeline.console import Progress
from pipeline.cutoffs import plan
from pipeline.intake.billing import calendar_of, fitted
from pipeline.intake.check import check
from pipeline.intake.horizon import horizon_of
from pipeline.intake.orders import open_orders

EVERY = pd.date_range("2022-01-01", "2024-06-30")
MONTHLY = {
    "the first of a month": (lambda day: 0.9 * (day.day == 1), "the 1st day of the month"),
    "the last of a month": (lambda day: 0.9 * day.is_month_end, "the last day of the month"),
    "twice a month": (lambda day: 0.9 * (day.day in (1, 15)), "the 1st and 15th day of the month"),
    "mostly the first": (lambda day: 0.9 if day.day == 1 else 0.01, "the 1st day of the month"),
}
QUARTERLY = {
    "a club": (
        lambda day: 0.9 * (day.day == 1 and day.month % 3 == 0),
        "the 1st day of March, June, September and December",
    ),
    "a quarter's end": (
        lambda day: 0.9 if day.is_quarter_end else 0.002,
        "the last day of March, June, September and December",
    ),
}
WEEKLY = {"a market": (lambda day: 0.4 * (day.day_of_week == 5), "Saturday")}
WITHOUT = {
    "any day": lambda day: 0.04,
    "working days": lambda day: 0.05 * (day.day_of_week < 5),
    "mostly weekends": lambda day: 0.1 if day.day_of_week > 4 else 0.02,
    "a season": lambda day: 0.3 if day.month == 12 else 0.02,
    "one day a year": lambda day: 0.9 if (day.month, day.day) == (11, 25) else 0.005,
    "quarters of rush": lambda day: 0.1 if day.month % 3 == 0 and day.day < 15 else 0.01,
    "a rush on pay day": lambda day: 0.12 if day.day == 1 else 0.03,
}


def log_of(chance, seed=0, customers=80):
    """Customers who come and stay for a while, and buy by `chance` on a day."""
    rng, rows = np.random.default_rng(seed), []
    chances = np.array([chance(day) for day in EVERY])
    for number in range(customers):
        first, stay = rng.integers(0, len(EVERY) - 30), 1 + int(rng.exponential(500))
        bought = EVERY[first : first + stay][
            rng.random(len(EVERY[first : first + stay])) < chances[first : first + stay]
        ]
        rows += [(f"C{number}", day, 1.0) for day in bought]
    return pd.DataFrame(rows, columns=["customer_id", "transacted_at", "amount"])


def days_of(log):
    engine = connect()
    engine.con.register("log", log)
    return engine.sql("SELECT customer_id, transacted_at::DATE AS transacted_at, amount FROM log")


def config_of(file, horizon=None):
    columns = {name: name for name in ("customer_id", "transacted_at", "amount")}
    log = {"source": str(file), "columns": columns}
    return Config.model_validate({"log": log, **({"horizon_days": horizon} if horizon else {})})


def starts(length, end=date(2024, 7, 1)):
    days = plan(config_of("x.csv"), length, date(2022, 1, 1), end)
    return [*days.labelled, days.as_of]


@pytest.mark.parametrize(
    ("chance", "said"), [*QUARTERLY.values(), *MONTHLY.values(), *WEEKLY.values()]
)
def test_a_calendar_is_found(chance, said):
    assert str(calendar_of(days_of(log_of(chance)))) == said


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("chance", WITHOUT.values(), ids=WITHOUT)
def test_none_is_found_where_there_is_none(chance, seed):
    assert calendar_of(days_of(log_of(chance, seed))) is None


@pytest.mark.parametrize("horizon", [30, 60, 90])
def test_the_day_that_is_asked_about_has_as_many_billing_days_as_the_others(horizon):
    found = calendar_of(days := days_of(log_of(MONTHLY["the last of a month"][0])))
    assert found.held([date(2024, 7, 1)], horizon)[0] < round(horizon / 30), (
        "up to the 30th of a month"
    )
    fit = fitted(days, horizon, starts)
    assert fit.days != horizon
    assert found.held([date(2024, 7, 1)], fit.days)[0] == round(horizon / 30)


@pytest.mark.slow
def test_whole_weeks_always_hold_as_many_market_days():
    days = days_of(log_of(WEEKLY["a market"][0]))
    assert fitted(days, 30, starts).days == 28
    assert fitted(days, 60, starts).days == 63
    assert fitted(days, 28, starts) is None
    assert fitted(days, 91, starts) is None


@pytest.mark.thorough
@pytest.mark.parametrize(("horizon", "better"), [(30, 91), (60, 91), (120, 92)])
def test_a_horizon_holds_as_many_quarterly_shipments_from_each_day(horizon, better):
    """120 days hold one or two of the four of a year, whatever is multiplied to a year."""
    found = calendar_of(days := days_of(log_of(QUARTERLY["a club"][0])))
    fit = fitted(days, horizon, starts)
    assert fit.days == better
    assert np.mean(np.equal(found.held(EVERY.date, better), 1)) > 0.95
    assert np.mean(np.equal(found.held(EVERY.date, horizon), 1)) < 0.7
    assert fitted(days, 91, starts) is None


@pytest.mark.thorough
@pytest.mark.slow
def test_check_and_training_say_so_with_the_line_to_paste(tmp_path, capsys):
    file = tmp_path / "log.parquet"
    log_of(WEEKLY["a market"][0]).to_parquet(file)
    section = config_of(file).log.model_dump()
    proposed = check(connect([tmp_path]), section)
    assert proposed.horizon.days == 28
    assert "fall on Saturday" in proposed.horizon.reason
    asked = check(connect([tmp_path]), section, {"horizon_days": 30})
    assert any(note.endswith("Set horizon_days: 28") for note in asked.notes)
    config = config_of(file, 30)
    with open_orders(config.log, Progress(quiet=True)) as orders:
        capsys.readouterr()
        assert horizon_of(orders, config, Progress(quiet=True)) == 30, "what is asked for stays"
    assert "Set horizon_days: 28" in capsys.readouterr().err
