"""What a longer period that is over teaches of the months after the horizon: chance, then money.

How far buy-till-you-die models are to be followed rather than the blend's horizon, and what silence
tells. Nothing is moved where nothing would have been gained.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from models.blend.by_silence import ALIKE, better, by_silence, money_by_silence
from models.blend.extrapolation import Extrapolation
from models.blend.level_error import PRIOR_MISS
from models.blend.mean_shift import beyond_chance, shift_to_mean
from models.contenders.encoding import expit, logit
from models.evaluation.bootstrap import customer_log_loss
from models.evaluation.spend import normalised_gini
from models.history import Longer, weights

TRUSTS, MARGIN = (1.0, 0.5, 0.0), 0.01
"""What is tried, and by how much the Gini coefficient must grow where what buyers spend is to
follow another trust than their chance."""

Asked = Callable[[Extrapolation], np.ndarray]
"""What is expected of each customer in the period, by an extrapolation; shape (n_customers,)."""


def learned_chance(
    extrapolation: Extrapolation, longer: Longer, none_by: Asked
) -> list[Extrapolation]:
    """Trusts that tell who buys anything, each with its silences: the best first.

    Full trust is the best until another is better beyond chance. Those follow that the best does
    not beat beyond chance.

    Parameters
    ----------
    none_by : callable
        Answers the probability of no purchase in the period.
    """
    gone, w = longer.rows["churned"].to_numpy(float), weights(longer.rows)
    if gone.min() == gone.max():
        return [extrapolation]
    mean = float(np.average(gone, weights=w))
    extrapolation = _with_rhythm(extrapolation, gone, w, none_by)
    found, losses = [], []
    for trust in TRUSTS:
        tried = replace(extrapolation, chance_trust=trust, spend_trust=trust)
        tried = replace(tried, by_silence=by_silence(longer, none_by(tried)))
        # How many come back in all is corrected whatever the trust.
        odds = logit(none_by(tried))
        shift = shift_to_mean(odds, w, mean)
        found.append(replace(tried, silent=beyond_chance(shift, PRIOR_MISS)))
        losses.append(customer_log_loss(gone, expit(odds + shift)))
    better_than_full = [i for i, loss in enumerate(losses) if better(losses[0], loss, w)]
    best = min(better_than_full, key=lambda i: float(w @ losses[i]), default=0)
    rest = [i for i, loss in enumerate(losses) if i != best and not better(loss, losses[best], w)]
    return [found[i] for i in (best, *rest)]


def _with_rhythm(
    extrapolation: Extrapolation, gone: np.ndarray, weight: np.ndarray, none_by: Asked
) -> Extrapolation:
    """Let the model of regular customers carry the chance on, where it told better who came.

    By more than a standard error, whatever either says of how many came in all.
    """
    rhythm = replace(extrapolation, rhythm=True)
    mean = float(np.average(gone, weights=weight))
    plain, regular = (
        customer_log_loss(gone, expit(odds + shift_to_mean(odds, weight, mean)))
        for odds in (logit(none_by(tried)) for tried in (extrapolation, rhythm))
    )
    return rhythm if better(plain, regular, weight, margin=0.0, beyond=1.0) else extrapolation


def learned_spend(
    chances: list[Extrapolation], longer: Longer, horizon_spend: np.ndarray, valued: Asked
) -> Extrapolation:
    """Choose the trust in spend that would have ranked customers best, at one and the same total.

    Parameters
    ----------
    chances : list of Extrapolation
        As of `learned_chance`. Another than the best is taken only for a much better order.
    horizon_spend : ndarray, shape (n_customers,)
        Expected spend of the horizon alone, which the period holds.
    valued : callable
        Answers the expected spend of the period.
    """
    extrapolation, *others = chances
    came, w = np.maximum(longer.rows["spend"].to_numpy(float), 0.0), weights(longer.rows)
    whole = w @ (valued(extrapolation.plain) - horizon_spend)
    if not came.any() or whole <= 0:
        return extrapolation.plain
    best, known = extrapolation.plain, -np.inf
    trusts = dict.fromkeys((extrapolation.chance_trust, *TRUSTS))
    for tried in (*(replace(extrapolation, spend_trust=trust) for trust in trusts), *others):
        least = known + MARGIN * (tried in others)
        tried = _with_money(tried, longer, horizon_spend, valued)
        later = valued(tried) - horizon_spend
        if w @ later <= 0:
            continue
        rescale = float(whole / (w @ later)) if tried != tried.plain else 1.0
        found = normalised_gini(came, horizon_spend + rescale * later, w)
        if known == -np.inf:
            best, known = replace(tried, rescale=rescale), found + MARGIN
        elif found > least:
            best, known = replace(tried, rescale=rescale), found
    return best


def _with_money(
    tried: Extrapolation, longer: Longer, horizon_spend: np.ndarray, valued: Asked
) -> Extrapolation:
    """The same with what the money of its silences differs by."""
    if tried.by_silence == ALIKE:
        return tried
    parted = money_by_silence(tried.by_silence, longer, horizon_spend, valued(tried))
    return replace(tried, by_silence=parted)
