"""`churn monitor` as a stage: all signals of a model in use, and the verdict."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd
from pyarrow import lib, parquet

from pipeline.console import Progress
from pipeline.intake.orders import Orders
from pipeline.model_files.artifact import Model
from pipeline.scoring.scores_file import Scores, read_scores
from pipeline.watching.drifted import Drift, drift
from pipeline.watching.health import health
from pipeline.watching.judged import judged
from pipeline.watching.realised import Realised, realised
from pipeline.watching.signals import LOOK, NOTHING, TRAIN, Signal, verdict
from pipeline.watching_config import MonitoringConfig

INTERVAL = ("spend_if_any_low", "spend_if_any_high")
TELLING = {"customer_id", "as_of", "p_churn", "model_version"}
"""Columns by which scores are told from a log."""


@dataclass(frozen=True)
class Monitored:
    """What the watch found: `signals` as they were computed, alarms among them.

    `scorings` are the earlier ones of which something is over, the earliest first; `weeks` is as
    `health.by_week`. `day` is the first one that the log does not cover.
    """

    log: str
    day: date
    model_version: str
    learned_until: date
    signals: tuple[Signal, ...]
    scorings: tuple[Realised, ...]
    drift: Drift | None
    weeks: pd.DataFrame

    @property
    def alarms(self) -> list[Signal]:
        """The signals that are alarms; those of the data first."""
        return sorted((s for s in self.signals if s.risen), key=lambda s: s.kind != "data")

    @property
    def verdict(self) -> str:
        """`nothing to do`, `look at the data` or `train again`."""
        return verdict(self.signals)

    @property
    def sentences(self) -> list[str]:
        """The verdict and its reasons."""
        kind = {LOOK: "data", TRAIN: "answer", NOTHING: ""}[self.verdict]
        first = f"{self.verdict.capitalize()}."
        if kind:
            where = dict.fromkeys(one.where for one in self.alarms if one.kind == kind)
            first = f"{self.verdict.capitalize()}: {', '.join(where)}."
        said = [first, *(one.words for one in self.alarms)]
        if self.drift is None:
            said.append(
                "The model keeps no profile of its training, so drift cannot be seen: train again."
            )
        said += [
            f"Not judged by the customers {one.words}: the model learned up to "
            f"{self.learned_until}, so it knew what came of them."
            for one in self.scorings
            if one.model_version == self.model_version and one.as_of < self.learned_until
        ]
        if not self.scorings:
            said.append("No earlier scoring was given of which any day is over.")
        return said

    def to_json(self) -> str:
        """All of it as JSON."""
        found = {
            "log": self.log,
            "day": str(self.day),
            "model_version": self.model_version,
            "learned_until": str(self.learned_until),
            "verdict": self.verdict,
            "signals": [signal.to_json() for signal in self.signals],
            "scorings": [_scoring(one) for one in self.scorings],
            "drift": _drift(self.drift),
            "weeks": _records(self.weeks.reset_index()),
        }
        return json.dumps(found, indent=1, allow_nan=False, default=lambda number: number.item())


def told_apart(files: Sequence[str]) -> tuple[list[Path], list[str]]:
    """Scores and logs among files, by their columns: the two lists, in the order given."""
    scores = [Path(file) for file in files if _is_scores(Path(file))]
    return scores, [file for file in files if Path(file) not in scores]


def _is_scores(path: Path) -> bool:
    try:
        if path.suffix == ".parquet" and path.is_file():
            return set(parquet.read_schema(path).names) >= TELLING
        if path.suffix == ".csv" and path.is_file():
            with path.open(encoding="utf-8", errors="replace") as file:
                head = file.readline(100_000)
            return {name.strip().strip('"') for name in head.split(",")} >= TELLING
    except (OSError, lib.ArrowInvalid):  # whoever reads it as a log says what is wrong with it
        return False
    return False


def read(files: Sequence[Path]) -> list[Scores]:
    """The scorings of some files, the earliest first."""
    return sorted((read_scores(file, INTERVAL) for file in files), key=lambda one: one.as_of)


def monitor(
    orders: Orders,
    model: Model,
    scorings: Sequence[Scores],
    config: MonitoringConfig,
    today: date,
    progress: Progress,
) -> Monitored:
    """Watch the data, what earlier scorings expected, and the drift since the training.

    Parameters
    ----------
    today
        The day on which the watch is kept: only the age of the last order depends on it.
    """
    with progress.step("Looking at the data"):
        signals, weeks = health(orders, model.manifest, config, today)
    found = []
    for nth, scores in enumerate(scorings, 1):
        with progress.step(f"What came after {scores.as_of} ({nth} of {len(scorings)})"):
            one = realised(orders, scores)
        if one:
            found.append(one)
        elif scores.as_of > orders.end:
            words = f"The log ends on {orders.last_day}; it was scored at {scores.as_of} before."
            signals.append(Signal("past", "data", "log", 1.0, config.past, True, words))
    with progress.step("Comparing customers with those of the training"):
        moved, more = drift(orders, model, config)
    learned = model.manifest.cutoffs[-1]
    judgements = judged(found, model.manifest.version, learned, config)
    return Monitored(
        orders.name,
        orders.end,
        model.manifest.version,
        learned,
        (*signals, *judgements, *more),
        tuple(found),
        moved,
        weeks,
    )


def _scoring(one: Realised) -> dict[str, Any]:
    values = {k: v for k, v in vars(one).items() if k not in ("segments", "promised")}
    told = {k: str(v) if isinstance(v, date) else v for k, v in values.items()}
    return {
        **{k: None if isinstance(v, float) and v != v else v for k, v in told.items()},
        "promised": dict(one.promised),
        "segments": _records(one.segments.reset_index()),
    }


def _drift(found: Drift | None) -> dict[str, Any] | None:
    if found is None:
        return None
    return {
        "p_churn": found.p_churn,
        "p_churn_then": found.p_churn_then,
        "features": _records(found.features.rename_axis("feature").reset_index()),
    }


def _records(table: pd.DataFrame) -> list[dict[str, Any]]:
    rows = table.astype(object).where(table.notna(), None)
    return [{str(key): value for key, value in row.items()} for row in rows.to_dict("records")]
