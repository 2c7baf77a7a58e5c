from types import SimpleNamespace
from typing import Any

import pytest

from headstart.training import cost
from headstart.training.benchmark_record import TrainingSpeed
from headstart.training.cost import BYTES_PER_PARAMETER, EXPORTED, Cost, PreparationSpeed, estimate_cost
from headstart.training.windows import WHOLE, Windows
from headstart_runtime.modalities.batch import Batch, count_parts
from tests.training import tiny
from tests.training.test_boundary import STANDARD, Means, samples


class Hands:
    """A clock that stands still but for what is turned on it."""

    def __init__(self) -> None:
        self.now = 0.0

    def perf_counter(self) -> float:
        return self.now

    def turn(self, seconds: float) -> None:
        self.now += seconds


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Hands:
    hands = Hands()
    monkeypatch.setattr(cost, "time", hands)
    return hands


def job(**given: Any) -> Any:
    """A job of 11 photos to train on and 4 held out, as far as its cost goes."""
    engine = SimpleNamespace(batch=2, streams=1, forward=None)
    facts = {
        "stored_result": None,
        "precision": "f32",
        "speeds": {"f32": TrainingSpeed(samples=10.0, windowed=20.0, scored=40.0, memory=1000)},
        "spec": SimpleNamespace(train=samples(), validation=samples(4), engine=engine),
        "epochs": 5,
        "views_per_sample": 3,
        "is_cached": True,
        "train_views": STANDARD,
        "trunk": Means(),
        "view_trunk": Means(),
        "loaded": SimpleNamespace(spec=tiny.SPEC),
        "windows": WHOLE,
        "parameters": 7,
        "disk_bytes": 12345,
        "usual_length": None,
        "longest_share": 1.0,
    }
    return SimpleNamespace(**{**facts, **given})


@pytest.mark.parametrize(("cached", "views"), [(True, 11 * 3 + 4), (False, 11 * 5 + 4 * 6)])
def test_the_cost_is_the_sum_of_what_is_done(cached: bool, views: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cost, "_seconds_per_view", lambda job: 0.5)
    monkeypatch.setattr(cost, "_features_per_second", lambda job: 30.0)
    found = estimate_cost(job(is_cached=cached))
    epochs = 5 * (11 / 10 + 4 / 40) + 11 / 40
    assert found.seconds == pytest.approx(views * 0.5 + epochs + EXPORTED + 15 / 30)
    assert estimate_cost(job(is_cached=cached), PreparationSpeed(0.5, 30.0)) == found
    assert found.memory == 1000 + 7 * BYTES_PER_PARAMETER
    assert found.disk == (12345 if cached else 0)
    on_windows = estimate_cost(job(is_cached=cached, windows=Windows((8, 4))))
    assert on_windows.seconds == pytest.approx(found.seconds - 5 * (11 / 10 - 11 / 20))
    speed = {"f32": TrainingSpeed(samples=10.0, windowed=None, scored=40.0, memory=1000)}
    assert estimate_cost(job(is_cached=cached, windows=Windows((8, 4)), speeds=speed)) == found  # it does not bear them


def test_what_is_known_costs_nothing() -> None:
    assert estimate_cost(job(stored_result=object())) == Cost(0.0, 0, 0)


def test_views_are_timed_over_all_lanes(clock: Hands) -> None:
    class Slow(Means):
        streams = 3

        def run(self, batch: Batch) -> Any:
            clock.turn(0.004 * count_parts(batch))
            return super().run(batch)

    trunk = Slow()
    assert cost._seconds_per_view(job(view_trunk=trunk)) == pytest.approx(0.004 / 3)
    one = job(view_trunk=trunk, spec=SimpleNamespace(train=samples(1)))
    assert cost._seconds_per_view(one) == pytest.approx(0.004 / 3)


def test_features_are_timed_on_the_engine(clock: Hands) -> None:
    engine = SimpleNamespace(batch=2, streams=3, forward=lambda batch: clock.turn(0.005 * count_parts(batch)))
    assert cost._features_per_second(job(spec=SimpleNamespace(engine=engine))) == pytest.approx(3 / 0.005)
