"""What a log's config leaves open, proposed from its columns: a known export's profile, or roles.

`check` shows a proposal, `--guess` takes it; nothing is taken silently.
"""

import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from features.engines.duckdb import value_free_errors
from features.errors import UserError
from features.readers.reading import Raw, read
from features.readers.source import SourceSpec
from pipeline.config import Config
from pipeline.config_file import read_yaml, under, values
from pipeline.config_options import as_options
from pipeline.config_problems import validated
from pipeline.console import Progress
from pipeline.intake import mapping
from pipeline.intake.orders import open_engine
from pipeline.intake.people_taken import people_taken, said
from pipeline.intake.questions import Question, ask, proposals, refuse_undecided
from pipeline.intake.questions.question import merged
from pipeline.intake.roles import Roles, nameless_money, propose
from pipeline.intake.tie_breaks import days_per_value, settled
from pipeline.plain_yaml import OPEN
from pipeline.profiles import KnownExport, recognised


class Proposal(NamedTuple):
    """A config's log section, filled in.

    `proposed` are the keys that were not given, `known` the profile that they are from. `open` says
    of a key that no column suits, or several do equally, what to decide; its value is `OPEN`.
    """

    section: dict[str, Any]
    proposed: list[str]
    known: KnownExport | None
    open: dict[str, str]


def completed(raw: Raw, columns: Sequence[mapping.Profile], section: Mapping[str, Any]) -> Proposal:
    """The section with what it leaves open filled in, as far as the columns tell."""
    given = dict(section.get("columns") or {})
    known, unmapped = None if given else recognised(list(raw.columns)), dict[str, str]()
    if known:
        keys = under(dict(known.log), dict(section))
        roles = keys["columns"]
    else:
        found, unmapped = _guessed(raw, columns, given)
        roles = given | found
        keys = dict(section)
    named = {key: name for key, name in roles.items() if key != "attributes" and name}
    everywhere = all(name in raw.columns for name in named.values())
    written = mapping.notation(raw, named) if everywhere else {}
    keys = {**{key: value for key, value in written.items() if key not in keys}, **keys}
    proposed = [f"columns.{key}" for key in roles if key not in given]
    proposed += [key for key in keys if key not in section and key != "columns"]
    keys["columns"] = roles | dict.fromkeys(unmapped, OPEN)
    why = {f"columns.{role}": told for role, told in unmapped.items()}
    return Proposal(keys, proposed, known, why)


def guessed(path: Path | None, overrides: Mapping[str, Any], progress: Progress) -> dict[str, Any]:
    """What `check` would propose for a log, as dotted keys to lie over the config.

    Raises
    ------
    UserError
        When the log cannot be mapped, or has states that no word explains.
    """
    request = values(path, overrides)
    section = dict(request.get("log") or {})
    if "source" not in section:
        raise UserError("Which log? Name a file, a folder or a pattern.")
    source = SourceSpec(**{key: section[key] for key in SourceSpec.model_fields if key in section})
    with (
        open_engine(source.source) as (engine, place),
        value_free_errors(),
        progress.step("Looking the log over"),
    ):
        raw = read(engine, source.model_copy(update={"source": place}))
        total = raw.table.count().to_pyarrow().as_py()
        if not total:
            raise UserError(f"{source.source}: no rows below the header.")
        profiles = mapping.profiles(raw, total)
        keys, proposed, known, unmapped = completed(raw, profiles, section)
        if unmapped:
            raise UserError("\n".join(unmapped.values()))
        config = validated(Config, {**request, "log": keys}, path)
        asked = ask(raw, config.log, profiles)
        refuse_undecided(config.log, asked)
        taken, left = people_taken(raw, config.log, asked, section)
    notes = [known.told] if known else []
    notes += [said(question) for question in taken]
    for note in [*notes, *(_apart(question) for question in left)]:
        progress.note(note)
    found = {f"log.{key}": _at(keys, key) for key in proposed}
    return found | proposals(config.log, asked) | merged([question.answer for question in taken])


def _apart(question: Question) -> str:
    pasted = as_options(question.answer)
    return f"{question.seen} They are no mails, so they stay apart. Add: {pasted}"


def offer(path: Path | None, overrides: Mapping[str, Any], progress: Progress) -> str:
    """What `check` would map, and how to take it, for a command that was given a bare file."""
    found = guessed(path, overrides, progress)
    told = (
        "The config does not say what the log's columns mean. `churn check` would propose:\n"
        f"  {as_options(found)}\n"
        "Take it as it stands with --guess, or add these options, changed where they are wrong."
    )
    written = None if path else _written_for(str(overrides.get("log.source", "")))
    return f"{told}\nOr take the config that stands here: --config {written}" if written else told


def _written_for(source: str) -> str | None:
    """A config in the current folder that is about this log, quoted for a shell."""
    for config in sorted(Path().glob("*.yaml")):
        try:
            log = read_yaml(config).get("log")
        except UserError:
            continue
        if isinstance(log, dict) and source and log.get("source") == source:
            return shlex.quote(str(config))
    return None


def _at(keys: Mapping[str, Any], dotted: str) -> Any:
    value: Any = keys
    for part in dotted.split("."):
        value = value[part]
    return value


def _guessed(
    raw: Raw, columns: Sequence[mapping.Profile], given: Mapping[str, Any]
) -> tuple[dict[str, str], dict[str, str]]:
    """The roles that are not given, by columns that have none; and why any is left open."""
    spoken_for = [*given.values(), *(given.get("attributes") or ())]
    free = [c for c in columns if c.name not in spoken_for]
    suited = suited_roles(raw, free, given)
    found = {k: v for k, v in suited.columns.items() if k not in given}
    if "amount" in given or "unit_price" in given:
        found.pop("unit_price", None)
        found.pop("amount", None)
    problems = _unmapped(raw, {**given, **found}, suited)
    money = {"amount", "unit_price"}
    rest = [column for column in free if column.name not in found.values()]
    if not money & {*given, *found, *suited.ties} and (names := nameless_money(rest)):
        problems["amount"] = (
            f"No column is called money, but {' and '.join(map(repr, names))} could be it. Name "
            f"the money of a row: {_flag('amount')} {shlex.quote(names[0])}; or say that there is "
            "none, and each order counts 1: --set log.columns.amount=null"
        )
    return found, problems


def suited_roles(raw: Raw, free: Sequence[mapping.Profile], given: Mapping[str, Any]) -> Roles:
    """Which free column suits which role, with a look at the days on which values occur."""
    date = given.get("transacted_at") or propose(free).columns.get("transacted_at")
    days = days_per_value(raw, free, date) if date in raw.columns else {}
    return settled(raw, propose(free, days))


def _unmapped(raw: Raw, roles: Mapping[str, Any], suited: Roles) -> dict[str, str]:
    """By role why the mapping is not whole: no column suits, or several equally well."""
    needed = ("customer_id", "transacted_at", "amount")
    lines = {
        role: f"{' and '.join(map(repr, names))} could each be {role}; say which: "
        f"{_flag(role)} {shlex.quote(names[0])}"
        for role, names in suited.ties.items()
        if role in needed
        and role not in roles
        and not (role == "amount" and roles.get("unit_price"))
    }
    names = ", ".join(list(raw.columns)[:40])
    for role in needed[:2]:
        if role not in roles and role not in suited.ties:
            what = f"No column looks like {role}; name it: {_flag(role)}. There are: {names}."
            lines[role] = what
    return lines


def _flag(role: str) -> str:
    return f"--{role.replace('_', '-')}"
