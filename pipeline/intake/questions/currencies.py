"""Asks which currency counts where amounts are in several: by the values of a column."""

from collections.abc import Iterator

import ibis

from features.log import words
from pipeline.intake.questions.look import Look
from pipeline.intake.questions.question import Question

NEGLIGIBLE = 0.01
"""So small a share of the rows, and of the figures added up, changes no number that matters."""


def ask(look: Look) -> Iterator[Question]:
    """One question for each column whose values are codes or signs of several currencies.

    A remark where nearly all is of one, where another column says that all amounts are, or where
    the header speaks of what somebody prefers or is shown.
    """
    found = {name: codes for name in look.few if (codes := _codes(look.few[name]))}
    one = any(len(codes) == 1 and not look.called(name, "shown") for name, codes in found.items())
    for name, codes in found.items():
        if len(codes) < 2:
            continue
        values = look.few[name]
        told = ", ".join(f"{code} {n:,}" for code, n in codes.items())
        most = max((value for value in values if value), key=lambda value: values[value])
        code = words.currency(most)
        kept = [value for value in values if value and words.currency(value) == code]
        answer = {"column": name, "operator": "in", "value": kept}
        yield Question(
            name,
            f"Column {name!r} names {len(codes)} currencies (rows: {told}): amounts are added up "
            f"as they stand. Convert them first, or keep one; proposed: {code}, and rows of others "
            "are left out.",
            {"log.where": [answer if len(kept) > 1 else {"column": name, "value": most}]},
            pressing=not (one or look.called(name, "shown") or _negligible(look, name, kept)),
            decided=False,
        )


def _codes(values: dict[str, int]) -> dict[str, int]:
    """Currencies and their rows; empty where a value is none. Blanks say nothing."""
    counts: dict[str, int] = {}
    for value, n in values.items():
        code = words.currency(value) if value else None
        if value and code is None:
            return {}
        if code:
            counts[code] = counts.get(code, 0) + n
    return counts


def _negligible(look: Look, name: str, kept: list[str]) -> bool:
    """Whether rows of other currencies are few, and their figures small beside the rest."""
    values = look.few[name]
    others = sum(n for value, n in values.items() if value and value not in kept)
    if others > NEGLIGIBLE * sum(values.values()) or look.money is None:
        return False
    money = look.money.mutate(cell=ibis.coalesce(look.text(look.money, name), "").strip())
    size = money.money.abs()
    sums = money.aggregate(all=size.sum(), rest=size.sum(where=~money.cell.isin([*kept, ""])))
    seen = sums.to_pyarrow().to_pylist()[0]
    return (seen["rest"] or 0) <= NEGLIGIBLE * (seen["all"] or 0)
