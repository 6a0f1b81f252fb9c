"""Charts as SVG text, drawn from tables."""

from collections.abc import Sequence

WIDTH, HEIGHT, MARGIN = 560, 300, 44
INK, SOFT, LINE = "#1d2733", "#5b6b7c", "#dfe5eb"
COLOURS = ("#1f6feb", "#f0883e")


def calibration(
    predicted: Sequence[float], observed: Sequence[float], customers: Sequence[float]
) -> str:
    """Observed share against predicted probability, a dot per group, with the diagonal."""
    biggest = max(customers)
    dots = "".join(
        f'<circle cx="{_x(p):.1f}" cy="{_y(o):.1f}" r="{3 + 5 * (n / biggest) ** 0.5:.1f}" '
        f'fill="{COLOURS[0]}" fill-opacity=".75">'
        f"<title>predicted {p:.1%}, observed {o:.1%}, {n:,.0f} customers</title></circle>"
        for p, o, n in zip(predicted, observed, customers, strict=True)
    )
    diagonal = (
        f'<line x1="{_x(0)}" y1="{_y(0)}" x2="{_x(1)}" y2="{_y(1)}" stroke="{SOFT}" '
        'stroke-dasharray="4 4"/>'
    )
    ticks = [(step / 5, f"{step * 20} %") for step in range(6)]
    axes = _axes(ticks, "predicted probability of churn", "observed")
    labels = "".join(_word(_x(at), HEIGHT - MARGIN + 18, text, "middle") for at, text in ticks)
    return _svg(axes + diagonal + dots + labels)


def paired_bars(names: Sequence[str], series: dict[str, Sequence[float]]) -> str:
    """Groups of bars side by side, one per series, from zero."""
    # A return-heavy group can be below zero; its bar is drawn as nothing.
    top = max((max(values) for values in series.values()), default=0) or 1
    step = (WIDTH - 2 * MARGIN) / len(names)
    thick = step * 0.8 / len(series)
    bars = []
    for number, (title, values) in enumerate(series.items()):
        for place, value in enumerate(values):
            left = MARGIN + place * step + step * 0.1 + number * thick
            share = max(value, 0) / top
            bars.append(
                f'<rect x="{left:.1f}" y="{_y(share):.1f}" width="{thick:.1f}" '
                f'height="{_y(0) - _y(share):.1f}" fill="{COLOURS[number]}">'
                f"<title>{title}: {value:,.2f}</title></rect>"
            )
    labels = "".join(
        _word(MARGIN + (place + 0.5) * step, HEIGHT - MARGIN + 18, name, "middle")
        for place, name in enumerate(names)
    )
    ticks = [(share / 4, f"{top * share / 4:,.{0 if top >= 20 else 1}f}") for share in range(5)]
    axes = _axes(ticks, "tenth of customers by expected spend", "money per customer")
    return _svg(axes + "".join(bars) + labels + _legend(list(series)))


def _legend(titles: Sequence[str]) -> str:
    return "".join(
        f'<rect x="{WIDTH - 120}" y="{14 + 20 * n}" width="12" height="12" fill="{COLOURS[n]}"/>'
        + _word(WIDTH - 102, 24 + 20 * n, title, "start")
        for n, title in enumerate(titles)
    )


def _axes(ticks: Sequence[tuple[float, str]], below: str, beside: str) -> str:
    grid = "".join(
        f'<line x1="{MARGIN}" x2="{WIDTH - MARGIN}" y1="{_y(at):.1f}" y2="{_y(at):.1f}" '
        f'stroke="{LINE}"/>' + _word(MARGIN - 6, _y(at) + 4, text, "end")
        for at, text in ticks
    )
    return grid + _word(WIDTH / 2, HEIGHT - 8, below, "middle") + _word(MARGIN, 12, beside, "start")


def _word(x: float, y: float, text: str, anchor: str) -> str:
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" font-size="12" '
        f'fill="{SOFT}">{text}</text>'
    )


def _x(share: float) -> float:
    return MARGIN + share * (WIDTH - 2 * MARGIN)


def _y(share: float) -> float:
    return HEIGHT - MARGIN - share * (HEIGHT - MARGIN - 30)


def _svg(content: str) -> str:
    return (
        f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" font-family="system-ui, sans-serif">'
        f"{content}</svg>"
    )
