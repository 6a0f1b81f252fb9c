"""Where customers end in boosted trees, for all trees at once; what they add up to, and why.

scikit-learn walks each customer down each tree. Here a tree is a list of questions that are put to
all customers together (QuickScorer: Lucchese et al. 2015). A question that sends a customer to the
right rules out the leaves on its left; he ends in the leftmost leaf that is not ruled out. The
numbers are scikit-learn's, to the bit.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple
from weakref import WeakKeyDictionary

import numpy as np

MOST_LEAVES = 16
"""A leaf is one bit of a number, and all such numbers are tabulated."""


def _first_free(n_bits: int) -> np.ndarray:
    """Place of the lowest zero bit of each number below 2 ** n_bits."""
    numbers = np.arange(1 << n_bits)
    return np.log2(~numbers & (numbers + 1)).astype(np.intp)


_FIRST_FREE = {np.uint8: _first_free(8), np.uint16: _first_free(16)}


class Question(NamedTuple):
    """A split: who has more than `threshold` goes right, past the leaves whose bits are set."""

    feature: int
    threshold: float
    missing_goes_left: bool
    left_leaves: int


class Tree:
    """One fitted tree, its splits as questions."""

    def __init__(self, nodes: np.ndarray) -> None:
        self.nodes = nodes
        self.values = np.ascontiguousarray(nodes["value"])
        self.questions: list[Question] = []
        self.order: list[int] = []
        self._walk(0)
        if len(self.order) > MOST_LEAVES:
            raise ValueError(
                f"A tree has {len(self.order)} leaves; at most {MOST_LEAVES} are expected."
            )
        self._kind = np.uint8 if len(self.order) <= 8 else np.uint16
        # The last leaf's bit is never set, so that one is always free.
        free = np.minimum(_FIRST_FREE[self._kind], len(self.order) - 1)
        self._leaf = np.array(self.order, dtype=np.uint8)[free]

    def _walk(self, number: int) -> None:
        """Note the leaves from left to right, and of each split those on its left."""
        node = self.nodes[number]
        if node["is_leaf"]:
            self.order.append(number)
            return
        first = len(self.order)
        self._walk(int(node["left"]))
        left = (1 << len(self.order)) - (1 << first)
        split = int(node["feature_idx"]), float(node["num_threshold"])
        self.questions.append(Question(*split, bool(node["missing_go_to_left"]), left))
        self._walk(int(node["right"]))

    def reached(self, columns: np.ndarray) -> np.ndarray:
        """Number of the node where each customer ends; `columns` are the features, one a row."""
        ruled_out: np.ndarray = np.zeros(columns.shape[1], dtype=self._kind)
        for feature, threshold, missing_goes_left, left_leaves in self.questions:
            right: np.ndarray
            # A comparison with NaN is false: so a missing value goes where the tree wants it.
            if missing_goes_left:
                right = columns[feature] > threshold
            else:
                right = columns[feature] <= threshold
                np.logical_not(right, out=right)
            ruled_out |= right.view(np.uint8) * self._kind(left_leaves)
        return self._leaf[ruled_out]

    @cached_property
    def moves(self) -> dict[int, np.ndarray]:
        """By feature, the change of the mean from the root to each node, shape (n_nodes,)."""
        nodes, means = self.nodes, self._node_means()
        moved: dict[int, np.ndarray] = {}
        for number, node in enumerate(nodes):
            if node["is_leaf"]:
                continue
            moved.setdefault(int(node["feature_idx"]), np.zeros(len(nodes)))
            for child in (int(node["left"]), int(node["right"])):
                for feature, change in moved.items():
                    own = means[child] - means[number] if feature == node["feature_idx"] else 0.0
                    change[child] = change[number] + own
        return moved

    def _node_means(self) -> np.ndarray:
        """Mean of the leaves below each node, by training rows; children come after parents."""
        nodes = self.nodes
        means, counts = nodes["value"].astype(float), nodes["count"].astype(float)
        for node in range(len(nodes) - 1, -1, -1):
            if not nodes["is_leaf"][node]:
                left, right = int(nodes["left"][node]), int(nodes["right"][node])
                whole = counts[left] + counts[right]
                means[node] = (means[left] * counts[left] + means[right] * counts[right]) / whole
        return means


FEW = 300
"""Up to so many customers the questions of all trees are put at once."""


class Trees:
    """The trees of an estimator, and the questions of all of them side by side.

    Tree by tree a question costs a call, which for a few customers is all it costs.
    """

    def __init__(self, learned: Any) -> None:
        self.learned = learned
        self.each = tuple(Tree(tree.nodes) for (tree,) in learned)

    @cached_property
    def _questions(self) -> tuple[np.ndarray, ...]:
        """By question: feature, threshold, direction of the missing, leaves; first of each tree."""
        # A tree of one leaf asks nothing; for its place here it asks what rules out no leaf.
        nothing = [Question(0, 0.0, True, 0)]
        asked = [tree.questions or nothing for tree in self.each]
        listed = [question for questions in asked for question in questions]
        feature, threshold, missing, leaves = map(np.array, zip(*listed, strict=True))
        starts = np.cumsum([0, *map(len, asked[:-1])])
        return feature, threshold[:, None], missing[:, None], leaves.astype(np.uint16), starts

    @cached_property
    def _leaves(self) -> np.ndarray:
        """By tree: the number of its first leaf from the left, its second, and so on."""
        padded = [[*tree.order, *[0] * (MOST_LEAVES - len(tree.order))] for tree in self.each]
        return np.array(padded, dtype=np.uint8)

    def reached(self, columns: np.ndarray) -> np.ndarray:
        """By tree, the number of the node where each of a few customers ends; see `Tree.reached`.

        Examples
        --------
        >>> from sklearn.ensemble import HistGradientBoostingRegressor
        >>> x = np.arange(60.0).reshape(-1, 2)
        >>> trees = trees_of(HistGradientBoostingRegressor(max_iter=3).fit(x, x[:, 0]))
        >>> several = zip(trees.reached(x.T), trees.each, strict=True)
        >>> all((reached == tree.reached(x.T)).all() for reached, tree in several)
        True
        """
        feature, threshold, missing_goes_left, leaves, starts = self._questions
        shown = columns[feature]
        right = np.where(missing_goes_left, shown > threshold, ~(shown <= threshold))
        ruled_out = np.bitwise_or.reduceat(right * leaves[:, None], starts, axis=0)
        place = np.minimum(_FIRST_FREE[np.uint16][ruled_out], self._last)
        return np.take_along_axis(self._leaves, place, axis=1)

    @cached_property
    def _last(self) -> np.ndarray:
        return np.array([[len(tree.order) - 1] for tree in self.each])

    @cached_property
    def values(self) -> np.ndarray:
        """By tree and node, the tree's value."""
        return self._by_node(lambda tree: tree.values[:, None])[:, :, 0]

    @cached_property
    def moves(self) -> np.ndarray:
        """By tree, node and feature, the change of the mean from the root, see `Tree.moves`."""
        n_features = 1 + max((f for tree in self.each for f in tree.moves), default=0)

        def dense(tree: Tree) -> np.ndarray:
            moved = np.zeros((len(tree.nodes), n_features))
            for feature, change in tree.moves.items():
                moved[:, feature] = change
            return moved

        return self._by_node(dense)

    def _by_node(self, of_tree: Callable[[Tree], np.ndarray]) -> np.ndarray:
        """A table of each tree, (n_nodes, n_columns), in one: trees of fewer nodes end in zeros."""
        tables = [of_tree(tree) for tree in self.each]
        whole = np.zeros((len(tables), max(map(len, tables)), tables[0].shape[1]))
        for place, table in enumerate(tables):
            whole[place, : len(table)] = table
        return whole


VERY_FEW = 40
"""Up to so many customers the tables of all trees are looked up at once, which takes memory."""


def _one_after_the_other(terms: np.ndarray) -> np.ndarray:
    """Sum over the first axis in its order, as a loop adds, whatever the shape of the rest."""
    summed: np.ndarray = np.add.accumulate(terms, axis=0)[-1] + 0.0
    return summed


_READ: WeakKeyDictionary[Any, Trees] = WeakKeyDictionary()


def trees_of(estimator: Any) -> Trees:
    """The trees of a fitted estimator; read once, however many frames it is asked about."""
    trees = _READ.get(estimator)
    if trees is None or trees.learned is not estimator._predictors:
        trees = _READ[estimator] = Trees(estimator._predictors)
    return trees


@dataclass(frozen=True)
class Forest:
    """Fitted boosted trees beside the leaf that each customer reaches in each of them.

    `reached` holds, by tree, the number of the node where each customer ends, shape (n_customers,).
    """

    estimator: Any
    reached: np.ndarray | tuple[np.ndarray, ...]

    @property
    def trees(self) -> tuple[Tree, ...]:
        """The trees, in the order in which they were grown."""
        return trees_of(self.estimator).each

    @classmethod
    def walked(cls, estimator: Any, matrix: np.ndarray) -> Forest:
        """Send each row of a feature matrix, shape (n_customers, n_features), down all trees.

        Parameters
        ----------
        estimator : HistGradientBoostingClassifier or HistGradientBoostingRegressor
            Fitted, on numbers only, one tree an iteration.
        """
        columns, trees = np.asfortranarray(matrix).T, trees_of(estimator)
        if len(matrix) <= FEW:
            return cls(estimator, trees.reached(columns))
        return cls(estimator, tuple(tree.reached(columns) for tree in trees.each))

    def margin(self) -> np.ndarray:
        """Sum of the trees' values, before the link function; shape (n_customers,)."""
        n_customers = len(self.reached[0])
        if n_customers <= VERY_FEW:
            values = self._of_each(trees_of(self.estimator).values)
            base = np.full((1, n_customers), self.estimator._baseline_prediction.item())
            return _one_after_the_other(np.concatenate([base, values]))
        total = np.zeros(len(self.reached[0])) + self.estimator._baseline_prediction.item()
        for tree, leaf in zip(self.trees, self.reached, strict=True):
            total += tree.values[leaf]
        return total

    def moved(self, n_features: int) -> np.ndarray:
        """Change of the mean log odds along each path, by feature; (n_features, n_customers).

        Sums over features differ from the margin by one constant, the mean over training rows.
        """
        n_customers = len(self.reached[0])
        if n_customers <= VERY_FEW:
            total = _one_after_the_other(self._of_each(trees_of(self.estimator).moves)).T
            return np.pad(total, ((0, n_features - len(total)), (0, 0)))
        total = np.zeros((n_features, n_customers))
        for tree, reached in zip(self.trees, self.reached, strict=True):
            leaf = reached.astype(np.intp)
            for feature, change in tree.moves.items():
                total[feature] += change[leaf]
        return total

    def _of_each(self, table: np.ndarray) -> np.ndarray:
        """Of a table by tree and node, what each tree has for each customer."""
        return table[np.arange(len(table))[:, None], np.asarray(self.reached)]

    def mean(self) -> np.ndarray:
        """What a regression predicts: the margin through the inverse link."""
        expected: np.ndarray = self.estimator._loss.link.inverse(self.margin())
        return expected
