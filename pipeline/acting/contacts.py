"""Reads a shop's list of contacts: addresses, names and consent, one row per customer."""

from pathlib import Path

import pandas as pd

from features.errors import UserError
from features.readers.reading import read
from features.readers.source import SourceSpec
from pipeline.acting.normalise import clean
from pipeline.intake.orders import open_engine

FIELDS = {
    "customer_id": ("customer_id", "customerid", "customer", "id", "external_id", "user_id"),
    "email": ("email", "e_mail", "email_address", "mail"),
    "phone": ("phone", "phone_number", "mobile", "telephone", "tel", "default_address_phone"),
    "first_name": ("first_name", "firstname", "given_name", "fn"),
    "last_name": ("last_name", "lastname", "surname", "family_name", "ln"),
    "city": ("city", "town", "default_address_city", "ct"),
    "state": ("state", "province", "region", "default_address_province_code", "st"),
    "zip": ("zip", "zip_code", "postcode", "postal_code", "default_address_zip"),
    "country": ("country", "country_code", "default_address_country_code"),
    "consent": (
        *("consent", "accepts_marketing", "accepts_email_marketing", "email_consent"),
        *("email_marketing_consent", "marketing_consent", "subscribed"),
    ),
}
"""Names that shops give to a column, in the order in which they are looked for."""

YES = frozenset(("yes", "y", "true", "t", "1", "subscribed", "ja", "oui", "да", "opted_in"))


def read_contacts(path: Path, all_consented: bool = False) -> pd.DataFrame:
    """The contacts with the columns of `FIELDS`, all of them text, and `consent` as a bool.

    Parameters
    ----------
    all_consented
        Whoever made the list left out everybody without consent, so there is no such column.

    Raises
    ------
    UserError
        When there is no customer's id, no address or no consent in it, or a customer twice.
    """
    with open_engine(str(path)) as (engine, source):
        raw = read(engine, SourceSpec(source=source))
        places = _places(list(raw.columns))
        _refuse_lacking(path, places, all_consented)
        cells = {field: raw.columns[name] for field, name in places.items()}
        found = raw.table.select(**{field: raw.table[cell] for field, cell in cells.items()})
        table = found.to_pyarrow().to_pandas()
    frame = pd.DataFrame({field: table[field].map(clean) for field in table.columns})
    frame = frame.reindex(columns=list(FIELDS), fill_value="")
    frame["consent"] = all_consented | frame["consent"].str.lower().isin(YES)
    frame = frame[frame["customer_id"] != ""]
    twice = int(frame["customer_id"].duplicated().sum())
    if twice:
        raise UserError(
            f"{path}: {twice:,} rows name a customer who stands in it already; which address is "
            "the right one? Leave one row per customer."
        )
    return frame.reset_index(drop=True)


def _places(header: list[str]) -> dict[str, str]:
    """Field -> the column of the file that holds it."""
    known = {"_".join(name.lower().replace("-", " ").split()): name for name in header}
    return {
        field: known[next(name for name in names if name in known)]
        for field, names in FIELDS.items()
        if any(name in known for name in names)
    }


def _refuse_lacking(path: Path, places: dict[str, str], all_consented: bool) -> None:
    if "customer_id" not in places:
        raise UserError(f"{path}: has no column customer_id, by which contacts are found.")
    if not {"email", "phone"} & set(places):
        raise UserError(f"{path}: has neither a column email nor phone: there is nobody to reach.")
    if "consent" not in places and not all_consented:
        raise UserError(
            f"{path}: has no column consent (yes or no). If everybody in it has consented, say "
            "--all-consented."
        )
