"""A campaign replayed at past cutoffs: what contacting customers in danger would have earned."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from models.campaign.profit import at_stake
from models.evaluation.profit import profit_curve, value_if_kept
from pipeline.campaign_config import CampaignConfig
from pipeline.learning.backtest import Backtest
from pipeline.reporting.evidence import cutoffs

DEFAULT_COST = 0.01
"""Cost of a contact, as a share of what a buyer spends in a horizon, where none is given."""


@dataclass(frozen=True)
class Campaign:
    """Mean of one campaign per cutoff.

    `curve` has `share_contacted`, `n_contacted`, `leavers` (those contacted who left),
    `profit`, `rule` and `random` (the profit in a naive rule's order, and blindly).
    `choice` is about the customers whom the answer itself expected to repay the contact:
    `n_customers`, `n_contacted`, `share_contacted`, `leavers`, `kept_spend`, `profit`, and
    `break_even`, the effect at which their contacts just pay.
    """

    curve: pd.DataFrame
    choice: pd.Series
    cost: float
    effect: float
    margin: float

    @property
    def contacts_anyone(self) -> bool:
        """Whether the answer expects at least one contact per cutoff to repay its cost."""
        return bool(self.choice["n_contacted"] >= 1)

    @property
    def first_break_even(self) -> float:
        """The effect at which the curve's first contacts just pay; infinite if none can."""
        first = self.curve.iloc[1]
        costs = self.cost * first["n_contacted"]
        earned = first["profit"] + costs
        return float(self.effect * costs / earned) if earned > 0 else float("inf")

    @property
    def best(self) -> pd.Series:
        """The row of the curve with the highest profit: known only afterwards."""
        return self.curve.iloc[int(self.curve["profit"].argmax())]


def campaign(result: Backtest, assumed: CampaignConfig, rule: str) -> Campaign | None:
    """Replay the campaign at each cutoff; None where nobody bought, or no spend was predicted.

    Customers come in the one order of contacts, `models.campaign.profit.at_stake`. Of those
    contacted who left, the assumed share stays, as far as they were still customers
    (1 - `p_churn`), and brings what the buyers most like them did bring.
    """
    moments = list(cutoffs(result, "expected_spend", rule))
    bought = result.outcomes[result.outcomes["churned"] == 0]
    if not moments or bought.empty:
        return None
    cost = assumed.mean_cost
    if assumed.contact_cost is None:
        typical = float(np.average(bought["spend"], weights=bought["weight"]))
        cost += max(typical, 0.0) * DEFAULT_COST
    replayed = [_replay(result, rows, rule, cost, assumed) for rows in moments]
    curve = pd.concat([curve for curve, _ in replayed]).groupby(level=0).mean()
    choice = pd.DataFrame([choice for _, choice in replayed]).mean()
    earned = choice["kept_spend"] * assumed.margin / assumed.effect
    choice["share_contacted"] = choice["n_contacted"] / choice["n_customers"]
    choice["break_even"] = cost * choice["n_contacted"] / earned if earned else np.nan
    return Campaign(curve, choice, cost, assumed.effect, assumed.margin)


def _replay(
    result: Backtest, rows: pd.Index, rule: str, cost: float, assumed: CampaignConfig
) -> tuple[pd.DataFrame, dict[str, float]]:
    """Curve and choice at one cutoff."""
    outcome, said = result.outcomes.loc[rows], result.answers[result.chosen].loc[rows]
    churned, weight = (outcome[name].to_numpy(float) for name in ("churned", "weight"))
    p_churn = said["p_churn"].to_numpy()
    value = said["expected_spend"].to_numpy()
    # Alike are those of whom the same is expected if they buy at all.
    if_bought = value / np.maximum(1 - p_churn, 1e-9)
    kept = churned * (1 - p_churn) * value_if_kept(outcome["spend"], churned, if_bought, weight)
    worth = assumed.effect * assumed.margin
    order = at_stake(p_churn, value)
    rival = at_stake(result.answers[rule].loc[rows, "p_churn"], value)
    curve = profit_curve(kept * worth, order, cost, weight)
    # A gain of one per leaver, at no cost, counts the leavers.
    curve["leavers"] = profit_curve(churned, order, 0.0, weight)["profit"]
    curve["rule"] = profit_curve(kept * worth, rival, cost, weight)["profit"]
    chosen = np.where(order * worth > cost, weight, 0.0)
    return curve, {
        "n_customers": weight.sum(),
        "n_contacted": chosen.sum(),
        "leavers": (chosen * churned).sum(),
        "kept_spend": (chosen * kept).sum() * assumed.effect,
        "profit": (chosen * kept).sum() * worth - cost * chosen.sum(),
    }
