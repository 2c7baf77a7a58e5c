"""Ridge regression on inner products alone, against scikit-learn on the rows themselves."""

import numpy as np
import pytest
from sklearn.linear_model import Ridge

from headstart.heads.head import FitResult, TrainingSet
from headstart.heads.kernel_rows import KernelRows, as_features
from headstart.heads.number_ridge import fit_number_ridge, predict_without_group
from headstart.settings import FitSettings

RNG = np.random.default_rng(0)
ROWS = RNG.normal(size=(120, 40)).astype(np.float32) + 1
NUMBERS = np.stack([ROWS[:, 0] * 3 + RNG.normal(size=120), 50 - ROWS[:, 1] + 0.3 * RNG.normal(size=120)], axis=1)
NUMBERS[::5, 1] = np.nan


def pose(numbers: np.ndarray = NUMBERS, groups: np.ndarray | None = None) -> TrainingSet:
    rows = as_features(KernelRows(ROWS @ ROWS.T, np.arange(120)))
    own = np.arange(120) if groups is None else groups
    return TrainingSet(rows, numbers.astype(np.float64), numbers.shape[1], own, False, 0)


@pytest.fixture(scope="module")
def fitted() -> FitResult:
    return fit_number_ridge(pose(), FitSettings())


def test_the_penalty_is_chosen_and_the_head_is_that_of_scikit_learn(fitted: FitResult) -> None:
    layer = fitted.head.layers[0]
    found = ROWS @ (ROWS.T @ layer.weight) + layer.bias
    for column in range(2):
        known = np.isfinite(NUMBERS[:, column])
        alpha = fitted.chosen[f"penalty {column + 1}"]
        other = Ridge(alpha=alpha).fit(ROWS[known], NUMBERS[known, column])
        np.testing.assert_allclose(found[:, column], other.predict(ROWS), atol=2e-3)
    assert len(fitted.path) > 4


def test_held_out_numbers_are_those_of_other_folds(fitted: FitResult) -> None:
    found = predict_without_group(pose(), fitted.chosen)
    missed = np.nanmean(np.abs(found - NUMBERS), axis=0)
    assert 0.5 < missed[0] < 1.4
    assert 0.2 < missed[1] < 0.5
    seen = ROWS @ (ROWS.T @ fitted.head.layers[0].weight) + fitted.head.layers[0].bias
    assert (np.nanmean(np.abs(seen - NUMBERS), axis=0) < missed).all()


def test_a_group_is_held_out_together() -> None:
    groups = np.arange(120) // 30
    same = np.repeat(NUMBERS[::30, :1], 30, axis=0) + np.zeros((120, 1))
    found = predict_without_group(pose(same, groups), {"penalty": 1.0})
    assert np.abs(found - same).min() > 0.01  # its number is nowhere else


def test_one_group_alone_is_fitted_unheld() -> None:
    fitted = fit_number_ridge(pose(groups=np.zeros(120, np.int64)), FitSettings())
    assert fitted.path == ()
    assert predict_without_group(pose(groups=np.zeros(120, np.int64))).shape == (120, 2)


def test_a_number_that_never_changes() -> None:
    found = fit_number_ridge(pose(np.full((120, 1), 7.0)), FitSettings())
    assert found.head.layers[0].bias == pytest.approx([7.0])
    assert not found.head.layers[0].weight.any()
