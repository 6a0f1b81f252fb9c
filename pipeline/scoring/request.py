"""How a log that is to be scored is read: as its own config says, or as the model's log was."""

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from features.errors import UserError
from features.readers.source import SourceSpec
from pipeline.config import Config
from pipeline.config_file import load, values
from pipeline.console import Progress
from pipeline.intake.orders import Orders, open_orders
from pipeline.scoring.champion import Found

MONEY = ("amount", "unit_price")
"""Columns of which a log has one: who names one means it in place of the other."""


def request(path: Path | None, overrides: Mapping[str, Any], found: Found) -> Config:
    """The config of a call; what it leaves open about its log is as the model's log was.

    A call that maps all columns itself, otherwise than the model's log, is about a file of
    another form: it stands alone. So it does where it is right by itself and would not be beside
    what the model's log needed. How files are written (`header`, `delimiter`, ...) is taken over
    only for files of the same ending. Attributes are always those that the model asks for.

    Raises
    ------
    UserError
        Naming every wrong key at once.
    """
    columns = found.model.manifest.settings["log"]["columns"]
    alone = {**overrides, "log.columns.attributes": columns["attributes"]}
    if _maps_otherwise(path, overrides, columns):
        return load(path, alone)
    try:
        return load(path, alone, defaults={"log": _learned(path, overrides, found)})
    except UserError as together:
        try:
            return load(path, alone)
        except UserError:
            raise together from None


@contextmanager
def open_as_asked(
    config: Config, found: Found, progress: Progress, also: Path | None
) -> Iterator[Orders]:
    """Open the log of a call, as `open_orders`; what cannot be read may be another business'."""
    with ExitStack() as stack:
        try:
            orders = stack.enter_context(
                open_orders(config.log, progress, also, config.engine, config.cache)
            )
        except UserError as error:
            learned = found.model.manifest.log.name
            raise UserError(
                f"{error}\nIt is to be scored by {found.named}, which learned from {learned}. "
                "For the log of another business, name its model by --model or "
                "tracking.registered_model, and its columns by --config."
            ) from None
        yield orders


def _learned(path: Path | None, overrides: Mapping[str, Any], found: Found) -> dict[str, Any]:
    """What the model's log was read by, as far as it says anything of this call's."""
    settings = found.model.manifest.settings
    learned, asked = dict(settings["log"]), _log(path, overrides)
    if Path(str(asked.get("source", ""))).suffix != settings["ending"]:
        learned = {k: v for k, v in learned.items() if k not in SourceSpec.model_fields}
    if any(_columns(asked).get(name) for name in MONEY):
        kept = {k: v for k, v in learned["columns"].items() if k not in MONEY}
        learned["columns"] = kept
    return learned


def _maps_otherwise(
    path: Path | None, overrides: Mapping[str, Any], learned: Mapping[str, Any]
) -> bool:
    """Whether a call maps all columns itself, and another way than the model's log has them."""
    columns = _columns(_log(path, overrides))
    if not {"customer_id", "transacted_at"} <= set(columns):
        return False
    return any(columns.get(name) != learned[name] for name in learned if name != "attributes")


def _log(path: Path | None, overrides: Mapping[str, Any]) -> dict[str, Any]:
    section = values(path, overrides).get("log")
    return section if isinstance(section, dict) else {}


def _columns(log: Mapping[str, Any]) -> dict[str, Any]:
    columns = log.get("columns")
    return columns if isinstance(columns, dict) else {}
