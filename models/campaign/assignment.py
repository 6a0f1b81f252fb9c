"""Random assignment that can be repeated: a seeded hash decides, within blocks of alike customers.

A stratified, completely randomised design (Imbens & Rubin 2015, "Causal Inference", chapter 9):
in each block the groups have fixed sizes, so the share of the control is what was asked for, and
every customer's probability of their group is known.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

MOST_BINS = 5
"""Bins of each of the two scores: at most 25 blocks."""

FEWEST_IN_BLOCK = 5
"""Expected customers of the smallest group in a block; a variance needs two."""


def draws(keys: Sequence[str], *names: object) -> np.ndarray:
    """A number in [0, 1) for each key, the same wherever and whenever it is drawn.

    It is the head of SHA-256 over `names` and the key; other names give other, independent draws.

    Examples
    --------
    >>> draws(["a", "b"], "spring", 0).round(3).tolist()
    [0.076, 0.226]
    """
    prefix = hashlib.sha256("\x1f".join(map(str, names)).encode() + b"\x1e")

    def head(key: str) -> bytes:
        one = prefix.copy()
        one.update(key.encode())
        return one.digest()[:8]

    whole = np.frombuffer(b"".join(head(key) for key in keys), dtype=">u8")
    return (whole >> np.uint64(11)).astype(float) / 2**53


def blocks(p_churn: ArrayLike, value: ArrayLike, smallest_share: float) -> np.ndarray:
    """Blocks of alike customers: quantiles of p_churn, and of expected money within each.

    Parameters
    ----------
    smallest_share : float
        Share of the smallest group: there are as many blocks as leave it customers in each.

    Returns
    -------
    array of int, shape (n_customers,)
        From 0 on; neighbours are alike.
    """
    p, money = np.asarray(p_churn, float), np.asarray(value, float)
    bins = int(np.sqrt(len(p) * smallest_share / FEWEST_IN_BLOCK))
    bins = min(max(bins, 1), MOST_BINS)
    outer = _quantile(np.lexsort((money, p)), bins)
    # Sorted by p's quantile, then by money: equal runs of that order are the blocks.
    return _quantile(np.lexsort((money, outer)), bins * bins)


def assign(
    customer_ids: Sequence[str],
    block: ArrayLike,
    shares: Sequence[float],
    campaign: str,
    seed: int,
) -> pd.DataFrame:
    """Put each customer into one group, at random within the block.

    Parameters
    ----------
    shares : sequence of float
        Of the groups; they sum to 1.

    Returns
    -------
    DataFrame, index 0 .. n_customers - 1
        `group` (place in `shares`) and `probability` of that group in the customer's block.

    Examples
    --------
    >>> groups = assign(list("abcdefgh"), [0] * 8, [0.25, 0.75], "spring", 0)
    >>> groups["group"].tolist(), sorted(set(groups["probability"]))
    ([1, 1, 1, 0, 1, 0, 1, 1], [0.25, 0.75])
    """
    if abs(sum(shares) - 1) > 1e-9 or min(shares) <= 0:
        raise ValueError("Shares are above 0 and sum to 1.")
    blocked = np.asarray(block)
    order = np.lexsort((draws(customer_ids, campaign, seed, "group"), blocked))
    sizes = np.bincount(blocked)
    # What a block's size leaves over goes to a group drawn for the block.
    start = draws([str(n) for n in range(len(sizes))], campaign, seed, "block")
    ends = np.floor(np.outer(sizes, np.cumsum(shares)) + start[:, None] + 1e-9).astype(int)
    ends[:, -1] = sizes
    first = np.cumsum(sizes) - sizes
    group = np.empty(len(blocked), int)
    place = np.arange(len(blocked)) - np.repeat(first, sizes)
    group[order] = (place[:, None] >= np.repeat(ends[:, :-1], sizes, axis=0)).sum(axis=1)
    counts = np.diff(ends, axis=1, prepend=0)
    return pd.DataFrame({"group": group, "probability": counts[blocked, group] / sizes[blocked]})


def _quantile(order: np.ndarray, bins: int) -> np.ndarray:
    """Which of `bins` equal runs of an order each element lies in."""
    found = np.empty(len(order), int)
    found[order] = np.arange(len(order)) * bins // max(len(order), 1)
    return found
