"""YAML as people write it: 1:30 and 00123 are texts, where YAML 1.1 has 90 and 83."""

import re
from dataclasses import dataclass
from typing import Any

import yaml

OPEN = "???"
"""What stands in a config where a person has to decide; between quotes it is a text like others."""


@dataclass(frozen=True)
class Open:
    """A value that is still to be decided, by its line."""

    line: int


class Loader(yaml.SafeLoader):
    """Plain data only, and numbers only where they look like one to everybody."""


NUMBERS = {
    "tag:yaml.org,2002:int": r"[-+]?(?:0|[1-9][0-9_]*)",
    "tag:yaml.org,2002:float": (
        r"[-+]?[0-9][0-9_]*\.[0-9_]*(?:[eE][-+][0-9]+)?"
        r"|[-+]?\.[0-9][0-9_]*(?:[eE][-+][0-9]+)?"
        r"|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)"
    ),
}

# A loader of its own: without the readings of sixtieths, octals and the like.
Loader.yaml_implicit_resolvers = {
    first: [(tag, form) for tag, form in known if tag not in NUMBERS]
    for first, known in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
for tag, form in NUMBERS.items():
    Loader.add_implicit_resolver(tag, re.compile(f"^(?:{form})$"), list("-+0123456789."))
Loader.add_implicit_resolver("!open", re.compile(re.escape(OPEN) + r"\Z"), [OPEN[0]])
Loader.add_constructor("!open", lambda _, node: Open(node.start_mark.line + 1))


def plain(text: str) -> Any:
    """The values of a YAML text.

    >>> plain("[1:30, 00123, 90, 1_000, 0.05, -1]")
    ['1:30', '00123', 90, 1000, 0.05, -1]
    """
    return yaml.load(text, Loader)  # noqa: S506 -- a SafeLoader that reads fewer numbers
