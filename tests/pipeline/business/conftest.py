"""What the tests of the business share."""

import pytest


@pytest.fixture
def unforecast(monkeypatch):
    """Describe a log without its forecast, which is most of the work and has tests of its own."""
    monkeypatch.setattr("pipeline.business.course.forecast", lambda *_: None)
