"""The likelihood of purchases at discrete opportunities, and its gradient.

Fader, Hardie & Shang (2010), "Customer-base analysis in a discrete-time noncontractual setting",
Marketing Science 29(6) (FHS below).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import special

from models.btyd.customers import distinct

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Rounds:
    """Purchases x, the last at opportunity t_x, n opportunities so far, customers per row."""

    x: Floats
    t_x: Floats
    n: Floats
    weight: Floats

    def __len__(self) -> int:
        return len(self.x)

    def take(self, rows: slice | NDArray[np.int64] | NDArray[np.bool_]) -> Rounds:
        """Some of the rows."""
        return Rounds(self.x[rows], self.t_x[rows], self.n[rows], self.weight[rows])

    def histories(self) -> tuple[Rounds, NDArray[np.int64]]:
        """One row per distinct history, weighted, and each row's place there."""
        first, codes = distinct(self.x, self.t_x, self.n)
        weight = np.bincount(codes, self.weight, len(first)).astype(float)
        some = self.take(first)
        return Rounds(some.x, some.t_x, some.n, weight), codes

    def counted(self) -> Rounds:
        """One row per distinct history that has customers."""
        some = self.histories()[0]
        return some.take(some.weight > 0)


def log_term(p: Floats, x: Floats, seen: Floats, left: Floats, *, alive: bool) -> Floats:
    """Log of P(x purchases at given places among `seen` opportunities, active for `left`).

    B(alpha + x, beta + seen - x) / B(alpha, beta) times B(gamma, delta + left) / B(gamma, delta)
    when still alive, B(gamma + 1, delta + left) / B(gamma, delta) when he left then.
    """
    alpha, beta, gamma, delta = p
    purchases = special.betaln(alpha + x, beta + seen - x) - special.betaln(alpha, beta)
    life = special.betaln(gamma + (not alive), delta + left) - special.betaln(gamma, delta)
    return np.asarray(purchases + life)


def term_slopes(p: Floats, x: Floats, seen: Floats, left: Floats, *, alive: bool) -> Floats:
    """Derivatives of `log_term` in the four parameters, shape (4, n)."""
    alpha, beta, gamma, delta = p
    psi = special.digamma
    both, dropped = psi(alpha + beta) - psi(alpha + beta + seen), float(not alive)
    life = psi(gamma + delta) - psi(gamma + delta + left + dropped)
    return np.stack(
        [
            psi(alpha + x) - psi(alpha) + both,
            psi(beta + seen - x) - psi(beta) + both,
            psi(gamma + dropped) - psi(gamma) + life,
            psi(delta + left) - psi(delta) + life,
        ]
    )


def log_likelihood(p: Floats, x: Floats, t_x: Floats, n: Floats) -> tuple[Floats, Floats]:
    """FHS (5) and its derivatives: alive to the end, or left i opportunities after the last.

    The terms are added in logarithms, the largest first subtracted: no floor, no underflow.
    """
    value = log_term(p, x, n, n, alive=True)
    slopes = term_slopes(p, x, n, n, alive=True)
    for i in range(int((n - t_x).max(initial=0))):
        rows = np.flatnonzero(i < n - t_x)
        seen = t_x[rows] + i
        term = log_term(p, x[rows], seen, seen, alive=False)
        slope = term_slopes(p, x[rows], seen, seen, alive=False)
        both = np.logaddexp(value[rows], term)
        share = np.exp(term - both)
        slopes[:, rows] += share * (slope - slopes[:, rows])
        value[rows] = both
    return value, slopes
