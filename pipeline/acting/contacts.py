"""Reads a shop's list of contacts: addresses, names and consent, one row per customer."""

from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import pandas as pd

from features.errors import UserError
from features.log import words
from features.log.identity import read_ids, read_text, same_person
from features.readers.reading import read
from features.readers.source import SourceSpec
from pipeline.acting.normalise import clean
from pipeline.intake.orders import open_engine

FIELDS = {
    "customer_id": """customer_id, customerid, customer, id, external_id, user_id, kundennummer,
        kundennr, kunden nr, kunden id, kunde, kundnr, kundnummer, kundenr, id client, client id,
        numéro client, n° client, code client, client, id cliente, código cliente, codice cliente,
        cliente, klantnummer, klantnr, klant, id klienta, nr klienta, klient, id клиента, клиент,
        müşteri no, müşteri, číslo zákazníka, zákazník, pelanggan, id pelanggan""",
    "email": """email, e_mail, email_address, mail, mailadresse, e-mail-adresse, correo,
        correo electrónico, courriel, adresse e-mail, adresse mail, posta elettronica,
        indirizzo email, emailadres, e-mailadres, adres e-mail, электронная почта, почта,
        електронна пошта, пошта, eposta, e-posta, epost, e-post, sähköposti""",
    "phone": """phone, phone_number, mobile, telephone, tel, default_address_phone, telefon,
        telefonnummer, telefonnr, tel nr, handy, handynummer, mobil, mobilnummer, mobilnr,
        mobiltelefon, teléfono, móvil, celular, telefone, telemóvel, téléphone, portable, telefono,
        cellulare, telefoon, telefoonnummer, gsm, numer telefonu, nr telefonu, телефон,
        номер телефона, номер телефону, cep telefonu, telefon numarasi, puhelin, puhelinnumero,
        telefonní číslo, telefonszám, τηλέφωνο, nomor hp, no hp, nomor telepon, telepon, whatsapp,
        số điện thoại, sdt, 電話番号, 手机号, 手机号码, 전화번호, 휴대폰""",
    "first_name": """first_name, firstname, given_name, fn, vorname, prénom, nombre, nome, voornaam,
        imię, имя, ім'я, ad, isim, förnamn, fornavn, etunimi, prenume, jméno, meno, keresztnév""",
    "last_name": """last_name, lastname, surname, family_name, ln, nachname, familienname, nom,
        nom de famille, apellido, apellidos, cognome, sobrenome, apelido, achternaam, nazwisko,
        фамилия, прізвище, soyad, soyisim, efternamn, etternavn, efternavn, sukunimi, nume,
        příjmení, priezvisko, vezetéknév""",
    "city": """city, town, default_address_city, ct, ort, stadt, ville, ciudad, città, cidade,
        plaats, woonplaats, miasto, город, місто, şehir, postort, město, oraș, város""",
    "state": """state, province, region, default_address_province_code, st, bundesland, provincia,
        région, województwo, область""",
    "zip": """zip, zip_code, postcode, postal_code, default_address_zip, plz, postleitzahl,
        code postal, código postal, cp, cap, cep, postnummer, postnr, kod pocztowy,
        почтовый индекс, индекс, posta kodu, psč, irányítószám""",
    "country": """country, country_code, default_address_country_code, land, pays, país, paese,
        kraj, страна, країна, ülke, země, ország""",
    "consent": """consent, accepts_marketing, accepts_email_marketing, email_consent,
        email_marketing_consent, marketing_consent, subscribed, einwilligung, werbeeinwilligung,
        opt in, optin, consentement, consentimiento, consenso, consentimento, toestemming, zgoda,
        согласие, згода, izin, onay, samtycke, samtykke, souhlas, súhlas""",
}
"""Names that shops give to a column, in the order in which they are looked for."""

YES = frozenset(("yes", "y", "true", "t", "1", "1.0", "subscribed", "ja", "oui", "да", "opted_in"))


def read_contacts(
    path: Path,
    all_consented: bool = False,
    log: Mapping[str, Any] | None = None,
    note: Callable[[str], None] = lambda _: None,
) -> pd.DataFrame:
    """The contacts with the columns of `FIELDS`, all of them text, and `consent` as a bool.

    Parameters
    ----------
    all_consented
        Whoever made the list left out everybody without consent, so there is no such column.
    log
        How the plan's log was read: ids are compared as there (`customer_case`, `customer_form`).
    note
        Is told which columns were read as what, and which likely ones were not.

    Raises
    ------
    UserError
        When there is no customer's id, no address or no consent in it, or a customer twice.
    """
    with open_engine(str(path)) as (engine, source):
        raw = read(engine, SourceSpec(source=source))
        places = _places(list(raw.columns), log or {})
        _refuse_lacking(path, places, all_consented)
        for line in _told(list(raw.columns), places):
            note(line)
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


def _key(name: str) -> str:
    """A column's name as names are compared: its words, without case and accents."""
    return " ".join(words.split(name))


@cache
def _names(field: str) -> tuple[str, ...]:
    return tuple(_key(name) for name in FIELDS[field].split(","))


@cache
def _stems(field: str) -> tuple[str, ...]:
    """Words that speak of this field and of no other."""
    said = {one: {word for name in _names(one) for word in name.split()} for one in FIELDS}
    others = set().union(*(theirs for one, theirs in said.items() if one != field))
    own = said[field] - others - words.headers()["number"]
    return tuple(word for word in own if len(word) > 4)


def _places(header: list[str], log: Mapping[str, Any]) -> dict[str, str]:
    """Field -> the column of the file that holds it; the id's first by its name in the log."""
    known = {_key(name): name for name in header}
    own = _key(str((log.get("columns") or {}).get("customer_id") or ""))
    looked_for = {field: _names(field) for field in FIELDS}
    looked_for["customer_id"] = (*_names("customer_id"), own)
    return {
        field: known[next(name for name in names if name in known)]
        for field, names in looked_for.items()
        if any(name in known for name in names)
    }


def _told(header: list[str], places: Mapping[str, str]) -> list[str]:
    """Which columns were read as what, and which that look like a field were not."""
    read_as = ", ".join(f"{name!r} as {field}" for field, name in places.items())
    told = [f"Of the contacts are read: {read_as}."]
    for field in (field for field in FIELDS if field not in places):
        stems = _stems(field)
        alike = [
            name
            for name in header
            if name not in places.values()
            and any(word.startswith(stems) for word in words.split(name))
        ]
        if alike:
            names = " and ".join(map(repr, alike))
            told.append(f"{names} may be the {field}, and is not read: call it {field} if it is.")
    return told


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
