"""The time rule: what is knowable at a cutoff, and what lies in the horizon behind it.

Every other module reads the log through these two functions, so the rule is
written, and can be broken, in one place only.
"""

from datetime import date, timedelta

import ibis.expr.types as ir


def before(log: ir.Table, cutoff: date) -> ir.Table:
    """Rows knowable at `cutoff`: ``transacted_at < cutoff``, never equal."""
    return log.filter(log.transacted_at < cutoff)


def within(log: ir.Table, cutoff: date, horizon_days: int) -> ir.Table:
    """Rows of the horizon: ``cutoff <= transacted_at < cutoff + horizon_days``."""
    end = cutoff + timedelta(days=horizon_days)
    return log.filter((log.transacted_at >= cutoff) & (log.transacted_at < end))
