"""The config: every key is known, checked at once, and its secrets stay its own."""

import re
from importlib.resources import files

import pytest
import yaml
from pydantic import BaseModel

from features.errors import UserError
from pipeline import config, config_file, config_options

LOG = {"log.source": "x.csv", "log.columns.customer_id": "c", "log.columns.transacted_at": "t"}


@pytest.fixture(autouse=True)
def _no_tracking_from_outside(monkeypatch):
    """A store that the environment names, or an earlier test's journey, is none of ours."""
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)


def keys(model, prefix=""):
    for name, field in model.model_fields.items():
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
            yield from keys(field.annotation, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}"


def test_template_is_valid_and_names_every_key():
    text = (files("configs") / "template.yaml").read_text()
    config.Config.model_validate(yaml.safe_load(text))
    told = set(re.findall(r"^\s*(?:# )?(\w+):", text, re.MULTILINE))
    missing = {key for key in keys(config.Config) if key.rpartition(".")[2] not in told}
    assert missing == set()


def test_template_holds_the_defaults():
    text = (files("configs") / "template.yaml").read_text()
    template = config.Config.model_validate(yaml.safe_load(text)).model_dump()
    default = config_file.load(None, LOG).model_dump()
    for section in ("clv", "training", "backtest", "control", "tracking", "output", "seed"):
        assert template[section] == default[section], section


def test_all_wrong_keys_are_named_at_once():
    with pytest.raises(UserError) as refusal:
        config_file.load(None, {**LOG, "clv.month": 3, "training.max_cutoffs": 0, "seed": "x"})
    message = str(refusal.value)
    assert "3 keys" in message
    assert "did you mean `months`" in message
    assert "training.max_cutoffs" in message


def test_overrides_come_before_environment_before_file(tmp_path, monkeypatch):
    file = tmp_path / "c.yaml"
    file.write_text("tracking: {uri: 'sqlite:///file.db'}\nseed: 3\n")
    assert config_file.load_tracking(file).uri == "sqlite:///file.db"
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "sqlite:///environment.db")
    assert config_file.load_tracking(file).uri == "sqlite:///environment.db"
    assert config_file.load_tracking(file, {"tracking.uri": "sqlite:///flag.db"}).uri.endswith(
        "flag.db"
    )


def test_file_lies_over_defaults_key_by_key(tmp_path):
    file = tmp_path / "c.yaml"
    file.write_text("log: {source: new.csv}\n")
    known = {"log": {"columns": {"customer_id": "c", "transacted_at": "t"}, "decimal": ","}}
    found = config_file.load(file, defaults=known)
    assert (found.log.source, found.log.decimal) == ("new.csv", ",")


def test_value_that_is_no_yaml_is_text():
    marks = [
        config_options.parse_overrides([f"log.delimiter={m}"])["log.delimiter"] for m in "|-~;"
    ]
    assert marks == ["|", "-", "~", ";"]
    found = config_options.parse_overrides(["log.delimiter=,", "log.date_format=%d/%m/%Y"])
    assert found == {"log.delimiter": ",", "log.date_format": "%d/%m/%Y"}


def test_password_of_an_address_is_not_shown():
    shown = config.redacted(
        config_file.load(None, {**LOG, "tracking.uri": "postgresql://me:pw@h/db"})
    )
    assert "pw" not in str(shown)
    shown = config.redacted(
        config_file.load(None, {**LOG, "log.source": "postgresql://h/d?password=pw"})
    )
    assert "pw" not in str(shown)


def test_what_the_store_keeps_of_a_config_holds_no_address_and_no_customer():
    said = config.as_recorded(
        config_file.load(
            None,
            {
                **LOG,
                "log.source": "mine/orders.csv",
                "log.columns.customer_id": "who",
                "log.anonymous_ids": ["shop-0007"],
                "log.where": [
                    {"column": "who", "operator": "!=", "value": "test-0007"},
                    {"column": "Mail", "operator": "not in", "value": ["a-0007@example.org"]},
                    {"column": "State", "operator": "=", "value": "paid"},
                ],
                "tracking.uri": "postgresql://me:pw-0007@h/db",
                "engine.scratch": "/big/0007",
                "output.folder": "mine/0007",
            },
        ),
        horizon_days=30,
        date_format="%d/%m/%Y",
    )
    assert "0007" not in said
    assert "mine" not in said
    kept = yaml.safe_load(said)
    assert (kept["log"]["source"], kept["horizon_days"]) == ("orders.csv", 30)
    assert kept["log"]["date_format"] == "%d/%m/%Y"
    assert kept["log"]["where"][2]["value"] == "paid"


def test_yaml_number_without_point_is_read_as_a_number():
    assert config_file.load(None, {**LOG, "clv.monthly_discount_rate": "1e-3"}).clv.months == 12


@pytest.mark.parametrize("text", ["a: [", "- a", "!!python/object:x {}", "\x00"])
def test_what_is_no_plain_mapping_is_refused(tmp_path, text):
    file = tmp_path / "c.yaml"
    file.write_text(text)
    with pytest.raises(UserError):
        config_file.load(file)


@pytest.mark.parametrize("assignment", ["seed", "=3", "a..b=1", "__import__('os')=1"])
def test_wrong_assignment_is_refused(assignment):
    with pytest.raises(UserError):
        config_options.parse_overrides([assignment])


@pytest.mark.parametrize(
    ("key", "value", "said"),
    [
        ("clv.months", True, "clv.months: true or false is no value of this key"),
        ("backtest.cutoffs", True, "backtest.cutoffs: true or false is no value of this key"),
        ("backtest.cutoffs", 0, "backtest.cutoffs: Input should be greater than or equal to 1"),
        ("backtest.cutoffs", [], "backtest.cutoffs: name at least one date, or how many"),
        ("backtest.cutoffs", ["x"], "backtest.cutoffs.0: takes a day, such as 2024-01-31"),
        ("backtest.cutoffs", [3], "backtest.cutoffs.0: takes a day, such as 2024-01-31"),
        ("backtest.cutoffs", "2024-01-31", "backtest.cutoffs: takes a list, such as [a, b]"),
        ("cache.limit_gb", float("inf"), "cache.limit_gb: Input should be less than or equal to"),
        ("engine.threads", 10**5, "engine.threads: Input should be less than or equal to 1024"),
        ("schedule.train_every", 10**12, "schedule.train_every: Input should be less than"),
        ("log.columns", None, "log.columns: is missing; name them by --customer-id, --tra"),
    ],
)
def test_a_wrong_value_is_one_problem_under_its_own_name(key, value, said):
    values = {"log.source": "x.csv", "log.columns": {"customer_id": "c", "transacted_at": "t"}}
    values = {name: given for name, given in {**values, key: value}.items() if given is not None}
    with pytest.raises(UserError, match=re.escape(said)) as refused:
        config_file.load(None, values)
    assert "1 key cannot be used" in str(refused.value)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("log: {profile: [shopify]}", "There is no profile of this name"),
        ('output: {folder: "a\\0b"}', "output.folder holds a character that no path may have"),
    ],
)
def test_what_can_name_nothing_is_refused(tmp_path, text, said):
    file = tmp_path / "c.yaml"
    file.write_text(text)
    with pytest.raises(UserError, match=said):
        config_file.load(file)


@pytest.mark.parametrize(
    "name", ["", " ", "a/b", "/home/me", "a:b", "a@b", "it's", ".", "..", "../x", "n" * 300]
)
def test_a_name_that_no_model_can_have_is_refused(name):
    """It is a folder's name as well, in which `churn run` removes what was damaged."""
    asked = {"tracking.registered_model": name}
    for read in (
        config_file.load_tracking,
        lambda _, more: config_file.load(None, {**LOG, **more}),
    ):
        with pytest.raises(UserError, match="registered_model: cannot be a model's name"):
            read(None, asked)


@pytest.mark.parametrize("text", ["1:30", "010", "0x1F", "0b11", "+1:30.5", "007"])
def test_a_number_is_none_that_only_yaml_sees(tmp_path, text):
    """YAML 1.1 has 90, 8, 31, 3, 90.5 and 7."""
    file = tmp_path / "c.yaml"
    file.write_text(f"horizon_days: {text}\n")
    assert config_options.parse_overrides([f"horizon_days={text}"]) == {"horizon_days": text}
    assert config_file.read_yaml(file) == {"horizon_days": text}
    with pytest.raises(UserError, match="horizon_days"):
        config_file.load(file, LOG)
