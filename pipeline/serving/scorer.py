"""One model at work: requests in, for each its scores, the numbers of `churn score` to the bit.

Requests that wait are answered together: a frame of customers costs little more than one.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pandas as pd
import pyarrow as pa
from threadpoolctl import ThreadpoolController

from features.errors import UserError
from features.log.spec import LogSpec
from pipeline.model_files.artifact import Model
from pipeline.scoring.batch import scored_batch
from pipeline.scoring.champion import Found
from pipeline.scoring.score import check_features
from pipeline.serving import asked
from pipeline.serving.asked import Asked
from pipeline.serving.reader import Reader, mapped


@dataclass(frozen=True)
class Request:
    """A request as far as it can be read without looking at its cells: rows, or a summary each."""

    day: date
    rows: list[dict[str, str | None]] = field(default_factory=list)
    summaries: dict[str, list[Any]] = field(default_factory=dict)


@dataclass(frozen=True)
class Answer:
    """Scores of one request, a mapping per customer, and why rows were set aside."""

    scores: list[dict[str, Any]]
    set_aside: dict[str, int]


class Scorer:
    """Answers requests with one model.

    Parameters
    ----------
    before : Scorer, optional
        One whose compiled reading may be used, where both models' logs are read alike.

    Raises
    ------
    UserError
        When the model was trained with other features than these.
    """

    def __init__(self, found: Found, before: "Scorer | None" = None) -> None:
        check_features(found.model)
        self.found = found
        self.model: Model = found.model
        log = self.model.manifest.settings["log"]
        self.spec = LogSpec.model_validate({**log, "source": "request"})
        alike = before is not None and before.spec == self.spec
        self._reader: Reader = before._reader if before and alike else Reader(self.spec)
        # Once: looking for the libraries takes as long as an answer.
        self._threads = ThreadpoolController()
        self._warm_up()

    def _warm_up(self) -> None:
        """Compile and load what the first request would wait for."""
        columns = self.spec.columns
        row: dict[str, str | None] = {columns.customer_id: "x", columns.transacted_at: "2024-01-31"}
        money = columns.amount or columns.unit_price
        row |= {name: "1" for name in (money, columns.quantity) if name}
        day = date(2024, 2, 29)
        self.answer([Request(day, [row])])

    def today(self) -> date:
        """The first day that is not known yet: tomorrow, in the zone of the business."""
        return datetime.now(ZoneInfo(self.spec.timezone or "UTC")).date() + timedelta(days=1)

    def request(self, said: Asked) -> Request:
        """What is asked, in the columns of this model's log.

        Raises
        ------
        UserError
            Naming the columns that are wrong, and no value.
        """
        day = said.as_of or self.today()
        if said.customers:
            return Request(day, summaries=asked.summaries(said.customers, self.model.manifest))
        asked.refuse_missing(said.orders, mapped(self.spec))
        columns = self.spec.columns
        people = [columns.customer_id, *filter(None, [columns.refund_customer])]
        return Request(day, asked.texts(said.orders, people, self.spec.decimal or "."))

    def answer(self, requests: Sequence[Request]) -> list[Answer]:
        """Answers in the order of the requests, which all ask about the same day."""
        day = requests[0].day
        # pandas asks Arrow for each name of a column otherwise, a third of a frame's time.
        columns = pd.option_context("mode.string_storage", "python")
        with self._threads.limit(limits=1), columns:
            tables, aside = self._snapshots(requests, day)
            scores = scored_batch(pa.concat_tables(tables), self.model, day).to_pylist()
        by_request: list[list[dict[str, Any]]] = [[] for _ in requests]
        for one in scores:
            number, _, one["customer_id"] = one["customer_id"].partition(":")
            by_request[int(number)].append(one)
        return [
            Answer(sorted(found, key=_id) if request.rows else found, reasons)
            for request, found, reasons in zip(requests, by_request, aside, strict=True)
        ]

    def _snapshots(
        self, requests: Sequence[Request], day: date
    ) -> tuple[list[pa.Table], list[dict[str, int]]]:
        tables = [_numbered(n, r.summaries, self._reader.schema) for n, r in enumerate(requests)]
        if not any(request.rows for request in requests):
            return tables, [{} for _ in requests]
        found = self._reader.snapshot([request.rows for request in requests], day)
        return [*tables, found.customers], found.set_aside


def _id(score: Mapping[str, Any]) -> str:
    return str(score["customer_id"])


def _numbered(number: int, columns: Mapping[str, list[Any]], schema: pa.Schema) -> pa.Table:
    """Summaries as a snapshot, the number of the request before each id."""
    if not columns:
        return schema.empty_table()
    ids = [f"{number}:{one}" for one in columns["customer_id"]]
    return pa.table({**columns, "customer_id": ids}, schema=schema)


def refusal(error: Exception) -> str:
    """What may be told of an error: a refusal's own words, of anything else kind and place."""
    if isinstance(error, UserError):
        return str(error)
    place = error.__traceback__
    while place is not None and place.tb_next is not None:
        place = place.tb_next
    where = ""
    if place is not None:
        name = place.tb_frame.f_code.co_filename.rpartition("/")[2]
        where = f" in {name}, line {place.tb_lineno}"
    return f"A bug in churn: {type(error).__name__}{where}."
