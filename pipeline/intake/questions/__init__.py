"""What the values of a log leave open: questions to be answered, and remarks to be read.

One place for `check`, `train`, `backtest` and `score`. A question is found by evidence in the
values; words only break ties. Nothing is answered here.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from features.errors import UserError
from features.log.cells import as_typed, require_columns
from features.log.spec import LogSpec
from features.readers.reading import Raw
from pipeline.config_options import as_options
from pipeline.intake.mapping import Profile
from pipeline.intake.questions import (
    bookings,
    currencies,
    documents,
    fees,
    gifts,
    history,
    lines,
    net,
    parts,
    people,
    refunds,
    sides,
    statuses,
    totals,
    units,
)
from pipeline.intake.questions.look import ROWS, Look, first
from pipeline.intake.questions.question import Question, merged

__all__ = [
    "Question",
    "answered",
    "ask",
    "open_keys",
    "open_lines",
    "proposals",
    "refuse_unanswered",
    "refuse_undecided",
    "told",
    "with_keys",
]


ROOMS = (
    parts, documents, history, totals, sides, net, statuses, fees, refunds, gifts, lines, people,
    currencies, units, bookings,
)  # fmt: skip


def ask(raw: Raw, spec: LogSpec, profiles: Sequence[Profile] | None = None) -> list[Question]:
    """Everything that the log leaves open under `spec`, pressing questions first.

    Each room looks at the log as the answers to the ones before would have it read. `profiles` are
    those of `raw`, where they are known already.

    Raises
    ------
    UserError
        When a column of the mapping is not there.
    """
    require_columns(raw, spec)
    engine = raw.table.get_backend()
    name = engine.fresh("sample")
    sample = engine.create_table(name, raw.table.limit(ROWS))
    found: list[Question] = []
    look = Look(raw, as_typed(raw, spec), sample, profiles)
    if first(sample.aggregate(n=sample.count()))["n"]:
        for room in ROOMS:
            asked = list(room.ask(look))
            found += asked
            if (settled := answered(look.spec, asked)) != look.spec:
                look = replace(look, spec=settled)
    engine.drop_table(name)
    return sorted(found, key=lambda question: not question.pressing)


def answered(spec: LogSpec, questions: Sequence[Question]) -> LogSpec:
    """The spec with the pressing questions answered as proposed."""
    return with_keys(spec, proposals(spec, questions))


def with_keys(spec: LogSpec, answers: Mapping[str, Any]) -> LogSpec:
    """The spec with dotted keys of the config laid over it."""
    values = spec.model_dump(exclude_unset=True)
    for key, value in answers.items():
        *path, last = key.split(".")[1:]
        section = values
        for part in path:
            section = section.setdefault(part, {})
        section[last] = value
    return LogSpec.model_validate(values)


def proposals(spec: LogSpec, questions: Sequence[Question]) -> dict[str, Any]:
    """The answers to the pressing questions: dotted keys of the config and their values."""
    answers = merged([question.answer for question in questions if question.pressing])
    if "log.where" in answers:
        known = [one.model_dump(mode="json") for one in spec.where]
        answers["log.where"] = [*known, *answers["log.where"]]
    return answers


def refuse_unanswered(spec: LogSpec, questions: Sequence[Question]) -> None:
    """Stop until the pressing questions are answered.

    Raises
    ------
    UserError
        With what was seen, and one line that answers all of them as proposed.
    """
    if lines := open_lines(spec, questions):
        raise UserError("\n".join(lines))


def open_lines(spec: LogSpec, questions: Sequence[Question]) -> list[str]:
    """The pressing questions in words, and one line that answers them; none if there are none."""
    pressing = [question for question in questions if question.pressing]
    if not pressing:
        return []
    lines = [question.seen for question in pressing]
    if pasted := as_options(proposals(spec, questions)):
        lines.append(f"If that is right, add: {pasted}")
    roles = spec.columns.model_dump(exclude={"attributes"})
    about = dict.fromkeys(q.about for q in pressing if q.about and q.about not in roles.values())
    if about:
        lines.append(f"If one plays no part, name it in log.unused ({', '.join(about)}).")
    return lines


def open_keys(questions: Sequence[Question]) -> dict[str, str]:
    """By the key of the log section that answers it, what each pressing question saw."""
    found: dict[str, str] = {}
    for question in questions:
        if question.pressing:
            # What no key answers can only be ruled out.
            keys = [key for key, value in question.answer.items() if value is not None]
            key = keys[0] if keys else "log.unused"
            _, section, *rest = key.split(".")
            key = ".".join([section, *rest]) if section == "columns" else section
            found[key] = "\n".join([found[key], question.seen] if key in found else [question.seen])
    return found


def refuse_undecided(spec: LogSpec, questions: Sequence[Question]) -> None:
    """Stop where a guess would count, or leave out, values that no word explains.

    Raises
    ------
    UserError
        With what was seen, and the line to paste once it is decided.
    """
    if open_ones := [question.seen for question in questions if not question.decided]:
        pasted = as_options(proposals(spec, questions))
        line = "That is not guessed."
        line += f" Change what is wrong and add: {pasted}" if pasted else ""
        raise UserError("\n".join([*open_ones, line]))


def told(question: Question) -> str:
    """A question or remark in words, with what to add for the answer that is proposed."""
    answer = f" Add: {as_options(question.answer)}" if question.answer else ""
    return question.seen + answer
