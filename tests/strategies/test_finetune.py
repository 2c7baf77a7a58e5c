from types import SimpleNamespace
from typing import Any

import pytest
from tests.strategies.drawn import material

from headstart.strategies import finetune
from headstart.training.curves import Epoch


def test_a_training_ends_before_the_epoch_that_would_be_too_late() -> None:
    slow = Epoch(1, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 20.0)
    assert not finetune.stop_in_time(material(budget=60.0))(1, slow)
    assert finetune.stop_in_time(material(budget=30.0))(1, slow)
    assert not finetune.stop_in_time(material(budget=30.0))(0, slow), "one epoch is made in any case"
    assert not finetune.stop_in_time(material())(1, slow)


@pytest.mark.parametrize(
    ("made", "cut", "said"),
    [
        (7, True, "7 of 17 planned epochs were made: the budget allowed no more"),
        (7, False, "7 of 17 planned epochs were made: later ones no longer helped on validation"),
        (17, False, None),
    ],
)
def test_what_was_planned_and_what_was_done_are_both_said(made: int, cut: bool, said: str | None) -> None:
    epochs = tuple(Epoch(number, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 1.0) for number in range(made + 1))
    trained: Any = SimpleNamespace(
        epochs=epochs, planned=17, cut=cut, best_epoch=made, frozen=3, boundary="stage2", rate_curve=None
    )
    notes = [it for it in finetune._notes(trained) if "planned" in it]
    assert notes == ([said] if said else [])
