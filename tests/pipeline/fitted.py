"""A small fitted contender on made-up customers, and its model's folder."""

from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd

from models.contenders.baselines import RecencyAlone
from models.history import History
from pipeline.model_files import artifact
from pipeline.model_files.identity import LogIdentity
from tests.pipeline import shop

FEATURES = ("frequency", "recency", "T", "monetary_value", "days_since_last")
CUTOFF = date(1998, 1, 1)


def snapshot(seed: int) -> pd.DataFrame:
    random = np.random.default_rng(seed)
    frame = pd.DataFrame(
        {
            "frequency": random.poisson(1.5, 400).astype(float),
            "T": random.integers(100, 400, 400).astype(float),
            "monetary_value": random.gamma(3, 10, 400),
        }
    )
    recency = np.floor((frame["T"] - 1) * random.uniform(0.1, 1, 400))
    frame["recency"] = np.where(frame["frequency"] > 0, recency, 0.0)
    return frame.assign(days_since_last=frame["T"] - frame["recency"])[list(FEATURES)]


def fitted() -> RecencyAlone:
    past = snapshot(1).assign(cutoff=date(1997, 7, 1))
    odds = np.random.default_rng(2).uniform(0, 240, len(past))
    past["churned"] = (past["days_since_last"] > odds).astype(int)
    past["purchases"], past["spend"] = 1 - past["churned"], 20.0 * (1 - past["churned"])
    customers = snapshot(0)
    population = customers[list(FEATURES[:4])].assign(n_customers=1)
    known = {date(1997, 7, 1): population, CUTOFF: population}
    return RecencyAlone().fit(History(CUTOFF, 91, past, known, snapshot=customers))


def save(
    folder: Path,
    contender: RecencyAlone,
    horizon_days: int,
    run_id: str | None = None,
    log: LogIdentity = shop.IDENTITY,
) -> None:
    artifact.save(
        folder,
        contender,
        horizon_days=horizon_days,
        cutoffs=(CUTOFF,),
        features=FEATURES,
        data_digest="d" * 32,
        log=log,
        run_id=run_id,
    )
