"""Audiences: each platform's rules with test vectors, and who is left out and why."""

import hashlib
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from features.errors import UserError
from pipeline.acting import export as stage
from pipeline.acting.contacts import read_contacts
from pipeline.acting.plan_file import write_plan
from pipeline.acting.platforms import PLATFORMS, table
from pipeline.command_line import main as cli


def digest(text):
    return hashlib.sha256(text.encode()).hexdigest()


CONTACT = {
    "customer_id": "00123",
    "email": "anna.smith@example.org",
    "phone": "+442070313000",
    "first_name": "Anna Maria",
    "last_name": "O'Neill-Smith",
    "city": "St. Albans",
    "state": "Hertford shire",
    "zip": "AL1 3JQ",
    "country": "gb",
}
AMERICAN = {
    **CONTACT,
    **{"city": "Menlo Park", "state": "CA", "zip": "94025-1234", "country": "us"},
    "phone": "+16502530000",
}
VECTORS = {
    ("google", "Email"): digest("anna.smith@example.org"),
    ("google", "Phone"): digest("+442070313000"),
    ("google", "First Name"): digest("annamaria"),
    ("google", "Last Name"): digest("oneillsmith"),
    ("google", "Country"): "GB",
    ("google", "Zip"): "AL1 3JQ",
    ("meta", "email"): digest("anna.smith@example.org"),
    ("meta", "phone"): digest("442070313000"),
    ("meta", "fn"): digest("anna maria"),
    ("meta", "ln"): digest("oneillsmith"),
    ("meta", "ct"): digest("stalbans"),
    ("meta", "st"): digest("hertfordshire"),
    ("meta", "zip"): digest("al1"),
    ("meta", "country"): digest("gb"),
    ("meta", "extern_id"): "00123",
    ("klaviyo", "Email"): "anna.smith@example.org",
    ("klaviyo", "Phone Number"): "+442070313000",
    ("braze", "external_id"): "00123",
    ("mailchimp", "Email Address"): "anna.smith@example.org",
}
US_VECTORS = {"st": digest("ca"), "zip": digest("94025"), "phone": digest("16502530000")}


@pytest.mark.parametrize(("platform", "header"), VECTORS, ids="-".join)
def test_each_cell_is_as_the_platform_asks(platform, header):
    made = PLATFORMS[platform].columns[header](CONTACT)
    assert made == VECTORS[platform, header]


@pytest.mark.parametrize("header", US_VECTORS)
def test_american_states_and_postcodes_have_rules_of_their_own(header):
    assert PLATFORMS["meta"].columns[header](AMERICAN) == US_VECTORS[header]


@pytest.mark.parametrize("name", ["Анна", "王", "محمد", "Ólafur", "ज्योति"])
def test_names_in_any_script_are_kept(name):
    contact = {**CONTACT, "first_name": name, "last_name": name}
    for platform, header in (("meta", "fn"), ("google", "First Name"), ("google", "Last Name")):
        assert PLATFORMS[platform].columns[header](contact) == digest(name.lower())


def test_an_address_of_which_a_part_is_missing_is_not_sent_to_google():
    for part in ("first_name", "last_name", "country", "zip"):
        columns = PLATFORMS["google"].columns
        made = {name: cell({**CONTACT, part: ""}) for name, cell in columns.items()}
        assert made["First Name"] == made["Last Name"] == made["Country"] == made["Zip"] == ""
        assert made["Email"]


def test_the_identifier_stands_where_the_platform_looks_for_it():
    first = {name: next(iter(platform.columns)) for name, platform in PLATFORMS.items()}
    assert first["klaviyo"] == "Email"
    assert first["braze"] == "external_id"
    assert first["mailchimp"] == "Email Address"


def contacts_of(plan):
    """Contacts for all members of a plan: `'`-ids, addresses, and consent."""
    ids = plan.file.members["customer_id"]
    return pd.DataFrame(
        {
            "Customer ID": "'" + ids,
            "E-Mail": "c" + ids + "@example.org",
            "Phone": "",
            "First name": "Anna",
            "Last name": "=Smith",
            "Accepts Marketing": "yes",
        }
    )


def exported(plan, listed, tmp_path, to="csv", out="a.csv", arm="treated", **keys):
    path = tmp_path / "contacts.csv"
    listed.to_csv(path, index=False)
    made = stage.export(plan.file, read_contacts(path), to, arm, tmp_path / out, **keys)
    return made, tmp_path / out


def test_the_treated_are_written_and_nobody_of_the_control(planned, tmp_path):
    plan = planned()
    made, out = exported(plan, contacts_of(plan), tmp_path)
    written = pd.read_csv(out, dtype=str)
    assert set(written["customer_id"]) == set(plan.contacted["customer_id"])
    assert made.counts == {"written": len(written)}
    assert out.stat().st_mode & 0o777 == 0o600
    assert set(written["churn_risk"]) <= {"low", "middle", "high"}
    assert written["next_purchase_from"].str.fullmatch(r"\d{4}-\d\d-\d\d").all()
    assert {"p_churn", "clv", "segment"} <= set(written.columns)


def test_everybody_left_out_is_counted_by_reason(planned, tmp_path):
    plan = planned()
    listed = contacts_of(plan)
    arm = dict(zip(plan.file.members["customer_id"], plan.file.members["arm"], strict=True))
    arms = listed["Customer ID"].str[1:].map(arm)
    treated, control = listed.index[arms == "treated"], listed.index[arms == "control"]
    listed.loc[treated[0], "Accepts Marketing"] = "no"
    listed.loc[treated[1], "E-Mail"] = "nobody"
    listed.loc[treated[2], "E-Mail"] = listed.loc[control[0], "E-Mail"]
    listed.loc[treated[3], "E-Mail"] = listed.loc[treated[4], "E-Mail"].upper()
    made, out = exported(plan, listed.drop(treated[5]), tmp_path)
    left = {why: n for why, n in made.counts.items() if why != "written"}
    assert left == {
        "no consent": 1,
        "no address": 1,
        "one person in two arms: left out": 1,
        "one person under two ids, written once": 1,
        "not in the contacts": 1,
    }
    assert sum(made.counts.values()) == made.n == len(plan.contacted)
    assert len(pd.read_csv(out)) == made.counts["written"]


def test_suppression_list_is_the_control_that_consented_hashed_alike(planned, tmp_path):
    plan = planned()
    listed = contacts_of(plan)
    held = tmp_path / "suppress.csv"
    made, _ = exported(plan, listed, tmp_path, to="meta", suppress=held)
    written = pd.read_csv(held, dtype=str)
    control = set(plan.file.members.query("arm == 'control'")["customer_id"])
    assert set(written["extern_id"]) == control
    assert made.suppressed == len(control)
    assert written["email"].iloc[0] == digest(f"c{written['extern_id'].iloc[0]}@example.org")


@pytest.mark.slow
def test_a_workbook_holds_texts_not_formulas(planned, tmp_path):
    from openpyxl import load_workbook

    plan = planned()
    _, out = exported(plan, contacts_of(plan), tmp_path, out="a.xlsx")
    sheet = load_workbook(out).active
    head = [cell.value for cell in sheet[1]]
    cell = sheet.cell(2, head.index("last_name") + 1)
    assert (cell.value, cell.data_type) == ("=Smith", "s")


@pytest.mark.slow
def test_phones_are_read_by_the_country_of_the_contact(planned, tmp_path):
    plan = planned()
    listed = contacts_of(plan).assign(Phone="020 7031 3000", **{"E-Mail": ""})
    listed["Country"] = "GB"
    listed["Phone"] = [f"0207031{n:04d}" for n in range(len(listed))]
    _, out = exported(plan, listed, tmp_path, to="klaviyo")
    assert pd.read_csv(out, dtype=str)["Phone Number"].str.startswith("+44207031").all()
    listed = listed.drop(columns="Country")
    with pytest.raises(UserError, match="no address"):
        exported(plan, listed, tmp_path, to="klaviyo")
    made, _ = exported(plan, listed, tmp_path, to="klaviyo", country="gb")
    assert made.counts["written"] == made.n


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda f: pd.concat([f, f.head(2)]), "2 rows name a customer"),
        (lambda f: f.drop(columns="Customer ID"), "no column customer_id"),
        (lambda f: f.drop(columns=["E-Mail", "Phone"]), "neither a column email nor phone"),
        (lambda f: f.drop(columns="Accepts Marketing"), "--all-consented"),
        (lambda f: f.assign(**{"Customer ID": "x" + f["Customer ID"]}), "ids of the contacts"),
    ],
    ids=["a_customer_twice", "no_id", "no_address", "no_consent", "other_ids"],
)
def test_contacts_that_cannot_be_used_are_refused_and_nothing_is_written(
    planned, tmp_path, change, said
):
    plan = planned()
    with pytest.raises(UserError, match=said):
        exported(plan, change(contacts_of(plan)), tmp_path)
    assert not (tmp_path / "a.csv").exists()


@pytest.mark.parametrize("phone", ["Telefon", "Handynummer", "Téléphone", "Nomor HP", "휴대폰"])
def test_contacts_are_read_in_the_languages_of_logs_and_what_was_read_is_told(
    planned, tmp_path, phone
):
    called = {"Phone": phone, "First name": "Vorname", "Last name": "Familien-Name"}
    listed = contacts_of(planned()).rename(columns=called)
    listed[phone] = [f"+4420703{n:05d}" for n in range(len(listed))]
    listed.to_csv(tmp_path / "contacts.csv", index=False)
    told = []
    found = read_contacts(tmp_path / "contacts.csv", note=told.append)
    assert found["phone"].str.startswith("+4420703").all()
    assert f"'{phone}' as phone" in told[0]
    assert "'E-Mail' as email" in told[0]
    assert (found["first_name"] == "Anna").all()
    assert not [line for line in told if "may be the phone" in line]


def test_a_likely_column_that_is_not_read_is_told(planned, tmp_path):
    listed = contacts_of(planned()).rename(columns={"Phone": "Telefon privat"})
    listed.to_csv(tmp_path / "contacts.csv", index=False)
    told = []
    read_contacts(tmp_path / "contacts.csv", note=told.append)
    assert told[1:] == [
        "'Telefon privat' may be the phone, and is not read: call it phone if it is."
    ]


def test_the_id_of_the_contacts_may_be_called_as_in_the_log(planned, tmp_path):
    listed = contacts_of(planned()).rename(columns={"Customer ID": "Nr. Karty"})
    listed.to_csv(tmp_path / "contacts.csv", index=False)
    found = read_contacts(tmp_path / "contacts.csv", log={"columns": {"customer_id": "Nr. Karty"}})
    assert len(found) == len(listed)


def test_ids_and_phones_are_read_as_those_of_the_log(planned, tmp_path):
    plan = planned()
    listed = contacts_of(plan)
    listed["Customer ID"] = " 'ID-" + plan.file.members["customer_id"] + " "
    listed["Phone"] = [442070310000.0 + n for n in range(len(listed))]
    listed.loc[0, "Phone"] = np.nan
    listed.to_parquet(tmp_path / "contacts.parquet")
    log = {"customer_case": "ignore", "customer_form": "exact"}
    found = read_contacts(tmp_path / "contacts.parquet", log=log)
    assert found["customer_id"].tolist() == ("id-" + plan.file.members["customer_id"]).tolist()
    assert found["phone"].tolist()[:3] == ["", "442070310001", "442070310002"]


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        ({"suppress": "held.parquet"}, "--suppress held.parquet: the name must end"),
        ({"country": "gbr"}, "--country gbr: is no country's code"),
        ({"country": "xx"}, "--country xx: is no country's code"),
    ],
    ids=["a_list_of_no_known_kind", "three_letters", "no_country"],
)
def test_options_that_would_lose_addresses_or_files_are_refused(planned, keys, said):
    given = {"suppress": None, "country": "", **keys}
    suppress = Path(given["suppress"]) if given["suppress"] else None
    with pytest.raises(UserError, match=said):
        stage.check(planned().file, "csv", None, Path("a.csv"), suppress, given["country"])


def test_a_suppression_list_that_cannot_be_written_leaves_no_audience(planned, tmp_path):
    (tmp_path / "held.csv").mkdir()
    plan = planned()
    with pytest.raises(UserError, match=r"held\.csv"):
        exported(plan, contacts_of(plan), tmp_path, suppress=tmp_path / "held.csv")
    assert not (tmp_path / "a.csv").exists()


def test_profiles_that_consented_outside_need_no_column(planned, tmp_path):
    plan = planned()
    path = tmp_path / "contacts.csv"
    contacts_of(plan).drop(columns="Accepts Marketing").to_csv(path, index=False)
    assert read_contacts(path, all_consented=True)["consent"].all()


def test_hashed_audiences_hold_no_address_and_no_score(planned):
    plan = planned()
    rows = pd.DataFrame([CONTACT]).assign(consent=True)
    members = plan.file.members.head(1).reset_index(drop=True)
    for name in ("google", "meta"):
        text = table(PLATFORMS[name], rows, members).to_csv()
        assert "anna" not in text.lower()
        assert "p_churn" not in text


def test_command_exports_counts_and_shows_no_address(planned, tmp_path, capsys):
    plan = planned()
    write_plan(plan.file, tmp_path / "plan.parquet")
    contacts_of(plan).to_csv(tmp_path / "contacts.csv", index=False)
    names = ("plan.parquet", "contacts.csv", "audience.csv")
    planfile, contacts, out = (str(tmp_path / name) for name in names)
    fixed = ["export", planfile, "--contacts", contacts, "--quiet"]
    same = [*fixed, "--to", "csv", "--out", out, "--suppress", out]
    assert cli.run(same) == 2, "the control would take the place of the audience"
    assert "two outputs" in capsys.readouterr().err
    assert cli.run([*fixed, "--to", "meta", "--out", out]) == 0
    shown = capsys.readouterr()
    assert "treated: " in shown.out
    assert "example.org" not in shown.out + shown.err
    assert cli.run([*fixed, "--to", "tiktok", "--out", out]) == 2
    assert cli.run([*fixed, "--to", "csv", "--out", out, "--arm", "control"]) == 2
    assert cli.run([*fixed, "--to", "csv", "--out", contacts]) == 2
    assert "is an input" in capsys.readouterr().err
