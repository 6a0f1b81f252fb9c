"""Eight campaigns in a row, each planned by what the earlier ones measured, and their profit.

The plans are those of `churn plan`, the measurements those of `churn measure`, and an uplift
model is used as soon as it has won. Rivals contact as many customers as the plan does, and hold
nobody back; the oracle knows every customer's true gain.
"""

import json
import tempfile
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks.campaign_coverage import KINDS, customers
from features.errors import UserError
from pipeline.acting.effect import effect_of
from pipeline.acting.learn import learn
from pipeline.acting.measure import compare
from pipeline.acting.outcomes import with_outcomes
from pipeline.acting.plan import plan
from pipeline.campaign_config import CampaignConfig, ControlConfig
from pipeline.model_files.identity import LogIdentity

CAMPAIGNS, HORIZON = 8, 60
SHOPS = {10_000: 16, 40_000: 3}
"""Customers of a campaign, and how many such shops: small ones differ by chance."""
COST, MARGIN, ASSUMED, CONTROL = 1.0, 0.3, 0.3, 0.15
AS_OF = date(2024, 3, 1)
CUTS = (0.2, 0.35, 0.5, 0.65, 0.8)
LOG = LogIdentity(name="simulated", purchase_days=0, sketch="")


def shop(rng, size):
    """Scores of one campaign's customers, with what each would spend when buying."""
    p, if_bought = customers(rng, size)
    spend = (1 - p) * if_bought
    frame = pd.DataFrame({"customer_id": [f"{i:05d}" for i in range(len(p))]})
    return frame.assign(
        p_churn=p,
        expected_spend=spend,
        expected_purchases=1.5 * (1 - p),
        clv=4 * spend,
        frequency=rng.poisson(3 * (1 - p)),
        recency=rng.integers(0, 300, len(p)),
        T=rng.integers(300, 600, len(p)),
        monetary_value=if_bought,
        days_since_last=(p * 300).astype(int),
        segment=np.array([f"segment {n}" for n in range(6)])[np.searchsorted(CUTS, p)],
        as_of=AS_OF,
        horizon_days=HORIZON,
        model_version="simulated",
        next_purchase_from=AS_OF,
        next_purchase_to=AS_OF,
        if_bought=if_bought,
    )


def true_gain(frame, kind):
    """Spend that contacting each customer does gain."""
    p = frame["p_churn"].to_numpy()
    return KINDS[kind](p) * p * (1 - p) * frame["if_bought"].to_numpy()


def came(rng, frame, gain, treated):
    """What a campaign's log would say of its members."""
    bought = rng.random(len(frame)) >= frame["p_churn"] - treated * gain / frame["if_bought"]
    spend = bought * frame["if_bought"] * rng.lognormal(-0.125, 0.5, len(frame))
    return pd.DataFrame(
        {
            "known": 1,
            "purchases": bought.astype(int),
            "orders": bought.astype(int),
            "spend": spend,
            "purchases_before": rng.random(len(frame)) < 0.5,
            "spend_before": 1.0,
        }
    )


def loop(kind, seed, folder, size):
    """A row per campaign: true expected profit of our plan and of its rivals."""
    rng, rows, uplift = np.random.default_rng(seed), [], None
    for number in range(CAMPAIGNS):
        frame = shop(rng, size)
        path = folder / "scores.parquet"
        frame.drop(columns="if_bought").to_parquet(path)
        gain = true_gain(frame, kind)
        profit = pd.Series(MARGIN * gain - COST, frame["customer_id"])
        results = sorted(folder.glob("measured-*.json"))
        terms = CampaignConfig(
            contact_cost=COST,
            margin=MARGIN,
            effect=ASSUMED,
            control_share=CONTROL,
            measured=tuple(map(str, results)),
            uplift=uplift,
            kind="mail",
        )
        try:
            effect, _ = effect_of("mail", terms)
            made = plan(path, f"mail{number}", terms, ControlConfig(), effect)
            contacted = made.contacted["customer_id"]
        except UserError:  # nobody is worth a contact
            made, contacted = None, frame["customer_id"].head(0)
        rows.append(
            {"kind": kind, "campaign": number + 1, **_profits(rng, frame, profit, contacted)}
        )
        if made:
            uplift = _measured(rng, made.file, frame, gain, folder, number)
        rows[-1]["by"] = effect.source
    return pd.DataFrame(rows)


def _profits(rng, frame, profit, contacted):
    """True expected profit of a plan and of its rivals with as many contacts."""
    n, by_id = len(contacted), frame.set_index("customer_id")
    return {
        "contacts": n,
        "plan": profit[contacted].sum(),
        "p_churn": profit[by_id["p_churn"].nlargest(n).index].sum(),
        "value": profit[by_id["expected_spend"].nlargest(n).index].sum(),
        "random": profit.iloc[rng.permutation(len(profit))[:n]].sum(),
        "oracle": profit[profit > 0].sum(),
    }


def _measured(rng, file, frame, gain, folder, number):
    """Measure the campaign, keep the result, and try an uplift model: its folder if it won."""
    members = file.members
    place = frame.index[frame["customer_id"].isin(set(members["customer_id"]))]
    treated = (members["arm"] != "control").to_numpy()
    rows = with_outcomes(file, came(rng, frame.loc[place].reset_index(), gain[place], treated))
    found = compare(file, rows, file.terms.end)
    (folder / f"measured-{number}.json").write_text(found.to_json())
    saved = learn(file, rows, LOG, folder / "uplift").saved
    return str(saved) if saved else None


def report():
    """Print the mean profit by campaign for each kind of effect and size of shop."""
    for size, shops in SHOPS.items():
        print(
            f"\nProfit of {CAMPAIGNS} campaigns in a row, {size:,} new customers each, mean of "
            f"{shops} shops; control {CONTROL:.0%}, assumed effect {ASSUMED:.0%}"
        )
        for kind in ("none", "constant", "middle of p_churn", "sleeping dogs"):
            found = []
            for seed in range(shops):
                with tempfile.TemporaryDirectory() as folder:
                    found.append(loop(kind, seed, Path(folder), size))
            _print(kind, found)


def _print(kind, found):
    """One kind's table, its share of the oracle's profit, and the worst shop."""
    rows = pd.concat(found)
    columns = ["contacts", "plan", "p_churn", "value", "random", "oracle"]
    table = rows.groupby("campaign")[columns].mean()
    print(f"\n{kind}\n{table.round(0).astype(int).to_string()}")
    print("planned by", json.dumps(rows["by"].value_counts().to_dict()))
    late = table.loc[5:]
    if late["oracle"].sum() > 0:
        print(f"from the fifth on: {late['plan'].sum() / late['oracle'].sum():.0%} of the oracle's")
    each = sorted(one["plan"].sum() for one in found)
    test = max(one["contacts"].iloc[0] for one in found) * COST
    middle = each[len(each) // 2]
    print(f"all campaigns of a shop: {each[0]:,.0f} at the worst, {middle:,.0f} in the median")
    print(f"contacts of the first: {test:,.0f}")


if __name__ == "__main__":
    report()
