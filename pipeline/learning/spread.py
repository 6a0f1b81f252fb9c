"""How far the spend of alike customers lay apart in the past: it limits what a campaign shows."""

import numpy as np

from models.evaluation.arrays import equal_groups
from pipeline.learning.backtest import Backtest

TENTHS = 10


def spread(result: Backtest) -> dict[str, list[float]]:
    """Variance of spend around what was expected, by tenth of expected spend.

    Expected before the outcome was known, at every cutoff at which the answer was judged.

    Returns
    -------
    dict
        `expected_spend`, the largest of each tenth, ascending, and `spend_variance`, the mean
        square of what came less what was expected; money and money squared. Empty where no
        spend was expected.
    """
    said = result.answers[result.chosen]["expected_spend"]
    rows = result.outcomes[said.notna()]
    if rows.empty:
        return {}
    expected, weight = said[rows.index].to_numpy(float), rows["weight"].to_numpy(float)
    tenth = equal_groups(expected, weight, TENTHS)
    squared = weight * (rows["spend"].to_numpy(float) - expected) ** 2
    names = np.unique(tenth)
    return {
        "expected_spend": [float(expected[tenth == name].max()) for name in names],
        "spend_variance": [
            float(squared[tenth == name].sum() / weight[tenth == name].sum()) for name in names
        ],
    }
