"""Where customers end in boosted trees, for all trees at once; what they add up to, and why.

scikit-learn walks each customer down each tree. Here a tree is a list of questions that are put to
all customers together (QuickScorer: Lucchese et al. 2015). A question that sends a customer to the
right rules out the leaves on its left; he ends in the leftmost leaf that is not ruled out. The
numbers are scikit-learn's, to the bit.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

MOST_LEAVES = 16
"""A leaf is one bit of a number, and all such numbers are tabulated."""


def _first_free(n_bits: int) -> np.ndarray:
    """Place of the lowest zero bit of each number below 2 ** n_bits."""
    numbers = np.arange(1 << n_bits)
    return np.log2(~numbers & (numbers + 1)).astype(np.intp)


_FIRST_FREE = {np.uint8: _first_free(8), np.uint16: _first_free(16)}


@dataclass(frozen=True)
class Forest:
    """Fitted boosted trees beside the leaf that each customer reaches in each of them.

    `reached` holds, by tree, the number of the node where each customer ends, shape (n_customers,).
    """

    trees: Any
    reached: tuple[np.ndarray, ...]

    @classmethod
    def walked(cls, trees: Any, matrix: np.ndarray) -> Forest:
        """Send each row of a feature matrix, shape (n_customers, n_features), down all trees.

        Parameters
        ----------
        trees : HistGradientBoostingClassifier or HistGradientBoostingRegressor
            Fitted, on numbers only, one tree an iteration.
        """
        columns = np.asfortranarray(matrix).T
        return cls(trees, tuple(_reached(tree.nodes, columns) for (tree,) in trees._predictors))

    def margin(self) -> np.ndarray:
        """Sum of the trees' values, before the link function; shape (n_customers,)."""
        baseline = self.trees._baseline_prediction
        total = np.zeros(len(self.reached[0])) + baseline.item()
        for (tree,), leaf in zip(self.trees._predictors, self.reached, strict=True):
            total += np.ascontiguousarray(tree.nodes["value"])[leaf]
        return total

    def mean(self) -> np.ndarray:
        """What a regression predicts: the margin through the inverse link."""
        expected: np.ndarray = self.trees._loss.link.inverse(self.margin())
        return expected


def _reached(nodes: np.ndarray, columns: np.ndarray) -> np.ndarray:
    """Number of the node where each customer ends; `columns` are the features, one a row."""
    order, left_of = _leaves(nodes)
    if len(order) > MOST_LEAVES:
        raise ValueError(f"A tree has {len(order)} leaves; at most {MOST_LEAVES} are expected.")
    kind = np.uint8 if len(order) <= 8 else np.uint16
    ruled_out: np.ndarray = np.zeros(columns.shape[1], dtype=kind)
    for number, bits in left_of.items():
        node = nodes[number]
        value, threshold = columns[node["feature_idx"]], node["num_threshold"]
        # A comparison with NaN is false: so a missing value goes where the tree wants it.
        right: np.ndarray
        if node["missing_go_to_left"]:
            right = value > threshold
        else:
            right = value <= threshold
            np.logical_not(right, out=right)
        ruled_out |= right.view(np.uint8) * kind(bits)
    # The last leaf's bit is never set, so that one is always free.
    table = order[np.minimum(_FIRST_FREE[kind], len(order) - 1)]
    return table[ruled_out]


def _leaves(nodes: np.ndarray) -> tuple[np.ndarray, dict[int, int]]:
    """Leaves from left to right; and of each question, the bits of the leaves on its left."""
    order: list[int] = []
    left_of: dict[int, int] = {}

    def walk(number: int) -> None:
        if nodes["is_leaf"][number]:
            order.append(number)
            return
        first = len(order)
        walk(int(nodes["left"][number]))
        left_of[number] = (1 << len(order)) - (1 << first)
        walk(int(nodes["right"][number]))

    walk(0)
    return np.array(order, dtype=np.uint8), left_of
