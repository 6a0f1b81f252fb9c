"""Signals of what earlier scorings said: beyond chance, and beyond what the backtest promised."""

from collections.abc import Sequence
from datetime import date

import numpy as np

from pipeline.watching.realised import Realised
from pipeline.watching.signals import Signal
from pipeline.watching_config import MonitoringConfig

LEAST_OVER = 1 / 3
"""A scoring is judged when so much of its horizon is over."""


def judged(
    found: Sequence[Realised], version: str, learned: date, config: MonitoringConfig
) -> list[Signal]:
    """Signals of the model that answers today: of its latest whole horizon, and its latest part.

    Scorings of models that were replaced since are told, and judge nobody; nor do those of a day
    before `learned`, after which this model had seen what came.
    """
    own = [one for one in found if one.model_version == version and one.as_of >= learned]
    ripe = [one for one in own if one.days >= LEAST_OVER * one.horizon_days]
    whole, part = ([one for one in ripe if one.over is over] for over in (True, False))
    latest = [max(some, key=lambda one: one.as_of) for some in (whole, part) if some]
    signals = [_gone(one, config) for one in found]
    for one in latest:
        signals += [_level(one, config), *_totals(one, config), *_losses(one, config)]
        signals += _coverage(one, config)
    return signals


def _gone(one: Realised, config: MonitoringConfig) -> Signal:
    share = one.gone / (one.gone + one.total["customers"])
    words = f"{one.gone:,} of the customers scored at {one.as_of} are not in the log any more."
    return Signal(
        "customers_gone", "data", f"scored at {one.as_of}", share, config.past,
        share > config.past, words,
    )  # fmt: skip


def _level(one: Realised, config: MonitoringConfig) -> Signal:
    expected, came = one.total["p_churn"], one.total["churned"]
    off = float(expected - came)
    limit = config.level + _worst(one, "level")
    words = (
        f"Of the customers {one.words}, {expected:.1%} were expected without a purchase within "
        f"{one.days} days, and {came:.1%} are."
    )
    return _signal("level", one, off, limit, abs(off) / max(one.level_error, 1e-9), words, config)


def _totals(one: Realised, config: MonitoringConfig) -> list[Signal]:
    found = []
    for name, error in (("purchases", one.purchases_error), ("spend", one.spend_error)):
        expected, came = one.total[f"expected_{name}"], one.total[name]
        if came <= 0 or np.isnan(expected):  # a model may answer for no money
            continue
        off = float(expected / came - 1)
        limit = config.total + _worst(one, "spend")
        words = (
            f"{name.capitalize()} of the customers {one.words}: {expected:,.0f} expected, "
            f"{came:,.0f} came ({off:+.0%})."
        )
        found.append(_signal(name, one, off, limit, abs(off) / max(error, 1e-9), words, config))
    return found


def _losses(one: Realised, config: MonitoringConfig) -> list[Signal]:
    """Log loss against the backtest's, where the horizon is over, and against recency alone."""
    loss, found = float(one.total["log_loss"]), []
    known = one.promised.get("log_loss")
    if one.over and known:
        more = loss / max(known) - 1
        words = (
            f"Log loss of the customers {one.words}: {loss:.4f}, at most {max(known):.4f} in the "
            "backtest."
        )
        risen = more > config.log_loss
        found.append(Signal("log_loss", "answer", one.words, more, config.log_loss, risen, words))
    if np.isfinite(one.behind):
        beyond = one.behind / max(one.behind_error, 1e-9)
        words = (
            f"Log loss of the customers {one.words}: {loss:.4f}, of recency alone "
            f"{one.rule_log_loss:.4f}."
        )
        risen = beyond > config.chance
        found.append(
            Signal("behind_rule", "answer", one.words, one.behind, 0.0, risen, words, beyond)
        )
    return found


def _coverage(one: Realised, config: MonitoringConfig) -> list[Signal]:
    if not np.isfinite(one.coverage):
        return []
    worst = max((abs(held - 0.8) for held in one.promised.get("coverage") or [0.8]), default=0.0)
    off = one.coverage - 0.8
    bought = one.total["customers"] * (1 - one.total["churned"])
    beyond = abs(off) / np.sqrt(0.16 / max(bought, 1))
    words = f"80 % intervals of what buyers spend, {one.words}: they held {one.coverage:.0%} of it."
    return [_signal("coverage", one, off, config.coverage + worst, float(beyond), words, config)]


def _worst(one: Realised, name: str) -> float:
    """How far off the backtest was at its worst cutoff; 0 where it is not told."""
    return max((abs(off) for off in one.promised.get(name) or ()), default=0.0)


def _signal(
    name: str,
    one: Realised,
    off: float,
    limit: float,
    beyond: float,
    words: str,
    config: MonitoringConfig,
) -> Signal:
    risen = abs(off) > limit and beyond > config.chance
    return Signal(name, "answer", one.words, off, limit, risen, words, beyond)
