"""How long a training is planned to be, and what that costs to find out."""

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from headstart import events
from headstart.backbones.backbone import Backbone, Layer
from headstart.engines.work import PER_NUMBER, count_work_above
from headstart.selection import planning
from headstart.selection.training_prices import estimate_shortest
from headstart.settings import FitSettings
from headstart.training.begun import BegunPlan
from headstart.training.benchmark_record import BenchmarkResult, TrainingSpeed
from headstart.training.cost import Cost, PreparationSpeed
from headstart_runtime.modalities.image.spec import ImageSpec
from tests.selection.drawn import context


class Slow:
    """A training of 10 s an epoch."""

    stored_result = None

    def __init__(self, settings: FitSettings, photos: int = 823, begun: tuple[BegunPlan, ...] = ()):
        self.settings, self.photos, self.begun = settings, photos, begun
        self.spec = SimpleNamespace(name="partial-finetune stage4", settings=settings, unfreeze=None)
        self.epochs = settings.epochs_for(photos)

    def with_settings(self, settings: FitSettings) -> "Slow":
        return Slow(settings, self.photos, self.begun)

    def list_begun(self) -> list[BegunPlan]:
        return list(self.begun)

    @property
    def checkpoint(self) -> Path:
        """A file that is there where so many epochs were planned."""
        return Path(__file__ if self.epochs in {plan.epochs for plan in self.begun} else "none")


@pytest.fixture
def _timed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(planning, "time_training", lambda job, context: lambda: None)
    monkeypatch.setattr(planning, "estimate_cost", lambda job, pace=None: Cost(10.0 * job.epochs, 0, 0))


@pytest.mark.usefixtures("_timed")
@pytest.mark.parametrize(
    ("budget", "epochs"), [(None, 39), (1000.0, 39), (211.0, 17), (185.0, 14), (46.0, 3), (40.0, 39)]
)
def test_a_training_is_planned_as_long_as_the_budget_allows(budget: float | None, epochs: int) -> None:
    """Of 211 s, 10 are for saving and judging; 85 % of 201 are 171. What has no room for 3 epochs stays as it is."""
    heard: list[events.Event] = []
    job: Any = planning.plan_within_budget(Slow(FitSettings()), context(heard, budget=budget))  # type: ignore[arg-type]
    assert job.epochs == epochs
    notes = [it.text for it in heard if isinstance(it, events.Note)]
    told = f"partial-finetune stage4 is planned with {epochs} epochs: 39 would take about 390 s"
    least = "even 3 epochs of partial-finetune stage4 would take about 30 s"
    assert notes == ([told] if epochs < 39 else [least] if budget == 40.0 else [])


@pytest.mark.usefixtures("_timed")
@pytest.mark.parametrize(
    ("budget", "epochs"), [(960.0, 39), (900.0, 33), (580.0, 24), (520.0, 20), (480.0, 39), (400.0, 33)]
)
def test_and_so_that_it_can_be_made_once_more(budget: float, epochs: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Down to half of its epochs, 20, for 850 s with both; with fewer, the epochs are worth more than all photos."""
    monkeypatch.setattr(
        planning, "estimate_cost", lambda job, pace=None: Cost(10.0 * job.epochs, 0, 0, refit=10.0 * job.epochs)
    )
    job: Any = planning.plan_within_budget(Slow(FitSettings()), context(budget=budget))  # type: ignore[arg-type]
    assert job.epochs == epochs
    once: Any = context(budget=budget)
    once.settings = FitSettings(refit="never")
    alone: Any = planning.plan_within_budget(Slow(FitSettings()), once)  # type: ignore[arg-type]
    assert alone.epochs == (33 if budget == 400.0 else 39)


@pytest.mark.usefixtures("_timed")
@pytest.mark.parametrize(
    ("unfreeze", "planned", "epochs"), [(None, 10, 10), (None, 20, 20), (None, 24, 17), ("stage2", 10, 17)]
)
def test_a_training_that_was_killed_goes_on_as_it_was_planned(unfreeze: str | None, planned: int, epochs: int) -> None:
    """What was begun and no longer ends in time, or begins at another layer, is planned anew: 17 epochs."""
    heard: list[events.Event] = []
    begun = Slow(FitSettings(), begun=(BegunPlan(unfreeze, 1, planned, done=3),))
    job: Any = planning.plan_within_budget(begun, context(heard, budget=211.0))  # type: ignore[arg-type]
    assert job.epochs == epochs
    told = f"partial-finetune stage4 goes on as it was begun: 3 of {planned} epochs are made"
    assert (told in [it.text for it in heard if isinstance(it, events.Note)]) == (epochs == planned)


@pytest.mark.usefixtures("_timed")
def test_epochs_that_are_set_are_made_or_not() -> None:
    job: Any = planning.plan_within_budget(Slow(FitSettings(epochs=20)), context(budget=100.0))  # type: ignore[arg-type]
    assert job.epochs == 20


# --- what timing may take --------------------------------------------------------------------------------------------

NAMES = ("stage1", "stage2", "final")


class Drawn:
    """A training of a drawn network whose clock moves as it is timed."""

    device, scratch, view_trunk = "cpu", False, None
    windows = SimpleNamespace(whole=True)
    precision, epochs, views_per_sample, is_cached, disk_bytes, parameters = "f32", 5, 1, True, 0, 0
    usual_length, longest_share = None, 1.0

    def __init__(self, now: list[float], unfreeze: str | None, settings: FitSettings | None = None, speed: float = 10):
        chosen = FitSettings(epochs=5) if settings is None else settings
        self.now, self.speed, self.benchmark_seconds, self.settings = now, speed, float("inf"), chosen
        photos = [None] * 100
        engine = SimpleNamespace()
        self.spec = SimpleNamespace(
            name=f"from {unfreeze}", unfreeze=unfreeze, settings=chosen, train=photos, validation=photos, engine=engine
        )
        self.given: BenchmarkResult | None = None
        self.trials = 0

    @property
    def benchmark(self) -> BenchmarkResult:
        if self.given is None:
            self.trials += 1
            self.now[0] += min(self.benchmark_seconds, 6.0)
            found = {"f32": TrainingSpeed(self.speed, None, self.speed, 0)}
            self.given = BenchmarkResult(found, whole=self.benchmark_seconds >= 6.0)  # type: ignore[arg-type]
        return self.given

    @benchmark.setter
    def benchmark(self, speeds: BenchmarkResult) -> None:
        self.given = speeds

    @property
    def stored_result(self) -> None:
        """Nothing; to know that, the precision has to be known, and so the training has to be timed."""
        assert self.benchmark

    @property
    def speeds(self) -> Any:
        return self.benchmark.by_precision

    def with_settings(self, settings: FitSettings, timed: BenchmarkResult | None = None) -> "Drawn":
        twin = Drawn(self.now, self.spec.unfreeze, settings, self.speed)
        twin.given = timed
        return twin


@pytest.fixture
def timing(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
    """timing(budget) -> now, what was heard, and a context of a network of three layers: 16, 4 and 1 above each."""
    now = [0.0]
    clock = SimpleNamespace(perf_counter=lambda: now[0])
    monkeypatch.setattr(planning, "time", clock)
    monkeypatch.setattr("headstart.selection.budget.time", clock)
    monkeypatch.setattr(planning, "measure_preparation", lambda job: PreparationSpeed(0.0, 1e9))
    above = {"input": 16.0, "stage1": 4.0, "stage2": 1.0, "final": 0.0}
    monkeypatch.setattr(planning, "count_work_above", lambda backbone: above)

    def make(budget: float | None) -> Any:
        heard: list[events.Event] = []
        drawn = context(heard, budget=budget)
        drawn.budget.began = 0.0
        drawn.backbone = SimpleNamespace(name="net", layers=[SimpleNamespace(name=name) for name in NAMES])
        return SimpleNamespace(now=now, heard=heard, context=drawn)

    return make


def notes(it: Any) -> list[str]:
    return [event.text for event in it.heard if isinstance(event, events.Note)]


def test_timing_takes_a_tenth_of_the_budget_at_most(timing: Any) -> None:
    it = timing(30.0)
    job = Drawn(it.now, "stage2", speed=1000.0)
    planning.plan_within_budget(job, it.context)  # type: ignore[arg-type]
    assert job.benchmark_seconds == pytest.approx(3.0)
    assert it.now[0] == it.context.budget.timed == pytest.approx(3.0)
    assert notes(it) == ["from stage2 was timed on a few photos only: timing may take 10% of the budget"]
    assert [event.done for event in it.heard if isinstance(event, events.Progress)] == [0, 1, 2]


def test_a_dearer_training_is_priced_by_arithmetic_where_no_time_is_left_to_time_it(timing: Any) -> None:
    it = timing(30.0)
    planning.time_training(Drawn(it.now, "stage2"), it.context)  # type: ignore[arg-type]
    dear = Drawn(it.now, None)
    planning.time_training(dear, it.context)  # type: ignore[arg-type]
    assert dear.trials == 0
    assert dear.speeds["f32"].samples == pytest.approx(10 / 4), "16 parts of the work instead of 4"
    assert it.now[0] == pytest.approx(3.0)
    assert "no time is left to time it" in notes(it)[-1]


def test_a_dearer_training_that_surely_does_not_fit_is_not_even_loaded(timing: Any) -> None:
    """5 epochs of 100 photos and as many to score at 10 a second: 112 s above stage2; above stage1 it is 4 times that.

    Of 230 s are 212 left after that, less what saving and judging take: half of 448 s is more, half of 220 s is not.
    """
    it = timing(230.0)
    planning.plan_within_budget(Drawn(it.now, None), timing(None).context)  # type: ignore[arg-type]
    assert planning.estimate_untimed(it.context, "dear", "stage2") is None, "nothing cheaper was timed"
    planning.plan_within_budget(Drawn(it.now, "final"), it.context)  # type: ignore[arg-type]
    assert it.context.memo.shortest == {"stage2": pytest.approx(112, abs=1)}
    dear = planning.estimate_untimed(it.context, "dear", "stage2")
    assert dear is not None
    assert dear.seconds == pytest.approx(4 * 112, abs=4)
    assert notes(it)[-1].startswith("dear is not timed: even a short training would take about 44")
    it.context.budget.limit = 10_000.0
    assert planning.estimate_untimed(it.context, "dear", "stage2") is None


def test_what_may_fit_is_timed_and_without_a_budget_everything_is(timing: Any) -> None:
    for budget in (600.0, None):
        it = timing(budget)
        jobs = [Drawn(it.now, name) for name in ("stage2", None)]
        for job in jobs:
            planning.time_training(job, it.context)  # type: ignore[arg-type]
        assert [job.trials for job in jobs] == [1, 1]
        assert notes(it) == []


def test_the_shortest_training_is_known_once_it_was_timed(timing: Any) -> None:
    it = timing(230.0)
    planning.plan_within_budget(Drawn(it.now, "final"), it.context)  # type: ignore[arg-type]
    assert estimate_shortest(it.context, "final") == pytest.approx(112, abs=1)


# --- how much of a network is computed above a layer ------------------------------------------------------------------


def test_work_is_counted_on_the_graph(tmp_path: Path) -> None:
    """Two convolutions on 8 x 8 photos: 3 to 4 channels by 3 x 3, then 4 to 5 by 1 x 1; a mean of each is a layer."""
    weights = [np.ones((4, 3, 3, 3), np.float32), np.ones((5, 4, 1, 1), np.float32)]
    nodes = [
        helper.make_node("Cast", ["pixels"], ["f"], to=TensorProto.FLOAT),
        helper.make_node("Transpose", ["f"], ["x"], perm=[0, 3, 1, 2]),
        helper.make_node("Conv", ["x", "w0"], ["a"], pads=[1, 1, 1, 1]),
        helper.make_node("ReduceMean", ["a", "axes"], ["stage1"], keepdims=0),
        helper.make_node("Conv", ["a", "w1"], ["b"]),
        helper.make_node("ReduceMean", ["b", "axes"], ["final"], keepdims=0),
    ]
    constants = [numpy_helper.from_array(it, f"w{index}") for index, it in enumerate(weights)]
    constants.append(numpy_helper.from_array(np.array([2, 3], np.int64), "axes"))
    ends = [helper.make_tensor_value_info(name, TensorProto.FLOAT, ["N", width]) for name, width in
            (("stage1", 4), ("final", 5))]  # fmt: skip
    start = helper.make_tensor_value_info("pixels", TensorProto.UINT8, ["N", 8, 8, 3])
    graph = helper.make_graph(nodes, "drawn", [start], ends, constants)
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)]), tmp_path / "network.onnx")
    layers, spec = (Layer("stage1", 4), Layer("final", 5)), ImageSpec(8, 1000, (0.5,) * 3, (0.5,) * 3)
    above = count_work_above(Backbone("net", "net", "w", "0" * 64, "mit", 1, layers, spec, tmp_path))
    last = 8 * 8 * 5 * (4 + PER_NUMBER) + 5 * PER_NUMBER
    first = 8 * 8 * 4 * (27 + PER_NUMBER)
    assert above["final"] == 0
    assert above["stage1"] == pytest.approx(last)
    assert above["input"] == pytest.approx(last + first + 8 * 8 * 3 * PER_NUMBER, rel=0.01)
