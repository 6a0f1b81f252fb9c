"""A log's content as a few thousand bits: enough to know it again, too little to know anyone.

Every pair of customer and purchase day falls by its hash into one of about as many cells as
there are pairs. The sketch tells, of the first few cells only, which are filled: about half of
them. Another shop's pair meets a filled cell as often as not, so a filled cell says next to
nothing of anybody, and 2,000 of them say which log it was. Customers without their days would
not do: two shops that number theirs from 1 have the same.

The bitmap of linear counting (Whang, Vander-Zanden & Taylor 1990, "A linear-time probabilistic
counting algorithm for database applications"), on a sample by hash.
"""

import base64
import math
from dataclasses import dataclass
from datetime import date

import ibis
import ibis.expr.types as ir

MOST_CELLS = 4096
"""At most so many cells are looked at, and at most a quarter of all."""

BITS = 32
"""Of each hash; more cells than 2 to this power are not told apart."""

FEWEST = 12
"""With fewer filled cells to go by, chance decides."""

SAME_FROM = 0.5
"""An `overlap` from which two logs are of one business. How often that is wrong, either way:
`tests/features/test_sketch.py::test_error_rates_of_the_rule_by_simulation`."""


@dataclass(frozen=True)
class Sketch:
    """Which of the first cells hold a pair of customer and purchase day before `until`.

    Parameters
    ----------
    power : int
        The pairs' hashes are divided into 2 to this power of cells.
    seen : int
        So many cells, the first ones, were looked at.
    filled : frozenset of int
        The numbers of those that hold a pair.
    pairs : int
        How many pairs there were in all cells.
    until : date
        The first day that the log did not reach.
    """

    power: int
    seen: int
    filled: frozenset[int]
    pairs: int
    until: date

    @property
    def fill(self) -> float:
        """Share of the cells looked at that are filled: how often a stranger's pair meets one."""
        return len(self.filled) / self.seen

    def to_text(self) -> str:
        """The sketch as one word, for a manifest or a tag.

        >>> one = Sketch(4, 8, frozenset({0, 6}), 9, date(2024, 1, 31))
        >>> one.to_text()
        '4-8-9-2024.01.31-QQ=='
        >>> Sketch.of_text(one.to_text()) == one
        True
        """
        bits = sum(1 << cell for cell in self.filled)
        packed = base64.urlsafe_b64encode(bits.to_bytes((self.seen + 7) // 8, "little")).decode()
        return f"{self.power}-{self.seen}-{self.pairs}-{self.until:%Y.%m.%d}-{packed}"

    @classmethod
    def of_text(cls, text: str) -> "Sketch":
        """Read what `to_text` wrote; ValueError for anything else."""
        power, seen, pairs, until, packed = text.split("-", 4)
        bits = int.from_bytes(base64.urlsafe_b64decode(packed), "little")
        filled = frozenset(cell for cell in range(int(seen)) if bits >> cell & 1)
        day = date.fromisoformat(until.replace(".", "-"))
        return cls(int(power), int(seen), filled, int(pairs), day)


def sketch(days: ir.Table, end: date, like: Sketch | None = None) -> Sketch:
    """Sketch the purchase days of a log that ends before `end`.

    Parameters
    ----------
    days : Table
        Purchase days: `customer_id`, `transacted_at` (date) and `amount`.
    like : Sketch, optional
        The sketch to hold it against: days after that one's end are left out, and cells are at
        least as fine as its own, over the same hashes.
    """
    until = min(end, like.until) if like else end
    bought = days.filter((days.amount > 0) & (days.transacted_at < ibis.literal(until)))
    pairs = int(bought.count().to_pyarrow().as_py())
    power = min(BITS, max(6, math.ceil(math.log2(max(pairs, 1)))))
    seen = min(MOST_CELLS, 2**power // 4)
    if like:
        power = max(power, like.power)
        seen = like.seen << (power - like.power)
    # md5 of text, which every engine has and spells alike; eight hexadecimal digits are 32 bits.
    text = bought.customer_id + "\n" + bought.transacted_at.cast("string")
    hashes = bought.select(hash=text.hexdigest("md5").substr(0, BITS // 4)).distinct()
    first = hashes.filter(hashes.hash < f"{seen << (BITS - power):08x}")
    found = first.to_pyarrow()["hash"].to_pylist()
    return Sketch(power, seen, frozenset(int(h, 16) >> (BITS - power) for h in found), pairs, until)


def overlap(one: Sketch, other: Sketch) -> float | None:
    """Pairs that two logs have in common, as a share of the smaller one's; about 0 to 1.

    None where fewer than `FEWEST` filled cells are there to go by.
    """
    fine, coarse = (one, other) if one.power >= other.power else (other, one)
    apart = fine.power - coarse.power
    shared = min(coarse.seen, fine.seen >> apart)
    cells = [cell >> apart for cell in fine.filled if cell >> apart < shared]
    known = {cell for cell in coarse.filled if cell < shared}
    if len(cells) < FEWEST or len(known) < FEWEST:
        return None
    fill = len(known) / shared
    met = sum(cell in known for cell in cells) / len(cells)
    # A cell of strangers meets a filled one by chance, so often as cells are filled.
    common = (met - fill) / (1 - fill) if fill < 1 else 0.0
    return common * fine.pairs / min(fine.pairs, coarse.pairs)
