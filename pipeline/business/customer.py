"""One customer: what they bought, whether they are still there, and what may come next."""

import json
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import ibis
import ibis.expr.types as ir
import numpy as np
import pandas as pd

from features.business.customers import customers
from features.business.rfm_scores import scored
from features.customer.rfm import histogram, rfm
from features.errors import UserError
from features.log.identity import same_person
from features.log.spec import LogSpec
from features.timeline import before
from models.btyd import FitError
from models.btyd.fit_warnings import heard
from models.btyd.pareto_nbd import ParetoNBDModel
from models.contenders.protocol import UNLIKELY
from pipeline.business.as_json import plain, records
from pipeline.business.course import frame, refuse_later_day
from pipeline.business.scores import Scores, mismatches
from pipeline.intake.closed_seasons import closed_days, closed_seasons, on_open_days
from pipeline.intake.orders import Orders

OWN_MODEL = "a Pareto/NBD of the log, spend at the mean of their purchase days"
"""Who answers where no scores are given."""

ANSWERS = (
    *("p_churn", "p_alive", "expected_purchases", "expected_spend"),
    *("spend_if_any_low", "spend_if_any_high"),
    *("clv", "p_churn_clv", "clv_if_any_low", "clv_if_any_high"),
    *("next_purchase_from", "next_purchase_to", "segment", "segment_before"),
    *("reason_1", "reason_2", "reason_3"),
)
"""Columns of the scores that are shown of a customer."""

WINDOW = (0.1, 0.9)
"""Quantiles of the day of the next purchase, if there is one in the horizon."""


HISTORY = 6
"""So many RFM groups are told, a horizon apart, the last one of today."""


@dataclass(frozen=True)
class Customer:
    """What the log and a model say of one customer.

    `days` has a row per day of the log: ``day``, ``kind`` (purchase; return: net below 0; no
    purchase: net 0), ``orders``, ``amount`` (net). `facts` has ``first_purchase``,
    ``last_purchase``, ``orders``, ``purchase_days``, ``return_days``, ``days_of_zero``,
    ``total_spend``, ``usual_gap`` and ``overdue`` (days; None for one-time buyers). `groups` are
    the RFM groups by day. `answers` holds those of `ANSWERS` that `answered_by` gives for the
    `horizon_days` from `as_of` on. `alive` is P(alive) by day, by a Pareto/NBD of the log; empty
    where none can be fitted.
    """

    customer_id: str
    as_of: date
    horizon_days: int
    days: pd.DataFrame
    facts: dict[str, Any]
    groups: dict[date, str]
    answers: dict[str, Any]
    answered_by: str
    alive: "pd.Series[float]"
    notes: tuple[str, ...]
    currency: str = ""


def customer(
    orders: Orders,
    asked: str,
    spec: LogSpec,
    as_of: date,
    horizon_days: int,
    scores: Scores | None = None,
    currency: str = "",
) -> Customer:
    """Look one customer up.

    Raises
    ------
    UserError
        When the log ends before `as_of`, or nobody of that id has bought before it. It names no
        id: neither the one asked for, which may be mistyped from a real one, nor one like it.
    """
    refuse_later_day(orders, as_of)
    person = same_person(ibis.literal(asked), spec.customer_case, spec.customer_form)
    known = before(orders.days, as_of)
    own = known.filter(known.customer_id == person).order_by("transacted_at")
    days = frame(own.select(day="transacted_at", orders="orders", amount="amount"))
    bought = days[days["amount"] > 0]
    if bought.empty:
        raise UserError(
            f"No customer of this id has bought before {as_of} in {orders.name}. Write the id as "
            "it stands in the log, with its leading zeros."
        )
    days["amount"] = days["amount"].astype(float)
    kinds = {-1: "return", 0: "no purchase", 1: "purchase"}
    days.insert(1, "kind", np.sign(days["amount"]).map(kinds))
    name = str(frame(own.select("customer_id").limit(1)).iloc[0, 0])
    groups = _groups(known, name, as_of, horizon_days)
    model = _fitted(orders.days, as_of)
    found = facts(days, as_of)
    closed = closed_days(closed_seasons(orders.netted, as_of), as_of, horizon_days)
    answers, by, notes = _own_answers(model, found, as_of, closed), OWN_MODEL, []
    if scores:
        notes = mismatches(orders, scores, as_of)
        row = scores.customers[scores.customers["customer_id"] == name]
        if len(row):
            answers = {column: row.iloc[0][column] for column in ANSWERS}
            by = f"the scores of {scores.as_of}, model {scores.model_version}"
        else:
            notes.append("The scores hold no row of this customer.")
    alive = pd.Series(dtype=float)
    if model is not None:
        alive = model.alive_path(bought["day"].tolist(), as_of)
    told = (days, found, groups, answers, by, alive, tuple(notes), currency)
    return Customer(name, as_of, horizon_days, *told)


def facts(days: pd.DataFrame, as_of: date) -> dict[str, Any]:
    """Figures of a customer's days; gaps are between purchase days, as in the scores."""
    bought = days.loc[days["amount"] > 0, "day"].tolist()
    silent = (as_of - bought[-1]).days
    gap = (bought[-1] - bought[0]).days / (len(bought) - 1) if len(bought) > 1 else None
    return {
        "first_purchase": bought[0],
        "last_purchase": bought[-1],
        "orders": int(days["orders"].sum()),
        "purchase_days": len(bought),
        "return_days": int((days["amount"] < 0).sum()),
        "days_of_zero": int((days["amount"] == 0).sum()),
        "total_spend": float(days["amount"].sum()),
        "days_since_last": silent,
        "usual_gap": gap,
        "overdue": None if gap is None else round(max(silent - gap, 0.0)),
    }


def _groups(days: ir.Table, name: str, as_of: date, horizon_days: int) -> dict[date, str]:
    """The customer's RFM group a horizon apart, as `churn describe` would have told it."""
    past = [as_of - timedelta(days=horizon_days * n) for n in reversed(range(HISTORY))]
    found: dict[date, str] = {}
    for day in past:
        placed = scored(customers(days, day), day, horizon_days)
        own = frame(placed.filter(placed.customer_id == name).select("rfm_group"))
        if len(own):  # nobody before their first purchase
            found[day] = str(own.iloc[0, 0])
    return found


def _fitted(days: ir.Table, as_of: date) -> ParetoNBDModel | None:
    """A Pareto/NBD of all customers; None where they are too few or too alike."""
    table = frame(histogram(rfm(days, as_of)))
    weight = table["n_customers"].to_numpy(float)
    with heard():  # parameters that the data leave open do not matter here
        try:
            return ParetoNBDModel().fit(table[["frequency", "recency", "T"]], sample_weight=weight)
        except (FitError, ValueError):
            return None


def _own_answers(
    model: ParetoNBDModel | None, found: dict[str, Any], as_of: date, closed: np.ndarray
) -> dict[str, Any]:
    """What the log's own Pareto/NBD expects; spend at the customer's mean of a purchase day.

    `closed` says which days of the horizon are closed.
    """
    horizon = len(closed)
    if model is None:
        return {}
    first, last = found["first_purchase"], found["last_purchase"]
    history = pd.DataFrame(
        {
            "frequency": [found["purchase_days"] - 1.0],
            "recency": [float((last - first).days)],
            "T": [float((as_of - first).days)],
        }
    )
    p_churn = float(np.asarray(model.probability_no_purchase(history, float(horizon)))[0])
    purchases = float(np.asarray(model.expected_purchases(history, float(horizon)))[0])
    # If there is a purchase in the horizon: quantiles of its day within those odds.
    window: list[date | None] = [None, None]
    if p_churn <= UNLIKELY:
        within = [q * (1 - p_churn) for q in WINDOW]
        ends = np.floor(np.asarray(model.next_purchase_quantiles(history, within))[0])
        pair = ends[:1], ends[1:]
        window = [as_of + timedelta(int(*end)) for end in on_open_days(*pair, closed)]
    return {
        "p_churn": p_churn,
        "p_alive": float(np.asarray(model.probability_alive(history))[0]),
        "expected_purchases": purchases,
        "expected_spend": purchases * max(found["total_spend"], 0.0) / found["purchase_days"],
        "next_purchase_from": window[0],
        "next_purchase_to": window[1],
    }


def as_json(found: Customer) -> str:
    """All of it as JSON; what is not known is null."""
    values = {
        "customer_id": found.customer_id,
        "as_of": found.as_of,
        "horizon_days": found.horizon_days,
        **found.facts,
        "rfm_groups": [{"day": day, "rfm_group": group} for day, group in found.groups.items()],
        "answered_by": found.answered_by,
        **found.answers,
        "days": records(found.days),
        "p_alive_path": {f"{day:%Y-%m-%d}": value for day, value in found.alive.items()},
        "notes": found.notes,
    }
    return json.dumps(plain(values), indent=2)


def figures(found: Customer) -> dict[str, str]:
    """The facts and answers as a person reads them, by what they are."""
    fact, answer = found.facts, found.answers
    money = f" {found.currency}" if found.currency else ""
    told = {
        "first purchase": str(fact["first_purchase"]),
        "last purchase": f"{fact['last_purchase']} ({fact['days_since_last']:,} days ago)",
        "orders": f"{fact['orders']:,} on {days_told(fact)}",
        "net spend": f"{fact['total_spend']:,.2f}{money}",
    }
    if fact["usual_gap"] is not None:
        told["usual gap"] = f"{fact['usual_gap']:,.0f} days"
        told["overdue"] = f"{fact['overdue']:,} days"
    told["RFM group"] = ", ".join(f"{group} {day}" for day, group in found.groups.items())
    if not answer:
        return told
    told[f"p(churn), {found.horizon_days} days"] = f"{answer['p_churn']:.1%}"
    if pd.notna(answer["p_alive"]):
        told["p(alive)"] = f"{answer['p_alive']:.1%}"
    told["expected spend"] = f"{answer['expected_spend']:,.2f}{money}"
    told["expected spend"] += _if_any(answer, "p_churn", "spend")
    if pd.notna(answer.get("clv")):
        told["CLV"] = f"{answer['clv']:,.2f}{money}" + _if_any(answer, "p_churn_clv", "clv")
    if pd.notna(answer["next_purchase_from"]):
        ends = (f"{answer[f'next_purchase_{end}']:%Y-%m-%d}" for end in ("from", "to"))
        told["next purchase, if any"] = " to ".join(ends)
    if answer.get("segment"):
        told["segment"] = segment_told(str(answer["segment"]), answer.get("segment_before"))
    return told


def segment_told(now: str, before: object) -> str:
    """A segment, and that of an earlier scoring where one was given."""
    return f"{now} (before: {before})" if isinstance(before, str) and before else now


def days_told(fact: dict[str, Any]) -> str:
    """How many days a customer has, by kind.

    >>> days_told({"purchase_days": 3, "return_days": 0, "days_of_zero": 0})
    '3 purchase days'
    >>> days_told({"purchase_days": 3, "return_days": 1, "days_of_zero": 6})
    '10 days: 3 with a purchase, 1 of returns, 6 without a purchase'
    """
    bought, returned, none = fact["purchase_days"], fact["return_days"], fact["days_of_zero"]
    if not returned and not none:
        return f"{bought:,} purchase days"
    told = f"{bought + returned + none:,} days: {bought:,} with a purchase"
    told += f", {returned:,} of returns" if returned else ""
    return told + (f", {none:,} without a purchase" if none else "")


def reasons(found: Customer) -> list[str]:
    """Why the model says so; empty where it gives no reasons."""
    said = (found.answers.get(f"reason_{n}") for n in (1, 2, 3))
    return [str(reason) for reason in said if isinstance(reason, str) and reason]


def _if_any(answer: dict[str, Any], none: str, name: str) -> str:
    """How likely any spend is, and 80 % of what it is then; nothing where that is not known."""
    low, high = answer.get(f"{name}_if_any_low"), answer.get(f"{name}_if_any_high")
    if any(pd.isna(x) for x in (low, high, answer.get(none))):
        return ""
    return f" ({1 - answer[none]:.1%} that there is any, then mostly {low:,.2f} to {high:,.2f})"
