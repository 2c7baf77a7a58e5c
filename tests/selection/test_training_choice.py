"""Boundary, views and epochs chosen together, on numbers."""

from dataclasses import replace

import pytest

from headstart.selection.training_choice import (
    TrainingPace,
    TrainingSize,
    choose_training,
    fit_epochs,
    price_shortest,
)

SIZE = TrainingSize(train=800, validation=200, epochs=40, views=40)
TOP = TrainingPace(view=0.005, trained=400.0, scored=1000.0, features=200.0)
LOW = replace(TOP, trained=100.0, scored=400.0)
PACES = {"stage3": LOW, "stage5": TOP}


def test_with_time_enough_the_lowest_boundary_gets_all_steps() -> None:
    found = choose_training(PACES, SIZE, 1000, refit=False)
    assert found is not None
    assert (found.unfreeze, found.views, found.epochs) == ("stage3", 40, 40)


def test_enough_steps_on_a_higher_boundary_come_before_few_on_a_lower_one() -> None:
    """120 s: 8 epochs of stage 3 on 2 views, or 33 of stage 5 on 8 views."""
    found = choose_training(PACES, SIZE, 120, refit=False)
    assert found is not None
    assert found.unfreeze == "stage5"
    assert found.is_enough(SIZE)
    assert found.seconds <= 120


def test_with_little_time_something_that_can_end_or_nothing() -> None:
    found = choose_training(PACES, SIZE, 35, refit=False)
    assert found is not None
    assert (found.unfreeze, found.is_enough(SIZE)) == ("stage5", False)
    assert found.seconds <= 35
    assert found.epochs >= 6, "fewer of 40 would hardly get beyond the head that they start from"
    least = price_shortest(TOP, SIZE)
    assert choose_training(PACES, SIZE, least, refit=False) is not None
    assert choose_training(PACES, SIZE, least - 0.1, refit=False) is None


@pytest.mark.parametrize("left", [30, 60, 90, 150, 300, 600, 1200])
def test_more_time_never_plans_less(left: float) -> None:
    some, more = (choose_training(PACES, SIZE, seconds, refit=False) for seconds in (left, 1.5 * left))
    assert some is not None
    assert more is not None
    assert some.seconds <= left
    assert more.unfreeze < some.unfreeze or more.rate(SIZE) >= some.rate(SIZE)


def test_the_refit_is_planned_where_half_the_epochs_are_left_beside_it() -> None:
    found = choose_training({"stage5": TOP}, SIZE, 200, refit=True)
    assert found is not None
    assert found.seconds + found.refit <= 200
    assert found.epochs >= 20


def test_where_activations_took_longer_fewer_epochs_are_made() -> None:
    assert fit_epochs(TOP, SIZE, 1000) == 40
    # 2.2 s an epoch, 7.5 s at its end.
    assert fit_epochs(TOP, SIZE, 7.6 + 10 * 2.2) == 10
    assert fit_epochs(TOP, SIZE, 10) is None


def test_plain_views_are_one_and_a_small_set_makes_its_own_epochs() -> None:
    found = choose_training(PACES, TrainingSize(20, 10, 40, 1), 1000, refit=False)
    assert found is not None
    assert (found.unfreeze, found.views, found.epochs) == ("stage3", 1, 40)
