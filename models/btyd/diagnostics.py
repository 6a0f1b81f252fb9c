"""Tables that show whether a fitted model fits, and what it says of whom; `plots` draws them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from models.btyd.customers import as_frame, refuse
from models.btyd.dates import clocks
from models.btyd.dates import day as as_day
from models.btyd.purchase_model import PurchaseModel
from models.btyd.settings import number, whole


def alive_matrix(model: PurchaseModel, T: float, max_frequency: int) -> pd.DataFrame:
    """P(alive) of customers of age `T`: frequency down, recency (0 .. T) across.

    NaN where no customer can be: repeat purchases within no time, or none that took time.
    """
    return _matrix(T, max_frequency, model.probability_alive)


def expected_purchases_matrix(
    model: PurchaseModel, T: float, max_frequency: int, horizon: float
) -> pd.DataFrame:
    """Expected purchases in (T, T + horizon], in the same layout."""
    return _matrix(T, max_frequency, lambda X: model.expected_purchases(X, horizon))


def _matrix(T: float, max_frequency: int, answer: Any) -> pd.DataFrame:
    age = number("T", T, above=0)
    x = np.arange(whole("max_frequency", max_frequency, 0) + 1.0)
    t_x = np.linspace(0.0, age, 51)
    cells = pd.DataFrame(
        {"frequency": np.repeat(x, len(t_x)), "recency": np.tile(t_x, len(x)), "T": age}
    )
    possible = (cells["frequency"] > 0) == (cells["recency"] > 0)
    values = np.full(len(cells), np.nan)
    values[possible.to_numpy()] = answer(cells[possible])
    table = pd.DataFrame(
        values.reshape(len(x), len(t_x)), index=pd.Index(x.astype(int), name="frequency")
    )
    return table.set_axis(pd.Index(t_x, name="recency"), axis=1)


def repeat_counts(model: PurchaseModel, X: Any, n_max: int = 7) -> pd.DataFrame:
    """Customers by number of repeat purchases: observed, and expected by the model.

    Expected of each customer's age as if nothing else were known; the last row holds `n_max` and
    more. Two models of one base are compared by it, and a poor fit shows.

    Examples
    --------
    >>> from models.btyd import BetaGeoModel
    >>> model = BetaGeoModel.from_params({"r": 0.24, "alpha": 4.41, "a": 0.79, "b": 2.43})
    >>> table = repeat_counts(model, model.simulate(2_000, T=39, seed=3), n_max=2)
    >>> int(table["observed"].sum()), round(float(table["expected"].sum()))
    (2000, 2000)
    """
    frame, most = as_frame(X, ("frequency", "T")), whole("n_max", n_max, 1)
    new = pd.DataFrame({"frequency": 0.0, "recency": 0.0, "T": np.zeros(len(frame))})
    pmf = model.purchase_count_pmf(new, frame["T"].to_numpy(float), most - 1)
    expected = np.append(pmf.sum(axis=0), (1 - pmf.sum(axis=1)).sum())
    seen = np.minimum(frame["frequency"].to_numpy(float), most).astype(int)
    observed = np.bincount(seen, minlength=most + 1)
    index = pd.Index([*map(str, range(most)), f"{most}+"], name="repeat purchases")
    return pd.DataFrame({"observed": observed, "expected": expected}, index=index)


def tracking(
    model: PurchaseModel, days: Any, until: Any, days_per_unit: float = 1.0, every: int = 7
) -> pd.DataFrame:
    """Repeat purchases of all customers by period: actual, and expected by the model.

    The model is asked what it expects of customers from their first purchase on, nothing else
    known: what lies behind the day it was fitted at is out of sample.

    Parameters
    ----------
    days : frame
        `customer_id` and `transacted_at`: one row per purchase; those of one day count once.
    until : date
        The day after the last one to show, a period or more after the first purchase.
    days_per_unit : float
        Days in one unit of the model's T.
    every : int
        Days of a period; one that is not over by `until` is left out.

    Returns
    -------
    DataFrame indexed by each period's first day, with `actual`, `expected` (new in the period),
    `actual_cumulative`, `expected_cumulative`
    """
    frame = as_frame(days, ("customer_id", "transacted_at"))
    day = clocks(frame["transacted_at"], "transacted_at").dt.normalize()
    refuse({"transacted_at is a date": lambda: day.isna().to_numpy()}, len(frame))
    bought = pd.DataFrame({"customer_id": frame["customer_id"], "day": day}).drop_duplicates()
    birth = bought.groupby("customer_id")["day"].transform("min")
    unit, length = number("days_per_unit", days_per_unit, above=0), whole("every", every, 1)
    first, end = day.min(), as_day("until", until)
    edges = pd.date_range(first, end, freq=f"{length}D")
    if len(edges) < 2:
        raise ValueError(
            f"until lies less than a period of {length} days after the first purchase."
        )
    repeat = bought.loc[(bought["day"] > birth) & (bought["day"] < edges[-1]), "day"]
    actual = np.histogram((repeat - first).dt.days, bins=np.arange(len(edges)) * length)[0]
    born = birth[bought["day"] == birth].value_counts()
    at_edge = np.zeros(len(edges))
    for start, n in zip(pd.DatetimeIndex(born.index), born, strict=True):
        age = np.maximum((edges - start).days, 0) / unit
        at_edge += n * model.expected_purchases_new_customer(age)
    expected = np.diff(at_edge)
    return pd.DataFrame(
        {
            "actual": actual,
            "expected": expected,
            "actual_cumulative": actual.cumsum(),
            "expected_cumulative": expected.cumsum(),
        },
        index=pd.Index(edges[:-1], name="period"),
    )
