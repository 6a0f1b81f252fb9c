"""A check as a person reads it: on the screen, and as a config file with its reasons beside it."""

import json
import os
from collections.abc import Mapping
from typing import Any

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from features.engines.files import atomic
from features.reasons import REASONS
from pipeline.check import Check

_COLOURS = {"ready": "green", "limited": "yellow", "refuse": "red"}
_VERDICTS = {
    "ready": "Ready: enough to train and to be judged by.",
    "limited": "Limited: it can be trained on, but expect wide intervals.",
    "refuse": "Refused: no model can be trained on this.",
}


def render(found: Check, console: Console) -> None:
    """Print what is in the log, what was set aside and why, the horizon and the verdict."""
    console.print(Text.assemble(("Log ", "bold"), found.source))
    console.print(_columns(found))
    if "customers" in found.facts:
        console.print(_facts(found))
    for note in found.notes:
        console.print(Text(f"• {note}"))
    if found.horizon:
        console.print(
            Text.assemble(("Horizon ", "bold"), f"{found.horizon_days} days. {_proposal(found)}")
        )
    _verdict(found, console)


def write_config(found: Check, path: str | os.PathLike[str]) -> None:
    """Write a config with every key that matters for this log, and why it has its value.

    Raises
    ------
    UserError
        If the file cannot be written, or no mapping was found.
    """
    text = config_text(found)
    with atomic(path) as draft:
        draft.write_text(text, encoding="utf-8")


def config_text(found: Check) -> str:
    """The config as YAML with comments."""
    from features.errors import UserError

    if found.config is None:
        raise UserError(f"No config can be written: {found.problem}")
    asked = found.config.model_dump(mode="json")
    spec = asked["log"]
    columns = spec.pop("columns")
    proposed = set(found.proposed)
    lines = [
        "# Written by `churn check`. Look at what is marked: it was guessed from the log.",
        "# Every key: churn config schema. What the log may look like: data/README.md.",
        *(f"# Not usable yet. {line}" for line in found.problem.splitlines()[:1]),
        "version: 1",
        "",
        "log:",
        f"  source: {_scalar(spec.pop('source'))}",
        "  columns:",
    ]
    for key in ("customer_id", "transacted_at", "amount", "unit_price", "order_id", "quantity"):
        guess = "  # guessed: right?" if f"columns.{key}" in proposed else ""
        if columns[key] is not None:
            lines.append(f"    {key}: {_scalar(columns[key])}{guess}")
        elif key != "unit_price":
            lines.append(f"    # {key}: {_UNMAPPED[key]}")
    hint = f"  # could be: {', '.join(found.attributes)}" if found.attributes else ""
    lines.append(f"    attributes: {_scalar(columns['attributes'])}{hint}")
    for key, comment in _LOG_KEYS.items():
        lines.append(_key(key, spec, f"{'guessed; ' if key in proposed else ''}{comment}"))
    return "\n".join([*lines, *_rest(found, asked)]) + "\n"


_UNMAPPED = {
    "amount": "none found; without it each order counts 1",
    "order_id": "none found; each row is an order of its own",
    "quantity": "none found",
}

_LOG_KEYS = {
    "table": "of a database",
    "format": "csv, tsv, parquet or xlsx; default: by the file's name",
    "encoding": "of text files; default utf-8",
    "delimiter": "default: found in the header",
    "header": "false: no header line, columns are column_1, column_2, ...",
    "sheet": "of a workbook; default: all",
    "timezone": "zone of the business, such as Europe/London; its days count",
    "date_format": "such as %d/%m/%Y; default: found when beyond doubt",
    "decimal": "',' for 12,50; default a point",
    "thousands": "mark between thousands; default none",
    "currency": "sign beside each amount, such as €",
    "returns": "negative: amounts below 0 are netted; quantity: by its sign; ignore",
    "duplicates": "keep or drop rows equal in every column; default keep",
    "until": "leave out rows at or after this day",
    "max_set_aside": "share of unusable rows above which the log is refused",
    "max_anonymous": "the same for rows without a customer",
}


def _key(key: str, section: Mapping[str, Any], comment: str) -> str:
    if section[key] is None:
        return f"  # {key}:  # {comment}"
    return f"  {key}: {_scalar(section[key])}  # {comment}"


def _proposal(found: Check) -> str:
    """Why this horizon; where another one was asked for, what the log itself would suggest."""
    proposed = found.horizon
    if proposed is None:
        return "Churned means: no purchase in so many days."
    if proposed.days == found.horizon_days:
        return proposed.reason
    return f"As asked for. From the log, {proposed.days} days are proposed: {proposed.reason}"


def _rest(found: Check, asked: Mapping[str, Any]) -> list[str]:
    return [
        "",
        f"# {_proposal(found)}",
        f"horizon_days: {found.horizon_days or 90}",
        "",
        "clv:",
        _key("months", asked["clv"], "how far ahead clv looks"),
        _key("monthly_discount_rate", asked["clv"], "0.01 is 12.7 % a year"),
        "",
        "training:",
        _key("max_cutoffs", asked["training"], "past days the models learn from, latest first"),
        _key("step_days", asked["training"], "days between them; default: a third of the horizon"),
        _key("first_cutoff", asked["training"], "none before it, such as 2020-01-31"),
        "",
        "backtest:",
        _key("cutoffs", asked["backtest"], "how many, or dates: [2020-01-31, 2020-04-30]"),
        "",
        _key("contenders", asked, "names of the board; default: all").strip(),
        "",
        "tracking:",
        "  uri: sqlite:///mlflow.db  # MLFLOW_TRACKING_URI comes first",
        "  experiment: churn",
        "  registered_model: churn",
        "",
        "output:",
        f"  folder: {_scalar(asked['output']['folder'])}",
        "",
        f"seed: {asked['seed']}",
    ]


def _scalar(value: Any) -> str:
    """JSON is YAML, and its quotes keep `no`, 1e3 and a colon what they are."""
    return json.dumps(value, ensure_ascii=False)


def _columns(found: Check) -> Table:
    roles = found.spec.columns.model_dump(exclude={"attributes"}) if found.spec else {}
    meaning = {name: role for role, name in roles.items() if name}
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for header in ("column", "type", "blank", "means"):
        table.add_column(header, justify="right" if header == "blank" else "left")
    for column in found.columns[:40]:
        role = meaning.get(column.name, "")
        guessed = " (guessed)" if f"columns.{role}" in found.proposed else ""
        table.add_row(
            Text(column.name),
            column.type,
            f"{100 * column.blank:.1f} %",
            Text(role + guessed, "cyan"),
        )
    return table


def _facts(found: Check) -> Table:
    facts, table = found.facts, Table.grid(padding=(0, 2))
    amount, gap = facts["amount"], facts["gap_days"]

    def add(name: str, text: str) -> None:
        table.add_row(Text(name, "bold"), Text(text))

    add(
        "rows",
        f"{facts['rows']:,} = {facts['rows_used']:,} used + {facts['rows_set_aside']:,} set aside",
    )
    for reason, n in facts["set_aside"].items():
        add("", f"{n:,} ({100 * n / facts['rows']:.1f} %) {REASONS[reason].words}")
    repeat = facts["repeat_customers"] / facts["customers"]
    add("customers", f"{facts['customers']:,}, of whom {repeat:.0%} bought on more than one day")
    add("purchase days", f"{facts['purchase_days']:,} from {facts['orders']:,} orders")
    add("dates", f"{facts['first_order']} .. {facts['last_order']} ({facts['days']:,} days)")
    add(
        "amounts",
        f"median {amount['p50']:,.2f}, 98 % within {amount['p1']:,.2f} .. {amount['p99']:,.2f}, "
        f"all within {amount['min']:,.2f} .. {amount['max']:,.2f}",
    )
    add(
        "returns",
        f"{facts['returns']:,} rows, {facts['amount_returned']:,.2f} given back; "
        f"{facts['zero_amounts']:,} rows of amount 0",
    )
    add("duplicates", f"{facts['duplicates']:,} rows equal an earlier one in every column")
    if gap["n"]:
        add(
            "days between",
            f"half within {gap['p50']:.0f}, 75 % within {gap['p75']:.0f}, "
            f"90 % within {gap['p90']:.0f}",
        )
    return table


def _verdict(found: Check, console: Console) -> None:
    console.print(Text(_VERDICTS[found.verdict], f"bold {_COLOURS[found.verdict]}"))
    for line in found.problem.splitlines() or found.reasons:
        console.print(Text(f"  {line}"))
