"""What each platform asks of an audience file: columns, normalisation, and what is hashed.

The rules are those of the platforms' documentation, with source and date in docs/audiences.md.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import pandas as pd

from pipeline.acting import normalise
from pipeline.acting.normalise import sha256

Row = Mapping[str, str]
"""One contact: the fields of `contacts.FIELDS`, cleaned; `email` and `phone` normalised."""


@dataclass(frozen=True)
class Platform:
    """Header -> how its cell is made; `profile` tells whether scores are written beside them.

    `most_bytes` is the largest file that the platform takes.
    """

    columns: Mapping[str, Callable[[Row], str]]
    profile: bool = False
    most_bytes: int | None = None


def _field(name: str) -> Callable[[Row], str]:
    return lambda row: row[name]


def _nation(row: Row) -> str:
    return normalise.country(row["country"])


def _google_address(row: Row) -> dict[str, str]:
    """First name, last name, country, postcode: all four, or none of them matches anybody."""
    parts = {
        "first": sha256(normalise.without_spaces(row["first_name"])),
        "last": sha256(normalise.without_punctuation(row["last_name"])),
        "country": _nation(row).upper(),
        "zip": row["zip"],
    }
    return parts if all(parts.values()) else dict.fromkeys(parts, "")


META: dict[str, Callable[[Row], str]] = {
    "email": lambda row: sha256(row["email"]),
    "phone": lambda row: sha256(normalise.digits(row["phone"])),
    "fn": lambda row: sha256(normalise.without_punctuation(row["first_name"])),
    "ln": lambda row: sha256(normalise.without_punctuation(row["last_name"])),
    "ct": lambda row: sha256(normalise.letters(row["city"])),
    "st": lambda row: sha256(normalise.state(row["state"], _nation(row))),
    "zip": lambda row: sha256(normalise.postcode(row["zip"], _nation(row))),
    "country": lambda row: sha256(_nation(row)),
    "extern_id": _field("customer_id"),
}

NAMES = {"First Name": _field("first_name"), "Last Name": _field("last_name")}

PLATFORMS: dict[str, Platform] = {
    "google": Platform(
        {
            "Email": lambda row: sha256(row["email"]),
            "Phone": lambda row: sha256(row["phone"]),
            "First Name": lambda row: _google_address(row)["first"],
            "Last Name": lambda row: _google_address(row)["last"],
            "Country": lambda row: _google_address(row)["country"],
            "Zip": lambda row: _google_address(row)["zip"],
        }
    ),
    "meta": Platform(META),
    "klaviyo": Platform(
        {"Email": _field("email"), "Phone Number": _field("phone"), **NAMES},
        profile=True,
        most_bytes=50_000_000,
    ),
    "braze": Platform(
        {
            "external_id": _field("customer_id"),
            "email": _field("email"),
            "phone": _field("phone"),
            "first_name": _field("first_name"),
            "last_name": _field("last_name"),
        },
        profile=True,
    ),
    "mailchimp": Platform(
        {"Email Address": _field("email"), **NAMES, "Phone": _field("phone")}, profile=True
    ),
    "csv": Platform(
        {
            "customer_id": _field("customer_id"),
            "email": _field("email"),
            "phone": _field("phone"),
            "first_name": _field("first_name"),
            "last_name": _field("last_name"),
        },
        profile=True,
    ),
}

MIDDLE, HIGH = 1 / 3, 2 / 3
"""Probabilities of churn from which a customer's risk is called middle, and high."""


def profile(customers: pd.DataFrame) -> pd.DataFrame:
    """The scores of each customer as columns for a CRM, in words and numbers."""
    p = customers["p_churn"].to_numpy(float)
    risk = pd.Series("low", index=customers.index)
    risk[p >= MIDDLE], risk[p >= HIGH] = "middle", "high"
    return pd.DataFrame(
        {
            "campaign": customers["campaign"],
            "arm": customers["arm"],
            "churn_risk": risk,
            "p_churn": customers["p_churn"].round(4),
            "clv": customers["clv"].round(2),
            "segment": customers["segment"],
            "next_purchase_from": customers["next_purchase_from"],
            "next_purchase_to": customers["next_purchase_to"],
        }
    )


def table(platform: Platform, contacts: pd.DataFrame, customers: pd.DataFrame) -> pd.DataFrame:
    """The audience file as text; rows of `contacts` and `customers` belong together."""
    rows: list[Row] = contacts.to_dict("records")  # type: ignore[assignment]  # keys are text
    made = pd.DataFrame(
        {header: [cell(row) for row in rows] for header, cell in platform.columns.items()},
        index=contacts.index,
    )
    if not platform.profile:
        return made
    return pd.concat([made, profile(customers)], axis=1)
