"""What the blend's parts, fitted to what was known at an earlier cutoff, said; and what came."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np
import pandas as pd

from models.blend.levels import shift_to_mean
from models.blend.parts import LEARNED
from models.blend.ways import at_level, expected
from models.blend.weights import Evidence, within_reach
from models.contenders.encoding import expit, logit
from models.contenders.protocol import Contender, answers
from models.history import History, weights

GIANTS = 0.01
"""So many customers, of whom most was expected, have no say in the level of a past cutoff."""


PAST_CUTOFFS = {"few": 4, "many": 2}
"""At how many earlier cutoffs the parts are tried out; of few customers more must be asked."""

MANY_CUSTOMERS = 5000


def past_cutoffs(history: History) -> list[date]:
    """Earlier cutoffs at which the parts can be tried out, latest first.

    They need a label of their own, and a complete one before them to learn from.
    """
    usable = [cutoff for cutoff in history.cutoffs if history.at(cutoff).cutoffs]
    most = PAST_CUTOFFS["few" if history.n_customers < MANY_CUSTOMERS else "many"]
    return usable[::-1][:most]


@dataclass(frozen=True)
class Past:
    """The labelled rows of an earlier cutoff, the parts as they were, and their answers."""

    rows: pd.DataFrame
    parts: dict[str, Contender]
    said: dict[str, pd.DataFrame]

    @classmethod
    def of(cls, rows: pd.DataFrame, parts: dict[str, Contender]) -> Past:
        """Ask the parts about the rows."""
        return cls(rows, parts, {name: part.predict(rows) for name, part in parts.items()})

    def evidence(self, names: list[str], learned: bool = True) -> Evidence:
        """Log odds of these parts beside what came, to learn weights from.

        As a blend hears them: held to the learned ones, or as they stand where these are silent.
        """
        churned = self.rows["churned"].to_numpy(float)
        odds = list(self._odds(names, learned).values())
        return Evidence(np.column_stack(odds), churned, weights(self.rows))

    def answers(self, shares: dict[str, float], learned: bool) -> pd.DataFrame | None:
        """What a blend of such weights would have answered, each level set to what came.

        None where the level has no answer: nobody or everybody came, or no money did.
        """
        w = weights(self.rows)
        churned = float(np.average(self.rows["churned"].to_numpy(float), weights=w))
        if churned in (0.0, 1.0):
            return None
        odds = self._odds(list(shares), learned)
        level = {name: x + shift_to_mean(x, w, churned) for name, x in odds.items()}
        mixed = np.sum([share * level[name] for name, share in shares.items()], axis=0)
        p_churn = expit(mixed + shift_to_mean(mixed, w, churned))
        ways = expected(self.parts, self.said, self.rows, p_churn, learned)
        means = {}
        for column, came in (("expected_purchases", "purchases"), ("expected_spend", "spend")):
            mean = _at_true_level(ways[column], self.rows[came].to_numpy(float), w)
            if mean is None:
                return None
            means[column] = mean
        number = np.maximum(means["expected_purchases"], 1 - p_churn)
        return answers(self.rows.index, p_churn, number, means["expected_spend"])

    def _odds(self, names: list[str], learned: bool) -> dict[str, np.ndarray]:
        odds = {name: logit(self.said[name]["p_churn"].to_numpy()) for name in names}
        return within_reach(odds, LEARNED) if learned else odds


def _at_true_level(
    ways: dict[str, np.ndarray], came: np.ndarray, weight: np.ndarray
) -> np.ndarray | None:
    """Mean of the ways, each brought to the total that came of all but the giants."""
    w = np.where(ordinary(np.mean(list(ways.values()), axis=0)), weight, 0.0)
    total = (w * came).sum()
    said = {way: (w * value).sum() for way, value in ways.items()}
    if total <= 0 or min(said.values()) <= 0:
        return None
    return at_level(ways, {way: float(total / theirs) for way, theirs in said.items()})


def ordinary(expected: np.ndarray) -> np.ndarray:
    """Mark all but the giants: one among small customers would set the level of all the others."""
    mask: np.ndarray = expected <= np.quantile(expected, 1 - GIANTS)
    return mask
