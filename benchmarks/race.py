"""Does a mix pay? The blend beside the best of its own parts, with what chance would do."""

from __future__ import annotations

import numpy as np
import pandas as pd

from models.blend.base_learners import PRIOR_WEIGHTS
from models.contenders.encoding import expit, logit
from models.evaluation.bootstrap import Difference, customer_log_loss, paired_difference
from pipeline.learning.answer import better_part
from pipeline.learning.backtest import Backtest


def against_parts(result: Backtest) -> dict[str, float | str]:
    """The blend's log loss less that of one of its parts, with a 95 % interval over customers.

    `best` is the part that turned out best over all cutoffs: nobody knew, and the best of five
    is partly luck. `followed` is whom one would have asked: at each cutoff the part that was
    best at those before it, at the first the one that the blend believes most beforehand.
    """
    churned = result.outcomes["churned"].to_numpy(float)
    losses = {
        name: customer_log_loss(churned, result.answers[name]["p_churn"].to_numpy())
        for name in ("blend", *PRIOR_WEIGHTS)
        if not result.answers[name]["p_churn"].isna().any()
    }
    days = result.outcomes["cutoff"]
    rows = [(days == day).to_numpy() for day in sorted(days.unique())]
    weight = result.outcomes["weight"].to_numpy(float)
    means = pd.DataFrame(
        {
            name: [np.average(loss[r], weights=weight[r]) for r in rows]
            for name, loss in losses.items()
        }
    ).drop(columns="blend")
    best = str(means.mean().idxmin())
    believed = max(
        (name for name in PRIOR_WEIGHTS if name in losses), key=lambda name: PRIOR_WEIGHTS[name]
    )
    asked = [str(means.iloc[:n].mean().idxmin()) if n else believed for n in range(len(rows))]

    def beside(names: list[str]) -> Difference:
        own = [losses["blend"][r] for r in rows]
        theirs = [losses[name][r] for name, r in zip(names, rows, strict=True)]
        return paired_difference(own, theirs, [weight[r] for r in rows])

    found, followed = beside([best] * len(rows)), beside(asked)
    return {
        "best part": best,
        "blend - best": found.difference,
        "from": found.low,
        "to": found.high,
        "blend - followed": followed.difference,
        "followed from": followed.low,
        "followed to": followed.high,
    }


def with_part(result: Backtest) -> dict[str, float | str]:
    """What the rule for a better part would have brought at the last cutoff, decided before it.

    `part` is empty where no part was better by the rule; then the blend answers as it is.
    """
    days = result.outcomes["cutoff"]
    last = (days == days.max()).to_numpy()
    p_churn = {name: said["p_churn"] for name, said in result.answers.items()}
    part = better_part(result.outcomes[~last], {name: p[~last] for name, p in p_churn.items()})
    blend = p_churn["blend"][last].to_numpy()
    mean = blend if part is None else expit((logit(blend) + logit(p_churn[part][last])) / 2)
    churned = result.outcomes["churned"][last].to_numpy(float)
    found = [float(customer_log_loss(churned, p).mean()) for p in (blend, mean)]
    return {"part": part or "", "blend": found[0], "answer": found[1]}
