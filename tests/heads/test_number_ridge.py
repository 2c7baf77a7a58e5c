"""Ridge regression of numbers: scikit-learn's at equal penalty, groups left out as if it was fitted without them."""

from dataclasses import replace

import numpy as np
import pytest
from sklearn.linear_model import Ridge

from headstart.heads.jackknife import predict_jackknife_plus
from headstart.heads.number_ridge import fit_number_ridge, predict_without_group
from headstart.settings import HeadSettings

from .drawn_numbers import draw_numbers

OPTIONS = HeadSettings()


@pytest.mark.parametrize(("rows", "columns"), [(120, 20), (40, 100)])
@pytest.mark.parametrize("penalty", [0.1, 30.0])
def test_it_is_that_of_scikit_learn_at_equal_penalty(rows: int, columns: int, penalty: float) -> None:
    drawn = draw_numbers(rows, columns, 2)
    head = fit_number_ridge(drawn, OPTIONS, {"penalty": penalty}).head
    rows = drawn.features.astype(np.float64)
    wanted = Ridge(alpha=penalty).fit(rows, drawn.targets)
    found = head.logits(drawn.features)
    apart = np.abs(found - wanted.predict(rows)) / drawn.targets.std(axis=0)
    assert apart.max() < 1e-3


@pytest.mark.parametrize("each", [1, 5])
@pytest.mark.parametrize(("rows", "columns"), [(60, 8), (30, 60)])
def test_groups_are_left_out_as_by_fitting_again(rows: int, columns: int, each: int) -> None:
    drawn = draw_numbers(rows, columns, each=each)
    left_out = predict_without_group(drawn, {"penalty": 4.0})
    rows = drawn.features.astype(np.float64)
    for group in (0, 3):
        inside = drawn.groups == group
        again = Ridge(alpha=4.0).fit(rows[~inside], drawn.targets[~inside])
        assert left_out[inside] == pytest.approx(again.predict(rows[inside]).reshape(-1, 1), rel=1e-3, abs=1e-3)


def test_the_penalty_is_that_of_the_smallest_left_out_error() -> None:
    drawn = draw_numbers(80, 60, noise=2.0)
    fitted = fit_number_ridge(drawn, OPTIONS)
    errors = {
        trial.value: float(np.abs(predict_without_group(drawn, {"penalty": trial.value}) - drawn.targets).mean())
        for trial in fitted.path
    }
    assert min(errors, key=lambda penalty: errors[penalty]) == fitted.chosen["penalty"]
    chosen = next(trial for trial in fitted.path if trial.value == fitted.chosen["penalty"])
    assert chosen.score == pytest.approx(errors[chosen.value], rel=1e-4)
    assert 0 < chosen.loss < 1, "better than always saying the median"


def test_each_number_has_a_penalty_and_unknown_ones_are_left_out() -> None:
    drawn = draw_numbers(90, 15, 3)
    targets = drawn.targets.copy()
    targets[::3, 1] = np.nan
    fitted = fit_number_ridge(replace(drawn, targets=targets), OPTIONS)
    assert sorted(fitted.chosen) == ["penalty", "penalty 1", "penalty 2", "penalty 3"]
    assert fitted.path[-1].value == fitted.chosen["penalty"]
    assert fitted.path[-1].loss <= min(trial.loss for trial in fitted.path)
    known = np.isfinite(targets[:, 1])
    alone = replace(drawn.take(known), targets=targets[known, 1:2], outputs=1)
    penalty = fitted.chosen["penalty 2"]
    both = fitted.head.logits(drawn.features)[:, 1]
    assert both == pytest.approx(
        fit_number_ridge(alone, OPTIONS, {"penalty": penalty}).head.logits(drawn.features)[:, 0], rel=1e-3
    )
    assert np.isfinite(predict_without_group(replace(drawn, targets=targets))).all()


def test_a_unit_that_is_next_to_always_zero_moves_no_answer() -> None:
    drawn = draw_numbers(80, 12)
    rare = np.zeros((80, 1), np.float32)
    rare[3] = 1e-4
    features = np.concatenate([drawn.features, rare], axis=1)
    head = fit_number_ridge(replace(drawn, features=features), OPTIONS).head
    new = features[:5].copy()
    new[:, -1] = 0.5
    apart = np.abs(head.logits(new) - head.logits(features[:5]))
    assert apart.max() < 0.05 * drawn.targets.std()


def test_refit_with_what_was_chosen_is_the_fit_itself() -> None:
    drawn = draw_numbers(60, 10, 2)
    first = fit_number_ridge(drawn, OPTIONS)
    again = fit_number_ridge(drawn, OPTIONS, first.chosen)
    assert again.chosen == first.chosen
    assert again.path == ()
    assert np.array_equal(first.head.layers[0].weight, again.head.layers[0].weight)


def test_one_group_and_numbers_that_never_differ() -> None:
    drawn = draw_numbers(30, 6)
    alone = fit_number_ridge(replace(drawn, groups=np.zeros(30, np.int64)), OPTIONS)
    assert alone.path == ()
    assert np.isfinite(alone.head.logits(drawn.features)).all()
    same = fit_number_ridge(replace(drawn, targets=np.full((30, 1), 7.0)), OPTIONS)
    assert same.head.logits(drawn.features) == pytest.approx(np.full((30, 1), 7.0), abs=1e-4)


def test_large_units_cost_no_digits() -> None:
    drawn = draw_numbers(60, 10)
    small = fit_number_ridge(drawn, OPTIONS).head.logits(drawn.features)
    large = fit_number_ridge(replace(drawn, targets=drawn.targets * 1e6), OPTIONS).head.logits(drawn.features)
    assert large / 1e6 == pytest.approx(small, rel=1e-4)


@pytest.mark.parametrize("each", [1, 4])
def test_jackknife_plus_is_that_of_fits_without_each_group(each: int) -> None:
    drawn, new = draw_numbers(48, 7, each=each), draw_numbers(9, 7, seed=5).features
    found = predict_jackknife_plus(drawn, new, {"penalty": 2.0}, 0.9)
    rows, asked = drawn.features.astype(np.float64), new.astype(np.float64)
    lows, highs = [], []
    for group in np.unique(drawn.groups):
        inside = drawn.groups == group
        again = Ridge(alpha=2.0).fit(rows[~inside], drawn.targets[~inside, 0])
        for error in np.abs(again.predict(rows[inside]) - drawn.targets[inside, 0]):
            lows.append(again.predict(asked) - error)
            highs.append(again.predict(asked) + error)
    assert found[:, 0, 0] == pytest.approx(np.sort(lows, axis=0)[int(0.1 * 49) - 1], rel=1e-3)
    assert found[:, 0, 1] == pytest.approx(np.sort(highs, axis=0)[int(np.ceil(0.9 * 49)) - 1], rel=1e-3)


def test_jackknife_plus_promises_nothing_of_few_rows() -> None:
    drawn = draw_numbers(8, 3)
    assert np.isinf(predict_jackknife_plus(drawn, drawn.features, {"penalty": 1.0}, 0.9)).all()
