"""A user's own scikit-learn classifier on the board, named by its import path in the config."""

import sysconfig
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

from features.errors import SettingError
from models.all_contenders import CONTENDERS, DEFAULT, WITH_PARTS, create
from models.contenders.own import OwnChurn
from models.contenders.protocol import Contender
from pipeline.markup import words


def contender(name: str) -> Contender:
    """A contender by name, or a classifier by its import path.

    Only installed packages are imported: a config from a stranger, or a file that lies beside
    the log, runs nothing of its own.

    Raises
    ------
    UserError
        When there is no such contender or class, or its package is not an installed one.
    """
    if name in CONTENDERS or name in WITH_PARTS:
        return create(name)
    module, _, attribute = name.rpartition(".")
    if not module or not _installed(module.partition(".")[0]):
        raise SettingError(_unfound(name))
    try:
        return OwnChurn(name, getattr(import_module(module), attribute)())
    except (ImportError, AttributeError, TypeError):
        raise SettingError(
            f"contenders: {name} is not a class that can be made without arguments."
        ) from None
    except ValueError as error:
        raise SettingError(f"contenders: {error}") from None


def _unfound(name: str) -> str:
    """The refusal of a name, with the id that a board's name stands for."""
    called = {words(known).lower(): known for known in (*CONTENDERS, *WITH_PARTS)}
    if meant := called.get(" ".join(name.lower().split())):
        return f"contenders: {name!r} is what the board calls {meant}. Write {meant}."
    there = [
        f"{known} ({words(known)})" if words(known) != known else known for known in CONTENDERS
    ]
    return (
        f"contenders: {name} cannot be found; there are {', '.join(there)}, and classifiers of "
        "installed packages by import path."
    )


def refuse_unknown(names: tuple[str, ...] | None) -> None:
    """Stop before anything is computed for a board with a name that `contender` does not know."""
    for name in names or ():
        contender(name)


def refuse_half_answer(names: tuple[str, ...] | None) -> None:
    """Only a contender that answers everything can be trained to score; unknown ones come first."""
    refuse_unknown(names)
    if names is not None and DEFAULT not in names:
        raise SettingError(
            f"contenders: none of {', '.join(names)} answers everything that is scored. "
            f"Add {DEFAULT}; the others stay on the board."
        )


def _installed(package: str) -> bool:
    found = find_spec(package) if package.isidentifier() else None
    if found is None or not found.origin:
        return False
    homes = [Path(sysconfig.get_path(name)).resolve() for name in ("purelib", "platlib")]
    return any(Path(found.origin).resolve().is_relative_to(home) for home in homes)
