"""HTML for people: sections, tables and figures whose every text is escaped here."""

import html
import re
from collections.abc import Mapping, Sequence, Sized
from typing import Any

import pandas as pd

Row = tuple[str, Sequence[str]]
"""A row's class and its cells, as text: escaped when it is written."""

MISSING = "–"


def text(value: object) -> str:
    """Escape what may come from a log.

    >>> text('<b title="x">')
    '&lt;b title=&quot;x&quot;&gt;'
    """
    return html.escape(str(value))


def prose(words: str) -> str:
    """Escaped text in which what stands in backticks is code.

    >>> prose("`churn plan` & more")
    '<code>churn plan</code> &amp; more'
    """
    return re.sub("`([^`]+)`", r"<code>\1</code>", text(words))


def number(value: Any, style: str) -> str:
    """Format a number; a dash where there is none, and no sign before a zero.

    >>> number(0.5, ".0%"), number(float("nan"), ".0%"), number(-0.01, "+.1f")
    ('50%', '–', '0.0')
    """
    if pd.isna(value):
        return MISSING
    shown = format(value, style).replace("-", "−")
    return shown if any(digit in shown for digit in "123456789") else shown.lstrip("+−")


def three_digits(value: Any) -> str:
    """A number to three digits, a large one in full: 1,064 instead of 1.06e+03.

    >>> three_digits(1063.9), three_digits(1.3751), three_digits(999.7), three_digits(float("nan"))
    ('1,064', '1.38', '1,000', '–')
    """
    return number(value, ",.0f" if abs(value) >= 999.5 else ".3g")


def interval(low: float, high: float, style: str) -> str:
    """The two ends of an interval.

    >>> interval(-0.012, 0.03, "+.1%")
    '−1.2% to +3.0%'
    """
    return f"{number(low, style)} to {number(high, style)}"


NAMES = {
    "base_rate": "average customer",
    "status_quo_rate": "own pace so far",
    "last_horizon_repeat": "last horizon again",
    "logistic_rfm": "logistic regression on RFM",
    "logistic": "logistic regression",
    "hist_gradient_boosting_one_cutoff": "boosted trees, one cutoff",
    "hist_gradient_boosting": "boosted trees",
    "boosted_hazard": "boosted trees, step by step",
    "boosted_spend": "boosted trees for spend",
    "bg_nbd": "BG/NBD",
    "mbg_nbd": "MBG/NBD",
    "pareto_nbd": "Pareto/NBD",
    "mbg_cnbd_k": "MBG/CNBD-k",
    "lifetimes_bg_nbd": "BG/NBD by lifetimes",
}
"""Contenders as people say them, where their names in the config are not words by themselves."""


def words(name: str) -> str:
    """A contender's name as people say it.

    >>> words("status_quo_rate"), words("recency_alone"), words("sklearn.svm.SVC")
    ('own pace so far', 'recency alone', 'sklearn.svm.SVC')
    >>> words("blend_with_logistic")
    'blend with logistic regression'
    """
    blend, _, part = name.partition("blend_with_")
    if part and not blend:
        return f"blend with {words(part)}"
    return NAMES.get(name, name if "." in name else name.replace("_", " "))


def counted(some: Sized, cutoffs: Sized) -> str:
    """How many of the cutoffs figures are of.

    >>> counted([1], [1]), counted([1, 2], [1, 2]), counted([1], [1, 2])
    ('1 cutoff', '2 cutoffs', '1 of 2 cutoffs')
    """
    n, of = len(some), len(cutoffs)
    return f"{'' if n == of else f'{n} of '}{of} cutoff{'s' * (of > 1)}"


def shortened(value: str, longest: int = 60) -> str:
    """A name from the log, as far as a table has room for it."""
    return value if len(value) <= longest else f"{value[: longest - 1]}…"


def section(name: str, title: str, *content: str) -> str:
    """Part of the page that the list of contents leads to; empty content leaves it out."""
    inside = "".join(content)
    if not inside:
        return ""
    return f'<section id="{name}"><h2>{text(title)}</h2>{inside}</section>'


def folded(name: str, title: str, *sections: str, opened: bool = False) -> str:
    """Sections behind a line that opens them."""
    mark = " open" if opened else ""
    inside = "".join(sections)
    return f'<details id="{name}"{mark}><summary>{text(title)}</summary>{inside}</details>'


def paragraph(words: str, kind: str = "") -> str:
    """One paragraph of plain words."""
    return f"<p{_class(kind)}>{prose(words)}</p>"


def points(lines: Sequence[str]) -> str:
    """Sentences below each other."""
    return "<ul>" + "".join(f"<li>{prose(line)}</li>" for line in lines) + "</ul>" if lines else ""


def facts(values: Mapping[str, str]) -> str:
    """Large figures, each above what it counts."""
    tiles = "".join(
        f"<div><dd>{text(value)}</dd><dt>{text(name)}</dt></div>" for name, value in values.items()
    )
    return f'<dl class="tiles">{tiles}</dl>'


def table(caption: str, head: Sequence[str], rows: Sequence[Row], words: Sequence[int] = ()) -> str:
    """A table that says what it is, and that a keyboard can scroll; `words` are columns of text."""
    titles = "".join(
        f'<th scope="col"{_words(n, words)}>{text(title)}</th>' for n, title in enumerate(head)
    )
    lines = "".join(
        f"<tr{_class(kind)}>{_cells(cells, words, len(head))}</tr>" for kind, cells in rows
    )
    return (
        f'<div class="scroll" tabindex="0" role="region" aria-label="{text(caption)}">'
        f"<table><caption><span>{text(caption)}</span></caption><thead><tr>{titles}</tr></thead>"
        f"<tbody>{lines}</tbody></table></div>"
    )


def _cells(cells: Sequence[str], words: Sequence[int], columns: int) -> str:
    if len(cells) == 1:  # a line that names the ones below it
        return f'<th scope="rowgroup" colspan="{columns}">{text(cells[0])}</th>'
    first = f'<th scope="row"{_words(0, words)}>{text(cells[0])}</th>'
    rest = (f"<td{_words(n, words)}>{text(cell)}</td>" for n, cell in enumerate(cells[1:], 1))
    return first + "".join(rest)


def _words(column: int, words: Sequence[int]) -> str:
    return _class("words" if column in words else "")


def _class(name: str) -> str:
    return f' class="{name}"' if name else ""


def figure(title: str, drawing: str, words: str, legend: Mapping[str, str] | None = None) -> str:
    """A drawing under its title and legend (class of the line -> its name), words below."""
    keys = "".join(
        f'<span><svg class="key" viewBox="0 0 26 8" aria-hidden="true">'
        f'<path class="line {kind}" d="M1 4H25"/></svg>{text(name)}</span>'
        for kind, name in (legend or {}).items()
    )
    shown = f'<div class="legend">{keys}</div>' if keys else ""
    said = f"<figcaption>{text(words)}</figcaption>" if words else ""
    return f"<figure><h3>{text(title)}</h3>{shown}{drawing}{said}</figure>"


def pair(*figures: str) -> str:
    """Figures beside each other where there is room."""
    return f'<div class="pair">{"".join(figures)}</div>'


def contents(sections: Sequence[tuple[str, str]]) -> str:
    """Links to the sections, by id and title."""
    links = "".join(f'<li><a href="#{name}">{text(title)}</a></li>' for name, title in sections)
    return f'<nav aria-label="Contents"><ul>{links}</ul></nav>'
