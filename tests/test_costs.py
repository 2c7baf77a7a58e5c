"""The hook that tells what tests cost."""

import pytest

from tests import costs

pytest_plugins = ["pytester"]

TESTS = """
import time
import pytest

def burn(seconds):
    until = time.process_time() + seconds
    while time.process_time() < until:
        pass

@pytest.fixture(scope="module")
def dear():
    burn(0.2)

@pytest.fixture
def own():
    burn(0.1)

def test_quick(dear):
    pass

def test_dear(own):
    burn(0.1)

@pytest.mark.slow
def test_marked(own):
    burn(0.1)
"""


@pytest.fixture
def ran(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch):
    pytester.makeini("[pytest]\nmarkers = slow")
    pytester.makepyfile(test_drawn=TESTS)
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    monkeypatch.delenv("PYTEST_XDIST_WORKER", raising=False)  # the process that runs here is the only one
    plugin = costs.Costs(limit=0.15, worth_telling=0.1)
    return lambda: pytester.runpytest_inprocess("-p", "no:cacheprovider", plugins=[plugin])


def test_in_ci_a_dear_test_without_a_mark_fails(ran, monkeypatch) -> None:
    """Its own fixtures are counted, those that others share are not."""
    monkeypatch.setenv("CI", "true")
    result = ran()
    result.assert_outcomes(passed=2, failed=1)
    told = (
        r"test_drawn.py::test_dear took 0\.\d s of processor time; wanted at most 0.15: make it smaller, or mark it .*"
    )
    result.stdout.re_match_lines([told])


def test_elsewhere_the_dearest_are_listed(ran, monkeypatch) -> None:
    monkeypatch.delenv("CI", raising=False)
    result = ran()
    result.assert_outcomes(passed=3)
    lines = [line for line in result.stdout.lines if line]
    told = lines[next(number for number, line in enumerate(lines) if "= processor time =" in line) + 1 :]
    assert told[0].endswith(" s in all; the most:")
    assert {line.split(" s ")[1] for line in told[1:4]} == {
        "fixture dear (main)",
        "test_drawn.py::test_dear",
        "test_drawn.py::test_marked",
    }
    if costs.most_memory():  # where the system tells
        assert any("MiB held at most by main" in line for line in told)
