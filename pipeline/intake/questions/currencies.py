"""A remark where amounts are in several currencies: by the values of a column, not by its name."""

from collections.abc import Iterator

from features.log import words
from pipeline.intake.questions.look import Look
from pipeline.intake.questions.question import Question


def ask(look: Look) -> Iterator[Question]:
    """One remark for each column whose values are codes or signs of several currencies."""
    for name, values in look.few.items():
        counts: dict[str, int] = {}
        for value, n in values.items():
            code = words.currency(value) if value else "blank"
            counts[code or ""] = counts.get(code or "", 0) + n
        codes = {code: n for code, n in counts.items() if code and code != "blank"}
        if "" in counts or len(codes) < 2:
            continue
        told = ", ".join(f"{code} {n:,}" for code, n in codes.items())
        most = max((value for value in values if value), key=lambda value: values[value])
        yield Question(
            name,
            f"Column {name!r} names {len(codes)} currencies (rows: {told}): amounts are added up "
            "as they stand. Convert them first, or keep one.",
            {"log.where": [{"column": name, "value": most}]},
            pressing=False,
        )
