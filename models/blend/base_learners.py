"""The base learners of the super learner, and what they weigh before any evidence."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import date
from typing import Any

from models.contenders.btyd import BtydContender
from models.contenders.classifiers import BoostedChurn, LogisticChurn
from models.contenders.hazard import BoostedHazard
from models.contenders.protocol import Contender
from models.contenders.spend import BoostedSpend
from models.history import History

BASE_LEARNERS: dict[str, Any] = {
    "mbg_nbd": lambda: BtydContender("mbg_nbd"),
    "pareto_nbd": lambda: BtydContender("pareto_nbd"),
    "mbg_cnbd_k": lambda: BtydContender("mbg_cnbd_k"),
    "logistic": LogisticChurn,
    "hist_gradient_boosting": BoostedChurn,
    "boosted_hazard": BoostedHazard,
    "boosted_spend": BoostedSpend,
}
"""Name -> a new, unfitted learner; the slowest to fit last."""

BTYD = ("mbg_nbd", "pareto_nbd")
"""Buy-till-you-die models that expect numbers of purchases; the first that fits sets the level."""

WITHOUT_LABELS = ("mbg_nbd", "pareto_nbd", "mbg_cnbd_k")
"""Learners that need no labelled cutoff."""

SUPERVISED = ("logistic", "hist_gradient_boosting", "boosted_hazard")
"""Learners of churn that learn from labelled cutoffs."""

PRIOR_WEIGHTS = {
    "mbg_cnbd_k": 0.05,
    "pareto_nbd": 0.10,
    "logistic": 0.15,
    "hist_gradient_boosting": 0.30,
    "boosted_hazard": 0.40,
}
"""Stacking weights of the learners of churn where no out-of-time prediction says anything."""


def fitted(name: str, history: History) -> Any:
    """Fit a base learner, or return the ValueError with which it refuses; once per history."""

    def attempt() -> Any:
        try:
            return BASE_LEARNERS[name]().fit(history)
        except ValueError as refusal:
            return refusal

    return history.fitted_once(("blend", name), attempt)


def fit_base_learners(
    history: History, validation: list[date]
) -> tuple[dict[str, Contender], list[str]]:
    """Fit all base learners to a history and, ahead of use, to its validation cutoffs.

    Returns
    -------
    learners, notes
        The learners that could be fitted to `history`, and a sentence for each that could not.

    Raises
    ------
    ValueError
        When no learner of churn could be fitted.
    """
    moments = [history, *(history.at(cutoff) for cutoff in validation)]
    jobs = [(name, moment) for moment in moments for name in BASE_LEARNERS if moment.cutoffs]
    jobs += [(name, history) for name in WITHOUT_LABELS if not history.cutoffs]
    # The slowest first, so that no worker is left with it in the end.
    jobs.sort(key=lambda job: list(BASE_LEARNERS).index(job[0]), reverse=True)
    with ThreadPoolExecutor(max_workers=2) as pool:
        results = list(pool.map(lambda job: fitted(*job), jobs))
    learners, notes = {}, []
    for (name, moment), result in zip(jobs, results, strict=True):
        if moment is not history:
            continue
        if isinstance(result, ValueError):
            notes.append(f"{name} is left out: {result}")
        else:
            learners[name] = result
    if not any(name in learners for name in PRIOR_WEIGHTS):
        raise ValueError(
            f"None of the blend's parts could be fitted. {notes[-1]} The contender "
            "base_rate still answers: everybody like the average customer."
        )
    if not any(name in learners for name in BTYD):
        notes.append("Without a buy-till-you-die model there is no clv: it stays empty.")
    return {name: learners[name] for name in BASE_LEARNERS if name in learners}, notes
