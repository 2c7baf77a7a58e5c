"""A training that the budget leaves open: what is learnt while its activations are made changes the plan."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from headstart import events
from headstart.selection import open_training
from headstart.selection.open_training import OpenTraining, is_left_open
from headstart.selection.training_choice import TrainingPace, TrainingSize
from headstart.settings import FitSettings
from headstart.training.begun import BegunPlan
from headstart_runtime.errors import TrainingError

PACE = TrainingPace(view=0.005, trained=400.0, scored=1000.0, features=200.0)


class Clock:
    """A clock that stands still unless something takes its time."""

    now = 0.0

    def perf_counter(self) -> float:
        return self.now


class DrawnTraining:
    """A training of 800 samples whose activations of a view take so many seconds."""

    stored_result, is_cached, train_views = None, True, SimpleNamespace(plain=False)
    checkpoint = Path("none")

    def __init__(self, clock: Clock, per_view: float, views: int, epochs: int):
        self.views_per_sample, self.epochs, self.made = views, epochs, 0
        self._clock, self._per_view = clock, per_view

    def compute_views(self, count: int) -> None:
        self._clock.now += self._per_view * (count - self.made)
        self.made = count


@pytest.fixture
def prepare(monkeypatch: pytest.MonkeyPatch) -> Any:
    """prepare(seconds left, seconds a view) -> views and epochs in the end, and notes.

    Planned are 8 views and 20 epochs of 2.2 s; the end takes 4.8 s.
    """

    def run(left: float, per_view: float) -> tuple[int, int, list[str]]:
        clock, log = Clock(), events.RunLog(events.ignore)
        monkeypatch.setattr(open_training, "time", clock)
        monkeypatch.setattr(
            open_training, "_with_plan", lambda training, views, epochs: DrawnTraining(clock, 0.0, views, epochs)
        )

        class Context(SimpleNamespace):
            left = property(lambda self: left - clock.now)

        context: Any = Context(
            log=log,
            settings=FitSettings(),
            most_train_scored=256,
            samples_in=lambda part: [None] * (800, 200)[part == "validation"],
        )
        training: Any = DrawnTraining(clock, per_view, 8, 20)
        made = OpenTraining(context, "partial-finetune", pace=PACE).prepare(training)
        return made.views_per_sample, made.epochs, log.notes

    return run


def test_a_plan_that_holds_is_not_touched(prepare: Any) -> None:
    assert prepare(120.0, 4.0) == (8, 20, [])


def test_slower_activations_mean_fewer_views_then_fewer_epochs(prepare: Any) -> None:
    views, epochs, notes = prepare(120.0, 12.0)
    assert (views, epochs) == (4, 20)
    assert notes == [
        "partial-finetune: activations take longer than predicted; 4 of 8 views are made, and 20 of 20 epochs"
    ]
    assert prepare(60.0, 12.0)[:2] == (2, 14)


def test_where_nothing_can_end_it_is_said(prepare: Any) -> None:
    with pytest.raises(TrainingError, match="its activations took longer than predicted: 2 s are left"):
        prepare(50.0, 24.0)


@pytest.mark.parametrize(
    ("left", "unfreeze", "is_there", "goes_on"),
    [
        (60.0, "stage2", True, True),
        (60.0, "stage3", True, True),
        (20.0, "stage3", True, False),  # no time is left for what is not made
        (60.0, "stage1", True, False),  # a layer that the budget does not choose
        (60.0, "stage3", False, False),  # of other views, whose checkpoint is another
    ],
)
def test_what_a_kill_ended_goes_on_as_it_was_begun(
    left: float, unfreeze: str, is_there: bool, goes_on: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of 20 epochs of 2.2 s 10 are made: with 4 views and the end 44 s are left."""

    class Begun(SimpleNamespace):
        checkpoint = Path(__file__ if is_there else "none")

        def list_begun(self) -> list[BegunPlan]:
            return [BegunPlan(unfreeze, views=4, epochs=20, done=10)]

        def with_boundary(self, lower: str) -> "Begun":
            return Begun(unfreeze=lower)

    log = events.RunLog(events.ignore)
    monkeypatch.setattr(open_training, "list_options", lambda context: ["stage2", "stage3"])
    monkeypatch.setattr(open_training, "_with_plan", lambda made, views, epochs: made)
    monkeypatch.setattr(OpenTraining, "_measure", lambda self, training: PACE)
    context: Any = SimpleNamespace(log=log, left=left)
    planned = OpenTraining(context, "partial-finetune")
    top: Any = Begun(unfreeze="stage3")
    found: Any = planned._go_on(top, PACE, TrainingSize(train=800, validation=200, epochs=20, views=8))
    assert (found is not None) == (planned.choice is not None) == goes_on
    if goes_on:
        assert (found.unfreeze, planned.pace) == (unfreeze, PACE)
        assert planned.choice is not None
        assert (planned.choice.unfreeze, planned.choice.epochs) == (unfreeze, 20)
        assert planned.choice.seconds == pytest.approx(44, abs=2)
        assert log.notes == ["partial-finetune goes on as it was begun: 10 of 20 epochs are made"]


@pytest.mark.parametrize(
    ("settings", "left_open"),
    [({}, True), ({"unfreeze": "stage4"}, False), ({"epochs": 9}, False), ({"prefer": "speed"}, False)],
)
def test_what_is_left_open(settings: dict[str, Any], left_open: bool) -> None:
    context: Any = SimpleNamespace(
        settings=FitSettings.load(None, budget="5m", **settings), budget=SimpleNamespace(limit=300.0)
    )
    assert is_left_open(context) is left_open
