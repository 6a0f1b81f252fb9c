"""The business page's part on scores: segments and what to do, risk by value, worth, grades."""

from pipeline.business.describe import Business
from pipeline.business.scores import Predicted, told
from pipeline.markup import (
    Row,
    facts,
    interval,
    number,
    pair,
    paragraph,
    section,
    table,
)
from pipeline.reporting import coming

WHY_THEY_DIFFER = (
    "CLTV and LTV speak of an average active customer: CLTV lets the churn of that year go on "
    "forever, LTV supposes that nobody leaves. A model's CLV speaks of each known customer, silent "
    "ones too, over a stated number of months: the horizon's expected spend, extended as purchases "
    "are expected to go on. So they differ, and neither is the other's check."
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
        coming.grade_strip(said.grades),
        _worth(found, said),
        pair(
            coming.areas(said.segments, said.horizon_days),
            coming.risk(said.risk, said.horizon_days),
        ),
        coming.segments(said.segments),
        _ways(said),
        paragraph(said.rows, "note-text"),
    )


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
    told = f"{coming.RANGES} {found.formulas_told} {WHY_THEY_DIFFER}"
    return facts(tiles) + paragraph(told, "note-text")


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
