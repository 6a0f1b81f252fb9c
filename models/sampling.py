"""Fewer rows for trees: all of the rarer outcome, a spread-out share of the other."""

from __future__ import annotations

import numpy as np
import pandas as pd

from models.history import weights


def thinned(panel: pd.DataFrame, most_rows: int) -> pd.DataFrame:
    """At most `most_rows` rows of the panel, with `weight` raised so that totals stay.

    Trees do not become better with the hundred-thousandth one-time buyer, but slower.
    Of each outcome at least half of the room is kept, or all there are; within an outcome
    the rows are taken at even distances, the same ones every time.

    Examples
    --------
    >>> panel = pd.DataFrame({"churned": [1] * 90 + [0] * 10})
    >>> few = thinned(panel, 40)
    >>> few.groupby("churned")["weight"].agg(["size", "sum"]).to_numpy().tolist()
    [[10.0, 10.0], [30.0, 90.0]]
    """
    if len(panel) <= most_rows:
        return panel
    churned = panel["churned"].to_numpy() == 1
    rare, common = sorted((np.flatnonzero(churned), np.flatnonzero(~churned)), key=len)
    n_rare = min(len(rare), most_rows // 2)
    kept, shares = [], []
    for rows, n in ((rare, n_rare), (common, most_rows - n_rare)):
        if n:
            kept.append(rows[np.arange(n) * len(rows) // n])
            shares.append(np.full(n, len(rows) / n))
    order = np.argsort(np.concatenate(kept))
    chosen = np.concatenate(kept)[order]
    few = panel.iloc[chosen].reset_index(drop=True)
    return few.assign(weight=weights(few) * np.concatenate(shares)[order])
