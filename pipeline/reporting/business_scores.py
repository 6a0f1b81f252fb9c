"""The business page's part on scores: segments and what to do, risk by value, worth, grades."""

from pipeline.business.describe import Business
from pipeline.business.scores import Predicted, told
from pipeline.markup import (
    Row,
    facts,
    figure,
    interval,
    number,
    pair,
    paragraph,
    section,
    table,
    text,
)
from pipeline.reporting.treemap import Tile, treemap

KINDS = {
    **{"champion": "good", "loyal": "good", "new": "fair", "promising": "fair"},
    **{"at risk": "poor", "slowing": "poor", "dormant": "gone", "lost": "gone"},
}
"""Style class of each segment; one that the config renames is drawn as `fair`."""

TOGETHER = (
    "The range is what chance does to single customers, as far as their spend lay from what was "
    "expected in the past. A season or an error that all customers share is not in it; the bands "
    "of the forecast above, made of its past errors, hold those too."
)

WHY_THEY_DIFFER = (
    "CLTV and LTV speak of an average active customer and let the churn of a year go on; the "
    "model's CLV speaks of each known customer, silent ones too, over a stated number of months."
)


def scores(found: Business) -> str:
    """What the scores say; empty where none were given."""
    said = found.predicted
    if said is None:
        return ""
    return section(
        "scores",
        f"What the scores of {said.as_of} say",
        *(paragraph(note) for note in said.notes),
        _grades(said),
        _worth(found, said),
        pair(_areas(said), _risk(said)),
        _segments(said),
        _ways(said),
        paragraph(said.rows, "note-text"),
    )


def _grades(said: Predicted) -> str:
    """The model's grades side by side, each in its colour and its word."""
    fields = "".join(
        f'<div class="{text(grade.replace(" ", "-"))}"><dt>{text(side)}</dt>'
        f"<dd><b>{text(grade)}</b></dd></div>"
        for side, grade in said.grades.items()
    )
    return f'<dl class="grades">{fields}</dl>' if fields else ""


def _worth(found: Business, said: Predicted) -> str:
    """Expected spend and CLV, beside what the usual formulas say."""
    total, low, high = said.expected
    usual = found.formulas
    tiles = {
        f"expected spend of known customers in {said.horizon_days} days "
        f"({interval(low, high, ',.0f')})": number(total, ",.0f"),
        "CLV by the model, all scored customers": number(said.clv[0], ",.0f"),
        "CLV by the model, mean of a known customer": number(said.clv[1], ",.2f"),
        "CLTV by the usual formula, an active customer": number(usual["cltv"], ",.2f"),
        "LTV by the usual formula, an active customer": number(usual["ltv"], ",.2f"),
    }
    return facts(tiles) + paragraph(f"{TOGETHER} {WHY_THEY_DIFFER}", "note-text")


def _areas(said: Predicted) -> str:
    tiles = [
        Tile(
            KINDS.get(str(name), "fair"),
            float(row["expected_spend"]),
            [
                str(name),
                f"{row['spend_share']:.0%} of what comes",
                f"{row['customers']:,.0f} people",
            ],
            f"{name}: {row['customers']:,.0f} customers, expected to spend "
            f"{row['expected_spend']:,.0f} ({number(row['spend_share'], '.1%')})",
        )
        for name, row in said.segments.iterrows()
    ]
    first = said.segments.iloc[0]
    drawing = treemap("Segments as areas by expected spend; the table has the figures.", tiles)
    title = (
        f"{str(first.name).capitalize()}: {number(first['spend_share'], '.0%')} of the expected "
        "spend"
    )
    words = f"Areas: what each segment is expected to spend within {said.horizon_days} days."
    return figure(
        title,
        drawing,
        words,
        {"good": "buying", "fair": "on the way", "poor": "slipping", "gone": "long silent"},
    )


def _risk(said: Predicted) -> str:
    """Customers by p(churn) and past spend, as a table whose cells are the deeper the fuller."""
    largest = max(int(said.risk.to_numpy().max()), 1)
    head = "".join(f'<th scope="col">{text(name)}</th>' for name in said.risk.columns)
    lines = "".join(
        f'<tr><th scope="row">{text(tier)}</th>'
        + "".join(
            f'<td class="cell" style="--deep:{count / largest:.2f}" title="'
            f'{text(f"{count:,} customers of tier {tier}, p(churn) {band}")}">{count:,}</td>'
            for band, count in row.items()
        )
        + "</tr>"
        for tier, row in said.risk.iterrows()
    )
    name = "Customers by what they have spent so far (rows) and p(churn) (columns)"
    drawing = (
        f'<div class="scroll" tabindex="0" role="region" aria-label="{text(name)}">'
        f'<table class="heat"><thead><tr><th scope="col">p(churn)</th>{head}</tr></thead>'
        f"<tbody>{lines}</tbody></table></div>"
    )
    at_stake = int(said.risk.loc[["VIP", "high"]].iloc[:, -2:].to_numpy().sum())
    best = int(said.risk.loc[["VIP", "high"]].to_numpy().sum())
    title = f"Of the {best:,} who have spent most, {at_stake:,} have a p(churn) of 60 % or more"
    words = (
        f"{name}. VIP have spent more than 99 % of the scored customers, high 80 %, middle 50 %. "
        f"Churn: no purchase within {said.horizon_days} days."
    )
    return figure(title, drawing, words)


def _segments(said: Predicted) -> str:
    rows: list[Row] = [
        (
            "",
            [
                str(name),
                f"{row['customers']:,.0f}",
                number(row["p_churn"], ".1%"),
                number(row["expected_spend"], ",.0f"),
                number(row["spend_share"], ".1%"),
                number(row["clv"], ",.0f"),
                str(row["advice"]) or "–",
            ],
        )
        for name, row in said.segments.iterrows()
    ]
    head = ["segment", "customers", "p(churn)", "expected spend", "share of it", "CLV"]
    head.append("what is commonly done")
    return table("Segments of the scores: mean p(churn), totals of money", head, rows, (6,))


def _ways(said: Predicted) -> str:
    """The horizon's revenue by the scores, beside the forecast's ways."""
    if said.ways is None:
        return paragraph(
            "The scores and the forecast do not speak of the same days, so they are not compared.",
            "note-text",
        )
    rows: list[Row] = [
        ("", [str(way), *(number(row[name], ",.0f") for name in ("known", "new", "together"))])
        for way, row in said.ways.iterrows()
    ]
    return table(
        f"Revenue expected in the coming {said.horizon_days} days, way by way",
        ["way", "known customers", "still to come", "together"],
        rows,
    )


def sentences(found: Business) -> list[str]:
    """What the scores say, for the page's first lines."""
    return told(found.predicted)[:1] if found.predicted else []
