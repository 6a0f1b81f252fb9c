"""What scores say of the customers, as every page draws it: what comes, from whom, who slips."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from pipeline.business.scores import by_segment, concentration, risk_by_value, with_past_errors
from pipeline.business.segments import FEW, Few, few, gini
from pipeline.markup import Row, facts, figure, number, pair, paragraph, section, table, text
from pipeline.reporting import charts
from pipeline.reporting.charts import Line
from pipeline.reporting.treemap import Tile, treemap

KINDS = {
    **{"champion": "good", "loyal": "good", "new": "fair", "promising": "fair"},
    **{"at risk": "poor", "slowing": "poor", "dormant": "gone", "lost": "gone"},
}
"""Style class of each segment; one that the config renames is drawn as `fair`."""

RANGES = (
    "The ranges are what would come if these totals were off by as much as the worst at past "
    "cutoffs, either way. A few cutoffs show how wrong a total has been, not how wrong it can be."
)

CLV = (
    "Customer lifetime value is the horizon's expected spend, extended over the months of clv: it "
    "says how much, and mostly ranks customers as expected spend does."
)


@dataclass(frozen=True)
class Coming:
    """Totals of the scored customers over the horizon, and what they hold; no row is a customer.

    `segments` and `risk` are as `pipeline.business.scores.Predicted` has them, `concentration` is
    the Lorenz curve of what the customers have spent, `few` the customers, if so few, on whom
    `spend` rests; a sample does not tell. `buyers` and
    `spend` are (total, low, high): the ends are what would come if the total were off as it was
    at past cutoffs; NaN where none was judged.
    """

    horizon_days: int
    customers: float
    purchases: float
    buyers: tuple[float, float, float]
    spend: tuple[float, float, float]
    clv: float
    segments: pd.DataFrame
    risk: pd.DataFrame
    concentration: pd.DataFrame
    few: Few | None = None

    @classmethod
    def of(
        cls,
        customers: pd.DataFrame,
        horizon_days: int,
        level: Sequence[float],
        spend: Sequence[float],
        weight: float = 1.0,
    ) -> Coming:
        """Add up customers, each of whom stands for `weight`.

        Parameters
        ----------
        customers
            ``p_churn``, ``expected_purchases``, ``expected_spend``, ``segment``, ``total_spend``,
            and ``clv`` where it is known.
        level, spend
            At past cutoffs: share expected to leave less the share that left, and the expected
            total over the total that came, minus 1.
        """
        found = customers if "clv" in customers else customers.assign(clv=np.nan)
        n = weight * len(found)
        buyers = weight * float((1 - found["p_churn"]).sum())
        total = weight * float(found["expected_spend"].sum(min_count=1))
        segments = by_segment(found)
        segments[["customers", "expected_spend", "clv"]] *= weight
        return cls(
            horizon_days,
            n,
            weight * float(found["expected_purchases"].sum()),
            _with_share_errors(buyers, n, level),
            with_past_errors(total, spend),
            weight * float(found["clv"].sum(min_count=1)),
            segments,
            (weight * risk_by_value(found)).round().astype(int),
            concentration(found),
            _few(found["expected_spend"]) if weight == 1 else None,
        )


def _few(spend: pd.Series) -> Few | None:
    """The few customers of whom most is expected, where the total rests on them."""
    return few(spend.nlargest(FEW).to_numpy(float), len(spend), float(spend.sum()))


def _with_share_errors(
    buyers: float, n: float, gaps: Sequence[float]
) -> tuple[float, float, float]:
    """As `with_past_errors`, of a count of n customers and errors that are shares of them.

    >>> _with_share_errors(30.0, 100.0, [0.02, -0.05]), _with_share_errors(1.0, 100.0, [0.02])
    ((30.0, 25.0, 35.0), (1.0, 0.0, 3.0))
    """
    known = [abs(gap) for gap in gaps if math.isfinite(gap)]
    if not known:
        return buyers, math.nan, math.nan
    return buyers, max(buyers - n * max(known), 0.0), min(buyers + n * max(known), n)


def sentence(said: Coming) -> str:
    """What the horizon brings, in the words that the page begins with."""
    buyers, spend = said.buyers, said.spend
    told = (
        f"In the next {said.horizon_days} days {buyers[0]:,.0f} of {said.customers:,.0f} known "
        f"customers should buy{_between(buyers)}"
    )
    if math.isnan(spend[0]):
        return f"{told}."
    return f"{told}, for {spend[0]:,.0f}{_between(spend)}.{_resting(said.few)}"


def _resting(on: Few | None) -> str:
    if not on:
        return ""
    if on.number == 1:
        return f" One customer is {on.share:.0%} of it: no range says whether this one goes on."
    return (
        f" {on.number} customers are {on.share:.0%} of it: no range says whether one of them goes "
        "on."
    )


def _between(values: tuple[float, float, float]) -> str:
    return "" if math.isnan(values[1]) else f" ({values[1]:,.0f} to {values[2]:,.0f})"


def figures(said: Coming) -> str:
    """The totals as large figures, with how far off such totals have been."""
    tiles = {
        "known customers": f"{said.customers:,.0f}",
        f"expected to buy{_between(said.buyers)}": f"{said.buyers[0]:,.0f}",
        "expected purchase days": f"{said.purchases:,.0f}",
        f"expected spend{_between(said.spend)}": number(said.spend[0], ",.0f"),
        "customer lifetime value of all": number(said.clv, ",.0f"),
    }
    return facts({name: value for name, value in tiles.items() if value != "–"})


def outlook(said: Coming) -> str:
    """The horizon's totals, segments by what they bring, and risk by value."""
    return section(
        "outlook",
        f"The next {said.horizon_days} days",
        figures(said),
        paragraph(RANGES, "note-text"),
        paragraph(CLV, "note-text") if math.isfinite(said.clv) and said.clv else "",
        pair(areas(said.segments, said.horizon_days), risk(said.risk, said.horizon_days)),
    )


def areas(segments: pd.DataFrame, horizon_days: int) -> str:
    """Segments as areas by what they are expected to spend; by their number without money."""
    by = "expected_spend" if segments["expected_spend"].sum() > 0 else "customers"
    total = float(segments[by].sum())
    what = "of what comes" if by == "expected_spend" else "of all"
    tiles = [
        Tile(
            KINDS.get(str(name), "fair"),
            float(row[by]),
            [str(name), f"{row[by] / total:.0%} {what}", f"{row['customers']:,.0f} people"],
            f"{name}: {row['customers']:,.0f} customers, expected to spend "
            f"{number(row['expected_spend'], ',.0f')} ({number(row['spend_share'], '.1%')})",
        )
        for name, row in segments.iterrows()
    ]
    first, share = str(segments[by].idxmax()), float(segments[by].max()) / total
    drawing = treemap("Segments as areas; the table has the figures.", tiles)
    spent = f"what each segment is expected to spend within {horizon_days} days"
    words = f"Areas: {spent if by == 'expected_spend' else 'customers of each segment'}."
    title = (
        f"{first.capitalize()}: {share:.0%} of "
        f"{'the expected spend' if by == 'expected_spend' else 'the customers'}"
    )
    return figure(
        title,
        drawing,
        words,
        {"good": "buying", "fair": "on the way", "poor": "slipping", "gone": "long silent"},
    )


def risk(counts: pd.DataFrame, horizon_days: int) -> str:
    """Customers by p(churn) and past spend, as a table whose cells are the deeper the fuller."""
    largest = max(int(counts.to_numpy().max()), 1)
    head = "".join(f'<th scope="col">{text(name)}</th>' for name in counts.columns)
    lines = "".join(
        f'<tr><th scope="row">{text(tier)}</th>'
        + "".join(
            f'<td class="cell" style="--deep:{count / largest:.2f}" title="'
            f'{text(f"{count:,} customers of tier {tier}, p(churn) {band}")}">{count:,}</td>'
            for band, count in row.items()
        )
        + "</tr>"
        for tier, row in counts.iterrows()
    )
    name = "Customers by what they have spent so far (rows) and p(churn) (columns)"
    drawing = (
        f'<div class="scroll" tabindex="0" role="region" aria-label="{text(name)}">'
        f'<table class="heat"><caption><span>{text(name)}</span></caption>'
        f'<thead><tr><th scope="col">p(churn)</th>{head}</tr></thead>'
        f"<tbody>{lines}</tbody></table></div>"
    )
    at_stake = int(counts.loc[["VIP", "high"]].iloc[:, -2:].to_numpy().sum())
    best = int(counts.loc[["VIP", "high"]].to_numpy().sum())
    title = f"Of the {best:,} who have spent most, {at_stake:,} have a p(churn) of 60 % or more"
    words = (
        "VIP have spent more than 99 % of the scored customers, high 80 %, middle 50 %. "
        f"Churn: no purchase within {horizon_days} days; who usually takes longer may only be not "
        "due yet."
    )
    return figure(title, drawing, words)


def lorenz(curve: pd.DataFrame, what: str) -> str:
    """How concentrated the customers' `what` so far is; nothing where there is none."""
    if curve["revenue"].isna().any():
        return ""
    x = charts.axis([0, 1], "share of customers, least first", ".0%")
    y = charts.axis([0, 1], f"share of {what}", ".0%")
    lines = [
        Line("blind", [0, 1], [0, 1]),
        Line("main", curve["customers"].tolist(), curve["revenue"].tolist()),
    ]
    told = [
        (float(a), f"{a:.0%} of the customers: {b:.1%} of the {what}")
        for a, b in zip(curve["customers"], curve["revenue"], strict=True)
    ]
    drawing = charts.lines(f"Lorenz curve of {what} so far.", x, y, lines, hover=told)
    best = 1 - float(np.interp(0.8, curve["customers"], curve["revenue"]))
    title = f"The best fifth of the customers brought {best:.0%} of the {what}"
    words = f"Gini {gini(curve):.2f}: 0 is all alike, 1 is one customer who brings everything."
    return figure(title, drawing, words, {"main": what, "blind": "all alike"})


def spent(said: Coming) -> str:
    """How concentrated the spend of the scored customers is."""
    return lorenz(said.concentration, "spend")


def segments(found: pd.DataFrame, who: Mapping[str, str] | None = None) -> str:
    """The segments, what they bring and what is commonly done; `who` says who is in each."""
    valued = bool(found["clv"].notna().any())
    rows: list[Row] = [
        (
            "",
            [
                str(name),
                *([who.get(str(name), "–")] if who else []),
                f"{row['customers']:,.0f}",
                number(row["p_churn"], ".1%"),
                number(row["expected_spend"], ",.0f"),
                number(row["spend_share"], ".1%"),
                *([number(row["clv"], ",.0f")] if valued else []),
                str(row["advice"]) or "–",
            ],
        )
        for name, row in found.iterrows()
    ]
    head = ["segment", *(["who"] if who else []), "customers", "p(churn)", "expected spend"]
    head += ["share of it", *(["CLV"] if valued else []), "what is commonly done"]
    columns_of_words = (1, len(head) - 1) if who else (len(head) - 1,)
    caption = "Segments of the scores: mean p(churn), totals of money"
    caption += "; a customer is in the first segment that fits" if who else ""
    return table(caption, head, rows, columns_of_words)


def grade_strip(grades: Mapping[str, str], because: Mapping[str, str] | None = None) -> str:
    """The grades side by side, each in its colour and its word, with the reason where known."""
    fields = "".join(
        f'<div class="{text(grade.replace(" ", "-"))}"><dt>{text(side)}</dt>'
        f"<dd><b>{text(grade)}</b>{text((because or {}).get(side, ''))}</dd></div>"
        for side, grade in grades.items()
    )
    return f'<dl class="grades">{fields}</dl>' if fields else ""
