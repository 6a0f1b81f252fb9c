"""The plots that this field knows, drawn from the tables of `models.btyd.diagnostics`.

Each returns matplotlib axes, and draws into those it is given. matplotlib is imported when a plot
is asked for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from models.btyd import diagnostics
from models.btyd.dates import day as as_day
from models.btyd.purchase_model import PurchaseModel

if TYPE_CHECKING:
    from matplotlib.axes import Axes

ACTUAL, EXPECTED = "#444444", "#0072b2"
"""Colours that stay apart for colour-blind eyes and in grey."""


def plot_alive_matrix(
    model: PurchaseModel, T: float, max_frequency: int = 30, ax: Axes | None = None
) -> Axes:
    """Draw P(alive) by frequency and recency of customers of age `T`.

    Examples
    --------
    >>> from models.btyd import BetaGeoModel
    >>> model = BetaGeoModel.from_params({"r": 0.24, "alpha": 4.41, "a": 0.79, "b": 2.43})
    >>> plot_alive_matrix(model, T=39).get_title()
    'Probability of being alive, by recency and frequency'
    """
    table = diagnostics.alive_matrix(model, T, max_frequency)
    return _heatmap(table, "Probability of being alive, by recency and frequency", ax)


def plot_frequency_recency_matrix(
    model: PurchaseModel,
    T: float,
    horizon: float,
    max_frequency: int = 30,
    ax: Axes | None = None,
) -> Axes:
    """Draw expected purchases within `horizon` by frequency and recency, customers of age `T`.

    Examples
    --------
    >>> from models.btyd import BetaGeoModel
    >>> model = BetaGeoModel.from_params({"r": 0.24, "alpha": 4.41, "a": 0.79, "b": 2.43})
    >>> plot_frequency_recency_matrix(model, T=39, horizon=13).get_xlabel()
    'recency: first to last purchase'
    """
    table = diagnostics.expected_purchases_matrix(model, T, max_frequency, horizon)
    return _heatmap(table, f"Expected purchases within {horizon:g}, by recency and frequency", ax)


def plot_repeat_counts(
    model: PurchaseModel, X: Any, n_max: int = 7, ax: Axes | None = None
) -> Axes:
    """Draw customers by number of repeat purchases, observed beside expected.

    Examples
    --------
    >>> from models.btyd import BetaGeoModel
    >>> model = BetaGeoModel.from_params({"r": 0.24, "alpha": 4.41, "a": 0.79, "b": 2.43})
    >>> len(plot_repeat_counts(model, model.simulate(500, T=39, seed=1)).patches)
    16
    """
    table, ax = diagnostics.repeat_counts(model, X, n_max), ax or _axes()
    table.plot.bar(ax=ax, color=[ACTUAL, EXPECTED], rot=0, width=0.8)
    ax.set(ylabel="customers", title="Customers by number of repeat purchases")
    return ax


def plot_tracking(
    model: PurchaseModel,
    days: Any,
    until: Any,
    days_per_unit: float = 1.0,
    every: int = 7,
    *,
    fitted_at: Any = None,
    cumulative: bool = False,
    ax: Axes | None = None,
) -> Axes:
    """Draw repeat purchases by period, actual and expected; see `diagnostics.tracking`.

    `fitted_at` marks the day the model was fitted at: what lies to its right is out of sample.

    Examples
    --------
    >>> from models.btyd import BetaGeoModel
    >>> model = BetaGeoModel.from_params({"r": 0.24, "alpha": 30.0, "a": 0.79, "b": 2.43})
    >>> days = pd.DataFrame({"customer_id": ["A", "A", "B"],
    ...     "transacted_at": ["2026-01-01", "2026-01-20", "2026-01-09"]})
    >>> plot_tracking(model, days, "2026-03-01").get_ylabel()
    'repeat purchases in 7 days'
    """
    table, ax = diagnostics.tracking(model, days, until, days_per_unit, every), ax or _axes()
    end = "_cumulative" if cumulative else ""
    ax.plot(table.index, table[f"actual{end}"], color=ACTUAL, label="actual")
    ax.plot(table.index, table[f"expected{end}"], color=EXPECTED, ls="--", label="expected")
    if fitted_at is not None:
        day: Any = as_day("fitted_at", fitted_at)  # the stubs know numbers only
        ax.axvline(day, color="#999999", lw=1, label="fitted here")
    ylabel = "repeat purchases so far" if cumulative else f"repeat purchases in {every} days"
    ax.set(ylabel=ylabel, title="Repeat purchases of all customers", ylim=(0, None))
    ax.legend(frameon=False)
    ax.tick_params(axis="x", rotation=30)
    return ax


def plot_alive_path(
    model: PurchaseModel,
    dates: Any,
    until: Any,
    *,
    days_per_unit: float = 1.0,
    ax: Axes | None = None,
) -> Axes:
    """Draw one customer's P(alive) from day to day, with the purchases as marks.

    Examples
    --------
    >>> from models.btyd import ParetoNBDModel
    >>> model = ParetoNBDModel.from_params({"r": 0.55, "alpha": 74, "s": 0.61, "beta": 82})
    >>> plot_alive_path(model, ["2026-01-01", "2026-02-01"], "2026-06-01").get_ylabel()
    'P(alive)'
    """
    path, ax = model.alive_path(dates, until, days_per_unit=days_per_unit), ax or _axes()
    ax.plot(path.index, path, color=EXPECTED)
    bought = pd.DatetimeIndex(pd.to_datetime(list(dates))).normalize().unique()
    ax.plot(bought, path.loc[bought], "o", color=ACTUAL, label="purchase")
    ax.set(ylim=(0, 1.05), ylabel="P(alive)", title="One customer: alive?")
    ax.legend(frameon=False)
    ax.tick_params(axis="x", rotation=30)
    return ax


def _axes() -> Axes:
    from matplotlib.figure import Figure

    # A figure of its own: pyplot would keep every one open.
    return Figure(figsize=(6.4, 4.2), layout="constrained").subplots()


def _heatmap(table: pd.DataFrame, title: str, ax: Axes | None) -> Axes:
    ax = ax or _axes()
    image = ax.pcolormesh(table.columns, table.index, table, cmap="cividis", shading="nearest")
    ax.figure.colorbar(image, ax=ax)
    ax.set(
        xlabel="recency: first to last purchase", ylabel="frequency: repeat purchases", title=title
    )
    return ax
