"""A plan as one HTML page: the profit curve with the chosen point, groups, power; no customer."""

from pathlib import Path

from features.writing import atomic
from pipeline.acting import plan_words
from pipeline.acting.plan import Plan
from pipeline.markup import figure, pair, paragraph, section, table
from pipeline.reporting import charts
from pipeline.reporting.charts import Line
from pipeline.reporting.document import document

CONTENTS = {"profit": "Profit", "groups": "Groups", "power": "Power"}


def write(path: Path, plan: Plan) -> None:
    """Write the page to `path`, all of it or nothing."""
    with atomic(path) as draft:
        draft.write_text(page(plan), encoding="utf-8")


def page(plan: Plan) -> str:
    """The page as text: the same plan makes the same bytes."""
    terms = plan.file.terms
    return document(
        f"Campaign {terms.campaign}",
        f"Campaign {terms.campaign}: whom to contact",
        f"scores of {terms.as_of} · plan {plan.file.fingerprint[:12]}",
        plan_words.sentences(plan),
        {"profit": _profit(plan), "groups": _groups(plan), "power": _power(plan)},
        CONTENTS,
    )


def _profit(plan: Plan) -> str:
    n, profit = plan.curve["n_contacted"].tolist(), plan.curve["profit"].tolist()
    x = charts.axis([0, n[-1]], "customers contacted, most profitable first", ",.0f")
    # Losses grow without bound; they are drawn as far down as the best profit is high.
    top = max(profit)
    y = charts.axis([top, max(min(profit), -top)], "expected profit", zero=True)
    members = plan.file.members
    at = (float(len(members)), float(members["expected_profit"].sum()))
    drawing = charts.lines(
        "Expected profit by number of customers contacted; the table has the chosen point.",
        x,
        y,
        [Line("main", n, profit)],
        charts.marker(x, y, at, "chosen"),
    )
    return section(
        "profit",
        "Expected profit",
        pair(
            figure("Profit curve", drawing, "Of all who may be contacted, nobody held back."),
            table(
                "These contacts, if the effect is another one",
                plan_words.EFFECT,
                [("", row) for row in plan_words.by_effect(plan)],
            ),
        ),
        paragraph(plan_words.left_out(plan), "note-text"),
    )


def _groups(plan: Plan) -> str:
    rows = [("", row) for row in plan_words.groups(plan)]
    return section(
        "groups",
        "Groups, drawn by chance among alike customers",
        table("The control is not contacted", plan_words.GROUPS, rows),
    )


def _power(plan: Plan) -> str:
    rows = [("", row) for row in plan_words.power(plan)]
    return section(
        "power",
        "What the groups will be able to show",
        table("Smallest difference that 80 of 100 such campaigns show", plan_words.POWER, rows),
        paragraph(
            "Two-sided, 5 %. Adjusted: what the scores expected of each customer is taken out of "
            "the difference before it is judged.",
            "note-text",
        ),
    )
