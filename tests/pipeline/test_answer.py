"""The blend answers, unless one of its parts was better beyond chance at each judged cutoff."""

import numpy as np
import pandas as pd
import pytest

from models.blend.base_learners import PRIOR_WEIGHTS
from models.contenders.encoding import expit, logit
from pipeline.learning.answer import better_part
from pipeline.learning.judgement import judge
from tests.pipeline.boards import CUTOFFS, board, customers

OUTCOMES, TRUTH = customers(2000)
FIRST = (OUTCOMES["cutoff"] == CUTOFFS[0]).to_numpy()


def off(by):
    """The truth, moved in log odds: as much for everybody as `by` says."""
    return pd.Series(expit(logit(TRUTH) + by))


def noisy(seed, much):
    return off(np.random.default_rng(seed).normal(0, much, len(TRUTH)))


def test_a_part_that_is_better_at_each_cutoff_is_found_and_the_best_of_two():
    said = {"blend": noisy(1, 1.0), "logistic": noisy(2, 0.2), "mbg_cnbd_k": noisy(3, 0.6)}
    assert better_part(OUTCOMES, said) == "logistic"


def test_a_part_that_is_better_at_one_cutoff_only_is_not():
    lucky = off(np.where(FIRST, 0.0, 1.2))
    assert better_part(OUTCOMES, {"blend": noisy(1, 0.8), "logistic": lucky}) is None


def test_nor_at_the_one_cutoff_there_is():
    said = {"blend": noisy(1, 1.0)[FIRST], "logistic": noisy(2, 0.2)[FIRST]}
    assert better_part(OUTCOMES[FIRST], said) is None


def test_nor_is_one_that_did_not_answer_everywhere_or_is_no_part():
    half = noisy(2, 0.2).mask(FIRST)
    whole = noisy(2, 0.2)
    said = {"blend": noisy(1, 1.0), "logistic": half, "bg_nbd": whole, "recency_alone": whole}
    assert better_part(OUTCOMES, said) is None
    assert better_part(OUTCOMES, {"logistic": whole}) is None, "there is no blend"


@pytest.mark.thorough
def test_by_chance_alone_a_part_is_hardly_ever_found():
    """Blend and parts err alike: 5 % of forty logs are two; each cutoff asked as well, fewer."""
    found = 0
    for seed in range(40):
        outcomes, truth = customers(300, seed)
        rng = np.random.default_rng(seed)
        said = {
            name: pd.Series(expit(logit(truth) + rng.normal(0, 0.5, len(truth))))
            for name in ("blend", *PRIOR_WEIGHTS)
        }
        found += better_part(outcomes, said) is not None
    assert found <= 3


def test_the_mean_beats_the_blend_wherever_the_part_does():
    blend, part = noisy(1, 1.0), noisy(2, 0.2)
    mean = expit((logit(blend) + logit(part)) / 2)
    said = {"blend": blend, "logistic": part, "blend_with_logistic": mean, "base_rate": off(1.0)}
    result = board(OUTCOMES, said, chosen="blend_with_logistic")
    assert (
        result.means.loc["blend_with_logistic", "log_loss"] < result.means.loc["blend", "log_loss"]
    )
    told = judge(result).sentences[1]
    assert told.startswith("logistic regression alone was better than the blend at all 2 cutoffs")
