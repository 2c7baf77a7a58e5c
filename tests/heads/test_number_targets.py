import numpy as np
import pytest

from headstart.heads.head import Dense
from headstart.heads.number_targets import (
    TargetScale,
    bin_numbers,
    measure_errors,
    measure_spreads,
    rank_numbers,
    share_known_rows,
)


def test_a_decimal_point_that_moved_does_not_change_the_scale() -> None:
    numbers = np.random.default_rng(0).normal(50, 4, (400, 1))
    wrong = numbers.copy()
    wrong[:8] *= 10
    clean, planted = TargetScale.fit(numbers), TargetScale.fit(wrong)
    assert clean.shift == pytest.approx([50], abs=0.5)
    assert clean.scale == pytest.approx([4], rel=0.1)
    assert planted.scale == pytest.approx(clean.scale, rel=0.05)
    assert wrong.std() > 10 * planted.scale


def test_a_layer_is_unfolded_and_folded() -> None:
    random = np.random.default_rng(1)
    scale = TargetScale(np.array([100.0, -3.0]), np.array([20.0, 0.01]))
    layer = Dense(random.standard_normal((5, 2)).astype(np.float32), np.array([0.5, 1], np.float32))
    rows = random.standard_normal((7, 5)).astype(np.float32)
    whole = scale.unfold(layer)
    assert rows @ whole.weight + whole.bias == pytest.approx(
        (rows @ layer.weight + layer.bias) * scale.scale + scale.shift, rel=1e-5
    )
    back = scale.fold(whole)
    assert back.weight == pytest.approx(layer.weight, rel=1e-5)
    assert back.bias == pytest.approx(layer.bias, abs=1e-3)


def test_columns_without_numbers_or_without_unlike_ones_have_a_scale_of_one() -> None:
    targets = np.stack([np.full(6, 4.0), np.full(6, np.nan), [0, 0, 0, 0, 0, 9.0]], axis=1)
    scale = TargetScale.fit(targets)
    assert scale.scale[:2].tolist() == [1, 1]
    assert scale.scale[2] == pytest.approx(np.std([0, 0, 0, 0, 0, 9.0]))
    assert measure_spreads(targets).tolist() == [1, 1, 1.5]


def test_errors_of_several_numbers_are_relative_to_the_median() -> None:
    targets = np.array([[1.0, 100.0], [2.0, np.nan], [3.0, 300.0]])
    errors = measure_errors(np.array([[1.5, 100.0], [2.0, 7.0], [3.0, 200.0]]), targets)
    assert errors.absolute[0].tolist() == [0.5, 0]
    assert errors.relative == pytest.approx([0.5 / (2 / 3) / 2, 0, 1 / 2])
    assert (errors.scores == errors.relative).all()
    assert measure_errors(np.array([[4.0], [2.0]]), np.array([[1.0], [2.0]])).scores.tolist() == [3, 0]


def test_columns_that_are_known_of_the_same_rows_go_together() -> None:
    targets = np.array([[1.0, 1, np.nan, np.nan], [2, 2, 2, np.nan]])
    found = [(columns, rows.tolist()) for columns, rows in share_known_rows(targets)]
    assert found == [([0, 1], [True, True]), ([2], [False, True])]


def test_ranges_hold_as_many_rows_each() -> None:
    targets = np.random.default_rng(2).exponential(size=(100, 1))
    assert np.bincount(bin_numbers(targets, 5)).tolist() == [20] * 5
    assert rank_numbers(np.array([[1.0], [1.0], [5.0], [np.nan]])).tolist() == [1 / 3, 1 / 3, 5 / 6, 0.5]
