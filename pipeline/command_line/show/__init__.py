"""What a person reads in the terminal: tables and sentences, made of what a stage answered.

Nothing is decided or computed here but widths.
"""

from pipeline.command_line.show.board import leaderboard, standing, verdict
from pipeline.command_line.show.business import business
from pipeline.command_line.show.check import checked
from pipeline.command_line.show.customer import customer
from pipeline.command_line.show.exported import exported
from pipeline.command_line.show.log import files, ledger, next_command
from pipeline.command_line.show.measured import measured
from pipeline.command_line.show.monitored import monitored
from pipeline.command_line.show.plan import planned
from pipeline.command_line.show.scores import (
    answering,
    contact_list,
    contacts,
    scored,
    segments,
)
from pipeline.command_line.show.trainings import trainings

__all__ = [
    "answering",
    "business",
    "checked",
    "contact_list",
    "contacts",
    "customer",
    "exported",
    "files",
    "leaderboard",
    "ledger",
    "measured",
    "monitored",
    "next_command",
    "planned",
    "scored",
    "segments",
    "standing",
    "trainings",
    "verdict",
]
