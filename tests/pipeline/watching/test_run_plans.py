"""What `churn run` plans while other campaigns of the same results are about."""

from datetime import date
from types import SimpleNamespace

import pandas as pd
import pytest

from features.errors import UserError
from pipeline.acting.plan_file import read_plan
from pipeline.campaign_config import CampaignConfig, ControlConfig
from pipeline.console import Progress
from pipeline.watching import folders, stages
from tests.pipeline.acting import world

PRICED = CampaignConfig(contact_cost=0.01, effect=0.5, control_share=0.3)
FEW = PRICED.model_copy(update={"max_contacts": 300})


@pytest.fixture
def job(tmp_path, monkeypatch):
    """A run that has just scored: its `plan` names the campaign that is due."""
    monkeypatch.setattr("pipeline.tracking.campaigns.open_store", lambda _: None)
    monkeypatch.setattr("pipeline.acting.recorded.refuse_second", lambda *_: False)
    world.write_scores(tmp_path / folders.SCORES, world.scores(1000))
    config = SimpleNamespace(
        schedule=SimpleNamespace(plan="spring"),
        campaigns={"spring": FEW, "spring_mail": FEW, "call": PRICED},
        control=ControlConfig(),
        tracking=SimpleNamespace(uri="sqlite:///none.db"),
    )
    orders = SimpleNamespace(end=world.AS_OF)
    about = {"folder": tmp_path, "output": tmp_path, "progress": Progress(quiet=True)}
    return SimpleNamespace(config=config, orders=orders, **about)


def due(job, name):
    job.config.schedule.plan = name
    return stages.plan(job)["said"]


def members(job, name):
    return read_plan(job.output / folders.PLANS / f"{name}_{world.AS_OF:%Y%m%d}.parquet").members


def test_a_campaign_whose_name_begins_like_a_running_one_is_planned(job):
    assert "contacts" in due(job, "spring_mail")
    assert "contacts" in due(job, "spring")


def test_who_takes_part_in_another_running_campaign_is_left_out(job):
    assert "contacts" in due(job, "spring")
    assert "contacts" in due(job, "call")
    one, other = (set(members(job, name)["customer_id"]) for name in ("spring", "call"))
    assert one
    assert other
    assert not one & other


def test_orders_that_came_the_same_day_leave_the_plan_of_the_morning_as_it_is(job):
    morning = due(job, "spring")
    assert due(job, "spring") == morning
    before = members(job, "spring")
    world.write_scores(job.folder / folders.SCORES, world.scores(1000, seed=1))
    assert due(job, "spring").startswith("none, spring_20240301 was planned already")
    pd.testing.assert_frame_equal(members(job, "spring"), before)


def test_a_campaign_that_is_over_keeps_nobody_out(job):
    due(job, "spring")
    job.orders.end = date(2024, 6, 1)
    world.write_scores(
        job.folder / folders.SCORES,
        world.scores(1000).assign(as_of=job.orders.end),
        log_end=job.orders.end,
    )
    said = due(job, "call")
    assert read_plan(job.output / folders.PLANS / "call_20240601.parquet").members.shape[0] > 300
    assert "contacts" in said


def test_before_any_campaign_is_measured_a_pattern_of_results_names_none(job, capsys):
    awaited = (str(job.output / "measured" / "*.json"),)
    job.config.campaigns["spring"] = FEW.model_copy(update={"measured": awaited})
    job.progress = Progress(quiet=False)
    assert "contacts" in due(job, "spring")
    assert "no result of `churn measure` yet" in " ".join(capsys.readouterr().err.split())
    gone = (str(job.output / "measured.json"),)
    job.config.campaigns["call"] = FEW.model_copy(update={"measured": gone})
    with pytest.raises(UserError, match="there is no such result"):
        due(job, "call")


def test_a_night_on_which_nobody_is_eligible_keeps_no_scores_back(job):
    only = FEW.model_copy(update={"eligible": {"segment": "champion"}})
    job.config.campaigns["spring"] = only
    assert due(job, "spring").startswith("none. eligible.segment: none of 1,000 customers has")


def test_the_gate_is_asked_about_the_version_of_this_run(job, monkeypatch):
    asked = []
    monkeypatch.setattr("pipeline.tracking.store.connect", lambda *_: None)
    monkeypatch.setattr(
        "pipeline.tracking.registry.promote",
        lambda _, name, version=None, gate=None: asked.append((name, version)),
    )
    job.config.tracking.registered_model, job.config.tracking.experiment = "shop", "churn"
    assert stages.gate(job.config, "7") == {"refused": ""}
    assert asked == [("shop", "7")]
