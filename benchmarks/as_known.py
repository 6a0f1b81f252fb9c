"""A log, a model and scores as they were known on a day of the past."""

from dataclasses import replace
from datetime import date, timedelta
from types import SimpleNamespace
from typing import Any

import pandas as pd

from benchmarks.planted import QUIET
from features.customer.catalogue import NAMES
from features.customer.snapshot import categories, snapshot
from features.timeline import before
from pipeline.config import Config
from pipeline.intake.orders import Orders
from pipeline.learning import backtest
from pipeline.learning.judged import fit
from pipeline.learning.judgement import judge
from pipeline.learning.prepare import prepare
from pipeline.learning.profile import profile, promised
from pipeline.learning.spread import spread
from pipeline.scoring.scores_file import Scores


def until(orders: Orders, day: date) -> Orders:
    """The orders as they were known on a day."""
    netted = orders.engine.create_table("known", before(orders.netted, day), overwrite=True)
    last = netted.transacted_at.max().to_pyarrow().as_py()
    bought = netted.filter(netted.amount > 0)
    customers = bought.group_by("customer_id").aggregate(n=bought.count())
    facts = customers.aggregate(
        n=customers.count(), days=customers.n.sum(), repeaters=(customers.n > 1).sum()
    )
    row = facts.to_pyarrow().to_pylist()[0]
    return replace(
        orders,
        netted=netted,
        end=last + timedelta(days=1),
        n_customers=row["n"],
        n_purchase_days=row["days"],
        n_repeat_customers=row["repeaters"],
    )


def trained(orders: Orders, config: Config, watched: bool = True) -> Any:
    """A model with what `churn train` keeps of its training, not written anywhere."""
    snapshots = prepare(orders, config, QUIET)
    contender = fit("blend", snapshots.history(snapshots.plan.as_of))
    settings: dict[str, Any] = {"promised": {}, "spread": {}}
    if watched:
        result = backtest.backtest(snapshots, config.contenders, QUIET)
        settings["promised"] = promised(result, judge(result).rule)
        settings["spread"] = spread(result)
    p_churn = contender.predict(snapshots.today)["p_churn"]
    names = (*NAMES, *categories(snapshots.attributes))
    # Without rows: those of a log are counted once, up to its end.
    settings["profile"] = profile(snapshots.today, p_churn, names)
    manifest = SimpleNamespace(
        settings=settings,
        attributes=snapshots.attributes,
        cutoffs=(orders.end,),
        log=SimpleNamespace(purchase_days=orders.n_purchase_days),
        version=str(orders.end),
    )
    return SimpleNamespace(contender=contender, manifest=manifest)


def scored(orders: Orders, model: Any, day: date, horizon: int) -> Scores:
    """What `churn score` would write, as far as it is watched."""
    rows = snapshot(orders.days, day, orders.attributes).order_by("customer_id")
    frame = rows.to_pyarrow().to_pandas()
    said = model.contender.predict(frame)
    kept = ["customer_id", "frequency", "recency", "T"]
    customers = pd.concat([frame[kept], said], axis=1).assign(segment="all")
    settings = model.manifest.settings
    return Scores(
        customers, day, horizon, model.manifest.version,
        spread=settings["spread"], promised=settings["promised"],
    )  # fmt: skip
