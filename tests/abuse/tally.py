"""Counts the numbered promises: a test whose name begins with test_N_ keeps promise N.

    python -m pytest --promises tests      only those tests, and how many promises were kept
    python -m tests.abuse.tally            what all runs since the last --forget have found

Every run of the tests adds what it found, so that the runs of one CI together are whole. What is
promised of faulty input, faults and abuse is listed in docs/promises.md.
"""

import json
import re
import sys
from pathlib import Path

import pytest

PROMISES = range(1, 63)
FOUND = Path(".pytest_cache/promises.json")
_NUMBERED = re.compile(r"test_(\d{1,2})_")


def number(name: str) -> int | None:
    """The promise that a test keeps, by its name."""
    found = _NUMBERED.match(name)
    return int(found[1]) if found and int(found[1]) in PROMISES else None


def report(kept: dict[int, bool]) -> list[str]:
    """How many were tried and kept, and which were not."""
    broken = [str(n) for n in sorted(kept) if not kept[n]]
    untried = [str(n) for n in PROMISES if n not in kept]
    lines = [f"{len(kept)} tried, {sum(kept.values())} as promised"]
    for what, numbers in (("not as promised", broken), ("not tried", untried)):
        lines += [f"{what}: {', '.join(numbers)}"] if numbers else []
    return lines


def known() -> dict[int, bool]:
    """What the runs so far have found."""
    try:
        return {int(n): kept for n, kept in json.loads(FOUND.read_text()).items()}
    except (OSError, ValueError):
        return {}


class _Tally:
    def __init__(self, alone: bool) -> None:
        self.alone = alone
        self.kept: dict[int, bool] = {}

    def pytest_collection_modifyitems(
        self, items: list[pytest.Item], config: pytest.Config
    ) -> None:
        if self.alone:
            others = [item for item in items if number(item.name) is None]
            config.hook.pytest_deselected(items=others)
            items[:] = [item for item in items if number(item.name) is not None]

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        promise = number(report.nodeid.split("::")[-1])
        if promise is None or (report.when != "call" and report.passed) or report.skipped:
            return
        self.kept[promise] = self.kept.get(promise, True) and report.passed

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        before = {} if self.alone else known()
        all_found = before | {n: kept and before.get(n, True) for n, kept in self.kept.items()}
        FOUND.parent.mkdir(exist_ok=True)
        FOUND.write_text(json.dumps(all_found))
        if self.alone:
            for line in report(self.kept):
                terminalreporter.write_line(line)


def pytest_addoption(parser: pytest.Parser) -> None:
    """Let a run be of the numbered promises alone."""
    parser.addoption("--promises", action="store_true", help="run only the tests of promises")


def pytest_configure(config: pytest.Config) -> None:
    """Count, but for the processes that another one shares its tests out to."""
    if not hasattr(config, "workerinput"):
        config.pluginmanager.register(_Tally(config.getoption("--promises")))
    elif config.getoption("--promises"):
        config.pluginmanager.register(_OnlyNumbered())


class _OnlyNumbered:
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        items[:] = [item for item in items if number(item.name) is not None]


if __name__ == "__main__":
    if "--forget" in sys.argv:
        FOUND.unlink(missing_ok=True)
    else:
        told = report(known())
        print(*told, sep="\n")
        sys.exit(len(told) > 1)
