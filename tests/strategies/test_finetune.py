from types import SimpleNamespace
from typing import Any

import pytest
from tests.strategies.drawn import material

from headstart import events
from headstart.settings import FitSettings
from headstart.strategies import finetune
from headstart.training.cost import Cost
from headstart.training.curves import Epoch


class Slow:
    """A training of 10 s an epoch."""

    known = None

    def __init__(self, settings: FitSettings, photos: int = 823):
        self.settings, self.photos = settings, photos
        self.task = SimpleNamespace(name="partial-finetune stage4", settings=settings)
        self.epochs = settings.epochs_for(photos)

    def with_settings(self, settings: FitSettings) -> "Slow":
        return Slow(settings, self.photos)


@pytest.fixture(autouse=True)
def _timed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(finetune, "pace_of", lambda job: None)
    monkeypatch.setattr(finetune, "cost_of", lambda job, pace=None: Cost(10.0 * job.epochs, 0, 0))


@pytest.mark.parametrize(
    ("budget", "epochs"), [(None, 39), (1000.0, 39), (211.0, 17), (185.0, 14), (46.0, 3), (40.0, 39)]
)
def test_a_training_is_planned_as_long_as_the_budget_allows(budget: float | None, epochs: int) -> None:
    """Of 211 s, 10 are for saving and judging; 85 % of 201 are 171. What has no room for 3 epochs stays as it is."""
    heard: list[events.Event] = []
    job: Any = finetune._in_time(Slow(FitSettings()), material(heard, budget=budget))  # type: ignore[arg-type]
    assert job.epochs == epochs
    notes = [it.text for it in heard if isinstance(it, events.Note)]
    told = f"partial-finetune stage4 is planned with {epochs} epochs: 39 would take about 390 s"
    assert notes == ([told] if epochs < 39 else [])


@pytest.mark.parametrize(
    ("budget", "epochs"), [(960.0, 39), (900.0, 33), (580.0, 24), (520.0, 20), (480.0, 39), (400.0, 33)]
)
def test_and_so_that_it_can_be_made_once_more(budget: float, epochs: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Down to half of its epochs, 20, for 850 s with both; with fewer, the epochs are worth more than all photos."""
    monkeypatch.setattr(
        finetune, "cost_of", lambda job, pace=None: Cost(10.0 * job.epochs, 0, 0, refit=10.0 * job.epochs)
    )
    job: Any = finetune._in_time(Slow(FitSettings()), material(budget=budget))  # type: ignore[arg-type]
    assert job.epochs == epochs
    once: Any = material(budget=budget)
    once.settings = FitSettings(refit="never")
    alone: Any = finetune._in_time(Slow(FitSettings()), once)  # type: ignore[arg-type]
    assert alone.epochs == (33 if budget == 400.0 else 39)


def test_epochs_that_are_set_are_made_or_not() -> None:
    job: Any = finetune._in_time(Slow(FitSettings(epochs=20)), material(budget=100.0))  # type: ignore[arg-type]
    assert job.epochs == 20


def test_a_training_ends_before_the_epoch_that_would_be_too_late() -> None:
    slow = Epoch(1, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 20.0)
    assert not finetune.stop_in_time(material(budget=60.0))(1, slow)
    assert finetune.stop_in_time(material(budget=30.0))(1, slow)
    assert not finetune.stop_in_time(material(budget=30.0))(0, slow), "one epoch is made in any case"
    assert not finetune.stop_in_time(material())(1, slow)
