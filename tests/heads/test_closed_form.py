from dataclasses import replace

import numpy as np
import pytest
from scipy.optimize import minimize_scalar
from scipy.special import logsumexp
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.linear_model import Ridge
from sklearn.preprocessing import StandardScaler

from headstart.heads import lda, ridge
from headstart.heads.closed_form import compute_sample_weight, decompose, fit_temperature
from headstart.heads.least_squares import LeastSquares
from headstart.heads.scaling import Scaling
from headstart.settings import HeadSettings
from headstart_runtime.linalg import softmax

from .drawn import draw

OPTIONS = HeadSettings()
SHAPES = [(60, 150), (200, 20)]


def _rows(training_set):
    return StandardScaler().fit_transform(training_set.features.astype(np.float64))


def _in_groups(training_set):
    """Most rows alone, some in twos and threes."""
    groups = training_set.groups.copy()
    groups[1:4], groups[10:12], groups[20:22] = 1, 10, 20
    return replace(training_set, groups=groups)


@pytest.mark.parametrize(("rows", "columns"), SHAPES)
def test_spectrum_rebuilds_the_rows(rows, columns):
    matrix = draw(rows, columns).features
    found = decompose(matrix - matrix.mean(axis=0))
    assert np.abs(found.coordinates @ found.basis.T - (matrix - matrix.mean(axis=0))).max() < 1e-3
    assert np.square(found.coordinates).sum(axis=0) == pytest.approx(found.values, rel=1e-3, abs=1e-2)


def test_temperature_is_the_best_one():
    random = np.random.default_rng(0)
    scores, labels, weights = random.standard_normal((80, 4)), random.integers(4, size=80), random.random(80)
    scores[np.arange(80), labels] += 0.7

    def loss(log_t):
        t = np.exp(log_t)
        own = scores[np.arange(80), labels] * 81 / 82 + scores.mean(axis=1) / 82
        return weights @ (logsumexp(t * scores, axis=1) - t * own)

    wanted = np.exp(minimize_scalar(loss, bounds=(-5, 5), method="bounded", options={"xatol": 1e-9}).x)
    assert fit_temperature(scores, labels, weights) == pytest.approx(wanted, rel=1e-4)


def test_temperature_of_perfect_and_of_hopeless_scores_is_finite():
    labels = np.array([0, 1])
    # Two right answers: 0.875, which is (1 - 1/4) + 1/4 / 2.
    assert fit_temperature(np.eye(2), labels, np.ones(2)) == pytest.approx(np.log(7), rel=1e-5)
    assert 0 < fit_temperature(1 - np.eye(2), labels, np.ones(2)) < 0.1
    assert np.isfinite(fit_temperature(np.zeros((2, 2)), labels, np.ones(2)))


@pytest.mark.parametrize("shrinkage", [0.01, 0.3, 0.9])
@pytest.mark.parametrize(("rows", "columns"), SHAPES)
@pytest.mark.parametrize("classes", [2, 4])
def test_lda_is_that_of_scikit_learn(rows, columns, classes, shrinkage):
    training_set = draw(rows, columns, classes, apart=0.4)
    second = LinearDiscriminantAnalysis(solver="lsqr", shrinkage=shrinkage).fit(
        _rows(training_set), training_set.targets
    )
    found = softmax(lda.fit_lda(training_set, OPTIONS, {"shrinkage": shrinkage}).head.logits(training_set.features))
    assert np.abs(found - second.predict_proba(_rows(training_set))).max() < 1e-3


@pytest.mark.parametrize(("rows", "columns"), SHAPES)
@pytest.mark.parametrize("shrinkage", [0.05, 0.5])
def test_lda_leaves_groups_out_as_brute_force_does(rows, columns, shrinkage):
    training_set = _in_groups(draw(rows, columns, 3, apart=0.4))
    features = _rows(training_set)
    classes = lda._classes(Scaling.fit(training_set.features).transform(training_set.features), training_set)
    for group in (np.array([0]), np.array([1, 2, 3]), np.array([10, 11])):
        kept = ~np.isin(np.arange(rows), group)
        found = lda._left_out(classes, training_set.targets[group][None], group[None], shrinkage)[0]
        inside, labels = features[kept], training_set.targets[kept]
        means = np.stack([inside[labels == index].mean(axis=0) for index in range(3)])
        spread = inside - means[labels]
        # Held at the trace of all rows, as lda.py says.
        covariance = (1 - shrinkage) * spread.T @ spread / len(inside) + shrinkage * classes.trace * np.eye(columns)
        away = features[group][:, None] - means
        distance = np.einsum("ikd,de,ike->ik", away, np.linalg.inv(covariance), away)
        wanted = -distance / 2 + np.log(np.bincount(training_set.targets) / rows)
        # Rows are placed in float32.
        assert found - found[:, :1] == pytest.approx(wanted - wanted[:, :1], abs=2e-3 * np.abs(distance).max())


@pytest.mark.parametrize("balanced", [False, True])
@pytest.mark.parametrize("penalty", [1.0, 50.0])
@pytest.mark.parametrize(("rows", "columns"), SHAPES)
def test_ridge_leaves_groups_out_as_brute_force_does(rows, columns, penalty, balanced):
    training_set = _in_groups(draw(rows, columns, 3, apart=0.4, balanced=balanced))
    training_set = replace(training_set, targets=np.where(np.arange(rows) % 7 == 0, 0, training_set.targets))
    weights = compute_sample_weight(training_set.targets, 3, balanced)
    features = _rows(training_set)
    signs = np.where(np.arange(3) == training_set.targets[:, None], 1.0, -1.0)
    squares = LeastSquares.pose(features.astype(np.float32), signs, weights, training_set.groups)
    found = squares.predict_left_out(penalty)
    for group in ([0], [1, 2, 3], [10, 11], [20, 21]):
        kept = ~np.isin(np.arange(rows), group)
        second = Ridge(alpha=penalty).fit(features[kept], signs[kept], sample_weight=weights[kept])
        assert found[group] == pytest.approx(second.predict(features[group]), abs=2e-3)


@pytest.mark.parametrize("balanced", [False, True])
def test_ridge_is_that_of_scikit_learn_times_the_temperature(balanced):
    training_set = draw(100, 30, 3, apart=0.4, balanced=balanced)
    training_set = replace(training_set, targets=np.where(np.arange(100) % 5 == 0, 0, training_set.targets))
    fitted = ridge.fit_ridge(training_set, OPTIONS)
    signs = np.where(np.arange(3) == training_set.targets[:, None], 1.0, -1.0)
    second = Ridge(alpha=fitted.chosen["penalty"])
    second.fit(_rows(training_set), signs, sample_weight=compute_sample_weight(training_set.targets, 3, balanced))
    wanted = fitted.chosen["temperature"] * second.predict(_rows(training_set))
    assert fitted.head.logits(training_set.features) == pytest.approx(wanted, abs=1e-2)


@pytest.mark.parametrize("fit", [lda.fit_lda, ridge.fit_ridge])
def test_copies_do_not_leak(fit):
    training_set = draw(60, 200, 3, apart=0.05)
    twice = replace(
        training_set,
        features=np.concatenate([training_set.features] * 2),
        targets=np.tile(training_set.targets, 2),
        groups=np.tile(training_set.groups, 2),
    )
    leaking = replace(twice, groups=np.arange(120))
    best = {
        name: max(trial.score for trial in fit(given, OPTIONS).path)
        for name, given in {"grouped": twice, "leaking": leaking, "single": training_set}.items()
    }
    assert best["leaking"] > 0.95
    assert best["grouped"] < best["single"] + 0.15
