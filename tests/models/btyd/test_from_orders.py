"""The short way of a notebook: orders to a summary, a summary to answers, tables of a fit."""

from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from models.btyd import BetaGeoModel, GammaGammaModel, rfm_summary
from models.btyd.diagnostics import alive_matrix, repeat_counts, tracking

WEEK = 7.0


@pytest.fixture(scope="module")
def cdnow():
    folder = Path(find_spec("lifetimes").submodule_search_locations[0])
    columns = ["master", "customer_id", "transacted_at", "cds", "amount"]
    log = pd.read_csv(
        folder / "datasets" / "CDNOW_sample.txt",
        sep=r"\s+",
        names=columns,
        dtype={"master": str, "customer_id": str, "transacted_at": str},
    )
    return log.assign(transacted_at=pd.to_datetime(log["transacted_at"], format="%Y%m%d"))


@pytest.fixture(scope="module")
def model(cdnow):
    # Without an amount, as the published fit: days of 0 dollars count there.
    days = rfm_summary(cdnow, cutoff="1997-10-01")
    # The paper's T ends with the last day that is seen, ours at the cutoff, a day later.
    weeks = days.assign(recency=days["recency"] / WEEK, T=(days["T"] - 1) / WEEK)
    return BetaGeoModel().fit(weeks)


def test_the_published_fit_follows_from_the_orders_alone(model):
    # Fader, Hardie & Lee (2005), table 1.
    assert model.log_likelihood_ == pytest.approx(-9582.43, abs=0.01)
    assert model.params_["r"] == pytest.approx(0.2426, abs=1e-4)


def test_a_day_of_refunds_is_no_purchase_and_its_money_is_netted():
    orders = pd.DataFrame(
        {
            "customer_id": ["A", "A", "A", "A", "B", "B", "C"],
            "transacted_at": (
                ["2024-01-01", "2024-01-08 09:00", "2024-01-08 17:00", "2024-01-20"]
                + ["2024-01-02", "2024-01-05", "2024-01-03"]
            ),
            "amount": [50.0, 50.0, -20.0, 40.0, 20.0, -20.0, -5.0],
        }
    )
    found = rfm_summary(orders, amount="amount", cutoff="2024-01-31")
    assert found.index.tolist() == ["A", "B"]
    assert found.loc["A"].tolist() == [2.0, 19.0, 30.0, 35.0]
    assert found.loc["B"].tolist() == [0.0, 0.0, 29.0, 0.0]
    from_arrow = rfm_summary(pa.Table.from_pandas(orders), amount="amount", cutoff="2024-01-31")
    pd.testing.assert_frame_equal(from_arrow, found, check_index_type=False)


def test_orders_on_or_after_the_cutoff_are_not_seen(cdnow):
    early = cdnow[cdnow["transacted_at"] < "1997-06-01"]
    pd.testing.assert_frame_equal(
        rfm_summary(cdnow, amount="amount", cutoff="1997-06-01"),
        rfm_summary(early, amount="amount", cutoff="1997-06-01"),
    )


@pytest.mark.parametrize(
    ("column", "value", "said"),
    [
        ("customer_id", " ", "1 of 3 rows break 'customer_id is not blank'"),
        ("customer_id", None, "1 of 3 rows break 'customer_id is not blank'"),
        ("transacted_at", 20240101, "1 of 3 rows break 'transacted_at is a date'"),
        ("transacted_at", "soon", "1 of 3 rows break 'transacted_at is a date'"),
        ("amount", float("nan"), "1 of 3 rows break 'amount is a finite number'"),
    ],
)
def test_blanks_are_counted_and_refused(column, value, said):
    orders = pd.DataFrame(
        {"customer_id": ["A", "A", "B"], "transacted_at": "2024-01-01", "amount": 1.0}
    ).astype({column: object})
    orders.loc[1, column] = value
    with pytest.raises(ValueError, match=said):
        rfm_summary(orders, amount="amount")


def test_a_day_given_back_to_the_cent_is_no_purchase():
    orders = pd.DataFrame(
        {
            "customer_id": "A",
            "transacted_at": ["2024-01-01", *["2024-01-09"] * 3],
            "amount": [5.0, 0.1, 0.2, -0.3],  # in floats .1 + .2 - .3 is above 0
        }
    )
    assert rfm_summary(orders, amount="amount")["frequency"].item() == 0


@pytest.mark.parametrize("cutoff", ["2024-02-01 12:00", "01/02/2024", "tomorrow", "now", pd.NaT])
def test_a_cutoff_is_a_day(cutoff):
    orders = pd.DataFrame({"customer_id": ["A"], "transacted_at": ["2024-01-01"]})
    with pytest.raises(ValueError, match="cutoff must be a da"):
        rfm_summary(orders, cutoff=cutoff)


@pytest.mark.parametrize("dates", [["13/01/2024", "01/02/2024"], [20240101, None]])
def test_a_date_that_could_be_two_is_none_in_the_tables_of_a_fit(model, dates):
    days = pd.DataFrame({"customer_id": "A", "transacted_at": dates})
    with pytest.raises(ValueError, match="rows break 'transacted_at is a date'"):
        tracking(model, days, "2024-03-01")
    iso = days.assign(transacted_at="2024-01-01")
    with pytest.raises(ValueError, match="until must be a date"):
        tracking(model, iso, "03/04/2024")
    with pytest.raises(ValueError, match="until lies less than a period"):
        tracking(model, iso, "2023-01-01")
    with pytest.raises(ValueError, match="each of dates must be a date"):
        model.alive_path(["01/02/2024"], "2024-03-01")


def test_zones_are_left_out_of_dates_and_cutoffs_alike_and_never_mixed():
    moments = pd.Series(["2024-01-01 23:30", "2024-02-01 00:30"]).pipe(pd.to_datetime)
    orders = pd.DataFrame({"customer_id": "A", "transacted_at": moments.dt.tz_localize("CET")})
    cutoff = pd.Timestamp("2024-03-01", tz="CET")
    assert rfm_summary(orders, cutoff=cutoff).loc["A"].tolist() == [1.0, 31.0, 60.0]
    mixed = orders.assign(transacted_at=["2024-01-01T00:30+02:00", "2024-02-01T00:30Z"])
    with pytest.raises(ValueError, match="several offsets from UTC"):
        rfm_summary(mixed)


def test_a_column_that_is_there_twice_is_refused():
    orders = pd.DataFrame([["A", "B", "2024-01-01"]], columns=["id", "id", "day"])
    with pytest.raises(ValueError, match="several columns id"):
        rfm_summary(orders, "id", "day")


def test_answers_carry_the_customers_index(model):
    summary = model.simulate(50, T=30, seed=1).assign(monetary_value=20.0)
    summary.index = [f"C{n}" for n in range(50)]
    spend = GammaGammaModel.from_params({"p": 6.25, "q": 3.74, "v": 15.44})
    found = model.customer_table(summary, 13, spend, days_per_unit=WEEK)
    assert found.index.tolist() == summary.index.tolist()
    np.testing.assert_array_equal(found["p_churn"], model.probability_no_purchase(summary, 13))
    np.testing.assert_array_equal(found["clv"], model.clv(summary, spend, days_per_unit=WEEK))


@pytest.mark.slow
def test_tracking_counts_every_repeat_purchase_once_and_expects_about_as_many(cdnow, model):
    table = tracking(model, cdnow, "1997-10-01", WEEK)
    days = cdnow.drop_duplicates(["customer_id", "transacted_at"])
    known = days[days["transacted_at"] < table.index[-1] + pd.Timedelta(days=7)]
    assert table["actual"].sum() == len(known) - known["customer_id"].nunique()
    assert table["expected_cumulative"].iloc[-1] == pytest.approx(table["actual"].sum(), rel=0.05)
    assert (table["expected"] >= 0).all()


def test_expected_counts_are_those_that_a_simulation_has(model):
    drawn = model.simulate(40_000, T=39, seed=5)
    table = repeat_counts(model, drawn, n_max=4)
    assert table["observed"].sum() == 40_000
    np.testing.assert_allclose(table["observed"], table["expected"], rtol=0.06)


def test_the_alive_matrix_has_no_cell_for_impossible_customers(model):
    table = alive_matrix(model, T=39, max_frequency=3)
    assert table.loc[0].notna().tolist() == [True] + [False] * 50
    assert table.loc[1].isna().tolist() == [True] + [False] * 50
    assert (table.loc[3].dropna().diff().dropna() > 0).all(), "the later, the likelier alive"
