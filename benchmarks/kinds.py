"""Is the blend right for other kinds of business? 25 simulated logs, 24 not BTYD's story.

`python -m benchmarks.kinds [--kind NAME ...] [--seed N]`

Beside the blend stand its parts, the naive rules' best, and the fixed mix that it has to beat:
a third each of Pareto/NBD, logistic regression and trees, at Pareto/NBD's level. A second table
holds the blend against the best of its parts, a third what the rule for a better part would have
brought at the last cutoff, decided at those before. The last holds the blend's expected spend and
value against what came: totals, what the 80 % intervals held, and how well it ranked. Twelve are
ordinary businesses, three have heavy tails (`benchmarks.heavy_tails`), ten are young
(`benchmarks.young`).
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Callable
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks.businesses import (
    Purchases,
    app,
    bills,
    boxes,
    fashion,
    givers,
    regulars,
    renewals,
    reorders,
    seasonal,
    story,
    subscribers,
    tickets,
)
from benchmarks.heavy_tails import HEAVY
from benchmarks.race import against_parts, with_part
from benchmarks.young import YOUNG
from models.all_contenders import BASELINES
from models.blend.base_learners import PRIOR_WEIGHTS
from models.blend.mean_shift import shift_to_mean
from models.contenders.encoding import expit, logit
from models.evaluation import log_loss
from pipeline.config import Config
from pipeline.console import Progress
from pipeline.intake.orders import open_orders
from pipeline.learning.backtest import Backtest, backtest
from pipeline.learning.prepare import prepare

SHOWN = (*PRIOR_WEIGHTS, "blend")
FIXED = ("pareto_nbd", "logistic", "hist_gradient_boosting")

KINDS: dict[str, tuple[Callable[[np.random.Generator, int], Purchases], int, int]] = {
    "seasonal": (seasonal, 1115, 91),
    "givers": (givers, 3650, 182),
    "tickets": (tickets, 1460, 182),
    "app": (app, 474, 30),
    "reorders": (reorders, 912, 60),
    "subscribers": (subscribers, 912, 45),
    "fashion": (fashion, 912, 60),
    "regulars": (regulars, 800, 60),
    "story": (story, 800, 60),
    "boxes": (boxes, 600, 28),
    "renewals": (renewals, 1500, 182),
    "bills": (bills, 900, 30),
    **HEAVY,
    **YOUNG,
}
"""Name -> simulation, days of log, days of horizon."""

START = date(2015, 1, 1)


def write(name: str, path: Path, seed: int = 1) -> None:
    """Simulate a kind of log and write it as Parquet."""
    simulate, n_days, _ = KINDS[name]
    rows = pd.DataFrame(
        simulate(np.random.default_rng(seed), n_days), columns=["customer", "day", "amount"]
    )
    rows = rows[(rows["day"] >= 0) & (rows["day"] < n_days)]
    when = pd.Timestamp(START) + pd.to_timedelta(rows["day"].astype(int), unit="D")
    log = rows.assign(
        date=when, amount=rows["amount"].round(2), customer=rows["customer"].map("c{}".format)
    )
    log[["customer", "date", "amount"]].to_parquet(path, index=False)


def judged(name: str, path: Path) -> tuple[Backtest, str]:
    """The default backtest of a kind of log, and in words what it was of."""
    settings = Config.model_validate(
        {
            "log": {
                "source": str(path),
                "columns": {"customer_id": "customer", "transacted_at": "date", "amount": "amount"},
            },
            "horizon_days": KINDS[name][2],
            "contenders": (*SHOWN, "boosted_spend", *BASELINES),
        }
    )
    progress = Progress(quiet=True)
    with open_orders(settings.log, progress) as orders:
        result = backtest(prepare(orders, settings, progress), settings.contenders, progress)
    rows = result.leaderboard.groupby("cutoff").first()
    about = (
        f"{rows['n_customers'].iloc[-1]:,.0f} customers, {rows['churn_rate'].mean():.0%} churn, "
        f"{len(rows)} cutoffs, horizon {settings.horizon_days} days"
    )
    return result, about


def losses(result: Backtest) -> pd.Series:
    """Log loss of each contender, mean over the cutoffs."""
    board = result.leaderboard.groupby("contender")["log_loss"].mean()
    cutoff, churned = result.outcomes["cutoff"], result.outcomes["churned"].to_numpy(float)
    answers = {part: result.answers[part]["p_churn"].to_numpy() for part in FIXED}
    fixed = [
        log_loss(churned[here], _fixed({part: p[here] for part, p in answers.items()}))
        for here in ((cutoff == day).to_numpy() for day in cutoff.unique())
    ]
    found = board[list(SHOWN)].copy()
    found["best naive rule"] = board[list(BASELINES)].min()
    found["fixed thirds"] = float(np.mean(fixed))
    return found


def worth(result: Backtest) -> dict[str, float]:
    """Expected spend over what came, minus 1, of all cutoffs together; coverage; and of clv.

    clv is that of the longest period that was over.
    """
    board = result.leaderboard
    blend = board[board["contender"] == "blend"]
    longest = blend.sort_values("clv_months", na_position="first").iloc[-1]
    expected = result.answers["blend"]["expected_spend"].sum()
    found = {
        "spend": float(expected / result.outcomes["spend"].sum() - 1),
        "held": float(blend["spend_coverage_pit"].mean()),
        "held, top tenth": float(blend["spend_coverage_pit_top_10"].mean()),
    }
    names = {"clv_months": "months", "clv_bias": "clv", "clv_coverage_pit": "clv held"}
    names["clv_coverage_pit_top_10"] = "clv held, top tenth"
    found |= {shown: float(longest[name]) for name, shown in names.items()}
    ginis = board.groupby("contender")["spend_gini"].mean()
    return found | {
        "Gini": float(ginis["blend"]),
        "Gini of the best other": float(ginis.drop("blend").max()),
        "Gini of Pareto/NBD x Gamma-Gamma": float(ginis["pareto_nbd"]),
    }


def _fixed(answers: dict[str, np.ndarray]) -> np.ndarray:
    """A third of each part's log odds, at the level of the first."""
    level = float(answers[FIXED[0]].mean())
    odds = [logit(p) for p in answers.values()]
    return expit(sum(x + shift_to_mean(x, np.ones(len(x)), level) for x in odds) / len(odds))


def main() -> None:
    """Print one row per kind."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--kind", choices=KINDS, action="append")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    table, races, money, rules = {}, {}, {}, {}
    with tempfile.TemporaryDirectory() as folder:
        for name in options.kind or KINDS:
            path = Path(folder) / f"{name}.parquet"
            write(name, path, options.seed)
            result, about = judged(name, path)
            print(f"{name}: {about}", flush=True)
            table[name], races[name] = losses(result), against_parts(result)
            money[name], rules[name] = worth(result), with_part(result)
    print(pd.DataFrame(table).T.round(4).to_string())
    print(pd.DataFrame(races).T.to_string(float_format="{:.4f}".format))
    print(pd.DataFrame(rules).T.to_string(float_format="{:.4f}".format))
    print(pd.DataFrame(money).T.round(3).to_string())


if __name__ == "__main__":
    main()
