"""One self-contained HTML page on a training: no script, no network, no customer's id."""

import html
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from features.engines.files import atomic
from models.contenders import BASELINES
from models.evaluation.calibration import calibration_table
from models.evaluation.ranking import spend_by_decile
from models.segments import SEGMENTS
from pipeline import charts
from pipeline.backtest import Backtest
from pipeline.judgement import LIFETIMES, baseline, by_group
from pipeline.orders import Orders

STYLE = """
:root { color-scheme: light; --ink: #1d2733; --soft: #5b6b7c; --line: #dfe5eb; --main: #1f6feb; }
* { box-sizing: border-box; }
body { font: 16px/1.5 system-ui, sans-serif; color: var(--ink); background: #f6f8fa;
       margin: 0 auto; max-width: 66rem; padding: 2rem 1rem 4rem; }
h1 { font-size: 1.7rem; margin: 0 0 .25rem; } h2 { font-size: 1.15rem; margin: 0 0 .5rem; }
.soft, small, caption, figcaption { color: var(--soft); }
section { background: #fff; border: 1px solid var(--line); border-radius: .6rem;
          padding: 1.1rem 1.3rem; margin-top: 1rem; overflow-x: auto; }
.verdict { font-size: 1.1rem; border-left: .3rem solid var(--main); }
.tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(9rem, 1fr)); gap: 1rem; }
.tiles b { display: block; font-size: 1.45rem; }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums;
        font-size: .9rem; }
th, td { text-align: right; padding: .3rem .5rem; border-bottom: 1px solid var(--line);
         white-space: nowrap; }
th:first-child, td:first-child { text-align: left; } th.words, td.words { white-space: normal;
  text-align: left; }
tr.chosen { font-weight: 600; background: #eef5ff; } tr.rule { color: var(--soft); }
.pair { display: grid; grid-template-columns: repeat(auto-fit, minmax(19rem, 1fr)); gap: 0 1rem; }
figure { margin: 0; } svg { width: 100%; height: auto; }
"""


def write(path: Path, orders: Orders, result: Backtest, verdict: str, today: pd.DataFrame) -> None:
    """Write the page to `path`, all of it or nothing."""
    with atomic(path) as draft:
        draft.write_text(page(orders, result, verdict, today), encoding="utf-8")


def page(orders: Orders, result: Backtest, verdict: str, today: pd.DataFrame) -> str:
    """The page as text.

    Parameters
    ----------
    today
        `p_churn`, `expected_purchases`, `expected_spend` and `segment` of each customer.
    """
    body = [
        f"<h1>Who is leaving, and what customers are worth</h1>"
        f'<div class="soft">{_text(orders.name)} · {orders.first_day} to {orders.last_day} · '
        f"churned means no purchase within {result.horizon_days} days</div>",
        _section(f"The next {result.horizon_days} days", _outlook(today)),
        f'<section class="verdict">{_text(verdict)}</section>',
        _section("The log", _tiles(orders) + _ledger(orders)),
        _section("Leaderboard", _board(result)),
        '<div class="pair">',
        _section("Can the probabilities be believed?", _calibration(result)),
        _section("Is the money where it was expected?", _deciles(result)),
        "</div>",
        _section("Cutoff by cutoff", _by_cutoff(result)),
        _section("For whom it is right", _by_group(result)),
        _section("Segments today", _segments(today["segment"])),
    ]
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>churn report</title><style>{STYLE}</style></head>"
        f"<body>{''.join(body)}</body></html>\n"
    )


def _outlook(today: pd.DataFrame) -> str:
    """What is expected of today's customers altogether."""
    return _facts(
        {
            "customers": f"{len(today):,}",
            "expected to buy": f"{(1 - today['p_churn']).sum():,.0f}",
            "expected purchase days": f"{today['expected_purchases'].sum():,.0f}",
            "expected spend": f"{today['expected_spend'].sum():,.0f}",
        }
    )


def _tiles(orders: Orders) -> str:
    facts = {
        "customers": f"{orders.n_customers:,}",
        "rows used": f"{orders.log.counts.used:,}",
        "purchase days": f"{orders.n_purchase_days:,}",
        "bought once only": f"{orders.once_only:.0%}",
    }
    return _facts(facts)


def _facts(facts: dict[str, str]) -> str:
    tiles = "".join(f"<div><b>{value}</b>{name}</div>" for name, value in facts.items())
    return f'<div class="tiles">{tiles}</div>'


def _ledger(orders: Orders) -> str:
    return "<p>" + "<br>".join(_text(line) for line in orders.log.counts.lines()) + "</p>"


def _board(result: Backtest) -> str:
    columns = {
        "log_loss": ("log loss ↓", ".4f"),
        "roc_auc": ("AUC ↑", ".4f"),
        "brier": ("Brier ↓", ".4f"),
        "ece": ("ECE ↓", ".4f"),
        "buyer_lift_10": ("buyer lift ↑", ".2f"),
        "spend_gini": ("spend Gini ↑", ".3f"),
        "spend_bias": ("spend bias →0", "+.1%"),
        "top_10_capture": ("top 10 % holds ↑", ".1%"),
    }
    rows = []
    for name, row in result.means.iterrows():
        kind = "chosen" if name == result.chosen else "rule" if name in BASELINES else ""
        cells = [_number(row[column], style) for column, (_, style) in columns.items()]
        rows.append((kind, [_text(str(name)), *cells]))
    note = (
        "<p><small>Means over the cutoffs. Each contender learned only from outcomes that were "
        "complete before the cutoff, and was scored on what came after. Highlighted: the answer. "
        "Grey: naive rules, the floor. Buyer lift: buyers among the tenth thought most likely to "
        "buy, relative to all. Spend bias: predicted total against the observed one.</small></p>"
    )
    if "lifetimes_bg_nbd" in result.answers:
        note += f"<p><small>{_text(LIFETIMES)}</small></p>"
    return _table(["contender", *(title for title, _ in columns.values())], rows) + note


def _by_cutoff(result: Backtest) -> str:
    chosen = result.leaderboard[result.leaderboard["chosen"]]
    rows = [
        (
            "",
            [
                str(row.cutoff),
                f"{row.n_customers:,}",
                f"{row.churn_rate:.1%}",
                _number(row.log_loss, ".4f"),
                _number(row.roc_auc, ".4f"),
                _number(row.ece, ".4f"),
                _number(row.spend_bias, "+.1%"),
                _number(row.spend_coverage, ".0%"),
                _number(row.spend_coverage_top_10, ".0%"),
            ],
        )
        for row in chosen.itertuples()
    ]
    head = ["cutoff", "customers", "churned", "log loss ↓", "AUC ↑", "ECE ↓", "spend bias →0"]
    head += ["80 % interval holds", "in the top tenth"]
    return f"<p>{_text(result.chosen)}</p>" + _table(head, rows)


def _calibration(result: Backtest) -> str:
    table = _beside(calibration_table, result, "churned", "p_churn")
    chart = charts.calibration(
        *(table[c].tolist() for c in ("predicted", "observed", "n_customers"))
    )
    words = (
        "Each dot is a tenth of the customers. On the diagonal, of those given 70 % seven in ten "
        "did churn; below it fewer left than predicted, above it more."
    )
    return f"<figure>{chart}<figcaption>{words}</figcaption></figure>"


def _deciles(result: Backtest) -> str:
    table = _beside(spend_by_decile, result, "spend", "expected_spend")
    chart = charts.paired_bars(
        [str(n) for n in range(1, len(table) + 1)],
        {name: table[name].tolist() for name in ("predicted", "observed")},
    )
    words = "Mean spend in the horizon by tenth of customers, the highest expected spend first."
    return f"<figure>{chart}<figcaption>{words}</figcaption></figure>"


def _beside(
    table: Callable[..., pd.DataFrame], result: Backtest, outcome: str, answer: str
) -> pd.DataFrame:
    """A table of what came beside what the chosen contender said, where it had an answer."""
    said = result.answers[result.chosen][answer].dropna()
    known = result.outcomes.loc[said.index]
    return table(known[outcome], said, known["weight"])


def _by_group(result: Backtest) -> str:
    rule = baseline(result)
    rows = [
        (
            "",
            [
                _text(str(row.group)),
                f"{row.n_customers:,}",
                f"{row.churn_rate:.1%}",
                f"{row.p_churn:.1%}",
                f"{row.log_loss:.4f}",
                f"{row.rule_log_loss:.4f}",
                f"{row.roc_auc:.3f}",
            ],
        )
        for row in by_group(result, rule).itertuples()
    ]
    head = ["customers who", "number", "churned", "predicted", "log loss ↓", f"{rule} ↓", "AUC ↑"]
    return _table(head, rows)


def _segments(segments: pd.Series) -> str:
    counts = segments.value_counts()
    rows = [
        ("", [name, f"{counts.get(name, 0):,}", f"{counts.get(name, 0) / len(segments):.1%}", who])
        for name, who in SEGMENTS.items()
    ]
    return _table(["segment", "customers", "share", "who"], rows, words=3)


def _section(title: str, content: str) -> str:
    return f"<section><h2>{_text(title)}</h2>{content}</section>"


def _table(
    head: Sequence[str], rows: Sequence[tuple[str, Sequence[str]]], words: int | None = None
) -> str:
    titles = "".join(
        f'<th class="words">{title}</th>' if n == words else f"<th>{title}</th>"
        for n, title in enumerate(head)
    )
    lines = "".join(
        f'<tr class="{kind}">'
        + "".join(
            f'<td class="words">{cell}</td>' if n == words else f"<td>{cell}</td>"
            for n, cell in enumerate(cells)
        )
        + "</tr>"
        for kind, cells in rows
    )
    return f"<table><thead><tr>{titles}</tr></thead><tbody>{lines}</tbody></table>"


def _number(value: Any, style: str) -> str:
    return "–" if pd.isna(value) else format(value, style)


def _text(value: str) -> str:
    return html.escape(value)
