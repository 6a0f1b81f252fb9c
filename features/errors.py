"""The one error a user can mend: what is wrong, how many, where, and the way out."""

import contextlib
from collections.abc import Iterator, Mapping
from typing import Any


class UserError(Exception):
    """Input or a request that is refused; the command line prints it and exits with 2.

    The message never holds a field's value: a log is customer data.
    """


class QuestionError(UserError):
    """A refusal that a key of the log section answers; the message ends in options to paste.

    `key` is the key. `keys` is the one answer that was tried, keys and their values; it is empty
    where the message lists several, of which a person knows the right one. `asked` holds the
    keys that have to be answered and what is asked about each.
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
        self.asked = {self.key: str(self)}


class Refusals:
    """Refusals that do not depend on each other, told at once.

    Examples
    --------
    >>> refusals = Refusals()
    >>> for key in ("date_format", "decimal"):
    ...     with refusals.noted():
    ...         raise QuestionError(f"{key}?", key)
    >>> refusals.tell()
    Traceback (most recent call last):
    ...
    features.errors.QuestionError: date_format?
    decimal?
    """

    def __init__(self) -> None:
        self.found: list[UserError] = []

    @contextlib.contextmanager
    def noted(self) -> Iterator[None]:
        """Keep a refusal, and go on."""
        try:
            yield
        except UserError as error:
            self.found.append(error)

    def tell(self) -> None:
        """Raise what was kept as one error: a question where each of them is one."""
        if len(self.found) == 1:
            raise self.found[0]
        if not self.found:
            return
        texts = list(dict.fromkeys(str(error) for error in self.found))
        questions = [error for error in self.found if isinstance(error, QuestionError)]
        if len(questions) < len(self.found):
            raise UserError("\n".join(texts))
        whole = QuestionError("\n".join(texts), questions[0].key)
        whole.asked = {}
        for one in questions:
            whole.asked[one.key] = "\n".join(filter(None, (whole.asked.get(one.key), str(one))))
            whole.keys |= {key: value for key, value in one.keys.items() if key not in whole.keys}
        raise whole


class SettingError(UserError):
    """A key of the config, which the message names, asks for what there is not.

    It shows only when the key is used; the command line adds the config's file.
    """


class MappingError(UserError):
    """A log was named, and not what its columns mean; the command line says what they could."""
