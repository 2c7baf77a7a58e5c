"""What each test costs: a list of the dearest after every run, and in continuous integration a limit.

Counted is processor time, of this process and of its children that have ended, so a busy machine says about what a
quiet one does. What fixtures of a wider scope take is theirs, not that of the test which happens to come first.
"""

import os
import sys
import time
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

LIMIT = 10.0  #: seconds of processor time that a test without one of these marks may take where CI is set
MARKS = ("slow", "large", "browser")
SHOWN = 20  #: tests and fixtures in the list
WORTH_TELLING = 5.0  #: seconds; a run that took less shows no list
KEY = "cost"  #: of a report's user properties


@dataclass
class Spent:
    """What a worker is spending on the test under way."""

    began: float = 0.0
    on_fixtures: float = 0.0  #: of a wider scope than the test


def processor_seconds() -> float:
    """Of this process and of its children that have ended; without those where the system does not tell."""
    try:
        import resource
    except ImportError:
        return time.process_time()
    usages = resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN)
    return sum(usage.ru_utime + usage.ru_stime for usage in usages)


def most_memory() -> int:
    """The most that this process has held at once, MiB; 0 where the system does not tell."""
    try:
        import resource
    except ImportError:
        return 0
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // (2**20 if sys.platform == "darwin" else 2**10)


class Costs:
    """The plugin; ``tests/conftest.py`` registers it."""

    def __init__(self, limit: float = LIMIT, worth_telling: float = WORTH_TELLING) -> None:
        self.limit, self.worth_telling = limit, worth_telling
        self.spent = Spent()
        self.within = 0  #: fixtures of a wider scope that are being set up, one inside the other
        self.fixtures: dict[str, float] = defaultdict(float)  #: of this process, not yet reported
        self.seconds: dict[str, float] = defaultdict(float)  #: of all tests and fixtures, where reports are gathered
        self.memory: dict[str, int] = {}  #: by worker

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_protocol(self) -> Iterator[None]:
        self.spent = Spent(processor_seconds())
        return (yield)

    @pytest.hookimpl(wrapper=True)
    def pytest_fixture_setup(self, fixturedef: pytest.FixtureDef) -> Iterator[None]:
        if fixturedef.scope == "function" or self.within:
            return (yield)
        began, self.within = processor_seconds(), self.within + 1
        try:
            return (yield)
        finally:
            self.within -= 1
            took = processor_seconds() - began
            self.spent.on_fixtures += took
            self.fixtures[f"fixture {fixturedef.argname}"] += took

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(self, item: pytest.Item, call: pytest.CallInfo) -> Iterator[None]:
        report = yield
        cost = processor_seconds() - self.spent.began - self.spent.on_fixtures
        too_dear = cost > self.limit and not any(item.get_closest_marker(mark) for mark in MARKS)
        if report.when == "call" and report.passed and too_dear and os.environ.get("CI"):
            report.outcome = "failed"
            report.longrepr = (
                f"{item.nodeid} took {cost:.1f} s of processor time; wanted at most {self.limit:g}: "
                "make it smaller, or mark it as slow"
            )
        if report.when == "teardown":
            report.user_properties.append((KEY, [cost, dict(self.fixtures), most_memory()]))
            self.fixtures.clear()
        return report

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Runs where reports are gathered: in the only process, or in the one that started the workers."""
        if report.when != "teardown" or "PYTEST_XDIST_WORKER" in os.environ:
            return
        worker = getattr(report, "worker_id", "main")
        for cost, fixtures, memory in (value for name, value in report.user_properties if name == KEY):
            self.seconds[report.nodeid] += cost
            for fixture, took in fixtures.items():
                self.seconds[f"{fixture} ({worker})"] += took
            self.memory[worker] = memory

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        total = sum(self.seconds.values())
        if total < self.worth_telling:
            return
        terminalreporter.section("processor time")
        terminalreporter.write_line(f"{total:8.1f} s in all; the most:")
        for name, took in sorted(self.seconds.items(), key=lambda entry: -entry[1])[:SHOWN]:
            terminalreporter.write_line(f"{took:8.1f} s {name}")
        for worker, memory in sorted(self.memory.items()):
            terminalreporter.write_line(f"{memory:6d} MiB held at most by {worker}")
