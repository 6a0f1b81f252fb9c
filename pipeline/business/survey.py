"""A survey beside the log: NPS or CSAT by period and RFM group, with intervals."""

from dataclasses import dataclass
from datetime import date
from pathlib import Path

import ibis
import ibis.expr.types as ir
import numpy as np
import pandas as pd

from features.business.periods import Period, label
from features.business.rfm_scores import GROUPS
from features.business.survey import survey_counts
from features.errors import UserError
from features.log.identity import filled, read_ids, same_person
from features.log.moments import Dated, read_moments
from features.log.money import Notation, read_numbers
from features.log.spec import LogSpec
from features.readers.reading import Raw, read
from features.readers.source import SourceSpec
from models.evaluation.shares import net_promoters
from pipeline.business.retention import with_share
from pipeline.intake.orders import Orders

SCORES = ("score", "nps", "csat", "rating")
"""Names of the column of answers, the surest first."""

HIGHEST = 10
CSAT_TOP = 5
"""The largest score of a survey whose scores are all 1 to 5: of satisfaction, not of promoting."""


@dataclass(frozen=True)
class Survey:
    """What customers answered.

    `kind` is NPS (share of promoters, 9 and 10, less that of detractors, 0 to 6) or CSAT (share
    of 4 and 5, where all scores are 1 to 5 and their column is not called nps). `by_period` and
    `by_group` have ``answers``, ``score`` and its 95 % interval ``low``, ``high``. `told` says
    which rows were left out.
    """

    kind: str
    by_period: pd.DataFrame
    by_group: pd.DataFrame
    told: tuple[str, ...]


def survey(
    orders: Orders, path: Path, spec: LogSpec, scored: ir.Table, as_of: date, period: Period
) -> Survey:
    """Read a survey of customer, date and score, and count its answers.

    Raises
    ------
    UserError
        When a column is missing, no answer is of a known customer, or a score lies outside 0
        to 10 (of a column called csat: 1 to 5); with how many.
    """
    answers, n_rows, unreadable, named = _answers(orders, path, spec)
    facts = _facts(answers, scored, as_of)
    if facts["outside"]:
        raise UserError(
            f"{path}: {facts['outside']:,} of {n_rows:,} scores lie outside 0 to {HIGHEST}. Scores "
            f"are 0 to {HIGHEST} (NPS) or 1 to {CSAT_TOP} (CSAT): convert them first."
        )
    counts = pd.DataFrame(
        survey_counts(answers, scored, as_of, period).to_pyarrow().to_pylist(),
        columns=["period", "rfm_group", "answers", "promoters", "detractors", "satisfied"],
    )
    if counts.empty:
        raise UserError(
            f"{path}: none of its {n_rows:,} rows is an answer of a customer of the log before "
            f"{as_of}. Are the ids those of the log?"
        )
    csat = facts["low"] >= 1 and facts["high"] <= CSAT_TOP and named != "nps"
    if named == "csat" and not csat:
        raise UserError(
            f"{path}: csat goes from {facts['low']:g} to {facts['high']:g}, and satisfaction is "
            f"counted of scores 1 to {CSAT_TOP}. Convert them, or call the column score or nps."
        )
    by_period, by_group = (_scored(counts, name, csat) for name in ("period", "rfm_group"))
    by_period.index = pd.Index([label(day, period) for day in by_period.index], name="period")
    by_group = by_group.reindex([name for name in GROUPS if name in by_group.index])
    n_counted = counts["answers"].sum()
    told = (
        f"{path.name}: {n_rows:,} answers = {n_counted:,} counted + {n_rows - n_counted:,} left "
        f"out (blank or unreadable {unreadable:,}; of customers who are not in the log "
        f"{facts['unknown']:,}; on or after {as_of} {facts['later']:,}).",
    )
    return Survey("CSAT" if csat else "NPS", by_period, by_group, told)


def _facts(answers: ir.Table, scored: ir.Table, as_of: date) -> dict[str, float]:
    """What decides whether the answers can be used, and why some are not."""
    known = answers.customer_id.isin(scored.customer_id)
    return _one(
        answers.aggregate(
            low=answers.score.min(),
            high=answers.score.max(),
            outside=ibis.coalesce((~answers.score.between(0, HIGHEST)).sum(), 0),
            unknown=ibis.coalesce((~known).sum().cast("int64"), 0),
            later=ibis.coalesce((known & (answers.day >= as_of)).sum().cast("int64"), 0),
        )
    )


def _answers(orders: Orders, path: Path, spec: LogSpec) -> tuple[ir.Table, int, int, str]:
    """Readable answers, how many rows there are, and cannot be read; what the scores are called."""
    raw = read(orders.engine, SourceSpec(source=str(path), encoding=spec.encoding))
    owner, moment, score = (
        _column(raw, path, names)
        for names in (
            (spec.columns.customer_id, "customer_id", "customer"),
            ("date", spec.columns.transacted_at),
            SCORES,
        )
    )
    places = {name: raw.columns[name] for name in (owner, moment, score)}
    rows = raw.table.select(
        "row",
        **{
            key: filled(raw.table[places[name]])
            for key, name in (("moment", moment), ("said", score))
        },
        customer_id=same_person(
            read_ids(raw.table, places[owner], owner), spec.customer_case, spec.customer_form
        ),
    )
    day = read_moments(rows, "moment", Dated(timezone=spec.timezone), moment).moment.cast("date")
    number = read_numbers(rows, "said", Notation(spec.decimal, spec.thousands), score)
    answers = rows.select("customer_id", day=day, score=number.try_cast("float64"))
    sound = answers.filter(
        answers.customer_id.notnull() & answers.day.notnull() & answers.score.notnull()
    )
    kept = orders.engine.create_table(orders.engine.fresh("survey"), sound)
    n_rows, n_kept = (int(table.count().to_pyarrow().as_py()) for table in (rows, kept))
    return kept, n_rows, n_rows - n_kept, score.casefold()


def _column(raw: Raw, path: Path, names: tuple[str, ...]) -> str:
    written = {name.casefold(): name for name in raw.columns}
    for name in names:
        if name.casefold() in written:
            return written[name.casefold()]
    wanted = " or ".join(dict.fromkeys(names))
    raise UserError(
        f"{path}: has no column called {wanted}. A survey has the columns customer_id, date and "
        f"score (or {', '.join(SCORES[1:])}); there are: {', '.join(list(raw.columns)[:40])}."
    )


def _one(table: ir.Table) -> dict[str, float]:
    row: dict[str, float] = table.to_pyarrow().to_pylist()[0]
    return {name: np.nan if value is None else value for name, value in row.items()}


def _scored(counts: pd.DataFrame, by: str, csat: bool) -> pd.DataFrame:
    sums = counts.groupby(by)[["answers", "promoters", "detractors", "satisfied"]].sum()
    if csat:
        found = with_share(sums, "score", sums["satisfied"], sums["answers"])
        found = found.rename(columns={"score_low": "low", "score_high": "high"})
    else:
        score, low, high = net_promoters(sums["promoters"], sums["detractors"], sums["answers"])
        found = sums.assign(score=score, low=low, high=high)
    return found[["answers", "score", "low", "high"]]
