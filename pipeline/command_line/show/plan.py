"""A plan as a person reads it: its groups, its profit at several effects, its power."""

from pathlib import Path

from rich.console import Console

from pipeline.acting import plan_words
from pipeline.acting.plan import Plan
from pipeline.command_line.following import exporting
from pipeline.command_line.show.log import next_command
from pipeline.command_line.show.tables import empty_table, put


def planned(console: Console, plan: Plan, out: Path, measuring: str) -> None:
    """Say what is planned, and on what it rests; `measuring` is when and how it is measured."""
    console.print(plan_words.left_out(plan), markup=False)
    console.print()
    tables = (
        ("Groups", plan_words.GROUPS, plan_words.groups(plan)),
        ("If the effect is another one", plan_words.EFFECT, plan_words.by_effect(plan)),
        ("What 80 of 100 such campaigns would show", plan_words.POWER, plan_words.power(plan)),
    )
    for title, head, rows in tables:
        table = empty_table(title, *head)
        for row in rows:
            table.add_row(*row)
        put(console, table)
    for sentence in plan_words.sentences(plan):
        console.print(sentence, markup=False)
    console.print(f"Plan {plan.file.fingerprint[:12]}: {out}", markup=False)
    console.print(measuring, markup=False, soft_wrap=True)
    console.print("contacts.csv of the next line is your own list: customer_id, email, phone, ...")
    next_command(console, *exporting(out, plan.file.treatments))
