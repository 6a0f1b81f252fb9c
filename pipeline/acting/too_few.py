"""Refuses a campaign that is too small to show anything, and says which of its terms binds."""

from collections.abc import Iterator
from contextlib import contextmanager
from math import ceil

import numpy as np
import pandas as pd

from features.errors import UserError
from models.campaign.profit import break_even_effect
from pipeline.acting.plan_file import Terms
from pipeline.campaign_config import CampaignConfig

FEWEST, FEWEST_IN_GROUP = 100, 10
"""Customers below which a campaign, or one of its groups, can show nothing worth a plan."""


IN_ORDERS = (
    "The log has no amounts: an order counts as 1, and spend, cost and profit are in orders. "
    "The cost of a contact must be its money divided by what an order brings."
)


class TooFewError(UserError):
    """A campaign of too few customers, or of nobody eligible or worth a contact, by its scores."""


@contextmanager
def told_in_orders(terms: Terms) -> Iterator[None]:
    """Say with a refusal that gains are orders, where the log has no amounts."""
    try:
        yield
    except TooFewError as error:
        if not terms.counts_orders:
            raise
        raise TooFewError(f"{error} {IN_ORDERS}") from None


def refuse_few(
    chosen: np.ndarray,
    worth: np.ndarray,
    open_to: pd.DataFrame,
    name: str,
    config: CampaignConfig,
) -> None:
    """Stop where too few are chosen of those `worth` a contact.

    `open_to` are the customers whom the campaign may reach, with what is `at_stake`.
    """
    n, smallest = int(chosen.sum()), chosen.sum() * min(config.shares)
    if n >= FEWEST and smallest >= FEWEST_IN_GROUP:
        return
    if not n and len(open_to):
        raise TooFewError(_nobody(len(chosen), open_to, config))
    why = _worth(int(worth.sum()), open_to, name, config)
    if n < worth.sum():
        why = _limited(int(worth.sum()), name, config)
    elif n >= FEWEST:
        why = f"Raise campaigns.{name}.control_share, or the share of the smallest arm."
    raise TooFewError(
        f"A campaign of {n:,} customers with a smallest group of {smallest:.0f} can show nothing: "
        f"at least {FEWEST} customers and {FEWEST_IN_GROUP} in each group are needed. {why}"
    )


def _nobody(n_scored: int, open_to: pd.DataFrame, config: CampaignConfig) -> str:
    needed = break_even_effect([open_to["at_stake"].max()], config.margin, config.highest_cost)
    if np.isinf(needed):
        return f"Nobody of {n_scored:,} is worth a contact: nothing is at stake with anybody."
    if open_to["expected_gain"].max() <= 0:
        return f"Nobody of {n_scored:,} is worth a contact: by what was measured it gains nothing."
    return (
        f"Nobody of {n_scored:,} is worth a contact: each would cost "
        f"{config.highest_cost:,.2f} and is expected to earn less. The best one earns nothing "
        f"below an effect of {needed:.1%}."
    )


def fewest_needed(config: CampaignConfig) -> int:
    """Customers with whom a campaign and each of its groups are large enough."""
    return max(FEWEST, ceil(FEWEST_IN_GROUP / min(config.shares) - 1e-9))


def _limited(n_worth: int, name: str, config: CampaignConfig) -> str:
    """Money or a number of contacts binds: up to which it must be raised."""
    contacts = ceil(min(fewest_needed(config), n_worth) * (1 - config.control_share))
    needed = {"budget": contacts * config.mean_cost, "max_contacts": contacts}
    given = {key: getattr(config, key) for key in needed}
    bound = [
        f"campaigns.{name}.{key} is {_up(value)}, raise it to {_up(needed[key])}"
        for key, value in given.items()
        if value is not None and value < needed[key]
    ]
    return f"{n_worth:,} are worth a contact, but {' and '.join(bound)} or more."


def _up(value: float) -> str:
    """A number with cents where it has any, rounded up: so much is enough.

    >>> _up(80), _up(1234567.891)
    ('80', '1,234,567.90')
    """
    return f"{ceil(100 * value - 1e-6) / 100:,.2f}".removesuffix(".00")


def _worth(n_worth: int, open_to: pd.DataFrame, name: str, config: CampaignConfig) -> str:
    """Expected profit binds: what a contact may cost, or has to change, for enough to pay."""
    needed = fewest_needed(config)
    if len(open_to) < needed:
        return (
            f"Only {len(open_to):,} may be contacted: ask for less in campaigns.{name}.eligible, "
            "or score more customers."
        )
    gain, staked = (np.sort(open_to[c])[-needed] for c in ("expected_gain", "at_stake"))
    effect = break_even_effect([staked], config.margin, config.highest_cost)
    # Two leading digits: a cost may be less than a cent.
    cost = np.format_float_positional(config.margin * gain, 2, fractional=False, trim="-")
    ways = [f"a contact cost less than {cost}"] if gain > 0 else []
    ways += [f"it kept more than {effect:.1%} of those leaving"] if effect < 1 else []
    return (
        f"Only {n_worth:,} of {len(open_to):,} are expected to earn more than the "
        f"{config.highest_cost:,.2f} that a contact costs, at a margin of {config.margin:.0%}; "
        f"{needed:,} are needed{', and would, if ' * bool(ways)}{' or if '.join(ways)}: set "
        f"contact_cost, effect or margin of campaigns.{name} where yours are others."
    )
