"""The one error a user can mend: what is wrong, how many, where, and the way out."""

from collections.abc import Mapping
from typing import Any


class UserError(Exception):
    """Input or a request that is refused; the command line prints it and exits with 2.

    The message never holds a field's value: a log is customer data.
    """


class QuestionError(UserError):
    """A refusal with one answer that was tried: keys of the log section that let it be read.

    `keys` maps them to their values; the message ends in the options to paste.
    """

    def __init__(self, message: str, keys: Mapping[str, Any]) -> None:
        from shlex import quote

        flags = {"encoding": f"--encoding {keys.get('encoding')}"}
        options = " ".join(
            flags.get(key, f"--set {quote(f'log.{key}={value}')}") for key, value in keys.items()
        )
        super().__init__(f"{message}\n  {options}")
        self.keys = dict(keys)


class SettingError(UserError):
    """A key of the config, which the message names, asks for what there is not.

    It shows only when the key is used; the command line adds the config's file.
    """


class MappingError(UserError):
    """A log was named, and not what its columns mean; the command line says what they could."""
