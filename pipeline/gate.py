"""Whether a challenger may take the champion's place."""

from pipeline.tracking.registry import Version

MARGIN = 0.002
"""Log loss and Gini move by so much between equal models; below it nothing is worse."""

HIGHER, LOWER = ("spend_gini",), ("log_loss",)


def gate(challenger: Version, champion: Version | None) -> list[str]:
    """Reasons against the challenger; none is a yes."""
    if champion is None or champion.version == challenger.version:
        return []
    reasons = []
    for metric in (*LOWER, *HIGHER):
        new, old = challenger.metrics.get(metric), champion.metrics.get(metric)
        if new is None or old is None:
            continue
        worse = new - old if metric in LOWER else old - new
        if worse > MARGIN:
            reasons.append(f"{metric} {new:.4f} is worse than the champion's {old:.4f}")
    return reasons
