"""How often the 80 % intervals of the BTYD models hold what came.

    python -m benchmarks.btyd_coverage [FOLDER]     # of grocery_elog.parquet; else ../shared/data

20,000 simulated customers of each model, and the holdouts of real logs as the papers cut them.
"""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.btyd import SPEND
from models.btyd import (
    BetaGeoBetaBinomModel,
    BetaGeoModel,
    GammaGammaModel,
    ModifiedBetaGeoErlangModel,
    ModifiedBetaGeoModel,
    ParetoNBDModel,
)
from models.btyd.uncertainty import futures

GROCERY = "grocery_elog.parquet"

#: What the customers of the coverage table are drawn from; time in weeks, BG/BB in opportunities.
GEOMETRIC = {"r": 1.2, "alpha": 4.0, "a": 0.4, "b": 2.4}
DRAWN_FROM: dict[str, tuple[Any, dict[str, float], dict[str, Any]]] = {
    "Pareto/NBD": (ParetoNBDModel, {"r": 1.2, "alpha": 4.0, "s": 0.6, "beta": 15.0}, {}),
    "BG/NBD": (BetaGeoModel, GEOMETRIC, {}),
    "MBG/NBD": (ModifiedBetaGeoModel, GEOMETRIC, {}),
    "MBG/CNBD-2": (ModifiedBetaGeoErlangModel, GEOMETRIC, {"k": 2}),
    "BG/BB": (
        BetaGeoBetaBinomModel,
        {"alpha": 1.2, "beta": 0.75, "gamma": 0.66, "delta": 5.0},
        {},
    ),
}


def with_spend(X: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    """Spend of the calibration and of the horizon, by the same customers."""
    rate = rng.gamma(SPEND["q"], size=len(X)) / SPEND["v"]
    before, after = (
        np.where(X[count] > 0, rng.gamma(SPEND["p"] * np.maximum(X[count], 1)) / rate, 0.0)
        for count in ("frequency", "purchases")
    )
    return X.assign(monetary_value=before / np.maximum(X["frequency"], 1), spend=after)


def covered(outcome: pd.Series, low_high: pd.DataFrame, who: Any) -> float:
    """Share of these customers whose outcome lies within its interval."""
    inside = (low_high["low"] <= outcome) & (outcome <= low_high["high"])
    return float(inside[who].mean())


def coverage_line(
    name: str, model: Any, X: pd.DataFrame, horizon: float, spend: Any = None
) -> None:
    """Rank, plain and active coverage of 80 % intervals, of purchases and of spend."""
    rng, seen = np.random.default_rng(34), X["purchases"].to_numpy()
    drawn = futures(
        model, model._read(X), np.array([float(horizon)]), lambda n, *_: n.sum(axis=0), 400, rng
    )
    below, upto = (
        (compare(drawn, seen[:, None])).mean(axis=1) for compare in (np.less, np.less_equal)
    )
    rank = below + rng.random(len(X)) * (upto - below)  # ties broken at random
    active = model.probability_no_purchase(X, horizon) < 0.1
    everyone = np.ones(len(X), dtype=bool)
    counts = model.purchase_intervals(X, horizon)
    shares = [float((np.abs(rank - 0.5) <= 0.4).mean())]
    shares += [covered(X["purchases"], counts, who) for who in (everyone, active)]
    if spend is not None:
        money = model.spend_intervals(X, spend, horizon)
        shares += [covered(X["spend"], money, who) for who in (everyone, active)]
    figures = "".join(f"{share:10.3f}" for share in shares)
    print(f"{name:34}{figures}   ({active.sum():,} active)", flush=True)


def coverage(folder: Path) -> None:
    """Coverage of 80 % intervals: 20,000 simulated customers, and the holdouts of real logs."""
    head = ("rank", "plain", "active", "spend", "active")
    print(f"{'parameters from 4,000 of 20,000':34}" + "".join(f"{title:>10}" for title in head))
    for name, (kind, params, settings) in DRAWN_FROM.items():
        rng, discrete = np.random.default_rng(31), kind is BetaGeoBetaBinomModel
        ages = rng.integers(4, 20, 20_000) if discrete else rng.uniform(10, 60, 20_000)
        horizon = 10 if discrete else 30
        known = kind.from_params(params, **settings)
        X = with_spend(known.simulate(20_000, ages, rng, horizon=horizon), rng)
        model, spend = kind(**settings).fit(X[:4_000]), GammaGammaModel().fit(X[:4_000])
        coverage_line(name, model, X, horizon, spend)
    print(f"{'real holdouts':34}" + "".join(f"{title:>10}" for title in head[:3]))
    for name, X, horizon, models in real_logs(folder):
        for model in models:
            coverage_line(f"{name}, {type(model).__name__}", model.fit(X), X, horizon)


def real_logs(folder: Path) -> Iterator[tuple[str, pd.DataFrame, float, list[Any]]]:
    """CDNOW as the papers cut it; the grocery log where it is there."""
    spec = importlib.util.find_spec("lifetimes")
    if spec is not None and spec.submodule_search_locations:
        for name, columns, header in (
            ("CDNOW sample", ["master", "customer", "day", "cds", "amount"], None),
            ("CDNOW master", ["customer", "day", "cds", "amount"], 0),
        ):
            file = Path(
                spec.submodule_search_locations[0], "datasets", f"{name.replace(' ', '_')}.txt"
            )
            log = pd.read_csv(file, sep=r"\s+", header=header, names=columns)
            log["day"] = pd.to_datetime(log["day"].astype(str))
            X = summarised(log, "1997-09-30", "1998-06-30")
            yield name, X, 39, [ParetoNBDModel(), BetaGeoModel()]
    if (folder / GROCERY).exists():
        log = pd.read_parquet(folder / GROCERY)
        log = pd.DataFrame({"customer": log["customer_id"], "day": log["timestamp"].dt.normalize()})
        X = summarised(log, "2006-12-31", "2007-12-30")
        yield "grocery", X, 52, [ParetoNBDModel(), ModifiedBetaGeoErlangModel(k=2)]


def summarised(log: pd.DataFrame, end: str, until: str) -> pd.DataFrame:
    """Purchase days to the end of calibration and after it, in weeks, as the papers count them."""
    days = log[["customer", "day"]].drop_duplicates().sort_values(["customer", "day"])
    seen, later = days[days["day"] <= end], days[(days["day"] > end) & (days["day"] <= until)]
    span = seen.groupby("customer")["day"].agg(["min", "max", "count"])
    gaps = seen.groupby("customer")["day"].diff().dt.days / 7
    return pd.DataFrame(
        {
            "frequency": span["count"] - 1.0,
            "recency": (span["max"] - span["min"]).dt.days / 7,
            "T": (pd.Timestamp(end) - span["min"]).dt.days / 7,
            "log_intervals": np.log(gaps).groupby(seen["customer"]).sum(),
            "purchases": later.groupby("customer").size().reindex(span.index, fill_value=0),
        }
    )


if __name__ == "__main__":
    coverage(Path(sys.argv[1] if len(sys.argv) > 1 else Path("..", "shared", "data")))
