"""What `churn check` found, as a person reads it."""

from collections.abc import Mapping, Sequence

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from features.log.reasons import REASONS
from pipeline.intake.check import Check
from pipeline.intake.mapping import Profile
from pipeline.intake.written_config import proposal
from pipeline.plain_yaml import OPEN

LONGEST = 40
"""Columns that are shown where it is not known which of them are read."""

_COLOURS = {"ready": "green", "limited": "yellow", "refuse": "red"}
_VERDICTS = {
    "ready": "Ready: enough to train and to be judged by.",
    "limited": "Limited: it can be trained on, but expect wide intervals.",
    "refuse": "Refused: no model can be trained on this.",
}
_ASKED = "Not yet: the log leaves open what its numbers are."


def checked(console: Console, found: Check) -> None:
    """Print what is in the log, what was set aside and why, the horizon and the verdict."""
    console.print(Text.assemble(("Log ", "bold"), found.source))
    meaning = _meaning(found)
    shown = [column for column in found.columns if column.name in meaning]
    if OPEN in meaning or not shown:
        shown = found.columns[:LONGEST]
    console.print(_columns(found, shown, meaning))
    if left := [column.name for column in found.columns if column not in shown]:
        several = len(left) > 1
        what = f"column{'s' * several}"
        what += " more" if OPEN in meaning else f" that {'are' if several else 'is'} not read"
        console.print(Text(f"and {len(left):,} {what}: {', '.join(left)}", "dim"))
        if OPEN not in meaning:
            words = "Those that describe customers, such as a country, are read if named: "
            console.print(Text(f"{words}--attributes NAME", "dim"))
    if "customers" in found.facts:
        console.print(_facts(found))
    for note in found.notes:
        console.print(Text(f"• {note}"), soft_wrap=True)
    if found.horizon:
        console.print(
            Text.assemble(("Horizon ", "bold"), f"{found.horizon_days} days. {proposal(found)}")
        )
        for choice in found.horizon.choices:
            console.print(Text(f"  {choice}"))
    if found.problem and "customers" in found.facts:
        console.print(Text("The numbers above are those of the answers proposed below.", "bold"))
    _verdict(found, console)


def _meaning(found: Check) -> dict[str, str]:
    """What the columns that are read mean, or would, where no log was made out."""
    spec = found.spec
    if not spec:
        return {}
    roles = spec.columns.model_dump(exclude={"attributes"})
    rules = {"sales": spec.sales, "refunds": spec.refunds}
    return {
        **dict.fromkeys(spec.columns.attributes, "attribute"),
        **{condition.column: "where" for condition in spec.where},
        **{rule.column: name for name, rule in rules.items() if rule},
        **{name: role for role, name in roles.items() if name},
    }


def _columns(found: Check, shown: Sequence[Profile], meaning: Mapping[str, str]) -> Table:
    """The columns that mean something, as far as any does."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for header in ("column", "type", "blank", "means"):
        table.add_column(header, justify="right" if header == "blank" else "left")
    for column in shown:
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
    for i, line in enumerate(facts["read_as"]):
        add("" if i else "read as", line)
    repeat = facts["repeat_customers"] / facts["customers"]
    add("customers", f"{facts['customers']:,}, of whom {repeat:.0%} bought on more than one day")
    add("purchase days", f"{facts['purchase_days']:,} from {facts['orders']:,} orders")
    add("dates", f"{facts['first_order']} .. {facts['last_order']} ({facts['days']:,} days)")
    add(
        "amounts",
        f"of {facts['amounts_of']}: median {amount['p50']:,.2f}, 98 % within {amount['p1']:,.2f} "
        f".. {amount['p99']:,.2f}, all within {amount['min']:,.2f} .. {amount['max']:,.2f}",
    )
    add(
        "returns",
        f"{facts['returns']:,} rows below 0, {facts['amount_returned']:,.2f} given back in all; "
        f"{facts['amounts_of_zero']:,} {facts['amounts_of']} of amount 0",
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
    words = _ASKED if found.open else _VERDICTS[found.verdict]
    console.print(Text(words, f"bold {_COLOURS[found.verdict]}"))
    for line in found.problem.splitlines() or found.reasons:
        console.print(Text(f"  {line}"), soft_wrap=True)
