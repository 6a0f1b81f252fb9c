"""One world of scores, one plan on it, shared by the tests of acting."""

import pytest

from features.log.transactions import LogSpec
from pipeline.acting import measure as measuring
from pipeline.acting import plan as stage
from pipeline.acting.effect import assumed
from pipeline.campaign_config import CampaignConfig, ControlConfig
from pipeline.console import Progress
from pipeline.intake.orders import open_orders
from pipeline.scoring.score import customer_list
from tests.pipeline.acting import world


@pytest.fixture(scope="session")
def frame():
    return world.scores()


@pytest.fixture(scope="session")
def scores(frame, tmp_path_factory):
    return world.write_scores(tmp_path_factory.mktemp("scores") / "scores.parquet", frame)


@pytest.fixture(scope="session")
def planned_once(scores):
    """Plan a campaign on the shared scores, with these settings; for a module's own fixture."""

    def plan(
        name="spring",
        path=scores,
        control=None,
        start=None,
        effect=0.2,
        others=(),
        **keys,
    ):
        config = CampaignConfig(**{"contact_cost": 0.5, **keys})
        gains = assumed(effect) if isinstance(effect, float) else effect
        return stage.plan(path, name, config, control or ControlConfig(), gains, start, others)

    return plan


@pytest.fixture
def planned(planned_once):
    """The same for a test."""
    return planned_once


@pytest.fixture(scope="session")
def measured(tmp_path_factory):
    """Measure a plan with a log, and perhaps a list of those contacted in fact."""

    def measure(plan, log, sent=None, until=None, uplift=None):
        folder = tmp_path_factory.mktemp("measured")
        log.to_csv(folder / "orders.csv", index=False)
        spec = LogSpec.model_validate({"source": str(folder / "orders.csv"), **world.LOG})
        listed = None
        if sent is not None:
            listed = folder / "sent.csv"
            listed.write_text("customer_id\n" + "\n".join(sent) + "\n")
        with open_orders(spec, Progress(quiet=True), also=listed) as orders:
            contacts = customer_list(orders, listed, spec) if listed else None
            return measuring.measure(plan.file, orders, spec, contacts, until, uplift)

    return measure
