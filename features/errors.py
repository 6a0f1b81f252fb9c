"""The one error a user can mend: what is wrong, how many, where, and the way out."""

from collections.abc import Mapping
from typing import Any


class UserError(Exception):
    """Input or a request that is refused; the command line prints it and exits with 2.

    The message never holds a field's value: a log is customer data.
    """


class QuestionError(UserError):
    """A refusal that a key of the log section answers; the message ends in options to paste.

    `key` is the key. `keys` is the one answer that was tried, keys and their values; it is empty
    where the message lists several, of which a person knows the right one.
    """

    def __init__(self, message: str, keys: Mapping[str, Any] | str) -> None:
        from shlex import quote

        self.key = keys if isinstance(keys, str) else next(iter(keys))
        self.keys = {} if isinstance(keys, str) else dict(keys)
        flags = {"encoding": f"--encoding {self.keys.get('encoding')}"}
        options = " ".join(
            flags.get(key, f"--set {quote(f'log.{key}={value}')}")
            for key, value in self.keys.items()
        )
        super().__init__(f"{message}\n  {options}" if options else message)


class SettingError(UserError):
    """A key of the config, which the message names, asks for what there is not.

    It shows only when the key is used; the command line adds the config's file.
    """


class MappingError(UserError):
    """A log was named, and not what its columns mean; the command line says what they could."""
