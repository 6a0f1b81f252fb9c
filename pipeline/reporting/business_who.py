"""The second part of the business page: groups and what to do, concentration, movements."""

import pandas as pd

from pipeline.business.describe import Business
from pipeline.business.forecast import BOTTOM_UP
from pipeline.markup import Row, figure, number, pair, paragraph, section, shortened, table
from pipeline.reporting import charts, coming
from pipeline.reporting.charts import Layer, Line

MONEY = ",.2f"

LEAST = 30
"""Customers that a cohort needs for its mean to be drawn."""

PAST = 3
"""Periods since its own that a cohort needs."""


def groups(found: Business) -> str:
    """The RFM groups, and what is commonly done for each."""
    rows: list[Row] = [
        (
            "",
            [
                str(name),
                f"{row['customers']:,.0f}",
                number(row["customer_share"], ".1%"),
                f"{row['revenue']:,.0f}",
                number(row["revenue_share"], ".1%"),
                number(row["revenue_per_customer"], MONEY),
                f"{row['days_silent']:,.0f}",
                str(row["advice"]),
            ],
        )
        for name, row in found.groups.iterrows()
    ]
    head = ["group", "customers", "share", "revenue", "share of it", "per customer"]
    head += ["days silent", "what is commonly done"]
    return section(
        "groups",
        "Groups, and what to do",
        table("RFM groups: by how lately and how often, equal customers alike", head, rows, (7,)),
        paragraph(
            "Recency: the share of customers who bought strictly later; frequency: the share with "
            "strictly fewer purchase days. Groups from champions to about to sleep hold active "
            f"customers, who bought within {found.window} days; the others hold silent ones. Only "
            "a campaign with a control group says whether the advice helps.",
            "note-text",
        ),
        _moved(found),
    )


def _moved(found: Business) -> str:
    if found.moved.empty:
        return ""
    names = [str(name) for name in found.moved.columns]
    rows: list[Row] = [
        ("", [str(before), *(f"{row[name]:,}" if row[name] else "–" for name in names)])
        for before, row in found.moved.iterrows()
    ]
    return table(
        f"Movements: rows are the groups on {found.moved_since}, columns those on {found.as_of}",
        ["from, to", *names],
        rows,
    )


def value(found: Business) -> str:
    """How concentrated the revenue is, what cohorts become worth, and the tiers."""
    rows: list[Row] = [
        (
            "",
            [
                str(name),
                f"{row['customers']:,.0f}",
                number(row["customer_share"], ".1%"),
                number(row["least"], MONEY),
                f"{row['revenue']:,.0f}",
                number(row["revenue_share"], ".1%"),
                number(row["cumulative_share"], ".1%"),
            ],
        )
        for name, row in found.tiers.iterrows()
    ]
    head = ["tier", "customers", "share", "from", "revenue", "share of it", "together"]
    return section(
        "value",
        "How the revenue is spread, and what cohorts become worth",
        pair(coming.lorenz(found.lorenz, "revenue"), _worth(found)),
        table(
            "Tiers: VIP are those whom 99 % of the customers bring less than, high 80 %, middle "
            "50 %",
            head,
            rows,
        ),
    )


def _worth(found: Business) -> str:
    """Cumulative revenue per customer: the first, a middle and the latest cohort with a past."""
    whole, size = found.cohorts, found.cohorts.size
    past = [day for day in size.index if size[day] >= LEAST and whole.is_over(day, PAST)]
    if not past:
        return ""
    shown = sorted({past[0], past[len(past) // 2], past[-1]})
    worth = {day: whole.value.loc[[day]].iloc[0].dropna() for day in shown}
    ages = [float(age) for values in worth.values() for age in values.index]
    x = charts.axis([0, *ages], f"{found.period}s since the first", ",.0f")
    money = [float(amount) for values in worth.values() for amount in values]
    y = charts.axis(money, "revenue per customer", zero=True)
    kinds = ["blind", "other", "main"][-len(shown) :]
    lines = [
        Line(kind, [float(age) for age in values.index], values.tolist())
        for kind, values in zip(kinds, worth.values(), strict=True)
    ]
    last = worth[shown[-1]]
    title = (
        f"A customer who began in {whole.label(shown[-1])} has brought {last.iloc[-1]:,.2f} by "
        f"{found.period} {last.index[-1]}"
    )
    drawing = charts.lines("Cumulative revenue per customer by cohort.", x, y, lines)
    named = {kind: whole.label(day) for kind, day in zip(kinds, shown, strict=True)}
    return figure(title, drawing, "", named)


def still_to_come(found: Business) -> str:
    """Expected revenue of known customers and of those who are yet to come, on top of it."""
    ways = found.forecast.customers if found.forecast else None
    if ways is None:
        return ""
    at = [float(day.toordinal()) for day in ways.index]
    layers = [
        Layer("known", "known customers", ways["revenue_known"].tolist()),
        Layer("new", "new customers", ways["revenue_new"].tolist()),
    ]
    x = charts.time_axis(ways.index[0], ways.index[-1], "")
    y = charts.axis(ways["revenue"].tolist(), "expected revenue", zero=True)
    drawing = charts.stacked("Expected revenue of known and new customers.", x, y, at, layers)
    share = ways["revenue_new"].sum() / max(ways["revenue"].sum(), 1e-9)
    words = "Known customers by a Pareto/NBD of their purchases; new ones come as often as lately."
    revenue = found.forecast.outlooks["revenue"] if found.forecast else None
    if revenue and revenue.method != BOTTOM_UP:
        words += (
            f" In all {ways['revenue'].sum():,.0f}: the forecast above is that of another way "
            f"({revenue.method}), whose past errors were smaller."
        )
    return figure(
        f"Customer by customer: {share:.0%} of what comes is from people who are yet to come",
        drawing,
        words,
        {"known": "known customers", "new": "still to come"},
    )


def by(found: Business) -> str:
    """The figures of each attribute's values."""
    tables = "".join(_by(name, rows) for name, rows in found.by.items())
    return section("by", f"By {' and by '.join(found.by)}", tables) if tables else ""


def _by(name: str, found: pd.DataFrame) -> str:
    rows: list[Row] = [
        (
            "",
            [
                shortened(str(group), 40),
                f"{row['customers']:,.0f}",
                f"{row['revenue']:,.0f}",
                f"{number(row['repeat_rate'], '.1%')} ({number(row['repeat_rate_low'], '.1%')} to "
                f"{number(row['repeat_rate_high'], '.1%')})",
                f"{number(row['retention'], '.1%')} ({number(row['retention_low'], '.1%')} to "
                f"{number(row['retention_high'], '.1%')})",
                number(row["average_order_value"], MONEY),
                number(row["revenue_per_customer"], MONEY),
            ],
        )
        for group, row in found.iterrows()
    ]
    head = [name, "customers", "revenue", "bought twice or more", "retention in the last period"]
    head += ["average order value", "revenue per customer"]
    return table(f"By {name}, as it was at the first purchase; 95 % intervals", head, rows, (0,))
