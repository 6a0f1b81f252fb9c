"""Which ids are one person's, and which nobody's: taken alike by `--guess` and a written config."""

from collections.abc import Mapping, Sequence
from typing import Any

import ibis.expr.types as ir

from features.log.spec import LogSpec
from features.readers.reading import Raw
from pipeline.config_options import as_options
from pipeline.intake.questions.look import Look, first
from pipeline.intake.questions.people import alike
from pipeline.intake.questions.question import Question

_NOBODY = "log.anonymous_ids"


def people_taken(
    raw: Raw, spec: LogSpec, asked: Sequence[Question], section: Mapping[str, Any]
) -> tuple[list[Question], list[Question]]:
    """The remarks on ids whose answers are taken, and those on ids that are left apart.

    Of mails the case, of numbers a ``.0`` and of phones the marks say nothing; other ids that
    differ in case may be two people's. An id by which shops book everybody who left none is
    nobody's, unless so many rows have it that the log would be refused without them. A key that
    the config's ``log:`` section has is decided already.

    Parameters
    ----------
    asked
        As from `questions.ask`.
    """
    look = Look(raw, spec, raw.table)
    ids = raw.table.select(customer_id=look.text(raw.table, spec.columns.customer_id))
    shared = [question for question in asked if _NOBODY in question.answer]
    taken = [question for question in shared if _few(ids, question.answer[_NOBODY], spec)]
    filled = ids.filter(ids.customer_id.notnull())
    left: list[Question] = []
    for question in alike(filled, spec):
        apart = "log.customer_case" in question.answer and not _mails(filled)
        (left if apart else taken).append(question)
    return _open(taken, section), _open(left, section)


def _open(remarks: Sequence[Question], section: Mapping[str, Any]) -> list[Question]:
    decided = {f"log.{key}" for key in section}
    return [question for question in remarks if decided.isdisjoint(question.answer)]


def said(question: Question) -> str:
    """What was taken, in words, and as options."""
    how = "Their rows are left out" if _NOBODY in question.answer else "They are taken for one"
    return f"{question.seen} {how}: {as_options(question.answer)}"


def _few(ids: ir.Table, nobody: Sequence[str], spec: LogSpec) -> bool:
    """Whether rows of nobody are no more than `log.max_anonymous` lets be left out."""
    theirs = ids.customer_id.isnull() | ids.customer_id.strip().isin(list(nobody))
    seen = first(ids.aggregate(n=ids.count(), theirs=theirs.sum()))
    return bool(seen["theirs"] <= spec.max_anonymous * seen["n"])


def _mails(ids: ir.Table) -> bool:
    """Whether ids are mail addresses, nearly all of them."""
    seen = first(ids.aggregate(n=ids.count(), mails=ids.customer_id.contains("@").sum()))
    return bool(seen["n"]) and seen["mails"] >= 0.9 * seen["n"]
