"""What all tests share."""

import os

import pytest
from hypothesis import settings

# Several test processes share the cores: threads that wait should sleep.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
# OpenBLAS spins whatever it is told: of matrices as small as ours, one thread is faster than two.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

# No test fails because a machine is slow.
settings.register_profile("any_machine", deadline=None)
settings.load_profile("any_machine")

pytest_plugins = ["tests.abuse.tally"]


@pytest.hookimpl(tryfirst=True)  # before cases are chosen by their marks
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Of a test marked as sampled, all cases but the first are thorough ones."""
    seen = set()
    for item in items:
        if item.get_closest_marker("sampled"):
            function = item.nodeid.split("[")[0]
            if function in seen:
                item.add_marker(pytest.mark.thorough)
            seen.add(function)
