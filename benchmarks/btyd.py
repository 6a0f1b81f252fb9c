"""How fast the BTYD models are beside lifetimes 0.11.3: ratios of medians, one run, one machine.

    python -m benchmarks.btyd             1,000,000 customers; about ten minutes, mostly lifetimes
    python -m benchmarks.btyd --quick     100,000 customers
    python -m benchmarks.btyd --memory    predictions for 10,000,000: the peak memory
    python -m benchmarks.btyd --intervals what an interval costs, by model
    python -m benchmarks.btyd --pymc      fits beside PyMC-Marketing's, where it is installed

Exits with status 1 when a ratio misses its target.
"""

from __future__ import annotations

import argparse
import importlib.util
import resource
import statistics
import sys
import time
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd

from models.btyd import (
    BetaGeoModel,
    GammaGammaModel,
    ModifiedBetaGeoErlangModel,
    ModifiedBetaGeoModel,
    ParetoNBDModel,
)

#: Two years in days; per-customer rates like CDNOW's.
PARAMETERS = {"r": 0.55, "alpha": 74.0, "s": 0.61, "beta": 82.0}
DAYS = 730
HORIZON = 90
SPEND = {"p": 6.25, "q": 3.74, "v": 15.44}


def simulated_summary(n: int, seed: int = 1) -> pd.DataFrame:
    """Customers of up to two years, in whole days, with mean spend per purchase day."""
    rng = np.random.default_rng(seed)
    ages = rng.integers(1, DAYS + 1, n).astype(float)
    drawn = ParetoNBDModel.from_params(PARAMETERS).simulate(n, ages, rng)
    days = np.ceil(drawn["recency"])
    # A day holds one purchase day: no more repeat purchases than days.
    frequency = np.minimum(drawn["frequency"], days)
    spend_model = GammaGammaModel.from_params(SPEND)
    spend = spend_model.simulate(n, frequency.to_numpy(), rng)["monetary_value"]
    return pd.DataFrame(
        {"frequency": frequency, "recency": days, "T": ages, "monetary_value": spend}
    )


def seconds(run: Callable[[], Any], repeats: int) -> tuple[float, Any]:
    """Median wall-clock time and the last result."""
    times, result = [], None
    for _ in range(repeats):
        start = time.perf_counter()
        result = run()
        times.append(time.perf_counter() - start)
    return statistics.median(times), result


class Report:
    """Prints one line per comparison and remembers what missed its target."""

    def __init__(self) -> None:
        self.missed: list[str] = []
        print(f"{'':34}{'ours s':>10}{'theirs s':>10}{'ratio':>9}{'target':>8}")

    def line(self, name: str, ours: float, theirs: float, target: float) -> None:
        """One comparison: seconds, and how many times faster ours is."""
        ratio = theirs / ours
        print(f"{name:34}{ours:10.3f}{theirs:10.2f}{ratio:8.1f}x{target:7.0f}x", flush=True)
        if ratio < target:
            self.missed.append(name)

    def check(self, claim: str, holds: bool) -> None:
        """A claim that is not about time."""
        print(f"{claim}: {'yes' if holds else 'NO'}", flush=True)
        if not holds:
            self.missed.append(claim)


def fits(X: pd.DataFrame, lifetimes: Any, report: Report, repeats: int) -> None:
    """BG/NBD on all customers; Pareto/NBD: lifetimes on a tenth, its cost being linear."""
    x, t_x, T = X["frequency"], X["recency"], X["T"]
    ours, model = seconds(lambda: BetaGeoModel().fit(X), repeats)
    theirs, fitter = seconds(lambda: lifetimes.BetaGeoFitter().fit(x, t_x, T), 3)
    report.line(f"BG/NBD fit, {len(X):,}", ours, theirs, 20)
    their_likelihood = BetaGeoModel.from_lifetimes(fitter).customer_log_likelihood(X).sum()
    report.check(
        f"BG/NBD log-likelihood {model.log_likelihood_:.4f} >= {their_likelihood:.4f}",
        model.log_likelihood_ >= their_likelihood - 1e-6,
    )
    part = X.iloc[: len(X) // 10]
    # Its random starts, N(1, 0.05), take it from 24 seconds to beyond ten minutes: a known one,
    # the fastest of the first three seeds, so that runs compare.
    start = np.random.default_rng(3).normal(1, 0.05, 4)
    theirs, fitter = seconds(
        lambda: lifetimes.ParetoNBDFitter().fit(
            part["frequency"], part["recency"], part["T"], initial_params=start
        ),
        1,
    )
    ours, model = seconds(lambda: ParetoNBDModel().fit(part), repeats)
    report.line(f"Pareto/NBD fit, {len(part):,}", ours, theirs, 30)
    their_likelihood = ParetoNBDModel.from_lifetimes(fitter).customer_log_likelihood(part).sum()
    report.check(
        f"Pareto/NBD log-likelihood {model.log_likelihood_:.4f} >= {their_likelihood:.4f}",
        model.log_likelihood_ >= their_likelihood - 1e-6,
    )
    ours, _ = seconds(lambda: ParetoNBDModel().fit(X), repeats)
    report.line(f"Pareto/NBD fit, {len(X):,} (theirs x 10)", ours, 10 * theirs, 30)


def predictions(X: pd.DataFrame, lifetimes: Any, report: Report, repeats: int) -> None:
    """The same parameters in both, so only the arithmetic differs."""
    x, t_x, T = X["frequency"], X["recency"], X["T"]
    for name, model in (
        ("BG/NBD", BetaGeoModel.from_params({"r": 0.24, "alpha": 31.0, "a": 0.79, "b": 2.4})),
        ("Pareto/NBD", ParetoNBDModel.from_params(PARAMETERS)),
    ):
        fitter = model.to_lifetimes()
        ours, _ = seconds(lambda m=model: m.expected_purchases(X, HORIZON), repeats)
        theirs, _ = seconds(lambda f=fitter: f.predict(HORIZON, x, t_x, T), 3)
        report.line(f"{name} expected_purchases", ours, theirs, 3)
        ours, _ = seconds(lambda m=model: m.probability_alive(X), repeats)
        theirs, _ = seconds(lambda f=fitter: f.conditional_probability_alive(x, t_x, T), 5)
        report.line(f"{name} probability_alive", ours, theirs, 3)
    model = BetaGeoModel.from_params({"r": 0.24, "alpha": 31.0, "a": 0.79, "b": 2.4})
    spend = GammaGammaModel.from_params(SPEND)
    transactions, money = model.to_lifetimes(), spend.to_lifetimes()
    ours, _ = seconds(lambda: model.clv(X, spend, 12, 0.01), repeats)
    theirs, _ = seconds(
        lambda: money.customer_lifetime_value(
            transactions, x, t_x, T, X["monetary_value"], time=12, discount_rate=0.01, freq="D"
        ),
        3,
    )
    report.line("CLV over 12 months", ours, theirs, 10)


def against_pymc(n: int = 20_000) -> list[str]:
    """PyMC-Marketing's maximum a posteriori: its first fit, and one more once it is compiled."""
    if importlib.util.find_spec("pymc_marketing") is None:
        print("PyMC-Marketing is not installed here: its fit_method='map' is not compared.")
        return []
    from pymc_marketing import clv

    X, report = simulated_summary(n), Report()
    data = X.assign(customer_id=np.arange(len(X)))
    for name, ours_class, theirs_class in (
        ("BG/NBD", BetaGeoModel, clv.BetaGeoModel),
        ("Pareto/NBD", ParetoNBDModel, clv.ParetoNBDModel),
    ):
        ours, _ = seconds(lambda m=ours_class: m().fit(X), 3)
        for when in ("first", "again"):
            theirs, _ = seconds(
                lambda m=theirs_class: m(data=data).fit(method="map", progressbar=False), 1
            )
            report.line(f"{name} fit, PyMC map, {when}", ours, theirs, 1)
    return report.missed


def intervals(n: int = 100_000) -> None:
    """CPU seconds of 80 % intervals per million customers, two years in days."""
    X = simulated_summary(n)
    spend = GammaGammaModel().fit(X)
    print(f"{'CPU s per 1,000,000 customers':34}{'purchases':>12}{'spend':>12}{'12 months':>12}")
    for model in (
        ParetoNBDModel().fit(X),
        BetaGeoModel().fit(X),
        ModifiedBetaGeoModel().fit(X),
        ModifiedBetaGeoErlangModel(k=2).fit(X),
    ):
        taken = []
        for run in (
            lambda m=model: m.purchase_intervals(X, HORIZON),
            lambda m=model: m.spend_intervals(X, spend, HORIZON),
            lambda m=model: m.clv_intervals(X, spend, 12, 0.01),
        ):
            start = time.process_time()
            run()
            taken.append((time.process_time() - start) * 1e6 / n)
        print(f"{type(model).__name__:34}" + "".join(f"{t:12.0f}" for t in taken), flush=True)


def memory(n: int = 10_000_000) -> None:
    """Peak memory of predictions for ten million customers."""
    X = pd.concat([simulated_summary(n // 10)] * 10, ignore_index=True)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    for model in (
        BetaGeoModel.from_params({"r": 0.24, "alpha": 31.0, "a": 0.79, "b": 2.4}),
        ParetoNBDModel.from_params(PARAMETERS),
    ):
        start = time.perf_counter()
        model.expected_purchases(X, HORIZON)
        model.probability_no_purchase(X, HORIZON)
        took = time.perf_counter() - start
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
        print(
            f"{type(model).__name__}: {n:,} customers in {took:.1f} s, peak {peak:.2f} GiB "
            f"(of which the frame and its making {before:.2f})"
        )


def main() -> int:
    """Run the comparison; 1 when a target is missed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="100,000 customers")
    parser.add_argument("--memory", action="store_true", help="only the 10 M prediction")
    parser.add_argument("--intervals", action="store_true", help="only the cost of intervals")
    parser.add_argument("--pymc", action="store_true", help="only PyMC-Marketing")
    arguments = parser.parse_args()
    if arguments.memory:
        memory()
        return 0
    if arguments.intervals:
        intervals()
        return 0
    if arguments.pymc:
        warnings.simplefilter("ignore")
        return int(bool(against_pymc()))
    if importlib.util.find_spec("lifetimes") is None:
        print("lifetimes is not installed: there is nothing to compare with.")
        return 0
    warnings.simplefilter("ignore")  # lifetimes warns at import and in its logarithms
    import lifetimes

    X = simulated_summary(100_000 if arguments.quick else 1_000_000)
    print(
        f"{len(X):,} customers, {DAYS} days, {(X['frequency'] == 0).mean():.0%} bought once, "
        f"{len(X[['frequency', 'recency', 'T']].drop_duplicates()):,} distinct histories"
    )
    report = Report()
    predictions(X, lifetimes, report, repeats=7)
    fits(X, lifetimes, report, repeats=5)
    if report.missed:
        print("Missed: " + "; ".join(report.missed))
    return int(bool(report.missed))


if __name__ == "__main__":
    sys.exit(main())
