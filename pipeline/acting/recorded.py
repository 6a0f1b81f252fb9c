"""Plans and measurements in the tracking store: counts, costs and money, no customer."""

from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from features.errors import UserError
from models.campaign.estimation import Difference
from pipeline.acting.measured import Measurement
from pipeline.acting.plan import Plan
from pipeline.acting.plan_file import PlanFile, write_plan
from pipeline.console import Progress

if TYPE_CHECKING:
    from pipeline.tracking.store import Store


def refuse_second(store: "Store", file: PlanFile) -> bool:
    """Whether this very plan is recorded already; another one of its name is refused.

    Raises
    ------
    UserError
        When another plan was recorded under the campaign's name.
    """
    from pipeline.tracking import campaigns

    known = campaigns.planned(store, file.terms.campaign)
    if known and known != file.fingerprint:
        raise UserError(
            f"A campaign {file.terms.campaign} was planned before, with other customers or terms "
            f"(plan {known[:12]}, this one {file.fingerprint[:12]}). Its groups may be in use: "
            "give this one another name."
        )
    return known is not None


def keep(made: Plan, uri: str, out: Path, progress: Progress) -> None:
    """Write a plan, unless another of its name is known; and record it where that can be done.

    Raises
    ------
    UserError
        As `refuse_second`.
    """
    from pipeline.tracking import campaigns
    from pipeline.tracking.errors import TrackingError

    store = None
    try:
        store = campaigns.open_store(uri)
        known = refuse_second(store, made.file)
    except TrackingError as error:
        progress.note(f"The plan is not recorded: {error}")
    write_plan(made.file, out)
    if store and not known:
        record_plan(store, made)
        tell_running(store, made, progress)


def tell_running(store: "Store", made: Plan, progress: Progress) -> None:
    """Name the campaigns that run meanwhile and that this one was not kept apart from."""
    from pipeline.tracking import campaigns

    terms = made.file.terms
    for name, start, end in campaigns.between(store, terms.start, terms.end):
        if name not in (terms.campaign, *made.beside):
            progress.note(
                f"Campaign {name} runs too ({start} to {end - timedelta(days=1)}). If it is about "
                "the same customers, this one may contact its control, and neither can be measured "
                "alone. Plan again, under another name and file, with --beside and its plan."
            )


def record_plan(store: "Store", plan: Plan) -> None:
    """Record a plan as a run of the experiment `campaigns`."""
    from pipeline.tracking import campaigns

    file, terms = plan.file, plan.file.terms
    contacted = plan.contacted
    metrics = {f"customers_{arm}": float(n) for arm, n in plan.groups.items()}
    metrics |= {
        "scored": float(len(file.customers)),
        "cost": float(contacted["cost"].sum()),
        "expected_profit": float(contacted["expected_profit"].sum()),
    }
    metrics |= {
        f"detectable_{one.outcome.replace(' ', '_')}": one.adjusted for one in plan.outlook.power
    }
    parameters = {
        "kind": terms.kind,
        "start": terms.start,
        "horizon_days": terms.horizon_days,
        "margin": terms.margin,
        "effect": terms.effect["share"],
        "effect_source": terms.effect["source"],
        "control_share": terms.control_share,
        "arms": ", ".join(terms.arms),
        "seed": terms.seed,
        "model_version": terms.model_version,
    }
    words = f"{len(contacted):,} contacts from {terms.start} on, {plan.groups['control']:,} kept."
    campaigns.record(store, "plan", terms.campaign, file.fingerprint, parameters, metrics, words)


def record_measurement(uri: str, found: Measurement, progress: Progress) -> None:
    """Record a measurement as a run of the experiment `campaigns`; a store that is down is told."""
    from pipeline.tracking import campaigns
    from pipeline.tracking.errors import TrackingError

    total = found.total
    metrics = {
        "n_treated": float(total.n_treated),
        "n_control": float(total.n_control),
        **_interval("profit", total.profit),
        **_interval("effect", total.effect),
    }
    for name, one in total.outcomes.items():
        metrics |= _interval(f"{name}_per_customer", one.adjusted)
    parameters = {
        "kind": found.kind,
        "start": found.start,
        "until": found.until,
        "interim": str(found.interim).lower(),
        "doubts": len(found.doubts),
    }
    try:
        store = campaigns.open_store(uri)
        campaigns.record(
            store,
            "measurement",
            found.campaign,
            found.fingerprint,
            parameters,
            metrics,
            found.verdict[0],
        )
    except TrackingError as error:
        progress.note(f"The measurement is written, but not recorded: {error}")


def _interval(name: str, one: Difference) -> dict[str, float]:
    return {name: one.estimate, f"{name}_low": one.low, f"{name}_high": one.high}
