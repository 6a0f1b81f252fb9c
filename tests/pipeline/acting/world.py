"""A shop whose scores and orders are drawn from a seed, with a campaign of known effect."""

import json
from datetime import date, timedelta

import numpy as np
import pandas as pd
import pyarrow as pa
from pyarrow import parquet

from models.campaign.profit import at_stake
from pipeline.scoring.score import ABOUT, SCHEMA

AS_OF, HORIZON = date(2024, 3, 1), 60
SEGMENTS = ("loyal", "at risk", "lost")


def scores(n=2000, seed=0):
    """Scores that are true: who buys, and for how much, follows them."""
    rng = np.random.default_rng(seed)
    p = rng.beta(1.2, 1, n)
    if_bought = rng.gamma(2, 30, n)
    spend = (1 - p) * if_bought
    silent = rng.integers(1, 400, n)
    names = [f"{i:05d}" for i in range(n)]
    frame = pd.DataFrame({"customer_id": names, "as_of": AS_OF, "horizon_days": HORIZON})
    frame = frame.assign(
        frequency=rng.integers(0, 9, n),
        recency=rng.integers(0, 200, n),
        T=silent + 200,
        monetary_value=if_bought,
        p_churn=p,
        p_alive=1 - p,
        expected_purchases=1.2 * (1 - p),
        expected_spend=spend,
        spend_if_any_low=0.3 * if_bought,
        spend_if_any_high=2 * if_bought,
        clv=4 * spend,
        p_churn_clv=p / 2,
        clv_if_any_low=0.3 * if_bought,
        clv_if_any_high=8 * if_bought,
        at_stake=at_stake(p, spend),
        segment=np.array(SEGMENTS)[np.minimum((p * 3).astype(int), 2)],
        days_since_last=silent,
        model_version="abc123",
        run_id="r",
    )
    days = {"next_purchase_from": AS_OF, "next_purchase_to": AS_OF + timedelta(days=30)}
    return frame.assign(**days)


SPREAD = {
    "expected_spend": [10.0, 30.0, 60.0, 500.0],
    "spend_variance": [900.0, 2500.0, 3600.0, 4900.0],
}


LOG = {
    "columns": {"customer_id": "customer_id", "transacted_at": "date", "amount": "amount"},
    "duplicates": "keep",
}
"""How the log was read when it was scored."""


def write_scores(path, frame, log_end=AS_OF, spread=SPREAD, extra=(), log=LOG, **judged):
    """Write scores as `churn score` does; `extra` are columns that a shop added.

    `judged` are the model's ``grades``, and what it ``promised``.
    """
    schema = SCHEMA
    for name in extra:
        schema = schema.append(pa.field(name, pa.array(frame[name]).type))
    about = {"log_end": str(log_end), "spread": spread, "log": log, **judged}
    # What a campaign does not ask about stays empty.
    unknown = {field.name: None for field in schema if field.name not in frame}
    table = pa.Table.from_pandas(frame.assign(**unknown), schema=schema, preserve_index=False)
    parquet.write_table(table.replace_schema_metadata({ABOUT: json.dumps(about)}), path)
    return path


def orders(frame, treated=(), effect=0.0, seed=2, start=AS_OF, before=90, until=HORIZON):
    """An order log: everybody bought once `before` days earlier, some within the horizon.

    Contacts keep the share `effect` of those leaving, as far as they are still customers.
    """
    rng = np.random.default_rng(seed)
    treated = frame["customer_id"].isin(set(treated)).to_numpy()
    p = frame["p_churn"].to_numpy()
    stays = rng.random(len(frame)) > p * (1 - effect * (1 - p) * treated)
    day = rng.integers(0, HORIZON, len(frame))
    amount = np.round(frame["monetary_value"] * rng.gamma(4, 0.25, len(frame)) + 0.01, 2)
    first = pd.DataFrame(
        {
            "customer_id": frame["customer_id"],
            "date": [start - timedelta(days=int(d)) for d in rng.integers(1, before, len(frame))],
            "amount": 10.0,
        }
    )
    bought = stays & (day < until)
    later = pd.DataFrame(
        {
            "customer_id": frame["customer_id"][bought],
            "date": [start + timedelta(days=int(d)) for d in day[bought]],
            "amount": amount[bought],
        }
    )
    # Somebody outside of all campaigns buys on the last day: so far the log reaches.
    last = start + timedelta(days=until - 1)
    end = pd.DataFrame({"customer_id": ["new"], "date": [last], "amount": [5.0]})
    return pd.concat([first, later, end], ignore_index=True)
