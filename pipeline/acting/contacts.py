"""Reads a shop's list of contacts: addresses, names and consent, one row per customer."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from features.errors import UserError
from features.log.identity import read_ids, read_text, same_person
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

YES = frozenset(("yes", "y", "true", "t", "1", "1.0", "subscribed", "ja", "oui", "да", "opted_in"))


def read_contacts(
    path: Path, all_consented: bool = False, log: Mapping[str, Any] | None = None
) -> pd.DataFrame:
    """The contacts with the columns of `FIELDS`, all of them text, and `consent` as a bool.

    Parameters
    ----------
    all_consented
        Whoever made the list left out everybody without consent, so there is no such column.
    log
        How the plan's log was read: ids are compared as there (`customer_case`, `customer_form`).

    Raises
    ------
    UserError
        When there is no customer's id, no address or no consent in it, or a customer twice.
    """
    with open_engine(str(path)) as (engine, source):
        raw = read(engine, SourceSpec(source=source))
        places = _places(list(raw.columns))
        _refuse_lacking(path, places, all_consented)
        texts = {
            # A number that met a blank is 447700900123.0 in its file: read as it was.
            field: (read_ids if field == "customer_id" else read_text)(
                raw.table, raw.columns[name], name
            )
            for field, name in places.items()
        }
        bare = texts["customer_id"].re_replace(r"^\s*'", "")
        known = {"customer_case": "exact", "customer_form": "exact", **(log or {})}
        person = same_person(bare, known["customer_case"], known["customer_form"])
        table = raw.table.select(**{**texts, "customer_id": person}).to_pyarrow().to_pandas()
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
