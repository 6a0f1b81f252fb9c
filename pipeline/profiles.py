"""Known exports of shops and payment services: what their columns mean, from configs/profiles.

A profile is a small YAML file, so that anybody can add one. It says where its layout was taken
from and what was not verified.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from features.errors import UserError
from pipeline.plain_yaml import plain


@dataclass(frozen=True)
class KnownExport:
    """One profile.

    `recognise` are columns that together tell this export from others; `log` are keys of the
    config's `log:` section.
    """

    name: str
    title: str
    taken_from: str
    not_verified: str
    recognise: tuple[str, ...]
    log: Mapping[str, Any]

    @property
    def told(self) -> str:
        """What the profile is, and what of it nobody has verified."""
        doubt = f" Not verified: {self.not_verified}" if self.not_verified else ""
        return f"This is {self.title} by its columns, read by profile {self.name!r}.{doubt}"


def known_export(name: Any) -> KnownExport:
    """The profile of this name; a config may hold anything in its place.

    Raises
    ------
    UserError
        When there is none, with the names of all.
    """
    known = profiles()
    if not isinstance(name, str) or name not in known:
        raise UserError(f"There is no profile of this name; there are: {', '.join(known)}.")
    return known[name]


def recognised(header: Sequence[str]) -> KnownExport | None:
    """The export that a log is by its columns: the profile of which it has most, if it has all."""
    columns = set(header)
    fitting = [known for known in profiles().values() if columns.issuperset(known.recognise)]
    return max(fitting, key=lambda known: len(known.recognise), default=None)


@cache
def profiles() -> Mapping[str, KnownExport]:
    """All profiles by their names, which are those of their files."""
    found = {}
    for file in sorted((files("configs") / "profiles").iterdir(), key=lambda file: file.name):
        if file.name.endswith(".yaml"):
            name = file.name.removesuffix(".yaml")
            content = plain(file.read_text(encoding="utf-8"))
            content["recognise"] = tuple(content["recognise"])
            found[name] = KnownExport(name=name, **content)
    return found
