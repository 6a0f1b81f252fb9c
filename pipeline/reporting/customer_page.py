"""One customer's page: figures, purchases on a timeline, P(alive) over time, reasons."""

from datetime import date
from pathlib import Path

from features.writing import atomic
from pipeline.business.customer import Customer, days_told, figures, reasons
from pipeline.markup import Row, figure, number, pair, paragraph, points, section, table
from pipeline.reporting import charts
from pipeline.reporting.charts import Line
from pipeline.reporting.document import document

HOVERED = 60
"""So many days of the alive path tell their figure."""


def write(path: Path, found: Customer) -> None:
    """Write the page to `path`, all of it or nothing."""
    with atomic(path) as draft:
        draft.write_text(page(found), encoding="utf-8")


def page(found: Customer) -> str:
    """The page as text: the same figures make the same bytes."""
    fact = found.facts
    told = f"{fact['purchase_days']:,} purchase days, the last one {fact['days_since_last']:,} days"
    lines = [f"{told} before {found.as_of}.", *found.notes]
    if found.answers:
        lines.insert(1, f"What may come is answered by: {found.answered_by}.")
    known: list[Row] = [("", [name, value]) for name, value in figures(found).items()]
    sections = {
        "known": section("known", "What is known", table("Figures", ["", ""], known, (0, 1))),
        "timeline": section("timeline", "What happened", pair(_purchases(found), _alive(found))),
        "reasons": section("reasons", "Why", points(reasons(found))) if reasons(found) else "",
        "days": section("days", "All days", _days(found)),
    }
    return document(
        f"Customer {found.customer_id}",
        f"Customer {found.customer_id}",
        f"as of {found.as_of}",
        lines,
        sections,
        {"known": "Figures", "timeline": "What happened", "reasons": "Why", "days": "All days"},
        styles=("report.css", "business.css"),
    )


def _purchases(found: Customer) -> str:
    """Each day as a line from 0 to its net amount."""
    days = [day.toordinal() for day in found.days["day"]]
    amounts = found.days["amount"].tolist()
    x = charts.time_axis(found.facts["first_purchase"], found.as_of, "")
    words = f"net amount{f' in {found.currency}' if found.currency else ''}"
    y = charts.axis(amounts, words, zero=True)
    lines = [
        Line("main" if amount > 0 else "other", [float(day)] * 2, [0.0, amount])
        for day, amount in zip(days, amounts, strict=True)
    ]
    hover = [
        (float(day), f"{date.fromordinal(day)}: {amount:,.2f}")
        for day, amount in zip(days, amounts, strict=True)
    ]
    drawing = charts.lines("Purchases over time; the table has them all.", x, y, lines, hover=hover)
    gap = found.facts["usual_gap"]
    title = "Bought once" if gap is None else f"Buys every {gap:,.0f} days, on average"
    returned = {"other": "return"} if min(amounts) < 0 else {}
    return figure(title, drawing, "", {"main": "purchase", **returned})


def _alive(found: Customer) -> str:
    path = found.alive
    if path.empty:
        return paragraph("No Pareto/NBD could be fitted to this log.", "note-text")
    at = [float(day.toordinal()) for day in path.index]
    x = charts.time_axis(found.facts["first_purchase"], found.as_of, "")
    y = charts.axis([0, 1], "P(alive)", ".0%")
    step = max(len(path) // HOVERED, 1)
    hover = [(a, f"{d:%Y-%m-%d}: {p:.0%}") for a, (d, p) in zip(at, path.items(), strict=True)]
    drawing = charts.lines(
        "P(alive) over time.", x, y, [Line("main", at, path.tolist())], hover=hover[::step]
    )
    return figure(
        f"Still there with {number(path.iloc[-1], '.0%')}",
        drawing,
        "P(alive) by a Pareto/NBD of all customers of the log. It cannot be checked against "
        "anything observed; p(churn) can.",
    )


def _days(found: Customer) -> str:
    rows: list[Row] = [
        ("", [str(row["day"]), row["kind"], f"{row['orders']:,.0f}", number(row["amount"], ",.2f")])
        for _, row in found.days.iloc[::-1].iterrows()
    ]
    told = f"{days_told(found.facts)}; the latest first"
    return table(told, ["day", "kind", "orders", "net amount"], rows, words=(1,))
