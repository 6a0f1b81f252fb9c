"""`churn describe`: its figures by hand, its refusals, and the same numbers as JSON."""

import json
import re
from datetime import date
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from ibis.expr.operations import DatabaseTable

from features.customer.purchase_days import with_gaps
from features.engines.duckdb import connect
from features.errors import UserError
from models.evaluation.shares import difference_of_shares
from pipeline.business.cohorts import Comparison, cohorts, compare, latest
from pipeline.business.course import Asked, base_of
from pipeline.business.describe import describe
from pipeline.business.retention import formulas_told, growth, metrics, uneven, usual_formulas
from pipeline.business.segments import few, gini, lorenz
from pipeline.command_line.main import run
from pipeline.intake.billing import Calendar
from tests.pipeline import shop

pytestmark = pytest.mark.slow

JANUARY, FEBRUARY, MARCH = (date(2024, month, 1) for month in (1, 2, 3))


def test_days_are_sorted_once_whatever_is_asked_of_them():
    engine = connect(threads=1)
    netted = engine.sql(
        "SELECT 'a' AS customer_id, DATE '2024-01-05' AS transacted_at, 1::BIGINT AS orders, "
        "1::DECIMAL(38, 4) AS amount"
    )
    orders = SimpleNamespace(engine=engine, days=with_gaps(netted), first_day=JANUARY)
    base = base_of(orders, Asked(FEBRUARY, "month", 30))
    assert isinstance(base.days.op(), DatabaseTable), "kept: lazy ones are sorted by who asks them"


def counts(*rows):
    names = ("period", "new", "came_back", "fell_silent", "joined", "spells_begun")
    names += ("spells_ended", "buyers", "one_time", "purchases", "orders", "revenue")
    return pd.DataFrame(rows, columns=names).set_index("period")


@pytest.fixture
def periods():
    """100 came in January; in February 40 more, 10 fell silent and 5 came back; March begins."""
    log = counts(
        (JANUARY, 100, 0, 0, 100, 100, 0, 100, 80, 130, 150, 3000.0),
        (FEBRUARY, 40, 5, 10, 45, 47, 12, 90, 36, 95, 96, 2400.0),
        (MARCH, 1, 0, 0, 1, 1, 0, 2, 1, 2, 2, 50.0),
    )
    return metrics(log, [JANUARY, FEBRUARY, MARCH], "month", date(2024, 3, 5))


def test_rates_follow_their_definitions(periods):
    february = periods.loc[FEBRUARY]
    assert (february["start"], february["end"]) == (100, 135)
    assert february["retention"] == pytest.approx(0.90)
    assert february["churn"] == pytest.approx(0.10)
    assert february["retention_low"] < 0.90 < february["retention_high"]
    assert february["repeat_rate"] == pytest.approx(54 / 90)
    value, frequency = february["average_order_value"], february["frequency"]
    assert value * frequency == pytest.approx(february["revenue_per_customer"])


def test_the_unfinished_period_is_marked(periods):
    assert periods["complete"].tolist() == [True, True, False]


def test_nobody_at_the_start_makes_no_rate(periods):
    assert periods.loc[JANUARY, ["retention", "churn"]].isna().all()


def months_of_a_shop(first, months, **december):
    """Each month 100 of 1,000 leave and 100 come; each orders for 30, but in December."""
    days = [(first + pd.DateOffset(months=n)).date() for n in range(months)]
    joined = [1000] + [100] * (months - 1)
    left = [0] + [100] * (months - 1)
    rows = pd.DataFrame(
        {"new": joined, "joined": joined, "fell_silent": left, "spells_begun": joined},
        index=pd.Index(days, name="period"),
    )
    rows = rows.assign(came_back=0, spells_ended=left, buyers=1000, one_time=0, purchases=1000)
    rows = rows.assign(orders=1000, revenue=30_000.0)
    for name, value in december.items():
        rows.loc[[day.month == 12 for day in days], name] = value
    return rows


def formulas(log, as_of, first=None):
    days = list(log.index)
    found = metrics(log, days, "month", as_of)
    return usual_formulas(found, "month", first or days[0], months=12), found


def test_the_usual_formulas_multiply_as_textbooks_say():
    log = months_of_a_shop(pd.Timestamp("2023-01-01"), 25)
    found, periods = formulas(log, date(2025, 1, 20))
    months = 366 / (365.25 / 12)
    assert found["revenue_per_month"] == pytest.approx(30 * 12 / months)
    assert found["average_order_value"] == pytest.approx(30)
    assert found["ltv"] == pytest.approx(12 * found["revenue_per_month"])
    lifetime = 1 / (1 - 0.9 ** (12 / months))
    assert found["lifetime_months"] == pytest.approx(lifetime)
    assert found["cltv"] == pytest.approx(found["revenue_per_month"] * lifetime)
    told = formulas_told(found, periods, "month", log.index[0])
    assert "2024-01 to 2024-12: CLTV" in told


@pytest.mark.parametrize("last", range(1, 13))
def test_the_year_of_the_formulas_holds_each_month_once_whatever_month_the_log_ends_in(last):
    log = months_of_a_shop(pd.Timestamp(2022, 1, 1), 36 + last, revenue=200_000.0)
    found, _ = formulas(log, date(2025, last, 23))
    # Eleven months bring 30 a customer, December 200; a year has 12 months of 30.4 days, or 366.
    assert found["ltv"] == pytest.approx(11 * 30 + 200, rel=0.004)


def test_less_than_a_year_of_log_makes_no_lifetime_value():
    log = months_of_a_shop(pd.Timestamp("2023-12-01"), 13)
    short, periods = formulas(log, date(2024, 12, 31), first=date(2023, 12, 2))
    assert np.isnan([short[name] for name in ("ltv", "cltv", "lifetime_months")]).all()
    assert short["average_order_value"] == pytest.approx(30)
    told = formulas_told(short, periods, "month", date(2023, 12, 2))
    assert "they need 12 complete months, and the log has 11" in told
    whole, _ = formulas(log, date(2024, 12, 31), first=date(2023, 12, 1))
    assert np.isfinite(whole["ltv"])


def grown(ends, new, days=30):
    """What is said of months from 2023 on with so many active customers and new ones."""
    starts = [date(2023 + number // 12, number % 12 + 1, 1) for number in range(len(ends))]
    labels = [f"{day:%Y-%m}" for day in starts]
    table = {"label": labels, "complete": True, "end": ends, "new": new}
    return growth(pd.DataFrame(table, index=starts), "month", date(2022, 11, 1), days)


def test_a_business_that_shrinks_within_a_year_is_told_so_in_one_sentence():
    ends, new = np.linspace(2600, 1300, 27).round(), np.linspace(120, 16, 27).round()
    assert grown(ends, new) == (
        "The business shrinks: 1,350 active customers at the end of 2025-02 against 1,950 a year "
        "before (-31%). In the last quarter 20 new ones came a month, a year before 68."
    )
    assert "The business grows: 2,550 active customers" in grown(ends[::-1], new[::-1])


def test_a_season_a_sale_in_another_month_chance_and_a_short_log_are_no_growth():
    season = [300.0, 300.0, 900.0] * 9
    assert grown(season, season) == ""
    moved = [1000.0] * 12 + [3000.0] + [1000.0] * 11 + [1000.0, 3000.0, 1000.0]
    assert grown(moved, moved) == ""
    few = [10.0] * 15 + [13.0] * 12
    assert grown(few, few) == ""
    young = np.linspace(100, 1000, 27)
    assert grown(young, young, days=600) == ""


def test_a_window_that_holds_more_days_of_billing_before_one_month_than_another_is_told():
    billing = Calendar(0.9, "before the month's end", (0,))
    starts = [date(2026, month, 1) for month in range(1, 13)]
    (told,) = uneven(billing, starts, 60)
    assert "90% of a usual month's purchases fall on the last day of the month" in told
    assert "The window of 60 days holds 2 to 3 of these" in told
    assert "For these figures --horizon 59d always holds 2;" in told
    assert uneven(billing, starts, 59) == []
    assert uneven(None, starts, 60) == []


@pytest.mark.thorough
@pytest.mark.usefixtures("unforecast")
def test_describe_tells_of_a_calendar_of_billing(tmp_path, capsys):
    ends = pd.date_range("2024-01-31", "2026-03-31", freq="ME")
    log = [(f"{n}", f"{day:%Y-%m-%d}", "9.00", "", "NO") for day in ends for n in range(40)]
    _, out, _ = described(tmp_path, capsys, "--json", "--quiet", "--horizon", "60d", log=log)
    assert [note for note in json.loads(out)["notes"] if "holds 2 to 3 of these" in note]


@pytest.fixture
def triangle():
    cells = pd.DataFrame(
        [
            (JANUARY, 0, 1000, 1100, 10_000.0),
            (JANUARY, 1, 200, 220, 2_000.0),
            (FEBRUARY, 0, 500, 500, 5_000.0),
            (FEBRUARY, 1, 60, 60, 700.0),
        ],
        columns=["cohort", "age", "buyers", "orders", "revenue"],
    ).set_index(["cohort", "age"])
    sizes = pd.Series({JANUARY: 1000, FEBRUARY: 500, MARCH: 80})
    return cohorts(cells, sizes, "month", date(2024, 4, 1))


def test_a_cell_that_is_not_over_is_blank_and_one_without_buyers_is_zero(triangle):
    assert triangle.buyers.loc[JANUARY].tolist() == [1000, 200, 0]
    assert np.isnan(triangle.buyers.loc[FEBRUARY, 2])
    assert triangle.buyers.loc[MARCH].isna().tolist() == [False, True, True]
    assert triangle.share.loc[JANUARY, 1] == pytest.approx(0.2)
    assert triangle.value.loc[JANUARY].tolist() == [10, 12, 12]


def test_cohorts_are_compared_with_an_interval(triangle):
    found = compare(triangle, FEBRUARY, [JANUARY], age=1)
    assert found.difference == pytest.approx(-0.08)
    assert found.low < -0.08 < found.high < 0
    assert found.sentence("month") == (
        "The cohort of 2024-02 came back less often in month 1 after its first than 2024-01: "
        "−8.0 points, −11.6 to −4.1."
    )
    assert latest(triangle, JANUARY, age=1) == found
    assert latest(triangle, JANUARY, age=2) is None
    # January's customers may be older than the log.
    assert latest(triangle, date(2024, 1, 31), age=1) is None


@pytest.mark.parametrize(
    ("difference", "words"),
    [(-0.119, "came back less often in month 3 after its first than"), (0.0, "came back as often")],
)
def test_a_difference_that_may_be_chance_is_told_with_its_direction(difference, words):
    """−11.9 points were called "about as often"."""
    low, high = difference - 0.13, difference + 0.13
    told = Comparison("2023-09", "the 10 before it", 3, 0.4, 0.5, difference, low, high)
    assert words in told.sentence("month")
    assert told.sentence("month").endswith("which may be chance.")


@pytest.mark.thorough
@pytest.mark.usefixtures("unforecast")
def test_two_cohorts_that_are_asked_for_are_compared_wherever_it_is_told(tmp_path, capsys):
    page, asked = tmp_path / "page.html", ("--compare", "2022-09,2022-04")
    _, out, _ = described(tmp_path, capsys, *asked, "--json", "--quiet", "--out", str(page))
    found = json.loads(out)["cohort_comparison"]
    cohorts = {row["cohort"]: row for row in json.loads(out)["cohorts"]}
    one, other = (cohorts[name] for name in ("2022-09", "2022-04"))
    assert found["age"] == 3
    assert found["difference"] == pytest.approx(one["share"][3] - other["share"][3])
    assert found["low"] < found["difference"] < found["high"]
    _, screen, _ = described(tmp_path, capsys, *asked)
    for shown in (screen, page.read_text(encoding="utf-8")):
        told = " ".join(shown.split())
        assert re.search(r"The cohort of 2022-09 came back .* 2022-04: .\d+\.\d points", told)


@pytest.mark.parametrize(
    ("names", "told"),
    [
        ("2022-09", "1 of 1 is one"),
        ("2022-09,1999-01", "1 of 2 is one"),
        ("2022-04,2023-03", "is not over"),
    ],
)
def test_cohorts_that_cannot_be_compared_are_refused(tmp_path, capsys, names, told):
    log = [row for row in shop.rows(200) if row[1] < "2023-03-20"]
    log.append(("new", "2023-03-19", "9.00", "Z1", "NO"))
    code, out, err = described(tmp_path, capsys, "--compare", names, "--quiet", log=log)
    assert (code, out) == (2, "")
    assert told in err


def test_the_interval_of_a_difference_covers_as_it_says():
    rng = np.random.default_rng(3)
    held = 0
    for one, other in zip(rng.binomial(60, 0.1, 800), rng.binomial(40, 0.2, 800), strict=True):
        _, low, high = difference_of_shares(one, 60, other, 40)
        held += low <= -0.1 <= high
    # Newcombe reports 0.95 on average; four standard errors of 800 draws are 0.031.
    assert held / 800 == pytest.approx(0.95, abs=0.031)


def test_the_lorenz_curve_of_equals_is_the_diagonal():
    table = pd.DataFrame({"percentile": [0, 50], "customers": [5, 5], "revenue": [50.0, 50.0]})
    assert gini(lorenz(table)) == pytest.approx(0)


def described(tmp_path, capsys, *options, log=None):
    path = shop.write(tmp_path / "shop.csv", shop.rows(200) if log is None else log)
    code = run(["describe", str(path), *shop.COLUMNS, "--horizon", "91d", *options])
    return code, *capsys.readouterr()


@pytest.mark.usefixtures("unforecast")
def test_the_json_is_the_whole_picture(tmp_path, capsys):
    code, out, _ = described(tmp_path, capsys, "--json", "--quiet", "--by", "Country")
    found = json.loads(out)
    assert code == 0
    for row in found["periods"]:
        moved = row["start"] + row["new"] + row["came_back"] - row["fell_silent"]
        assert moved == row["end"]
        if row["start"]:
            assert row["retention"] + row["churn"] == pytest.approx(1)
    people = found["overall"]["customers"]
    for name in ("rfm_groups", "tiers"):
        assert sum(row["customers"] for row in found[name]) == people
    assert sum(row["customers"] for row in found["by"]["Country"]) == people
    assert sum(row["new"] for row in found["periods"]) == people
    assert shop.SENTINEL not in out


def accounts_of(n_large):
    """A shop in which the most regular customers order for five hundred times as much."""
    log = shop.rows(200)
    names = set(pd.DataFrame(log)[0].value_counts().index[:n_large])
    return [(c, d, f"{float(a) * (500 if c in names else 1):.2f}", *more) for c, d, a, *more in log]


@pytest.mark.thorough
@pytest.mark.usefixtures("unforecast")
@pytest.mark.parametrize("n_large", [7, 0])
def test_few_accounts_that_bring_nearly_all_are_told(tmp_path, capsys, n_large):
    page, log = tmp_path / "page.html", accounts_of(n_large)
    code, out, err = described(tmp_path, capsys, "--out", str(page), log=log)
    assert code == 0, err
    _, printed, _ = described(tmp_path, capsys, "--json", "--quiet", log=log)
    found = json.loads(printed)["few_customers"]
    if not n_large:
        assert found is None
        return
    paid = pd.DataFrame(log).groupby(0)[2].apply(lambda amounts: amounts.astype(float).sum())
    largest = paid.sort_values(ascending=False)
    assert found["number"] <= n_large
    assert found["share"] == pytest.approx(largest.iloc[: found["number"]].sum() / paid.sum())
    assert largest.iloc[: found["number"]].sum() >= 0.95 * paid.sum()
    assert largest.iloc[: found["number"] - 1].sum() < 0.95 * paid.sum()
    told = f"{found['number']} of {found['customers']:,} customers have brought"
    assert told in " ".join(out.split())
    assert told in page.read_text(encoding="utf-8")


@given(st.lists(st.floats(0, 1e6), min_size=1, max_size=200))
def test_the_few_are_few_and_hold_at_least_half(money):
    found = few(np.array(money), len(money), sum(money))
    if found:
        assert found.number <= min(10, len(money) / 10)
        assert 0.5 <= found.share <= 1 + 1e-9
    elif sum(money) > 0:
        assert sum(sorted(money)[::-1][: min(10, len(money) // 10)]) < 0.5 * sum(money) + 1e-6


@pytest.mark.thorough
@pytest.mark.usefixtures("unforecast")
def test_rare_values_of_an_attribute_go_together(tmp_path, capsys):
    log = [(c, d, a, i, f"land {n % 40}") for n, (c, d, a, i, _) in enumerate(shop.rows(200))]
    _, out, _ = described(tmp_path, capsys, "--json", "--quiet", "--by", "Country", log=log)
    shown = [row["group"] for row in json.loads(out)["by"]["Country"]]
    assert len(shown) == 9
    assert shown[-1] == "(all others)"


@pytest.mark.thorough
@pytest.mark.usefixtures("unforecast")
def test_a_value_called_like_the_others_is_counted_once(tmp_path, capsys):
    log = [(*row[:4], ["(all others)", "NO", ""][n % 3]) for n, row in enumerate(shop.rows(60))]
    _, out, _ = described(tmp_path, capsys, "--json", "--quiet", "--by", "Country", log=log)
    rows = json.loads(out)["by"]["Country"]
    assert len({row["group"] for row in rows}) == len(rows)
    assert sum(row["customers"] for row in rows) == json.loads(out)["overall"]["customers"]


@pytest.mark.parametrize("kind", ["one day", "one customer"])
def test_a_tiny_log_is_described(tmp_path, capsys, kind):
    log = shop.rows(40)
    same = log[0][1 if kind == "one day" else 0]
    few = [row for row in log if row[1 if kind == "one day" else 0] == same]
    page = tmp_path / "page.html"
    code, out, err = described(tmp_path, capsys, "--by", "Country", "--out", str(page), log=few)
    assert code == 0, err
    assert "Customers by month" in out
    assert page.exists()


@pytest.mark.parametrize(
    ("day", "told"), [("2022-01-01", "Nobody has bought"), ("2030-01-01", "The log ends on")]
)
def test_a_day_outside_the_log_is_refused(tmp_path, capsys, day, told):
    code, out, err = described(tmp_path, capsys, "--as-of", day, "--quiet")
    assert code == 2
    assert told in err
    assert not out


@pytest.mark.parametrize("name", ["revenue", "Last_Day", "own_group"])
def test_an_attribute_called_like_a_figure_is_refused(name):
    asked = Asked(date(2024, 1, 1), "month", 30, by=(name,))
    orders = SimpleNamespace(end=date(2024, 1, 1))
    with pytest.raises(UserError, match=f"--by {name}: describe has a column called so"):
        describe(orders, asked, None, None)


@pytest.mark.thorough
@pytest.mark.usefixtures("unforecast")
def test_rows_of_another_currency_are_told_on_the_page_and_in_the_json(tmp_path, capsys):
    log = [(*row[:4], "EUR" if i else "USD") for i, row in enumerate(shop.rows(100))]
    page = tmp_path / "page.html"
    code, out, err = described(tmp_path, capsys, "--json", "--quiet", "--out", str(page), log=log)
    assert code == 0, err
    told = [line for line in json.loads(out)["remarks"] if "names 2 currencies" in line]
    assert len(told) == 1
    assert "names 2 currencies" in page.read_text(encoding="utf-8")


def test_signs_of_several_currencies_beside_the_amounts_are_refused(tmp_path, capsys):
    signs = {True: "EUR", False: "USD"}
    log = [(a, day, f"{x} {signs[day < '2023']}", *rest) for a, day, x, *rest in shop.rows(100)]
    code, out, err = described(tmp_path, capsys, "--quiet", log=log)
    assert (code, out) == (2, "")
    assert "2 currencies stand beside the amounts" in err
