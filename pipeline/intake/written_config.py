"""A checked log's config as a YAML file, with the reason beside each value."""

import inspect
import json
import os
import re
from collections.abc import Iterator
from typing import Any

from pydantic import BaseModel

from features.errors import UserError
from features.writing import atomic
from pipeline.config import Config
from pipeline.intake.check import Check
from pipeline.plain_yaml import OPEN


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
    if found.config is None:
        raise UserError(f"No config can be written: {found.problem}")
    spec, proposed = found.config.log, set(found.proposed)
    columns = spec.columns
    lines = [
        "# Written by `churn check`. Look at what is marked: it was guessed from the log.",
        "# Every key: churn config schema. What the log may look like: data/README.md.",
        *(f"# Read as {line}" for line in found.facts.get("read_as", [])),
        f"version: {found.config.version}",
        "",
        "log:",
        f"  source: {_scalar(spec.source)}",
        "  columns:",
    ]
    for key in (key for key in type(columns).model_fields if key != "attributes"):
        if (asked := found.open.get(f"columns.{key}")) is not None:
            lines += _open(found, f"columns.{key}", asked, getattr(columns, key))
            continue
        guess = "  # guessed: right?" if f"columns.{key}" in proposed else ""
        if _stands(columns, key):
            lines.append(f"    {key}: {_scalar(getattr(columns, key))}{guess}")
        elif key in _UNMAPPED and not (key == "amount" and columns.unit_price):
            lines.append(f"    # {key}: {_UNMAPPED[key]}")
    names = ", ".join(n if n.isprintable() else _scalar(n) for n in found.attributes)
    hint = f"  # could be: {names}" if names else ""
    lines.append(f"    attributes: {_scalar(columns.attributes)}{hint}")
    seen = {key.removeprefix("log."): one.seen for one in found.taken for key in one.answer}
    for key, comment in _LOG_KEYS.items():
        if (asked := found.open.get(key)) is not None:
            lines += _open(found, key, asked, getattr(spec, key))
            continue
        guessed = "guessed; " if key in proposed else ""
        guessed = f"guessed: {seen[key]} " if key in seen else guessed
        lines.append(f"  {_key(spec, key, guessed + comment)}")
    lines += ["", f"# {proposal(found)}", f"horizon_days: {_scalar(found.horizon_days)}"]
    return "\n".join([*lines, *_others(found.config)]) + "\n"


_NO_YAML = re.compile("[\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]")

_UNMAPPED = {
    "amount": "none found; without it each order counts 1",
    "order_id": "none found; each row is an order of its own",
    "quantity": "none found",
}

_LOG_KEYS = {
    "name": "what the business is called; default: the source's name",
    "table": "of a database",
    "format": "csv, tsv, parquet or xlsx; default: by the file's name",
    "encoding": "of text files; default utf-8",
    "delimiter": "default: found in the header",
    "header": "false: no header line, columns are column_1, column_2, ...",
    "skip_rows": "lines above the header",
    "trailing_delimiter": "ignore: rows end in a delimiter that the header has not",
    "sheet": "of a workbook, or a pattern; default: all",
    "timezone": "zone of the business, such as Europe/London; its days count",
    "date_format": "such as %d/%m/%Y; default: found when beyond doubt",
    "swapped_dates": "true: exchange day and month of dates that a spreadsheet made of texts",
    "decimal": "',' for 12,50; default a point",
    "thousands": "',', '.', space or apostrophe between thousands; default none",
    "currency": "sign beside each amount, such as €; a code reads all signs of it",
    "minus": "brackets for (30.00), trailing for 30.00-; default in front",
    "scale": "amounts are multiplied by it, where they are tiny",
    "sales": "rows that are sales: {column: Status, values: [Paid]}, or not: [...]; default all",
    "refunds": "rows that give money back though above 0: {column: Type, values: [Refund]}",
    "where": "conditions on rows: [{column: Type, operator: '!=', value: Fee}]",
    "lines": "each, repeated_total, first_line_total, continued or instalments; default each",
    "versions": "of an order that occurs again: all, last (file) or last_row; default all",
    "version_column": "column that grows with the versions, such as updated_at",
    "customer_case": "exact; ignore: ids apart only by case are one customer",
    "customer_form": "exact; number: 13085.0 is 13085; phone: forms of one number are one",
    "anonymous_ids": "ids that many people share, such as [guest]: left out",
    "unused": "columns that were looked at and play no part",
    "returns": "negative: amounts below 0 are netted; quantity: by its sign; ignore",
    "duplicates": "keep or drop rows equal in every column; default keep",
    "until": "leave out rows at or after this day",
    "max_set_aside": "share of unusable rows above which the log is refused",
    "max_anonymous": "the same for rows without a customer",
}


def _others(config: Config) -> Iterator[str]:
    """Every key beside the log and the horizon, as it was asked for or by default."""
    for key, field in Config.model_fields.items():
        if key in ("version", "log", "horizon_days"):
            continue
        yield ""
        section = getattr(config, key)
        if not isinstance(section, BaseModel):
            yield _key(config, key, field.description)
            continue
        yield f"{key}:  # {' '.join((inspect.getdoc(section) or '').split())}"
        for inner, told in type(section).model_fields.items():
            yield f"  {_key(section, inner, told.description)}"


def _key(section: BaseModel, key: str, comment: str | None) -> str:
    """A line of the config; commented out where nothing was said and nothing is the default."""
    value = f" {_scalar(getattr(section, key))}" if _stands(section, key) else ""
    line = f"{'' if value else '# '}{key}:{value}"
    return f"{line}  # {comment}" if comment else line


def _open(found: Check, key: str, asked: str, value: Any) -> Iterator[str]:
    """A key that a person has to decide: what was seen, and the value that is proposed, if any."""
    *above, name = key.split(".")
    indent = "    " if above else "  "
    for line in asked.splitlines():
        yield f"{indent}# {''.join(c if c.isprintable() else ' ' for c in line.strip())}"
    tried = any(one == key or one.startswith(f"{key}.") for one in found.proposed)
    yield f"{indent}{name}: {OPEN}{f'  # {_scalar(value)}' if tried else ''}"


def _stands(section: BaseModel, key: str) -> bool:
    """Whether a key has a value; `null` is one where it was written to rule out a guess."""
    return getattr(section, key) is not None or key in section.model_fields_set


def proposal(found: Check) -> str:
    """Why this horizon; where another one was asked for, what the log itself would suggest."""
    proposed = found.horizon
    if proposed is None:
        return "Churned means: no purchase in so many days."
    if proposed.days == found.horizon_days:
        return proposed.reason
    return f"As asked for. From the log, {proposed.days} days are proposed: {proposed.reason}"


def _scalar(value: Any) -> str:
    r"""JSON is YAML, and its quotes keep `no`, 1e3 and a colon what they are.

    Letters that YAML takes for a line's end, or for none, are escaped.

    >>> _scalar("Zürich: no"), _scalar("a\x85b")
    ('"Zürich: no"', '"a\\u0085b"')
    """
    text = json.dumps(value, ensure_ascii=False, default=_plain)
    return _NO_YAML.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def _plain(value: Any) -> Any:
    """What JSON does not know: a part of the config as its keys, a day as its text."""
    return value.model_dump(exclude_none=True) if isinstance(value, BaseModel) else str(value)
