"""Charts as SVG text, drawn from tables; colours and lines are the page's style classes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from math import ceil, floor, isfinite, log10

from pipeline.markup import number, text

WIDTH, HEIGHT = 400, 270
LEFT, RIGHT, TOP, BOTTOM = 64, 28, 26, 44
LETTER = 7.5
"""Width of a letter, about; names below an axis must not touch."""


@dataclass(frozen=True)
class Line:
    """Points of one series; `kind` is its style class, `dots` marks each point."""

    kind: str
    x: Sequence[float]
    y: Sequence[float]
    dots: bool = False


@dataclass(frozen=True)
class Band:
    """The area between two lines; `kind` is its style class."""

    kind: str
    x: Sequence[float]
    low: Sequence[float]
    high: Sequence[float]


@dataclass(frozen=True)
class Layer:
    """One of the areas on top of each other: its style class, its name, its heights."""

    kind: str
    name: str
    values: Sequence[float]


@dataclass(frozen=True)
class Axis:
    """A range with its ticks (value, label) and what it measures."""

    low: float
    high: float
    ticks: Sequence[tuple[float, str]]
    words: str

    def share(self, value: float) -> float:
        """Where a value lies, 0 at the low end and 1 at the high one."""
        return (value - self.low) / (self.high - self.low)


def axis(values: Sequence[float], words: str, style: str = "", zero: bool = False) -> Axis:
    """An axis with round ticks around some values; `zero` is then on it.

    Without a `style` the ticks have the decimals that tell them apart.

    >>> axis([0.42, 0.97], "p", ".0%").ticks
    [(0.4, '40%'), (0.6, '60%'), (0.8, '80%'), (1.0, '100%')]
    >>> axis([-5000, 9000], "money").ticks
    [(-5000.0, '−5,000'), (0.0, '0'), (5000.0, '5,000'), (10000.0, '10,000')]
    """
    known = [value for value in values if isfinite(value)] or [0.0, 1.0]
    known += [0.0] if zero else []
    low, high = min(known), max(known)
    if high - low < 1e-12 * max(abs(high), 1.0):
        low, high = low - abs(low) / 2 - 0.5 * (low == 0), high + abs(high) / 2 + 0.5 * (high == 0)
    step = _step((high - low) / 4)
    # The tiny share keeps 0.30000000000000004 from asking for one more step.
    first, last = floor(low / step + 1e-9), -floor(-high / step + 1e-9)
    marks = [round(n * step, 12) for n in range(first, last + 1)]
    return Axis(marks[0], marks[-1], [(mark, _tick(mark, step, style)) for mark in marks], words)


def _tick(mark: float, step: float, style: str) -> str:
    """A tick's label: with the decimals that tell it apart, thousands and millions short."""
    if style:
        return number(mark, style)
    units = ((5e5, 1e6, "M"), (1e4, 1e3, "k"))  # below, all digits have room
    unit, sign = next(((unit, sign) for least, unit, sign in units if step >= least), (1.0, ""))
    shown = number(mark / unit, f",.{max(0, -floor(log10(step / unit) + 1e-9))}f")
    return shown + (sign if mark else "")


def _step(rough: float) -> float:
    """The next of 1, 2, 5 times a power of ten."""
    power = 10.0 ** floor(log10(rough))
    return next(m * power for m in (1, 2, 5, 10) if m * power >= rough * 0.999)


def places(names: Sequence[str], words: str) -> Axis:
    """An axis of named places 0, 1, ..., with as many names as there is room for."""
    longest = max(map(len, names), default=1) * LETTER + 10
    skip = ceil(len(names) * longest / (WIDTH - LEFT - RIGHT))
    ticks = [(float(n), name) for n, name in enumerate(names) if n % skip == 0]
    return Axis(-0.5, len(names) - 0.5, ticks, words)


def time_axis(first: date, last: date, words: str) -> Axis:
    """An axis of days, by their ordinal number, with ticks on first days of months.

    >>> axis = time_axis(date(1997, 1, 3), date(1998, 9, 30), "")
    >>> [name for _, name in axis.ticks]
    ['1997-05', '1997-09', '1998-01', '1998-05', '1998-09']
    """
    months = range(first.year * 12 + first.month - 1, last.year * 12 + last.month)
    apart = next(n for n in (1, 2, 3, 4, 6, 12, 24, 60, 120, 600) if len(months) / n <= 5.5)
    starts = (date(n // 12, n % 12 + 1, 1) for n in months if n % apart == 0)
    ticks = [(float(day.toordinal()), f"{day:%Y-%m}") for day in starts if first <= day <= last]
    if not ticks:
        ticks = [(float(first.toordinal()), first.isoformat())]
    return Axis(float(first.toordinal()), float(max(last, first).toordinal()) + 1e-9, ticks, words)


def lines(
    alt: str,
    x: Axis,
    y: Axis,
    series: Sequence[Line],
    marks: str = "",
    bands: Sequence[Band] = (),
    hover: Sequence[tuple[float, str]] = (),
) -> str:
    """Lines over common axes, bands below them; `marks` is drawn on top, see `marker`.

    `hover` are places on the x axis, in order, and what a pointer resting near each is told.
    """
    drawn = "".join(_band(x, y, band) for band in bands)
    drawn += "".join(_line(x, y, line) for line in series)
    return _svg(alt, _axes(x, y) + _inside(drawn) + marks + _hover(x, hover))


def stacked(alt: str, x: Axis, y: Axis, at: Sequence[float], layers: Sequence[Layer]) -> str:
    """Areas on top of each other over common axes, the first at the bottom."""
    foot = [0.0] * len(at)
    bands = []
    for layer in layers:
        top = [a + b for a, b in zip(foot, layer.values, strict=True)]
        bands.append(Band(layer.kind, at, foot, top))
        foot = top
    told = [
        (
            place,
            "; ".join(f"{layer.name}: {layer.values[n]:,.0f}" for layer in layers),
        )
        for n, place in enumerate(at)
    ]
    return lines(alt, x, y, [], bands=bands, hover=told)


def _band(x: Axis, y: Axis, band: Band) -> str:
    there = [f"{_x(x, a)} {_y(y, b)}" for a, b in zip(band.x, band.high, strict=True)]
    back = [f"{_x(x, a)} {_y(y, b)}" for a, b in zip(band.x, band.low, strict=True)]
    return f'<path class="area {band.kind}" d="M{"L".join(there + back[::-1])}Z"/>'


def _hover(x: Axis, places: Sequence[tuple[float, str]]) -> str:
    """Invisible strips, one around each place, that tell its figures."""
    edges = [_x(x, at) for at, _ in places]
    strips = []
    for n, (_, words) in enumerate(places):
        left = edges[n - 1] / 2 + edges[n] / 2 if n else max(edges[n] - 4, LEFT)
        right = edges[n] / 2 + edges[n + 1] / 2 if n + 1 < len(edges) else edges[n] + 4
        strips.append(
            f'<rect class="hover" x="{left:.1f}" y="{TOP}" width="{max(right - left, 0.5):.1f}" '
            f'height="{HEIGHT - TOP - BOTTOM}"><title>{text(words)}</title></rect>'
        )
    return "".join(strips)


def marker(x: Axis, y: Axis, at: tuple[float, float], words: str) -> str:
    """A point on a chart that is named."""
    px, py = _x(x, at[0]), _y(y, at[1])
    anchor, shift = ("start", 8) if x.share(at[0]) < 0.6 else ("end", -8)
    return f'<circle class="mark" cx="{px}" cy="{py}" r="5"/>' + _word(
        px + shift, py - 8, words, anchor, "note"
    )


def calibration(
    alt: str,
    predicted: Sequence[float],
    observed: Sequence[float],
    low: Sequence[float],
    high: Sequence[float],
) -> str:
    """Observed share with its interval against predicted probability, and the diagonal."""
    both = axis([*predicted, *low, *high], "", ".0%")
    x = Axis(both.low, both.high, both.ticks, "predicted probability of churn")
    y = Axis(both.low, both.high, both.ticks, "share that did churn")
    diagonal = _line(x, y, Line("blind", [both.low, both.high], [both.low, both.high]))
    path = _line(x, y, Line("main", predicted, observed))
    dots = "".join(
        f'<path class="range" d="M{_x(x, p)} {_y(y, lower)}V{_y(y, upper)}"/>'
        f'<circle class="dot" cx="{_x(x, p)}" cy="{_y(y, o)}" r="4"/>'
        for p, o, lower, upper in zip(predicted, observed, low, high, strict=True)
    )
    return _svg(alt, _axes(x, y) + _inside(diagonal + path + dots))


def paired_bars(
    alt: str, names: Sequence[str], series: dict[str, Sequence[float]], below: str, beside: str
) -> str:
    """Groups of bars side by side, one per series (class -> values), from zero."""
    x = places(names, below)
    y = axis([value for values in series.values() for value in values], beside, zero=True)
    thick = (WIDTH - LEFT - RIGHT) / len(names) * 0.8 / len(series)
    bars = []
    for nth, (kind, values) in enumerate(series.items()):
        for place, value in enumerate(values):
            left = _x(x, place) + (nth - len(series) / 2) * thick
            top, foot = sorted((_y(y, value), _y(y, 0.0)))
            bars.append(
                f'<rect class="bar {kind}" x="{left:.1f}" y="{top}" width="{thick:.1f}" '
                f'height="{foot - top:.1f}"/>'
            )
    return _svg(alt, _axes(x, y) + "".join(bars))


def bars(alt: str, values: Sequence[tuple[str, float, str]]) -> str:
    """Horizontal bars: name above, its bar, and the value in words at the bar's end."""
    longest = max((value for _, value, _ in values), default=0.0) or 1.0
    room, step = WIDTH - 2 * RIGHT - 70, 42
    drawn = []
    for nth, (name, value, words) in enumerate(values):
        top, width = nth * step, max(room * value / longest, 1.0)
        drawn.append(
            _word(RIGHT, top + 16, name, "start", "name")
            + f'<rect class="bar main" x="{RIGHT}" y="{top + 22}" width="{width:.1f}" height="12"/>'
            + _word(RIGHT + width + 6, top + 33, words, "start")
        )
    return _svg(alt, "".join(drawn), max(len(values), 1) * step + 4)


def _inside(drawn: str) -> str:
    """Cut off what lies beyond the axes; a dot on their ends stays whole."""
    left, top = LEFT - 5, TOP - 5
    width, height = WIDTH - RIGHT - left + 5, HEIGHT - BOTTOM - top + 5
    box = f'x="{left}" y="{top}" width="{width}" height="{height}"'
    return f'<svg {box} viewBox="{left} {top} {width} {height}">{drawn}</svg>'


def _line(x: Axis, y: Axis, line: Line) -> str:
    points = [(_x(x, a), _y(y, b)) for a, b in zip(line.x, line.y, strict=True) if isfinite(b)]
    if not points:
        return ""
    path = "L".join(f"{a} {b}" for a, b in points)
    dots = (
        "".join(f'<circle class="dot {line.kind}" cx="{a}" cy="{b}" r="4"/>' for a, b in points)
        if line.dots
        else ""
    )
    return f'<path class="line {line.kind}" d="M{path}"/>{dots}'


def _axes(x: Axis, y: Axis) -> str:
    grid = "".join(
        f'<path class="grid{" zero" if at == 0 else ""}" d="M{LEFT} {_y(y, at)}H{WIDTH - RIGHT}"/>'
        + _word(LEFT - 6, _y(y, at) + 4, name, "end")
        for at, name in y.ticks
    )
    names = "".join(_word(_x(x, at), HEIGHT - BOTTOM + 18, name, "middle") for at, name in x.ticks)
    middle = (LEFT + WIDTH - RIGHT) / 2
    return (
        grid + names + _word(middle, HEIGHT - 6, x.words, "middle") + _word(6, 13, y.words, "start")
    )


def _word(x: float, y: float, words: str, anchor: str, kind: str = "") -> str:
    named = f' class="{kind}"' if kind else ""
    return f'<text{named} x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{text(words)}</text>'


def _x(axis: Axis, value: float) -> float:
    return round(LEFT + axis.share(value) * (WIDTH - LEFT - RIGHT), 1)


def _y(axis: Axis, value: float) -> float:
    return round(HEIGHT - BOTTOM - axis.share(value) * (HEIGHT - BOTTOM - TOP), 1)


def _svg(alt: str, content: str, height: float = HEIGHT) -> str:
    return (
        f'<svg class="chart" viewBox="0 0 {WIDTH} {height}" role="img" aria-label="{text(alt)}">'
        f"{content}</svg>"
    )
