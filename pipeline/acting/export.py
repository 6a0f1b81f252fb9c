"""From a plan to an audience: the treated who can be reached and consented, and the control."""

import csv
from contextlib import ExitStack
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

import pandas as pd

from features.errors import UserError
from features.writing import atomic
from pipeline.acting import normalise
from pipeline.acting.plan_file import PlanFile
from pipeline.acting.platforms import PLATFORMS, Platform, table
from pipeline.campaign_config import CONTROL

REACHED, UNLISTED = "written", "not in the contacts"


@dataclass(frozen=True)
class Exported:
    """How many of an arm were written, and why the others were not; the counts sum to `n`."""

    arm: str
    n: int
    counts: dict[str, int]
    suppressed: int | None = None


def check(
    plan: PlanFile,
    to: str,
    arm: str | None,
    out: Path,
    suppress: Path | None = None,
    country: str = "",
) -> str:
    """The arm to export; refuse what cannot be done before any work is."""
    if to not in PLATFORMS:
        raise UserError(f"--to {to}: there are {', '.join(PLATFORMS)}.")
    for option, file in (("--out", out), ("--suppress", suppress)):
        if file and file.suffix not in (".csv", ".xlsx"):
            raise UserError(f"{option} {file.name}: the name must end in .csv or .xlsx.")
    if country and not normalise.has_phones(country):
        raise UserError(f"--country {country}: is no country's code of two letters, such as GB.")
    arms = plan.treatments
    if arm is None and len(arms) > 1:
        raise UserError(f"The plan has {len(arms)} arms: say --arm {' or '.join(arms)}.")
    if arm is not None and arm not in arms:
        raise UserError(f"--arm: the plan has {', '.join(arms)}; the control is not contacted.")
    return arm or arms[0]


def export(
    plan: PlanFile,
    contacts: pd.DataFrame,
    to: str,
    arm: str,
    out: Path,
    suppress: Path | None = None,
    country: str = "",
) -> Exported:
    """Write the audience of an arm, and perhaps the control's suppression list.

    Parameters
    ----------
    contacts
        See `contacts.read_contacts`.
    country
        Two letters, for phones without a country's code where the contact has no country.

    Raises
    ------
    UserError
        When nobody is left to write, or the file is larger than the platform takes.
    """
    joined = _joined(plan, contacts, country)
    state = _states(joined, arm)
    written = joined.loc[state.index[state == REACHED]]
    if written.empty:
        strangers = bool(state.eq(UNLISTED).any())
        raise UserError(
            f"Nobody of {int((joined['arm'] == arm).sum()):,} in {arm} can be written: "
            f"{_told(state)}.{' Are the ids of the contacts those of the log?' * strangers}"
        )
    # Whoever did not consent is not contacted anyway: nothing of theirs leaves the house.
    kept = joined[joined["arm"].eq(CONTROL) & joined["consent"] & joined["address"].ne("")]
    lists = [(out, written), *([(suppress, kept)] if suppress else [])]
    with ExitStack() as both:  # both or none: an audience without its suppression is half
        for file, rows in lists:
            _write(PLATFORMS[to], rows, file, both.enter_context(atomic(file)))
    counts = state.value_counts().to_dict()
    held = len(kept) if suppress else None
    return Exported(arm, len(state), {str(why): int(n) for why, n in counts.items()}, held)


def _joined(plan: PlanFile, contacts: pd.DataFrame, country: str) -> pd.DataFrame:
    """The plan's members with their contacts; addresses normalised."""
    joined = plan.members.merge(contacts, on="customer_id", how="left", indicator="listed")
    joined["listed"] = joined["listed"] == "both"
    text = [name for name in contacts.columns if name not in ("customer_id", "consent")]
    joined[text] = joined[text].fillna("")
    joined["consent"] = joined["consent"].eq(True)
    joined["email"] = joined["email"].map(normalise.email)
    nations = joined["country"].map(normalise.country).replace("", normalise.country(country))
    joined["phone"] = [
        normalise.phone(number, nation) if number else ""
        for number, nation in zip(joined["phone"], nations, strict=True)
    ]
    joined["country"] = nations
    joined["address"] = joined["email"].where(joined["email"] != "", joined["phone"])
    return joined


def _states(joined: pd.DataFrame, arm: str) -> pd.Series:
    """Why each customer of the arm is written or not; the first reason that holds."""
    address = joined["address"]
    reachable = address != ""
    arms = joined[reachable].groupby("address")["arm"].nunique()
    in_conflict = address.map(arms).fillna(1) > 1
    here = joined["arm"] == arm
    state = pd.Series(REACHED, index=joined.index[here])
    again = joined[here & reachable & joined["consent"]].duplicated("address")
    reasons = {
        "one person under two ids, written once": again.reindex(state.index, fill_value=False),
        "one person in two arms: left out": in_conflict[here],
        "no consent": ~joined["consent"][here],
        "no address": ~reachable[here],
        UNLISTED: ~joined["listed"][here],
    }
    for why, holds in reasons.items():
        state[holds] = why
    return state


def _told(state: pd.Series) -> str:
    return ", ".join(f"{n:,} {why}" for why, n in state.value_counts().items())


def _write(platform: Platform, rows: pd.DataFrame, out: Path, draft: Path) -> None:
    made = table(platform, rows, rows).astype(object)
    made = made.where(made.notna(), "")
    (_write_xlsx if out.suffix == ".xlsx" else _write_csv)(made, draft)
    size = draft.stat().st_size
    if platform.most_bytes and size > platform.most_bytes:
        raise UserError(
            f"{out}: would have {size / 1e6:,.0f} MB, and the platform takes "
            f"{platform.most_bytes / 1e6:,.0f}. Plan fewer contacts, or split them into arms."
        )


def _write_csv(made: pd.DataFrame, path: Path) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(made.columns)
        writer.writerows(made.itertuples(index=False))


def _write_xlsx(made: pd.DataFrame, path: Path) -> None:
    """Every text stays text: a name that begins with = is no formula."""
    from openpyxl import Workbook
    from openpyxl.cell import WriteOnlyCell

    book = Workbook(write_only=True)
    sheet = book.create_sheet("audience")
    sheet.append(list(made.columns))
    for row in made.itertuples(index=False):
        cells = [WriteOnlyCell(sheet, value) for value in row]
        for cell in cells:
            if isinstance(cell.value, str):
                cell.data_type = "s"
        sheet.append(cells)
    # Not to the file itself: on a full disk the archive would close itself with a second error.
    made_whole = BytesIO()
    book.save(made_whole)
    path.write_bytes(made_whole.getvalue())
