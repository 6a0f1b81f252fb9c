"""What can go wrong with the tracking store, without importing MLflow."""

from features.errors import UserError


class TrackingError(UserError):
    """The tracking store cannot be reached, is locked, or refuses; nothing else is wrong."""


class GateError(Exception):
    """A challenger that is not good enough to become champion; the command exits with 3."""
