"""The one error a user can mend: what is wrong, how many, where, and the way out."""


class UserError(Exception):
    """Input or a request that is refused; the command line prints it and exits with 2.

    The message never holds a field's value: a log is customer data.
    """


class SettingError(UserError):
    """A key of the config, which the message names, asks for what there is not.

    It shows only when the key is used; the command line adds the config's file.
    """


class MappingError(UserError):
    """A log was named, and not what its columns mean; the command line says what they could."""
