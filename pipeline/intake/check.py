"""What is in a log, whether it is enough to learn from, and which horizon suits it.

Nothing is decided here that `train` does not ask for again: what was not named is proposed.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from features.customer.snapshot import refuse_taken
from features.engines.duckdb import Engine, value_free_errors
from features.errors import QuestionError, UserError
from features.log.transactions import Log, LogSpec, validate
from features.readers.reading import Raw, read
from features.readers.source import SourceSpec
from pipeline.config import Config
from pipeline.config_file import EMPTY
from pipeline.config_problems import explain, problems_of, validated
from pipeline.cutoffs import plan
from pipeline.intake import facts, mapping
from pipeline.intake.breaks import breaks
from pipeline.intake.enough import Verdict, judge
from pipeline.intake.horizon import Horizon, PurchaseHistory, propose_horizon, uneven
from pipeline.intake.orders import locate
from pipeline.intake.people_taken import people_taken, said
from pipeline.intake.proposal import completed
from pipeline.intake.questions import Question, ask, open_keys, open_lines, proposals, with_keys
from pipeline.intake.questions.question import merged


@dataclass(frozen=True)
class Check:
    """What `churn check` found; `problem` says why a log was refused before it was counted.

    `facts` holds counts and quantiles only, never a value of a single row. `config` is what the
    log was judged by, `proposed` the keys of it that were guessed, `horizon` the one that the
    log's rhythm suggests. `taken` are the remarks on ids whose answers are among them. `open` says
    of keys of the log section, such as ``columns.amount``, what a person has to decide.
    """

    source: str
    verdict: Verdict
    reasons: list[str]
    columns: list[mapping.Profile]
    config: Config | None = None
    proposed: list[str] = field(default_factory=list)
    attributes: list[str] = field(default_factory=list)
    facts: dict[str, Any] = field(default_factory=dict)
    horizon: Horizon | None = None
    notes: list[str] = field(default_factory=list)
    problem: str = ""
    questions: list[Question] = field(default_factory=list)
    taken: list[Question] = field(default_factory=list)
    open: dict[str, str] = field(default_factory=dict)

    @property
    def spec(self) -> LogSpec | None:
        """How the log was read."""
        return self.config.log if self.config else None

    @property
    def horizon_days(self) -> int | None:
        """The horizon that the log was judged for: the one asked for, or else the proposed one."""
        asked = self.config.horizon_days if self.config else None
        return asked or (self.horizon.days if self.horizon else None)

    def to_json(self) -> str:
        """All of it as JSON."""
        values = {
            "source": self.source,
            "verdict": self.verdict,
            "reasons": self.reasons,
            "problem": self.problem or None,
            "columns": [column.to_json() for column in self.columns],
            "log": self.spec.model_dump(mode="json", exclude_none=True) if self.spec else None,
            "proposed_keys": self.proposed,
            "open": self.open,
            "questions": [asdict(question) for question in self.questions],
            "attribute_candidates": self.attributes,
            "horizon": asdict(self.horizon) if self.horizon else None,
            "horizon_days": self.horizon_days,
            "notes": self.notes,
            **self.facts,
        }
        return json.dumps(values, indent=2, default=str)


def log_section(request: Mapping[str, Any], path: Path | None = None) -> dict[str, Any]:
    """The config's `log:` section, complete or not: what is missing is proposed later.

    Parameters
    ----------
    request
        All of the config, as from `pipeline.config_file.values`.
    path
        The config's file, to be named where a key cannot be used.

    Raises
    ------
    UserError
        Naming every key of the request that cannot be used, or when no source is named.
    """
    section = request.get("log") or {}
    if not path and isinstance(section, dict) and "source" not in section:
        raise UserError("Which log? Name a file, a folder or a pattern: churn check orders.csv")
    whole = section
    if isinstance(section, dict) and section.get("columns") is None:
        whole = {**section, "columns": {}}
    try:
        Config.model_validate({**request, "log": whole})
    except ValidationError as error:
        wrong = [problem for problem in problems_of(error) if not _open(problem)]
        if wrong:
            raise UserError(explain(wrong, Config, path)) from None
    return dict(section)


def _open(problem: ErrorDetails) -> bool:
    """Whether a column that is not named yet may be all that is wrong."""
    location, kind = problem["loc"], problem["type"]
    if kind == "missing":
        return location[:2] == ("log", "columns")
    return kind == "value_error" and location in (("log",), ("log", "columns"))


def check(
    engine: Engine,
    section: Mapping[str, Any],
    settings: Mapping[str, Any] = EMPTY,
    now: datetime | None = None,
    path: Path | None = None,
    take: bool = True,
) -> Check:
    """Look a log over, and judge it for the horizon and the cutoffs that are asked for.

    Parameters
    ----------
    engine
        Allowed to read the source.
    section
        As from `log_section`: only ``source`` is needed.
    settings
        The config's other keys; without a ``horizon_days`` the proposed one is judged for.
    path
        The config's file, to be named where a key cannot be used.
    take
        Whether ids are joined and left out as `people_taken` says; not where a config that
        leaves them as they are is what is checked.

    Raises
    ------
    UserError
        If the files cannot be read at all, or a key or contender of the config is none. A log
        that can be read and not used is a `Check` with the verdict ``refuse``.
    """
    source = SourceSpec(**{key: section[key] for key in SourceSpec.model_fields if key in section})
    with value_free_errors():
        raw, answers = _read(engine, source.model_copy(update={"source": locate(source.source)}))
        try:
            section = {**section, **answers}
            found = _check(engine, raw, source, section, settings, now, path, take)
            return replace(found, proposed=[*found.proposed, *answers])
        finally:
            raw.drop()


def _read(engine: Engine, source: SourceSpec) -> tuple[Raw, dict[str, Any]]:
    """Read a source, taking the answer to each question that has one; the keys they settle."""
    answers: dict[str, Any] = {}
    while True:
        try:
            return read(engine, source.model_copy(update=answers)), answers
        except QuestionError as question:
            if question.keys.keys() <= answers.keys():
                raise
            answers |= question.keys


def _check(
    engine: Engine,
    raw: Raw,
    source: SourceSpec,
    section: Mapping[str, Any],
    settings: Mapping[str, Any],
    now: datetime | None,
    path: Path | None,
    take: bool,
) -> Check:
    total = raw.table.count().to_pyarrow().as_py()
    columns = mapping.profiles(raw, total)
    if not total:
        return _refused(f"{source.source}: no rows below the header.", source, columns)
    found: dict[str, Any] = {"rows": total, "files": len(raw.files), "format": raw.format}
    keys, proposed, known, unmapped = completed(raw, columns, section)
    config = validated(Config, {**settings, "log": keys}, path)
    if unmapped:
        why = "\n".join(unmapped.values())
        return replace(_refused(why, source, columns, config, proposed, found), open=unmapped)
    _refuse_half_answer(config)
    before, asked = config.log, list[Question]()
    try:
        asked = ask(raw, before, columns)
        taken = people_taken(raw, before, asked, section)[0] if take else []
        answers = proposals(before, asked) | merged([question.answer for question in taken])
        proposed += [key.removeprefix("log.") for key in answers]
        spec = with_keys(before, answers)
        config = config.model_copy(update={"log": spec})
        refuse_taken(spec.columns.attributes)
        candidates = mapping.attributes(columns, spec.columns.model_dump(exclude={"attributes"}))
        log = validate(engine, raw, spec, now)
        found |= facts.account(log)
        history = facts.history_of(engine, log)
    except UserError as error:
        problem = "\n".join([*open_lines(before, asked), str(error)])
        refused = _refused(problem, source, columns, config, proposed, found, asked)
        return _with_open(refused, config, error) if isinstance(error, QuestionError) else refused
    found |= {**facts.shape(log, history), "read_as": facts.assumptions(log, spec, proposed)}
    horizon = propose_horizon(history, config)
    verdict, reasons = _judged(config, found, horizon, history, open_lines(before, asked)[:1])
    notes = [known.told] if known else []
    notes += [*_notes(log, history, spec, asked, taken), *facts.towering(found)]
    if config.horizon_days and (told := uneven(history, config, config.horizon_days)):
        notes.append(told)
    return Check(
        source.source, verdict, reasons, columns, config, proposed, candidates, found, horizon,
        notes, "\n".join(open_lines(before, asked)), asked, taken, open_keys(asked),
    )  # fmt: skip


def _notes(
    log: Log, history: facts.History, spec: LogSpec, asked: list[Question], taken: list[Question]
) -> list[str]:
    """What was taken, what reading told, and what there is to look at beside."""
    left = [question for question in asked if question not in taken]
    found = facts.remarks(log, history.customers, spec, left)
    days = breaks(history.netted, history.customers)
    return [*map(said, taken), *log.notes, *found, *days]


def _with_open(refused: Check, config: Config, error: QuestionError) -> Check:
    """A log that is refused until a person answers."""
    spec = with_keys(config.log, {f"log.{key}": value for key, value in error.keys.items()})
    config = config.model_copy(update={"log": spec})
    opened = open_keys(refused.questions) | error.asked
    return replace(refused, config=config, proposed=[*refused.proposed, *error.keys], open=opened)


def _judged(
    config: Config,
    found: Mapping[str, Any],
    horizon: Horizon,
    history: PurchaseHistory,
    unanswered: list[str],
) -> tuple[Verdict, list[str]]:
    """The verdict on a log that could be counted, and why; what is unanswered comes first."""
    horizon_days = config.horizon_days or horizon.days
    verdict, reasons = judge(found, horizon_days)
    lacking = [] if verdict == "refuse" else _unplanned(config, horizon_days, history)
    refused = [*unanswered, *lacking]
    return "refuse" if refused else verdict, [*refused, *reasons]


def _refuse_half_answer(config: Config) -> None:
    """As a training would; models, which take a second to load, are needed only to name some."""
    if config.contenders is not None:
        from pipeline.own_estimators import refuse_half_answer

        refuse_half_answer(config.contenders)


def _refused(
    problem: str,
    source: SourceSpec,
    columns: list[mapping.Profile],
    config: Config | None = None,
    proposed: Sequence[str] = (),
    found: Mapping[str, Any] = EMPTY,
    asked: Sequence[Question] = (),
) -> Check:
    """Say why a log was refused before it was counted."""
    return Check(
        source.source, "refuse", [problem.splitlines()[0]], columns, config, list(proposed),
        facts=dict(found), problem=problem, questions=list(asked),
    )  # fmt: skip


def _unplanned(config: Config, horizon_days: int, history: PurchaseHistory) -> list[str]:
    """Why the cutoffs that are asked for do not lie within the log; none when they do."""
    try:
        plan(config, horizon_days, history.first_day, history.end)
    except UserError as error:
        return str(error).splitlines()
    return []
