"""The first screen of the business page: how it goes, what comes, who stays, who brings it."""

from collections.abc import Sequence
from datetime import date

import numpy as np
import pandas as pd

from pipeline.business import segments
from pipeline.business.cohorts import Cohorts
from pipeline.business.course import Course
from pipeline.business.describe import Business
from pipeline.business.forecast import (
    YARDSTICK,
    Forecast,
    Outlook,
    a_year_ago,
    in_steps,
    step_of,
    why_wide,
)
from pipeline.markup import figure, interval, number, pair, section, text
from pipeline.reporting import charts
from pipeline.reporting.charts import Band, Line
from pipeline.reporting.treemap import Tile, treemap

SHOWN_STEPS = 104
"""So many past steps are drawn: two years of weeks."""

AGES, COHORTS = 10, 12
"""Columns and rows of the heatmap on the first screen."""

KINDS = {
    "champions": "good",
    "loyal": "good",
    "potential loyalists": "fair",
    "new": "fair",
    "promising": "fair",
    "need attention": "fair",
    "about to sleep": "poor",
    "cannot lose": "poor",
    "at risk": "poor",
    "hibernating": "gone",
}
"""Style class of each RFM group."""


def coming(found: Course) -> list[str]:
    """What is forecast to come, in words; nothing where nothing is."""
    if not found.forecast:
        return []
    revenue = found.forecast.outlooks["revenue"]
    expected, low, high = revenue.total
    off = number(revenue.board["error_of_total"].iloc[0], ".0%")
    before, tried = a_year_ago(revenue)
    other = "" if tried else ", but none was of this time of the year"
    lines = [
        f"The coming {_span(found.forecast)} should bring {expected:,.0f} of "
        f"{_revenue(found)}, between {low:,.0f} and {high:,.0f}; past forecasts of as long "
        f"were off by {off} in the mean{other}.{why_wide(found.forecast)}"
    ]
    if before is not None and revenue.method != YARDSTICK:
        side = "less than" if before < low else "more than" if before > high else "within"
        lines.append(
            f"The same {_span(found.forecast)} a year ago brought {before:,.0f}, {side} that range."
        )
    return lines


def sentences(found: Business) -> list[str]:
    """What a reader should leave with, the most important first."""
    lines = [*coming(found), *filter(None, [found.growth, segments.told(found.few)])]
    complete = found.periods[found.periods["complete"]]
    if len(complete):
        lines.append(_flow(complete))
    if found.comparison:
        lines.append(found.comparison.sentence(found.period))
    best = found.tiers[found.tiers.index.isin(["VIP", "high"])]
    if len(best) and best["revenue_share"].notna().all():
        lines.append(
            f"The best {best['customer_share'].sum():.0%} of the customers have brought "
            f"{best['revenue_share'].sum():.0%} of the revenue."
        )
    return lines or [f"{found.overall['customers']:,.0f} customers have bought so far."]


def figures(found: Business) -> dict[str, str]:
    """The largest figures, by what they count."""
    tiles = {
        f"active customers: bought within {found.window} days": (
            f"{found.periods['end'].iloc[-1]:,.0f}"
        )
    }
    complete = found.periods[found.periods["complete"]]
    if len(complete):
        last = complete.iloc[-1]
        if np.isfinite(last["retention"]):
            tiles[f"retention: active at the start and the end of {last['label']}"] = (
                f"{last['retention']:.1%}"
            )
        tiles[f"{_revenue(found)} in {last['label']}"] = f"{last['revenue']:,.0f}"
    tiles["of all customers bought on two days or more"] = number(
        found.overall["repeat_rate"], ".1%"
    )
    tiles["average order value"] = number(found.overall["average_order_value"], ",.2f")
    return tiles


def _flow(complete: pd.DataFrame) -> str:
    last = complete.iloc[-1]
    return (
        f"{last['label']}: {last['start']:,.0f} active customers, {last['new']:,.0f} new and "
        f"{last['came_back']:,.0f} back, {last['fell_silent']:,.0f} fallen silent, so "
        f"{last['end']:,.0f} at the end."
    )


def outlook(found: Business) -> str:
    """Revenue and active customers over time, with what comes."""
    words = (
        ""
        if found.forecast
        else "The log is too short, or has too few customers, for a forecast that can be checked."
    )
    return section(
        "outlook",
        "How it goes, and what comes",
        over_time(found),
        *map(_note, (words, *found.remarks)),
    )


def over_time(found: Course) -> str:
    """Revenue and active customers, beside each other."""
    return pair(
        _series(found, "revenue", _revenue(found)),
        _series(found, "active", "active customers"),
    )


def course(found: Course | None, concentration: str) -> str:
    """The same, who stays, and who spent: a section of a page on scores or a model.

    Without a course, which is not asked of a log on a cluster, it shows who spent.
    """
    drawn = [over_time(found)] if found else []
    drawn += [pair(heat_figure(found) if found else "", concentration)]
    return section("course", "How it went so far", *drawn) if found or concentration else ""


def _note(words: str) -> str:
    return f'<p class="note-text">{text(words)}</p>' if words else ""


def _series(found: Course, measure: str, words: str) -> str:
    """One measure over time: past, forecast, band."""
    ahead = found.forecast.outlooks[measure] if found.forecast else None
    step = found.forecast.step_days if found.forecast else step_of(len(found.daily))[0]
    past = ahead.past if ahead else in_steps(found.daily, found.as_of, step)[measure]
    past = past.tail(SHOWN_STEPS)
    last = ahead.coming.index[-1] if ahead else past.index[-1]
    x = charts.time_axis(past.index[0], last, f"{'week' if step == 7 else 'day'} that begins on")
    values = [*past, *(ahead.coming["high"] if ahead else ())]
    each = "" if measure == "active" else f" per {'week' if step == 7 else 'day'}"
    y = charts.axis(values, words + each, zero=True)
    at = [float(day.toordinal()) for day in past.index]
    lines, bands = [Line("main", at, past.tolist())], []
    told = [(a, f"{day}: {value:,.0f}") for a, (day, value) in zip(at, past.items(), strict=True)]
    if ahead:
        days = [float(day.toordinal()) for day in ahead.coming.index]
        bands.append(
            Band("main", days, ahead.coming["low"].tolist(), ahead.coming["high"].tolist())
        )
        lines.append(Line("future", [at[-1], *days], [past.iloc[-1], *ahead.coming["expected"]]))
        told += [
            (a, f"{day}: {row.expected:,.0f} expected, {row.low:,.0f} to {row.high:,.0f}")
            for a, (day, row) in zip(days, ahead.coming.iterrows(), strict=True)
        ]
    alt = f"{words} over time; the forecast's figures are in the section on the forecast."
    drawing = charts.lines(alt, x, y, lines, bands=bands, hover=told)
    legend = {"main": "so far"}
    if ahead:
        legend |= {"future": "expected", "band": "80 % band"}
    return figure(_title(found, ahead, measure, words), drawing, "", legend)


def _title(found: Course, ahead: Outlook | None, measure: str, words: str) -> str:
    name = words[0].upper() + words[1:]
    if not ahead or not found.forecast:
        return name
    expected, low, high = ahead.total
    span = interval(low, high, ",.0f")
    if measure == "active":
        now = ahead.past.iloc[-1]
        return f"{name}: {now:,.0f} now, {expected:,.0f} expected on {found.forecast.end} ({span})"
    return f"{name}: {expected:,.0f} expected in the coming {_span(found.forecast)} ({span})"


def _span(ahead: Forecast) -> str:
    return f"{ahead.steps} {'weeks' if ahead.step_days == 7 else 'days'}"


def _revenue(found: Course) -> str:
    return f"revenue in {found.currency}" if found.currency else "revenue"


def heatmap_and_groups(found: Business) -> str:
    """Who stays, by cohort, and who brings the money, by group."""
    return section(
        "who-stays",
        "Who stays, and who brings the revenue",
        pair(heat_figure(found), _areas(found)),
    )


def heat_figure(found: Course) -> str:
    """Who stays, by cohort."""
    shown = found.cohorts
    recent = list(shown.size.index[-COHORTS:])
    heat = heatmap(shown, recent, min(AGES, len(shown.buyers.columns) - 1))
    title = f"Share of a cohort that buys, by {found.period} since its first"
    hits, of = shown.together(list(shown.size.index), 1) if 1 in shown.buyers else (0.0, 0.0)
    if of:
        title = f"{hits / of:.1%} buy again in the {found.period} after their first"
    words = (
        f"Rows: the {found.period} of the first purchase. Columns: {found.period}s since. Blank: "
        "not over."
    )
    return figure(title, heat, words)


def heatmap(found: Cohorts, rows: Sequence[date], ages: int) -> str:
    """A triangle as a table whose cells are the deeper the larger the share."""
    share = found.share
    later = share.drop(columns=0, errors="ignore").to_numpy(float)
    largest = float(np.nanmax(later)) if later.size and not np.isnan(later).all() else 1.0
    columns = range(1, ages + 1)
    head = "".join(f'<th scope="col">{age}</th>' for age in columns)
    lines = "".join(
        f'<tr><th scope="row">{text(found.label(day))}</th><td>{found.size[day]:,}</td>'
        + "".join(_cell(found, share, day, age, largest or 1.0) for age in columns)
        + "</tr>"
        for day in rows
    )
    name = f"Share of each cohort that bought, by {found.period} since its first purchase"
    return (
        f'<div class="scroll" tabindex="0" role="region" aria-label="{text(name)}">'
        f'<table class="heat"><thead><tr><th scope="col">first</th><th scope="col">n</th>{head}'
        f"</tr></thead><tbody>{lines}</tbody></table></div>"
    )


def _cell(found: Cohorts, share: pd.DataFrame, day: date, age: int, largest: float) -> str:
    value = float(share[age][day])
    if np.isnan(value):
        return '<td class="cell blank"></td>'
    told = (
        f"{found.buyers[age][day]:,.0f} of {found.size[day]:,} who began in {found.label(day)} "
        f"bought in {found.period} {age}"
    )
    return (
        f'<td class="cell" style="--deep:{value / largest:.2f}" title="{text(told)}">'
        f"{100 * value:.0f}%</td>"
    )


def _areas(found: Business) -> str:
    tiles = [
        Tile(
            KINDS[str(name)],
            float(row["revenue"]),
            [
                str(name),
                f"{row['revenue_share']:.0%} of revenue",
                f"{row['customers']:,.0f} people",
            ],
            f"{name}: {row['customers']:,.0f} customers ({row['customer_share']:.1%}), "
            f"{row['revenue']:,.0f} ({number(row['revenue_share'], '.1%')} of the revenue)",
        )
        for name, row in found.groups.iterrows()
    ]
    largest = found.groups.sort_values("revenue", ascending=False).iloc[0]
    drawing = treemap("RFM groups as areas by revenue; the table below has the figures.", tiles)
    title = (
        f"{str(largest.name).capitalize()}: {largest['customer_share']:.0%} of the customers, "
        f"{number(largest['revenue_share'], '.0%')} of the revenue"
    )
    legend = {"good": "bought lately and often", "fair": "on the way", "poor": "slipping"}
    legend["gone"] = "silent"
    return figure(title, drawing, "Areas: revenue so far of the customers in each group.", legend)
