"""An order log of any size, drawn from the Pareto/NBD story: for benchmarks and first steps.

Schmittlein, D. C., Morrison, D. G. & Colombo, R. (1987), "Counting Your Customers", Management
Science 33(1), for when customers come and stay away; Fader, P. S. & Hardie, B. G. S. (2013),
"The Gamma-Gamma Model of Monetary Value", for what they spend. A season, a growing shop, order
lines, returns and attributes lie over it. Customers are drawn in blocks and written as they are
drawn, so the memory that is needed does not depend on how many there are.
"""

import contextlib
import os
import shutil
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from pyarrow import parquet

from features.errors import UserError
from features.writing import private_folder
from pipeline.console import Progress

BLOCK = 100_000
"""Customers drawn at a time; part of what a seed stands for."""

END = np.datetime64("2025-01-01")
"""The day after the log's last."""

PURCHASE_SHAPE, PURCHASES_A_YEAR = 0.6, 3.4
DROPOUT_SHAPE, YEARS_PER_DROPOUT = 1.4, 1.1
GROWTH = 0.15
SEASON = 0.35
RETURNED = 0.03
SECONDS = 86_400

SCHEMA = pa.schema(
    {
        "customer_id": pa.string(),
        "ordered_at": pa.timestamp("us"),
        "order_id": pa.int64(),
        "amount": pa.decimal128(12, 2),
        "quantity": pa.int32(),
        "country": pa.dictionary(pa.int8(), pa.string()),
        "channel": pa.dictionary(pa.int8(), pa.string()),
    }
)

_COUNTRIES = ("DE", "FR", "GB", "IT", "PL", "SE")
_CHANNELS = ("web", "app", "shop")

Numbers = NDArray[Any]


def simulate(
    n_customers: int,
    years: float,
    out: Path,
    progress: Progress,
    lines: float = 1.5,
    seed: int = 0,
) -> int:
    """Write a log of `n_customers` to the folder `out`, a Parquet file a month; returns its rows.

    Parameters
    ----------
    years
        Length of the log, which ends with 2024.
    lines
        Mean number of lines of an order, at least 1; each is a row.
    seed
        The same numbers give the same log.

    Raises
    ------
    UserError
        When `out` is there already.
    """
    if out.exists():
        raise UserError(f"{out} is there already; name another folder, or remove it first.")
    start = END - np.timedelta64(max(round(years * 365.25), 1), "D")
    months = np.arange(start.astype("M8[M]"), END.astype("M8[M]"))
    out.parent.mkdir(parents=True, exist_ok=True)
    draft = private_folder(out, ".draft")
    rows = 0
    try:
        with contextlib.ExitStack() as files, progress.step(f"Drawing {n_customers:,} customers"):
            writers = [
                files.enter_context(parquet.ParquetWriter(draft / f"{month}.parquet", SCHEMA))
                for month in months
            ]
            for first in range(0, n_customers, BLOCK):
                block = range(first, min(first + BLOCK, n_customers))
                rng = np.random.default_rng([seed, first])
                for month, table in _by_month(_orders(rng, block, start, lines), months):
                    writers[month].write_table(table)
                    rows += table.num_rows
        os.replace(draft, out)
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    return rows


def _orders(rng: np.random.Generator, block: range, start: Any, lines: float) -> dict[str, Numbers]:
    """The rows of a block of customers, as columns."""
    span = float((END - start).astype(int))
    born = _first_days(rng, len(block), span)
    owner, day = _purchases(rng, born, span)
    worth = rng.gamma(3.0, 60.0, len(block))
    number = block.start * 1_000 + np.arange(len(owner))
    n_lines = rng.geometric(1 / lines, len(owner))
    line_owner, amounts = np.repeat(owner, n_lines), rng.gamma(4.0, 0.25, n_lines.sum())
    # What a customer pays for an order does not depend on how many lines it is written in.
    cents = amounts * worth[line_owner] * 100 / np.repeat(n_lines, n_lines)
    moment = (np.repeat(day, n_lines) * SECONDS).astype(np.int64)
    rows = {
        "customer": line_owner + block.start,
        "moment": moment,
        "order_id": np.repeat(number, n_lines),
        "cents": np.maximum(cents.round(), 1).astype(np.int64),
        "quantity": rng.geometric(0.7, len(moment)),
        "channel": np.repeat(rng.choice(3, len(owner), p=(0.6, 0.3, 0.1)), n_lines),
    }
    back = np.flatnonzero(rng.random(len(moment)) < RETURNED)
    returned = {name: values[back] for name, values in rows.items()}
    returned["moment"] = returned["moment"] + rng.integers(1, 30 * SECONDS, len(back))
    returned["cents"], returned["quantity"] = -returned["cents"], -returned["quantity"]
    # A credit note has a number of its own.
    returned["order_id"] = block.start * 1_000 + len(owner) + np.arange(len(back))
    rows = {name: np.concatenate([values, returned[name]]) for name, values in rows.items()}
    # A home country each: a hash of the number, so that it needs no memory of its own.
    rows["country"] = (rows["customer"] * 2_654_435_761 % 2**32 % 97) % len(_COUNTRIES)
    rows["moment"] = rows["moment"] + start.astype("M8[s]").astype(np.int64)
    return {
        name: values[rows["moment"] < END.astype("M8[s]").astype(np.int64)]
        for name, values in rows.items()
    }


def _first_days(rng: np.random.Generator, n: int, span: float) -> Numbers:
    """Days from the log's start to each first purchase; the shop grows by `GROWTH` a year."""
    rate = np.log1p(GROWTH) / 365.25
    return np.asarray(np.log1p(rng.random(n) * np.expm1(rate * span)) / rate)


def _purchases(rng: np.random.Generator, born: Numbers, span: float) -> tuple[Numbers, Numbers]:
    """Owner and time (days) of each purchase: Poisson with a season until an unseen dropout."""
    n = len(born)
    rate = rng.gamma(PURCHASE_SHAPE, PURCHASES_A_YEAR / PURCHASE_SHAPE / 365.25, n)
    dropout = rng.gamma(DROPOUT_SHAPE, 1 / (DROPOUT_SHAPE * YEARS_PER_DROPOUT * 365.25), n)
    active = np.minimum(rng.exponential(1.0, n) / np.maximum(dropout, 1e-9), span - born)
    events = rng.poisson(rate * active * (1 + SEASON))
    owner = np.repeat(np.arange(n), events)
    day = born[owner] + rng.random(len(owner)) * active[owner]
    season = 1 + SEASON * np.cos(2 * np.pi * (day - span) / 365.25)  # the log ends with a year
    kept = rng.random(len(owner)) * (1 + SEASON) < season
    owner, day = np.concatenate([np.arange(n), owner[kept]]), np.concatenate([born, day[kept]])
    # Opening hours: eight to ten, most of them about three.
    return owner, np.floor(day) + rng.triangular(8.0, 15.0, 22.0, len(day)) / 24


def _by_month(rows: dict[str, Numbers], months: Numbers) -> Iterator[tuple[int, pa.Table]]:
    """The rows in order of time, a table for each month that has any."""
    order = np.argsort(rows["moment"], kind="stable")
    rows = {name: values[order] for name, values in rows.items()}
    edges = np.append(months, months[-1] + 1).astype("M8[s]").astype(np.int64)
    places = np.searchsorted(rows["moment"], edges)
    table = _table(rows)
    for month, (first, end) in enumerate(pairwise(places)):
        if end > first:
            yield month, table.slice(first, end - first)


def _table(rows: dict[str, Numbers]) -> pa.Table:
    # An odd factor permutes the numbers below 2^32: ids that tell nothing and are never equal.
    ids = rows["customer"].astype(np.uint64) * np.uint64(2_654_435_761) % np.uint64(2**32)
    hexadecimal = np.frombuffer(ids.astype(">u4").tobytes().hex().encode(), dtype="S8")
    wide = np.column_stack([rows["cents"], rows["cents"] >> 63])
    amounts = pa.Decimal128Array.from_buffers(
        SCHEMA.field("amount").type, len(wide), [None, pa.py_buffer(wide.tobytes())]
    )
    columns = [
        pa.array(hexadecimal).cast(pa.string()),
        pa.array(rows["moment"].astype("M8[s]")).cast(pa.timestamp("us")),
        pa.array(rows["order_id"]),
        amounts,
        pa.array(rows["quantity"].astype(np.int32)),
        _words(rows["country"], _COUNTRIES),
        _words(rows["channel"], _CHANNELS),
    ]
    return pa.Table.from_arrays(columns, schema=SCHEMA)


def _words(places: Numbers, words: tuple[str, ...]) -> pa.DictionaryArray:
    return pa.DictionaryArray.from_arrays(pa.array(places.astype(np.int8)), pa.array(words))
