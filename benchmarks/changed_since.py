"""What scoring only changed customers would save, and what it would get wrong.

    python -m benchmarks.changed_since out/model orders.csv

Scores a log at the day before its last one, and at its last one: how long reading and scoring take,
how many customers have orders in between, and how many answers are other ones all the same.
"""

import sys
import tempfile
import time
from datetime import timedelta
from pathlib import Path

import pandas as pd

from pipeline.command_line.main import run


def main(model: str, log: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        out = {name: Path(folder) / f"{name}.parquet" for name in ("last", "before", "again")}
        words = ["score", log, "--model", model, "--quiet"]
        words += ["--set", f"cache.folder={folder}/cache"]
        took = {}

        def scored(name: str, *more: str) -> pd.DataFrame:
            begun = time.perf_counter()
            assert run([*words, "--out", str(out[name]), *more]) == 0
            took[name] = time.perf_counter() - begun
            return pd.read_parquet(out[name]).set_index("customer_id")

        last = scored("last")
        day = pd.Timestamp(last["as_of"].iloc[0]).date() - timedelta(days=1)
        before = scored("before", "--as-of", day.isoformat())
        scored("again")
    both = before.index.intersection(last.index)
    quiet = both[(last.loc[both, "last_purchase"] < day)]
    moved = (last.loc[quiet, "p_churn"] - before.loc[quiet, "p_churn"]).abs()
    money = (last.loc[quiet, "expected_spend"] / before.loc[quiet, "expected_spend"] - 1).abs()
    print(
        f"{len(last):,} customers, {len(last) - len(quiet):,} of them with an order on the last "
        f"day. Of the {len(quiet):,} others {(moved > 0).mean():.1%} have another p_churn a day "
        f"later: by {moved.mean():.4f} on average, {moved.max():.3f} at most; expected spend by "
        f"{money.mean():.2%} on average, {money.quantile(0.99):.1%} for one in a hundred."
    )
    print(
        f"The whole command, log read: {took['last']:.1f} s; log known by content: "
        f"{took['again']:.1f} s, for everybody."
    )


if __name__ == "__main__":
    main(*sys.argv[1:])
