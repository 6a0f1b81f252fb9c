"""One contender at one cutoff: what it may leave unanswered."""

import numpy as np
import pandas as pd
import pytest

from pipeline.learning.judged import _refuse_no_numbers

NONE = [np.nan] * 3


def test_a_contender_of_spend_alone_has_no_probability():
    _refuse_no_numbers(pd.DataFrame({"p_churn": NONE, "expected_spend": [1.0, 2.0, 0.0]}))
    _refuse_no_numbers(pd.DataFrame({"expected_spend": NONE}))


@pytest.mark.parametrize(
    ("said", "spend", "wrong"), [(NONE, NONE, 3), ([np.nan, 0.2, 1.0], [1.0, 2.0, 3.0], 1)]
)
def test_probabilities_that_are_no_numbers_are_refused(said, spend, wrong):
    with pytest.raises(ValueError, match=f"^{wrong} of 3 of its probabilities"):
        _refuse_no_numbers(pd.DataFrame({"p_churn": said, "expected_spend": spend}))
