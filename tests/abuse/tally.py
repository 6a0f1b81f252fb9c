"""Counts the numbered promises: a test whose name begins with test_N_ keeps promise N.

    python -m pytest -p tests.abuse.tally tests

runs those tests and no others, and prints how many promises were tried and kept. What is
promised of faulty input, faults and abuse is listed in docs/promises.md.
"""

import re

import pytest

PROMISES = range(1, 63)
_NUMBERED = re.compile(r"test_(\d{1,2})_")


def number(name: str) -> int | None:
    """The promise that a test keeps, by its name."""
    found = _NUMBERED.match(name)
    return int(found[1]) if found and int(found[1]) in PROMISES else None


class _Tally:
    def __init__(self) -> None:
        self.kept: dict[int, bool] = {}

    def pytest_collection_modifyitems(
        self, items: list[pytest.Item], config: pytest.Config
    ) -> None:
        numbered = [item for item in items if number(item.name) is not None]
        config.hook.pytest_deselected(items=[item for item in items if item not in numbered])
        items[:] = numbered

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        promise = number(report.nodeid.split("::")[-1])
        if promise is None or (report.when != "call" and report.passed) or report.skipped:
            return
        self.kept[promise] = self.kept.get(promise, True) and report.passed

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        kept = sum(self.kept.values())
        terminalreporter.write_line(f"{len(self.kept)} tried, {kept} as promised")
        broken = [str(n) for n in sorted(self.kept) if not self.kept[n]]
        untried = [str(n) for n in PROMISES if n not in self.kept]
        for what, numbers in (("not as promised", broken), ("not tried", untried)):
            if numbers:
                terminalreporter.write_line(f"{what}: {', '.join(numbers)}")


def pytest_configure(config: pytest.Config) -> None:
    """Register the tally where the plug-in was asked for."""
    config.pluginmanager.register(_Tally())
