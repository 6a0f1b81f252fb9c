"""A word that begins with - and is no option, such as an id: where it has to stand."""

import shlex
from collections.abc import Sequence
from typing import Any


def behind_dashes(arguments: Sequence[str], wrong: Any) -> str:
    """The line to paste where an id was taken for an option; empty where none was.

    `wrong` is the complaint of the parser. Words that begin with two dashes are options, mistyped.
    """
    context = getattr(wrong, "ctx", None)
    if type(wrong).__name__ != "NoSuchOption" or context is None:
        return ""
    parser = context.command.make_parser(context)
    parser.ignore_unknown_options = True
    at, outer = 0, context  # commands above this one: their names come first
    while outer.parent is not None:
        at, outer = at + 1, outer.parent
    values, rest, order = parser.parse_args(list(arguments[at:]))
    named = [one.name for one in order if one.param_type_name == "argument"]
    words = [*(values[name] for name in named if isinstance(values.get(name), str)), *rest]
    taken = [word for word in words if word.startswith("-") and not word.startswith("--")]
    if not taken:
        return ""
    options = list(arguments)
    for word in words:
        if word not in options[at:]:
            return ""
        del options[options.index(word, at)]
    line = shlex.join(["churn", *options, "--", *words])
    return f"If {taken[0]} is no option, but an id or a file, write it behind two dashes:\n  {line}"
