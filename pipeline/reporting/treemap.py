"""A treemap: rectangles whose areas are values, as near to squares as they come.

Bruls, M., Huizing, K. & van Wijk, J. J. (2000), "Squarified Treemaps", Eurographics.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pipeline.markup import text

WIDTH, HEIGHT = 400, 270
LINE, LETTER = 14, 6.4
"""Height of a line of text and width of a letter, about."""


@dataclass(frozen=True)
class Tile:
    """A rectangle to be: style class, value, the lines written in it, and what hovering tells."""

    kind: str
    value: float
    lines: Sequence[str]
    told: str


Box = tuple[float, float, float, float]
"""x, y, width and height."""


def treemap(alt: str, tiles: Sequence[Tile]) -> str:
    """The tiles with a value above 0, the largest first; a line below for each without room."""
    shown = sorted((t for t in tiles if t.value > 0), key=lambda tile: -tile.value)
    boxes = squarified([tile.value for tile in shown], (0.0, 0.0, float(WIDTH), float(HEIGHT)))
    drawn = "".join(_tile(tile, box) for tile, box in zip(shown, boxes, strict=True))
    unnamed = [
        tile
        for tile, (_, _, width, height) in zip(shown, boxes, strict=True)
        if not _written(tile.lines, width, height)
    ]
    below = "".join(_line_below(tile, n) for n, tile in enumerate(unnamed))
    height = HEIGHT + (LINE * len(unnamed) + 6 if unnamed else 0)
    return (
        f'<svg class="chart" viewBox="0 0 {WIDTH} {height}" role="img" aria-label="{text(alt)}">'
        f"{drawn}{below}</svg>"
    )


def _line_below(tile: Tile, n: int) -> str:
    """The words of a tile that has no room for them, behind its colour."""
    top = HEIGHT + 6 + LINE * n
    return (
        f'<g><rect class="tile {tile.kind}" x="0" y="{top + 1}" width="10" height="10"/></g>'
        f'<text class="small" x="15" y="{top + 10}">{text(", ".join(tile.lines))}</text>'
    )


def squarified(values: Sequence[float], box: Box) -> list[Box]:
    """Rectangles of these areas (relative; in descending order) that fill the box.

    >>> squarified([3, 1], (0, 0, 4, 1))
    [(0, 0, 3.0, 1.0), (3.0, 0, 1.0, 1.0)]
    """
    if not values:
        return []
    x, y, width, height = box
    scale = width * height / sum(values)
    count = 1
    while count < len(values) and _worst(values[: count + 1], scale, min(width, height)) <= _worst(
        values[:count], scale, min(width, height)
    ):
        count += 1
    row = values[:count]
    thick = sum(row) * scale / min(width, height)
    placed: list[Box] = []
    for value in row:
        length = value * scale / thick
        if width >= height:
            placed.append((x, y, thick, length))
            y += length
        else:
            placed.append((x, y, length, thick))
            x += length
    if width >= height:
        rest = (box[0] + thick, box[1], width - thick, height)
    else:
        rest = (box[0], box[1] + thick, width, height - thick)
    return placed + squarified(values[count:], rest)


def _worst(row: Sequence[float], scale: float, side: float) -> float:
    """The most elongated of a row's rectangles: the longer side over the shorter."""
    total = sum(row) * scale
    return max(max(side**2 * v * scale / total**2, total**2 / (side**2 * v * scale)) for v in row)


def _tile(tile: Tile, box: Box) -> str:
    x, y, width, height = box
    words = "".join(
        f'<text class="small" x="{x + 5:.1f}" y="{y + LINE * n + 13:.1f}">{text(line)}</text>'
        for n, line in enumerate(_written(tile.lines, width, height))
    )
    return (
        f'<g><title>{text(tile.told)}</title><rect class="tile {tile.kind}" x="{x:.1f}" '
        f'y="{y:.1f}" width="{width:.1f}" height="{height:.1f}"/>{words}</g>'
    )


def _written(lines: Sequence[str], width: float, height: float) -> list[str]:
    """As much of the lines as a tile has room for; a figure needs the name of what it counts."""

    def fits(some: Sequence[str]) -> bool:
        longest = max(len(line) for line in some)
        return longest * LETTER + 8 <= width and len(some) * LINE + 5 <= height

    names = next((some for some in ([lines[0]], lines[0].split(" ")) if fits(some)), [])
    written = list(names)
    for line in lines[1:]:
        if written and fits([*written, line]):
            written.append(line)
    return written
