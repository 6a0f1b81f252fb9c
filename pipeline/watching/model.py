"""The model that answers for a config: the champion, and when a training was last tried."""

import shutil
from dataclasses import dataclass
from datetime import date

from features.errors import UserError
from pipeline.config import Config
from pipeline.intake.identity import identify
from pipeline.intake.orders import Orders
from pipeline.model_files.identity import refuse_other
from pipeline.scoring import champion
from pipeline.scoring.champion import Found
from pipeline.tracking.errors import TrackingError

MODELS = "models"

ANOTHER_LOG = (
    "Give this business a registered model of its own (tracking.registered_model), or name the "
    "right log."
)


@dataclass(frozen=True)
class Known:
    """The champion, None where there is none; the day of the last training, promoted or not.

    `down` says that the tracking store could not be asked: the champion is the last known one.
    """

    champion: Found | None
    attempted: date | None
    down: str = ""

    @property
    def version(self) -> str:
        """Of the model that answers."""
        return self.champion.model.manifest.version if self.champion else ""


def known(config: Config) -> Known:
    """Ask the registry, or what was kept of it while it is down.

    Raises
    ------
    UserError
        When the champion cannot be loaded, even when it is fetched anew.
    """
    from pipeline.tracking import registry, store

    tracking = config.tracking
    try:
        opened = store.connect(tracking.uri, tracking.experiment)
        name = tracking.registered_model
        champ, last = (
            registry.describe(opened, name, alias)
            for alias in (registry.CHAMPION, registry.CHALLENGER)
        )
    except TrackingError as error:
        try:
            return Known(_find(config), None, str(error))
        except TrackingError:  # nothing was ever fetched: a first training makes the store
            return Known(None, None, str(error))
    days = [one.as_of for one in (champ, last) if one and one.as_of]
    attempted = max(days, default=None)
    return Known(_find(config) if champ else None, attempted)


def _find(config: Config) -> Found:
    """The champion; a copy that was damaged on this disk is fetched anew, once."""
    tracking, cache = config.tracking, config.output.folder / MODELS

    def find() -> Found:
        return champion.find(
            None, uri=tracking.uri, registered_model=tracking.registered_model, cache=cache
        )

    try:
        return find()
    except TrackingError:
        raise
    except UserError:
        shutil.rmtree(cache / tracking.registered_model, ignore_errors=True)
        return find()


def refuse_unlike(orders: Orders, config: Config, found: Found) -> None:
    """Stop where the config asks another question than the model answers, or of another log.

    Raises
    ------
    UserError
        Saying what does not fit, and the command that makes it fit.
    """
    manifest = found.model.manifest
    asked, answers = config.horizon_days, manifest.horizon_days
    again = "Train the new question once by hand: `churn train --config C --promote`, then "
    again += '`churn promote --force "another question"`.'
    if asked and asked != answers:
        raise UserError(
            f"The champion answers for {answers} days, the config says {asked}. {again}"
        )
    if missing := sorted(set(manifest.attributes) - set(orders.attributes)):
        raise UserError(
            f"The champion asks for {', '.join(missing)}, which log.columns.attributes does not "
            f"name. Name it again, or: {again}"
        )
    seen = identify(orders, config.log, manifest.log)
    refuse_other(manifest.log, seen, found.named, ANOTHER_LOG)
