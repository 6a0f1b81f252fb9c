"""How long without a purchase means churned: what was asked for, or what the log's rhythm says."""

from pipeline.config import Config
from pipeline.console import Progress
from pipeline.intake.check import propose_horizon
from pipeline.intake.orders import Orders


def horizon_of(orders: Orders, config: Config, progress: Progress) -> int:
    """The config's horizon in days, or the one that `churn check` proposes, said aloud."""
    if config.horizon_days:
        return config.horizon_days
    proposed = propose_horizon(orders)
    progress.note(f"Horizon: {proposed.days} days. {proposed.reason} Set it with --horizon.")
    return proposed.days
