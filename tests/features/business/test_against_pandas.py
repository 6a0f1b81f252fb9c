"""Flows, cohorts and scores equal what plain pandas finds, on real logs and on nasty ones."""

from datetime import date, timedelta

import ibis
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from features.business.cohorts import cohort_cells, cohort_sizes
from features.business.customers import customers
from features.business.periods import calendar
from features.business.retention import period_counts
from features.business.rfm_scores import movements, scored, segments
from features.customer.snapshot import snapshot
from features.engines.duckdb import connect
from pipeline.business.customer import facts
from pipeline.business.retention import metrics
from tests.features.business import oracle
from tests.features.conftest import logs

pytestmark = pytest.mark.slow

PERIODS = ("week", "month", "quarter")
COUNTED = ["new", "came_back", "fell_silent", "joined", "buyers", "one_time"]
COUNTED += ["purchases", "orders"]

few = settings(
    max_examples=8,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.filter_too_much],
)


@pytest.fixture(scope="session")
def kept(days_of):
    """Purchase days as a table, so that no expression compiles them again."""
    engine = connect(threads=1)

    def build(rows, attributes=()):
        return engine.create_table(ibis.util.gen_name("days"), days_of(rows, attributes))

    return build


def nasty(kept, rows):
    """A small log in both forms."""
    frame = pd.DataFrame(rows)
    frame["amount"] = [int(amount * 10_000) for amount in frame["amount"]]
    frame["transacted_at"] = pd.to_datetime(frame["transacted_at"])
    return kept(rows), oracle.purchase_days(frame)


def assert_same_flow(run, days, own, as_of, period, window):
    found = run(period_counts(days, customers(days, as_of), as_of, period, window), "period")
    wanted = oracle.flow(own, pd.Timestamp(as_of), period, window)
    found = found.reindex(wanted.index, fill_value=0)
    pd.testing.assert_frame_equal(found[COUNTED], wanted[COUNTED], check_dtype=False)
    assert found["revenue"].to_numpy() == pytest.approx(wanted["revenue"].to_numpy(), abs=1e-4)
    ends = (found["spells_begun"] - found["spells_ended"]).cumsum()
    assert ends.tolist() == wanted["end"].tolist()
    assert wanted["start"].tolist() == [0, *wanted["end"].tolist()[:-1]]
    moved = wanted["start"] + found["new"] + found["came_back"] - found["fell_silent"]
    assert moved.tolist() == wanted["end"].tolist()
    assert_rates_are_shares(found, period, as_of)


def assert_rates_are_shares(counts, period, as_of):
    by_day = counts.set_axis([day.date() for day in counts.index])
    rates = metrics(by_day, list(by_day.index), period, as_of)
    for name in ("retention", "churn", "retention_low", "retention_high", "repeat_rate"):
        known = rates[name].dropna()
        assert known.between(0, 1).all(), name
    assert rates["retention"].notna().equals(rates["start"] > 0)


def assert_same_cohorts(run, days, own, as_of, period):
    found = run(cohort_cells(days, customers(days, as_of), as_of, period), "cohort", "age")
    wanted = oracle.cohorts(own, pd.Timestamp(as_of), period)
    pd.testing.assert_frame_equal(
        found[["buyers", "orders"]], wanted[["buyers", "orders"]], check_dtype=False
    )
    assert found["revenue"].to_numpy() == pytest.approx(wanted["revenue"].to_numpy(), abs=1e-4)
    sizes = run(cohort_sizes(customers(days, as_of), period), "cohort")["customers"]
    assert sizes.to_dict() == wanted["buyers"].xs(0, level="age").to_dict()


def assert_same_scores(run, days, own, as_of):
    found = run(scored(customers(days, as_of), as_of, 30), "customer_id")
    wanted = oracle.scores(own, pd.Timestamp(as_of))
    pd.testing.assert_frame_equal(
        found[list(wanted.columns)], wanted, check_dtype=False, check_names=False
    )


@pytest.mark.thorough
@pytest.mark.parametrize("period", ["month", "quarter"])  # weeks: on drawn logs, below
def test_flows_of_a_real_log(shop, as_frame, period):
    _, days, own = shop
    as_of = own["day"].max().date() - timedelta(days=11)
    assert_same_flow(as_frame, days, own, as_of, period, 45)


@pytest.mark.sampled
@pytest.mark.parametrize("period", PERIODS)
def test_cohorts_of_a_real_log(shop, as_frame, period):
    _, days, own = shop
    assert_same_cohorts(as_frame, days, own, own["day"].max().date() - timedelta(days=11), period)


def test_scores_of_a_real_log(shop, as_frame):
    _, days, own = shop
    assert_same_scores(as_frame, days, own, own["day"].max().date())


@few
@given(
    log=logs(min_size=1),
    as_of=st.dates(date(2023, 1, 2), date(2025, 1, 5)),
    period=st.sampled_from(PERIODS),
    window=st.sampled_from([1, 7, 30, 91, 400]),
)
def test_flows_and_cohorts_of_nasty_logs(kept, as_frame, log, as_of, period, window):
    days, own = nasty(kept, log)
    known = own[(own["day"] < pd.Timestamp(as_of)) & (own["amount"] > 0)]
    if known.empty:
        return
    assert_same_flow(as_frame, days, own, as_of, period, window)
    assert_same_cohorts(as_frame, days, own, as_of, period)
    assert_same_scores(as_frame, days, own, as_of)


@few
@given(log=logs(min_size=1), later=logs(start=date(2024, 1, 1), min_size=1))
def test_nothing_at_or_after_the_day_is_known(kept, as_frame, log, later):
    day = date(2024, 1, 1)
    log = [row for row in log if row["transacted_at"].date() < day]
    if not log:
        return
    found = []
    for rows in (log, log + later):
        days = kept(rows, ("channel",))
        people = customers(days, day, ("channel",))
        found.append(
            [
                as_frame(period_counts(days, people, day, "month", 60), "period"),
                as_frame(cohort_cells(days, people, day, "month", ("channel",)), "cohort", "age"),
                as_frame(scored(people, day, 60), "customer_id"),
            ]
        )
    for alone, together in zip(*found, strict=True):
        pd.testing.assert_frame_equal(alone, together)


def rows_of(*orders):
    blank = {"order_id": None, "quantity": None, "channel": None}
    return [
        {"customer_id": c, "transacted_at": pd.Timestamp(day), "amount": a, **blank}
        for c, day, a in orders
    ]


def test_what_a_customer_has_spent_is_one_figure_whenever_it_was_given_back(kept, as_frame):
    """As described, as scored (`total_spend` is the snapshot's) and of one customer's days."""
    log = rows_of(
        ("a", "2024-01-05", 10), ("a", "2024-02-05", 30), ("a", "2024-02-20", -7),
        ("b", "2024-01-05", 5), ("b", "2024-01-20", -9), ("c", "2024-01-20", 4),
    )  # fmt: skip
    days, end = kept(log), date(2024, 3, 1)
    wanted = {"a": 33, "b": -4, "c": 4}
    assert as_frame(customers(days, end), "customer_id")["revenue"].to_dict() == wanted
    assert as_frame(snapshot(days, end), "customer_id")["amount_total"].to_dict() == wanted
    own = days.to_pyarrow().to_pandas().rename(columns={"transacted_at": "day"})
    own["day"] = pd.to_datetime(own["day"]).dt.date
    own["amount"] = own["amount"].astype(float)
    for name, total in wanted.items():
        assert facts(own[own["customer_id"] == name], end)["total_spend"] == total


def test_a_gap_of_exactly_the_window_is_no_silence(kept, as_frame):
    log = rows_of(("a", "2024-01-31", 10), ("a", "2024-03-01", 10), ("b", "2024-01-31", 10))
    days, end = kept(log), date(2024, 4, 1)
    for window, silent, back in ((30, 1, 0), (29, 2, 1)):
        found = as_frame(period_counts(days, customers(days, end), end, "month", window), "period")
        assert found["fell_silent"].sum() == silent + (window < 31)
        assert found["came_back"].sum() == back


def test_equal_customers_have_equal_scores_whatever_their_ids(kept, as_frame):
    log = rows_of(*((f"{n:03}", "2024-01-05", 10) for n in range(97)), ("z", "2024-02-01", 99))
    end = date(2024, 3, 1)
    found = as_frame(scored(customers(kept(log), end), end, 60), "customer_id")
    scores = ["recency_score", "frequency_score", "monetary_score", "percentile"]
    assert len(found.drop("z")[scores].drop_duplicates()) == 1
    assert found.loc["z", ["recency_score", "monetary_score", "tier"]].tolist() == [5, 5, "high"]


def test_whose_last_purchase_is_everybodys_billing_day_has_bought_lately(kept, as_frame):
    months = [f"2024-{month:02}-28" for month in range(1, 7)]
    log = rows_of(
        *((f"{n:02}", day, 10) for n in range(90) for day in months),
        *(("late", day, 10) for day in [*months[:5], "2024-06-30"]),
        *((f"left {n}", day, 10) for n in range(9) for day in months[:3]),
    )
    end = date(2024, 7, 1)
    found = as_frame(scored(customers(kept(log), end), end, 60), "customer_id")
    left = found.index.str.startswith("left")
    assert set(found.loc[~left, "recency_score"]) == {5}
    assert set(found.loc[left, "recency_score"]) == {1}
    assert set(found.loc[left, "rfm_group"]) == {"hibernating"}


@pytest.mark.thorough
@few
@given(log=logs(min_size=1), window=st.sampled_from([1, 20, 60, 400]))
def test_a_groups_name_respects_the_window(kept, as_frame, log, window):
    end = max(row["transacted_at"].date() for row in log) + timedelta(days=1)
    people = customers(kept(log), end)
    found = as_frame(scored(people, end, window), "customer_id")
    active = pd.to_datetime(found["last_day"]) >= pd.Timestamp(end - timedelta(days=window))
    silent = found["rfm_group"].isin(["cannot lose", "at risk", "hibernating"])
    assert (active != silent).all()


def test_each_pair_of_scores_has_one_name():
    from features.business.rfm_scores import GROUPS

    pairs = [(r, f) for rs, fs in GROUPS.values() for r in rs for f in fs]
    assert sorted(pairs) == [(r, f) for r in range(1, 6) for f in range(1, 6)]


def test_segments_add_up_and_movements_count_everybody(kept, as_frame):
    log = rows_of(
        ("a", "2024-01-05", 10), ("a", "2024-02-05", 30), ("b", "2024-01-05", 5),
        ("b", "2024-01-20", -1), ("c", "2024-02-20", 7), ("d", "2024-02-20", -7),
    )  # fmt: skip
    days, end = kept(log), date(2024, 3, 1)
    later, earlier = (scored(customers(days, at), at, 30) for at in (end, date(2024, 2, 1)))
    found = as_frame(segments(later, end), "tier")
    assert found["customers"].sum() == 3
    assert found["revenue"].sum() == 51
    assert found["days_silent"].sum() == 25 + 56 + 10
    keys = ["recency_score", "frequency_score", "rfm_group", "percentile", "tier"]
    rows = segments(later, end).to_pyarrow().to_pandas()[keys]
    assert rows.values.tolist() == sorted(rows.values.tolist()), "a sum hangs on the order"
    moved = as_frame(movements(earlier, later), "after")
    assert moved["customers"].sum() == 3
    assert moved.loc[moved["before"].isna(), "customers"].sum() == 1


@pytest.mark.parametrize("period", PERIODS)
def test_the_calendar_agrees_with_the_engine(kept, as_frame, period):
    log = rows_of(("a", "2023-12-31", 1), ("a", "2024-02-29", 1), ("a", "2024-07-01", 1))
    days, end = kept(log), date(2024, 7, 2)
    found = as_frame(period_counts(days, customers(days, end), end, period, 400), "period")
    listed = calendar(date(2023, 12, 31), end, period)
    bought = found.index[found["purchases"] > 0]
    assert {day.date() for day in bought} <= set(listed)
    assert bought[0].date() == listed[0]
    assert bought[-1].date() == listed[-1]
