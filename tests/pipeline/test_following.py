"""The command that each stage ends with can be pasted: nothing in it is left to be filled in."""

import inspect
import io
import shlex
from datetime import date
from pathlib import Path
from types import SimpleNamespace

import pytest
from rich.console import Console
from typer.main import get_command

from pipeline.acting import plan as stage
from pipeline.acting.effect import effect_of
from pipeline.command_line import following
from pipeline.command_line.main import app
from pipeline.command_line.options import options
from pipeline.command_line.show import board
from pipeline.config_file import load, load_campaign
from pipeline.config_options import parse_overrides
from pipeline.watching.signals import LOOK, NOTHING, TRAIN
from tests.pipeline.acting import world

LOG = {
    "log.source": "orders.csv",
    "log.columns.customer_id": "who",
    "log.columns.transacted_at": "day",
}
OPENED = {
    "no_config": ({}, "", "--set campaigns.campaign_20240301.contact_cost=0.5"),
    "a_priced_one": ({}, "campaigns: {mail: {contact_cost: 2}}", "--campaign mail --config"),
    "without_a_cost": (
        {},
        "campaigns: {mail: {kind: letter}}",
        "--set campaigns.mail.contact_cost=0.5",
    ),
    "by_set": ({"campaigns.web.contact_cost": 1.0}, "", "--set campaigns.web.contact_cost=1.0"),
}


def rich(path):
    """Scores of customers who spend enough for a campaign of the default effect."""
    frame = world.scores()
    return world.write_scores(path, frame.assign(expected_spend=50 * frame["expected_spend"]))


def planned_by(words):
    """The plan that a command line asks for."""
    said = dict(zip(words[3::2], words[4::2], strict=True))
    settings = [
        value for flag, value in zip(words[3::2], words[4::2], strict=True) if "set" in flag
    ]
    path = Path(said["--config"]) if "--config" in said else None
    terms, control = load_campaign(said["--campaign"], path, parse_overrides(settings))
    effect, _ = effect_of(said["--campaign"], terms)
    return stage.plan(Path(words[2]), said["--campaign"], terms, control, effect)


@pytest.mark.parametrize(("overrides", "text", "said"), OPENED.values(), ids=OPENED)
def test_what_follows_scores_is_a_plan_that_is_made(tmp_path, overrides, text, said):
    path = tmp_path / "churn.yaml" if text else None
    if path:
        path.write_text(text)
    scores = rich(tmp_path / "my scores.parquet")
    config = load(path, {**LOG, **overrides})
    line = following.plan(scores, path, overrides, config)
    assert said in line
    assert planned_by(shlex.split(line)).contacted.shape[0] > 0


def test_where_spend_is_small_the_cost_that_is_shown_is_smaller(tmp_path):
    scores = world.write_scores(tmp_path / "scores.parquet", world.scores())
    line = following.plan(scores, None, {}, load(None, LOG))
    assert "contact_cost=0.5" not in line
    assert planned_by(shlex.split(line)).contacted.shape[0] >= 100


def test_what_follows_scores_that_no_plan_takes_any_more_is_newer_ones(tmp_path):
    scores = world.write_scores(tmp_path / "scores.parquet", world.scores(), "2024-12-31")
    told, line = following.acting(scores, None, {}, load(None, LOG), "out/m")
    assert told == "No campaign is planned by scores of 2024-03-01: the log goes on after them."
    assert line == "churn score orders.csv --model out/m --out scores_2024-12-31.parquet"
    patient = load(None, {**LOG, "campaigns.spring.max_age_days": 400})
    assert following.acting(scores, None, {}, patient)[1].startswith("churn plan ")


def test_what_follows_takes_no_name_that_a_file_has(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("plan.parquet", "plan_2.parquet", "measured.json"):
        Path(name).touch()
    line = following.plan(rich(tmp_path / "scores.parquet"), None, {}, load(None, LOG))
    assert line.endswith("--out plan_3.parquet")
    assert following.measuring(Path("p"), None, {}).endswith("--out measured_2.json")


def test_each_arm_of_a_plan_has_an_export_of_its_own():
    (one,) = following.exporting(Path("my plan.parquet"), ["treated"])
    assert one == (
        "churn export 'my plan.parquet' --to csv --contacts contacts.csv --out audience.csv"
    )
    lines = following.exporting(Path("p.parquet"), ["letter", "mail"])
    assert [line.split(" --arm ")[1] for line in lines] == [
        "letter --out audience_letter.csv",
        "mail --out audience_mail.csv",
    ]


READING = {
    "log.source": "a b.csv",
    "log.columns.customer_id": "Who",
    "log.columns.transacted_at": "Day of it",
    "log.columns.amount": "Sum, \u20ac",
    "log.columns.attributes": ["Country"],
    "log.date_format": "%d/%m/%Y",
    "log.decimal": ",",
    "log.thousands": "space",
    "log.sales": {"column": "State", "values": ["Paid", "it's done"]},
    "log.where": [{"column": "Kind", "operator": "!=", "value": "Fee"}],
}


def of_line(line):
    """The config that a line of the shell asks for."""
    command, *words = shlex.split(line)[1:]
    read = get_command(app).commands[command].make_context(command, words).params
    path, overrides = options(
        **{name: read[name] for name in inspect.signature(options).parameters}
    )
    return load(path, overrides)


@pytest.mark.parametrize("verdict", [TRAIN, LOOK])
def test_what_follows_a_watch_reads_the_log_as_the_model_did(verdict):
    by = SimpleNamespace(model=SimpleNamespace(manifest=SimpleNamespace(horizon_days=60)))
    found, config = SimpleNamespace(verdict=verdict, day="2024-01-01"), load(None, READING)
    given = {"log.source": "a b.csv", "tracking.registered_model": "tea"}
    asked = of_line(following.watching(found, None, given, config, by, None))
    assert asked.log == config.log
    assert (asked.horizon_days, asked.tracking.registered_model) == (60, "tea")
    line = following.watching(found, Path("c.yaml"), given, config, by, None)
    assert "--config c.yaml 'a b.csv' --set tracking.registered_model=tea" in line


def test_where_there_is_nothing_to_do_the_model_that_was_named_scores_again():
    found = SimpleNamespace(verdict=NOTHING, day=date(2024, 1, 1))
    given = {"tracking.registered_model": "tea"}
    line = following.watching(found, None, given, load(None, LOG), None, "out/model")
    assert (
        line == f"churn score orders.csv --model out/model {STORE} --out scores_2024-01-01.parquet"
    )


TERMS = {"value": "clv", "contact_cost": 0.4, "kind": "mail", "effect": 0.3}


def test_the_next_campaign_has_the_cost_kind_and_effect_of_the_measured_one(tmp_path):
    scores = rich(tmp_path / "scores.parquet")
    terms, control = load_campaign(
        "spring",
        None,
        {f"campaigns.spring.{key}": value for key, value in TERMS.items()},
    )
    made = stage.plan(scores, "spring", terms, control, effect_of("spring", terms)[0])
    config = load(None, LOG)
    line = following.next_campaign(made.file.terms, None, {}, config, Path("measured.json"))
    score, plan = (shlex.split(part) for part in line.split("&&"))
    assert score == ["churn", "score", "orders.csv", "--out", "next_scores.parquet"]
    later = following.next_campaign(
        made.file.terms, Path("c.yaml"), {"log.source": "orders.csv"}, config, Path("measured.json")
    )
    assert later.startswith("churn score orders.csv --config c.yaml --out")
    assert "--campaign spring_next --config c.yaml" in later
    said = parse_overrides([word for word in plan if "=" in word])
    assert {key: said[f"campaigns.spring_next.{key}"] for key in TERMS} == TERMS


def test_what_follows_a_description_trains_on_the_same_log():
    assert following.training(None, {"log.source": "a b.csv"}) == "churn train 'a b.csv'"
    assert following.training(Path("c.yaml"), {}) == "churn train --config c.yaml"


STORE = "--set tracking.registered_model=tea"


def test_what_follows_a_training_scores_its_log_by_its_own_registered_model():
    overrides = {"log.source": "a b.csv", "tracking.registered_model": "tea", "horizon_days": 30}
    config = load(None, {**LOG, **overrides})
    by_file = following.scoring(None, overrides, config)
    assert by_file == f"churn score 'a b.csv' {STORE} --out scores.parquet"
    over_a_config = following.scoring(Path("c.yaml"), overrides, config)
    assert over_a_config == f"churn score 'a b.csv' --config c.yaml {STORE} --out scores.parquet"
    del overrides["log.source"]
    by_config = following.scoring(Path("c.yaml"), overrides, config)
    assert by_config == f"churn score --config c.yaml {STORE} --out scores.parquet"


@pytest.mark.parametrize("command", ["ui", "compare", "promote"])
def test_what_looks_into_a_store_takes_the_options_that_named_it(command):
    line = following.stored(command, None, {"tracking.registered_model": "tea", "seed": 1})
    assert line == f"churn {command} {STORE}"
    read = get_command(app).commands[command].make_context(command, shlex.split(line)[2:])
    assert read.params["set_"] == ["tracking.registered_model=tea"]


@pytest.mark.parametrize(("unfit", "said"), [("", "promote"), ("poor", 'promote --force "reason"')])
def test_a_version_that_does_not_score_is_promoted_in_the_store_of_its_training(unfit, said):
    judged = SimpleNamespace(grades=(), sentences=(), unfit=unfit)
    trained = SimpleNamespace(judgement=judged, version="2", champion=False)
    trained.manifest = SimpleNamespace(version="abc")
    paper = io.StringIO()
    options = {"tracking.registered_model": "tea"}
    board.standing(Console(file=paper, width=200), trained, Path("my.yaml"), options)
    assert f"`churn {said} --config my.yaml {STORE}` makes it" in paper.getvalue()


def test_what_follows_a_plan_and_a_measurement_stays_in_their_store(tmp_path):
    overrides = {"tracking.uri": "postgresql://me@host/shop", "campaigns.spring.effect": 0.3}
    store = "--set tracking.uri=postgresql://me@host/shop"
    line = following.measuring(Path("my plan.parquet"), Path("c.yaml"), overrides)
    assert line == f"churn measure 'my plan.parquet' --config c.yaml {store} --out measured.json"
    assert following.measuring(Path("p.parquet"), None, {}) == (
        "churn measure p.parquet LOG --out measured.json"
    )
    scores = rich(tmp_path / "scores.parquet")
    terms, control = load_campaign("spring", None, {"campaigns.spring.contact_cost": 0.4})
    made = stage.plan(scores, "spring", terms, control, effect_of("spring", terms)[0])
    after = following.next_campaign(
        made.file.terms, None, overrides, load(None, LOG), Path("measured.json")
    )
    assert [part.count(store) for part in after.split("&&")] == [1, 1]
