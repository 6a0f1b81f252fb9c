"""A shop that never was: an order log with rhythm, dropout, returns and dirt, from a seed."""

import csv
from datetime import date, timedelta
from functools import cache
from pathlib import Path

import numpy as np

from pipeline.command_line import main as cli
from pipeline.model_files.identity import LogIdentity

HEADER = ("Customer ID", "Date", "Total", "Invoice", "Country")
SENTINEL, MAIL = "sentinel-0007@example.org", "@mail.example"
IDENTITY = LogIdentity(name="orders.csv", purchase_days=9, sketch="4-8-9-2024.01.31-QQ==")
"""A log's identity, for models that were made by hand."""

FIRST, LAST = date(2022, 1, 1), date(2023, 6, 30)


def rows(n_customers=500, seed=1):
    """Order rows in time order; ids are beyond 2^53, begin with 0, or are names."""
    return list(_drawn(n_customers, seed))


@cache
def _drawn(n_customers, seed):
    rng = np.random.default_rng(seed)
    span = (LAST - FIRST).days
    found = []
    for number in range(n_customers):
        name = f"{number:05d}"
        if number % 4 == 0:
            name = str(9_007_199_254_740_993 + number)
        if number % 4 == 3:
            name = f"sentinel-{number:04d}@example.org"
        day = rng.uniform(0, span * 0.8)
        rate, dropout = rng.gamma(0.9, 0.03), rng.beta(0.8, 3.0)
        while day < span:
            amount = round(float(rng.gamma(4, 8)) + 1, 2)
            found.append((name, int(day), amount, rng.choice(["NO", "SE", "DK"])))
            if rng.random() < 0.04:
                found.append((name, int(day) + 3, -round(amount / 2, 2), "NO"))
            if rng.random() < dropout:
                break
            day += rng.exponential(1 / rate)
    kept = sorted((r for r in found if r[1] <= span), key=lambda r: r[1])
    return [
        (name, (FIRST + timedelta(days=day)).isoformat(), f"{amount:.2f}", f"A{n}", country)
        for n, (name, day, amount, country) in enumerate(kept)
    ]


def write(path: Path, log, header=HEADER):
    """Write rows as CSV."""
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([header, *log])
    return path


def train(*more, source="orders.csv"):
    """Train on a log beside the store of the current folder, with few contenders and cutoffs."""
    settings = ["contenders=[base_rate,recency_alone,bg_nbd,blend]"]
    settings += ["log.columns.attributes=[Country]"]
    settings += ["training.max_cutoffs=4", "backtest.cutoffs=2"]
    words = [word for setting in settings for word in ("--set", setting)]
    return cli.run(["train", source, *COLUMNS, "--horizon", "60d", *words, *more])


COLUMNS = (
    *("--customer-id", "Customer ID", "--transacted-at", "Date"),
    *("--amount", "Total", "--order-id", "Invoice"),
)
