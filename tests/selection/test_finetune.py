import gc
import weakref
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from headstart.selection import finetune
from headstart.settings import FitSettings
from headstart.training.curves import Epoch
from tests.selection.drawn import context


def test_a_training_ends_before_the_epoch_that_would_be_too_late() -> None:
    slow = Epoch(1, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 20.0)
    assert not finetune.make_stop_rule(context(budget=60.0))(1, slow)
    assert finetune.make_stop_rule(context(budget=30.0))(1, slow)
    assert not finetune.make_stop_rule(context(budget=30.0))(0, slow), "one epoch is made in any case"
    assert not finetune.make_stop_rule(context())(1, slow)


@pytest.mark.parametrize(("losses", "ended"), [((0.5, 0.6, 0.5), True), ((0.5, 0.6, 0.49), False)])
def test_a_training_of_the_budget_ends_halfway_where_nothing_beats_the_start(
    losses: tuple[float, ...], ended: bool
) -> None:
    chosen, asked = (finetune.make_stop_rule(context(budget=60.0), planned) for planned in (4, None))
    epochs = [Epoch(number, 0.0, 0.0, 0.0, 0.0, 0.0, loss, 1.0) for number, loss in enumerate(losses)]
    assert [chosen(number, epoch) for number, epoch in enumerate(epochs)] == [False, False, ended]
    assert not any(asked(number, epoch) for number, epoch in enumerate(epochs))


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
    notes = [it for it in finetune._list_notes(trained) if "planned" in it]
    assert notes == ([said] if said else [])


def test_the_rule_by_which_an_epoch_is_kept_is_said_as_it_is() -> None:
    """The kept epoch may have a higher loss than others: it is the last that cannot be told from the lowest."""
    losses = (1.0, 0.2291, 0.2452, 0.2625, 0.9)
    epochs = tuple(Epoch(number, 0.0, 0.0, 0.0, it, 0.0, it, 1.0) for number, it in enumerate(losses))
    trained: Any = SimpleNamespace(
        epochs=epochs, planned=4, cut=False, best_epoch=3, frozen=3, boundary="stage2", rate_curve=None
    )
    wanted = "the last whose calibrated validation loss is within a standard error of the lowest"
    assert finetune._list_notes(trained)[-1] == f"epoch 3 of 4 is kept, {wanted}"


def test_a_search_that_fails_lets_go_of_its_network(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What failed for want of memory must not keep it from the next arm, though its plan is still there."""

    class Job:
        pass

    made = [Job()]
    network = weakref.ref(made[0])

    def search(*_: object, **__: object) -> None:
        raise RuntimeError("out of memory")

    monkeypatch.setattr(finetune, "build_training", lambda *_, **__: made.pop())
    monkeypatch.setattr(finetune, "plan_within_budget", lambda job, _: job)
    monkeypatch.setattr(finetune, "search_hyperparameters", search)
    drawn = context()
    drawn.settings, drawn.folder = FitSettings.load(search=3), tmp_path
    (planned,) = finetune.full_finetune(drawn)
    try:
        planned.make()
    except RuntimeError:
        gc.collect()
    assert not made
    assert network() is None
