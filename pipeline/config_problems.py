"""What is wrong with a config, in words: every wrong key at once, and never its value."""

from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from features.errors import MappingError, UserError

MISSING = {
    "log": "is missing; name the order log, and its columns",
    "log.columns": "is missing; name them by --customer-id, --transacted-at and --amount",
    "log.columns.customer_id": "is missing; name it by --customer-id",
    "log.columns.transacted_at": "is missing; name it by --transacted-at",
}

MAPPING = {("log", "columns")}

Model = TypeVar("Model", bound=BaseModel)


def validated(
    model: type[Model], values: Mapping[str, Any], path: Path | None, below: str = ""
) -> Model:
    """The values as a model; `path` is the file to name, `below` the key that they stand under.

    Raises
    ------
    UserError
        Naming every wrong key at once.
    """
    try:
        return model.model_validate(values)
    except ValidationError as error:
        problems = problems_of(error)
        text = explain(problems, model, path, below)
        unmapped = all(p["type"] == "missing" and p["loc"][:2] in MAPPING for p in problems)
        if unmapped and (values.get("log") or {}).get("source"):
            raise MappingError(text) from None
        raise UserError(text) from None


def problems_of(error: ValidationError) -> list[ErrorDetails]:
    """What is wrong, key by key, and never the value itself."""
    return error.errors(include_url=False, include_input=False, include_context=False)


def explain(
    problems: Sequence[ErrorDetails], model: type[BaseModel], path: Path | None, under: str = ""
) -> str:
    """The wrong keys of a config in words: the file, each key, and the way out."""
    where = str(path) if path else "The request"
    lines = [f"{where}: {len(problems)} key{'s' * (len(problems) > 1)} cannot be used."]
    for problem in problems:
        # pydantic adds which reading of a key it tried; no user wrote that.
        parts = [str(part) for part in problem["loc"]]
        named = [part for part in (under, *parts) if part and "[" not in part]
        reason = problem["msg"].removeprefix("Value error, ")
        if problem["type"] == "extra_forbidden":
            reason = f"no such key{_nearest(model, problem['loc'])}"
        elif problem["type"] == "missing":
            reason = MISSING.get(".".join(named), "is missing")
        elif problem["type"] == "tuple_type":
            reason = "takes a list, such as [a, b]"
        elif problem["type"].startswith("date"):
            reason = "takes a day, such as 2024-01-31"
        lines.append(f"  {'.'.join(named)}: {reason}")
    lines.append(
        "`churn check LOG --write-config churn.yaml` writes one that fits a log; "
        "`churn config schema` lists every key."
    )
    return "\n".join(lines)


def _nearest(model: Any, location: tuple[int | str, ...]) -> str:
    for part in location[:-1]:
        field = model.model_fields.get(part)
        model = field.annotation if field else None
        if not (isinstance(model, type) and issubclass(model, BaseModel)):
            return ""
    close = get_close_matches(str(location[-1]), model.model_fields, n=1)
    return f"; did you mean `{close[0]}`?" if close else ""
