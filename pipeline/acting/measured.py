"""What a campaign changed, as a file that the next plan learns from."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path
from typing import Any

from features.errors import UserError
from features.writing import atomic
from models.campaign.estimation import Difference

FORMAT = 1


@dataclass(frozen=True)
class Estimate:
    """One outcome's difference per customer: within blocks, and adjusted by the scores.

    `blind_se` is the standard error of the bare difference of means, which knows no scores.
    """

    plain: Difference
    adjusted: Difference
    blind_se: float

    @property
    def narrower(self) -> float:
        """By which share the scores, in blocks and adjustment, made the interval narrower."""
        return 1 - self.adjusted.se / self.blind_se if self.blind_se > 0 else 0.0


@dataclass(frozen=True)
class Comparison:
    """An arm, or all of them together, against the control.

    `outcomes` maps purchase_rate, orders, spend, spend_winsorised and profit to their
    estimates; `profit` is that of all contacts of the arm, money in all; `effect` the spend
    gained as a share of what was at stake; `complier` the spend gained by those contacted,
    where `--sent` says who was.
    """

    arm: str
    n_treated: int
    n_control: int
    outcomes: Mapping[str, Estimate]
    profit: Difference
    effect: Difference
    complier: Difference | None = None


@dataclass(frozen=True)
class Measurement:
    """All that was found, and what keeps it from being believed.

    `doubts` are reasons for which there is no verdict; `notes` what else is to be known.
    `segments` maps each segment to the effect there, alone and shrunk to the whole.
    """

    campaign: str
    kind: str
    fingerprint: str
    start: date
    until: date
    end: date
    comparisons: tuple[Comparison, ...]
    segments: Mapping[str, Mapping[str, float]]
    doubts: tuple[str, ...]
    notes: tuple[str, ...]
    verdict: tuple[str, ...] = ()

    @property
    def interim(self) -> bool:
        """Whether the horizon is not over yet."""
        return self.until < self.end

    @property
    def total(self) -> Comparison:
        """All treatments together."""
        return self.comparisons[-1]

    def to_json(self) -> str:
        """All figures as text; each difference with its interval."""
        told: dict[str, Any] = {"format": FORMAT, "interim": self.interim, **asdict(self)}
        told["comparisons"] = [_comparison(one) for one in self.comparisons]
        return json.dumps(told, indent=1, default=str)


def check_name(out: Path) -> None:
    """Refuse a name by which the next plan would not find the results, before any work is done."""
    if out.suffix != ".json":
        raise UserError(f"--out {out.name}: the name of a measurement must end in .json.")


def write_measured(found: Measurement, path: Path) -> None:
    """Write what was found, all of it or nothing."""
    with atomic(path) as draft:
        draft.write_text(found.to_json() + "\n", encoding="utf-8")


def read_measured(path: Path) -> dict[str, Any]:
    """A file that `write_measured` wrote, as plain data.

    Raises
    ------
    UserError
        When it is something else.
    """
    try:
        told: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        known = told["format"] == FORMAT
    except OSError as error:
        raise UserError(f"{path}: cannot be read: {error.strerror}.") from None
    except (ValueError, KeyError, TypeError):
        known = False
    if not known:
        raise UserError(f"{path}: is no result of `churn measure --out`.")
    return told


def _comparison(one: Comparison) -> dict[str, Any]:
    return {
        "arm": one.arm,
        "n_treated": one.n_treated,
        "n_control": one.n_control,
        "outcomes": {
            name: {
                "plain": _told(found.plain),
                "adjusted": _told(found.adjusted),
                "narrower": round(found.narrower, 4),
            }
            for name, found in one.outcomes.items()
        },
        "profit": _told(one.profit),
        "effect": _told(one.effect),
        "complier": _told(one.complier) if one.complier else None,
    }


def _told(one: Difference) -> dict[str, float]:
    return {"estimate": one.estimate, "se": one.se, "low": one.low, "high": one.high}
