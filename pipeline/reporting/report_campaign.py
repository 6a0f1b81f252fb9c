"""The report on a campaign replayed: its assumptions, its profit curve, and whom it would reach."""

import math

import pandas as pd

from pipeline.markup import Row, facts, figure, number, pair, paragraph, section, table, words
from pipeline.reporting import charts
from pipeline.reporting.campaign import Campaign
from pipeline.reporting.charts import Line


def campaign(found: Campaign | None, rule: str) -> str:
    """The profit curve, with every assumption beside it."""
    if found is None:
        return ""
    curve, choice = found.curve, found.choice
    x = charts.axis([0, 1], "share of customers contacted", ".0%")
    # Losses grow without bound; they are drawn as far down as the best profit is high.
    top = curve["profit"].max()
    deepest = min(curve["profit"].min(), curve["random"].min())
    y = charts.axis([top, max(deepest, -top) if top > 0 else deepest], "profit", zero=True)
    at = (choice["share_contacted"], choice["profit"])
    mark = charts.marker(x, y, at, "chosen") if found.contacts_anyone else ""
    share = curve["share_contacted"].tolist()
    drawing = charts.lines(
        "Profit of a campaign by share of customers contacted; the table has the figures.",
        x,
        y,
        [
            Line("blind", share, curve["random"].tolist()),
            Line("other", share, curve["rule"].tolist()),
            Line("main", share, curve["profit"].tolist()),
        ],
        mark,
    )
    legend = {"main": "the answer", "other": f"by {words(rule)}", "blind": "drawn blindly"}
    return section(
        "profit",
        "What a campaign would have earned",
        _assumptions(found),
        paragraph(_choice(found)),
        pair(
            figure("Profit curve", drawing, "Mean of one campaign at each cutoff of both.", legend),
            _profits(curve, rule),
        ),
    )


def _assumptions(found: Campaign) -> str:
    tiles = {
        "cost of a contact": f"{found.cost:,.2f}",
        "of leavers contacted stay": f"{found.effect:.1%}",
        "of spend is profit": f"{found.margin:.0%}",
    }
    return (
        facts(tiles)
        + paragraph(
            "These three are assumptions, not findings: the log cannot tell what a contact "
            "changes. Set contact_cost, effect and margin of a campaign in the config; without a "
            "cost, 1 % of what a buyer spends in a horizon is taken. `churn plan` keeps a control "
            "group, and `churn measure` says what the contacts did change."
        )
        + paragraph(
            "Customers are ordered by what is at stake: their probability of leaving times the "
            "money expected of them, the order of `churn plan` and of the scores. Of those "
            "contacted who did leave, the assumed share stays, as far as they were still "
            "customers, and then spends what the buyers most like them did spend in that "
            "horizon; whoever would have bought anyway brings nothing but the cost.",
            "note-text",
        )
    )


def _choice(found: Campaign) -> str:
    choice, best = found.choice, found.best
    if not found.contacts_anyone:
        return "With these assumptions the answer expects no contact to repay its cost." + _first(
            found
        )
    said = (
        f"It would have contacted {choice['n_contacted']:,.0f} of {choice['n_customers']:,.0f} "
        f"customers ({choice['share_contacted']:.1%}), of whom {choice['leavers']:,.0f} left "
        f"without a contact: a profit of {number(choice['profit'], ',.0f')}."
    )
    if not pd.isna(choice["break_even"]):
        said += (
            f" These contacts pay as long as more than {choice['break_even']:.1%} of those leaving "
            f"stay because of one; {found.effect:.1%} are assumed."
        )
    if not best["n_contacted"]:
        return said + _first(found)
    return said + (
        f" The same share at each cutoff would have earned {number(best['profit'], ',.0f')} at "
        f"best, with {best['share_contacted']:.0%}: known only afterwards."
    )


def _first(found: Campaign) -> str:
    """From which effect on the curve would rise at all."""
    share, even = found.curve["share_contacted"].iloc[1], found.first_break_even
    if math.isinf(even):
        return ""
    return (
        f" Contacting the first {share:.0%} at each cutoff would have paid if more than {even:.1%} "
        f"of those leaving had stayed because of it; {found.effect:.1%} are assumed."
    )


def _profits(curve: pd.DataFrame, rule: str) -> str:
    shown = curve[curve["share_contacted"].round(2).isin([0.05, 0.1, 0.2, 0.3, 0.5, 0.75, 1.0])]
    rows: list[Row] = [
        (
            "",
            [
                f"{row.share_contacted:.0%}",
                f"{row.n_contacted:,.0f}",
                f"{row.leavers:,.0f}",
                *(number(value, ",.0f") for value in (row.profit, row["rule"], row.random)),
            ],
        )
        for _, row in shown.iterrows()
    ]
    head = ["first", "contacts", "left", "profit", f"by {words(rule)}", "blindly"]
    return table("Profit of contacting the first so many, under the assumptions", head, rows)
