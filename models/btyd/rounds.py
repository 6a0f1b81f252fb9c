"""The likelihood of purchases at discrete opportunities, and its gradient.

Fader, Hardie & Shang (2010), "Customer-base analysis in a discrete-time noncontractual setting",
Marketing Science 29(6) (FHS below).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import special

from models.btyd.distinct import distinct

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


def log_likelihood(p: Floats, x: Floats, t_x: Floats, n: Floats) -> Floats:
    """FHS (5): alive to the end, or left i opportunities after the last purchase."""
    living = log_term(p, x, n, n, alive=True)
    return np.logaddexp(living, _departures(p, x, t_x, n)[0])


def log_likelihood_slopes(p: Floats, x: Floats, t_x: Floats, n: Floats) -> tuple[Floats, Floats]:
    """FHS (5) and its derivatives in the four parameters, shape (4, n_rows)."""
    living = log_term(p, x, n, n, alive=True)
    left, rises = _departures(p, x, t_x, n)
    value = np.logaddexp(living, left)
    gone = term_slopes(p, x, t_x, t_x, alive=False)
    gone += np.stack([-rises[0], rises[1] - rises[0], -rises[2], rises[3] - rises[2]])
    here = term_slopes(p, x, n, n, alive=True)
    return value, here + np.exp(left - value) * (gone - here)


def _departures(p: Floats, x: Floats, t_x: Floats, n: Floats) -> tuple[Floats, Floats]:
    """Log of P(history, left after opportunity t_x, .., n - 1), and the mean digamma rises.

    Each term is the one before it times two ratios below one, and psi(v + 1) = psi(v) + 1 / v:
    one gamma term a history, however long its silence; nothing cancels, nothing overflows.

    Returns
    -------
    array, shape (n_rows,); -inf where t_x = n
    array, shape (4, n_rows)
        Mean rise since t_x of psi at alpha + beta + seen, beta + seen - x,
        gamma + delta + 1 + seen and delta + seen, under the terms.
    """
    alpha, beta, gamma, delta = p
    order = np.argsort(t_x - n, kind="stable")  # the longest silence first
    silence = (n - t_x)[order]
    at = np.stack([alpha + beta + t_x, beta + t_x - x, gamma + delta + 1 + t_x, delta + t_x])[
        :, order
    ]
    term, total = np.ones(len(x)), np.zeros(len(x))
    risen, weighted = np.zeros((4, len(x))), np.zeros((4, len(x)))
    steps = int(silence.max(initial=0))
    lasting = np.searchsorted(-silence, -np.arange(steps))
    for i, count in enumerate(lasting):
        total[:count] += term[:count]
        weighted[:, :count] += term[:count] * risen[:, :count]
        here = at[:, :count] + i
        term[:count] *= here[1] * here[3] / (here[0] * here[2])
        risen[:, :count] += 1 / here
    some = total > 0
    back = np.empty_like(order)
    back[order] = np.arange(len(order))
    weighted[:, some] /= total[some]
    with np.errstate(divide="ignore"):
        log_total = np.log(total)[back]
    return log_total + log_term(p, x, t_x, t_x, alive=False), weighted[:, back]
