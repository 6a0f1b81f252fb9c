"""One world of scores, one plan on it, shared by the tests of acting."""

import pytest

from pipeline.acting import plan as stage
from pipeline.acting.effect import assumed
from pipeline.campaign_config import CampaignConfig, ControlConfig
from tests.pipeline.acting import world


@pytest.fixture(scope="session")
def frame():
    return world.scores()


@pytest.fixture(scope="session")
def scores(frame, tmp_path_factory):
    return world.write_scores(tmp_path_factory.mktemp("scores") / "scores.parquet", frame)


@pytest.fixture
def planned(scores):
    """Plan a campaign on the shared scores, with these settings."""

    def plan(name="spring", path=scores, control=ControlConfig(), start=None, effect=0.2, **keys):  # noqa: B008
        config = CampaignConfig(**{"contact_cost": 0.5, **keys})
        return stage.plan(path, name, config, control, assumed(effect), start)

    return plan
