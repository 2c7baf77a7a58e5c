"""The cumulative logistic regression against SciPy's minimiser, scikit-learn and refits fold by fold."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.optimize import minimize
from scipy.special import expit
from sklearn.linear_model import LogisticRegression

from headstart.heads.folds import assign_folds
from headstart.heads.head import TrainingSet
from headstart.tasks.ordinal.cumulative import solve_cumulative, trace_held_out
from headstart_runtime.tasks.ordinal.distribution import distribute, order_logits

from .drawn import draw_ranks


def _predict(training_set: TrainingSet, C: float) -> np.ndarray:
    return _answer(training_set, C, training_set.features)


def _answer(training_set: TrainingSet, C: float, features: np.ndarray) -> np.ndarray:
    layer = solve_cumulative(training_set, C)
    return distribute(order_logits(features @ layer.weight + layer.bias))


def _minimise(training_set: TrainingSet, C: float, weights: np.ndarray) -> np.ndarray:
    """The same objective in float64, by L-BFGS with thresholds as a first one and logarithms of gaps."""
    z = training_set.features.astype(np.float64)
    z = (z - z.mean(axis=0)) / z.std(axis=0)
    ranks, columns, count = training_set.targets, z.shape[1], training_set.outputs

    def tell(unknown: np.ndarray) -> np.ndarray:
        thresholds = np.cumsum(np.concatenate([unknown[columns : columns + 1], np.exp(unknown[columns + 1 :])]))
        reached = expit(z @ unknown[:columns, None] - thresholds)
        edges = np.concatenate([np.ones((len(z), 1)), reached, np.zeros((len(z), 1))], axis=1)
        return edges[:, :-1] - edges[:, 1:]

    def loss(unknown: np.ndarray) -> float:
        own = tell(unknown)[np.arange(len(z)), ranks]
        return -C * weights @ np.log(np.maximum(own, 1e-300)) + unknown[:columns] @ unknown[:columns] / 2

    start = np.concatenate([np.zeros(columns), [-1.0], np.zeros(count - 2)])
    return tell(minimize(loss, start, method="L-BFGS-B", options={"maxiter": 5000, "maxfun": 10**6, "ftol": 1e-14}).x)


@pytest.mark.parametrize(("rows", "columns"), [(60, 4), (24, 30)])
@pytest.mark.parametrize("C", [0.01, 1.0])
def test_it_is_the_minimum(rows: int, columns: int, C: float) -> None:
    training_set = draw_ranks(rows, columns, 4)
    assert _predict(training_set, C) == pytest.approx(_minimise(training_set, C, np.ones(rows)), abs=2e-3)


def test_balanced_rows_weigh_as_their_ranks_are_rare() -> None:
    drawn = draw_ranks(80, 5, 3)
    training_set = replace(drawn, targets=np.maximum(drawn.targets - (np.arange(80) % 3 > 0), 0), balanced=True)
    counts = np.bincount(training_set.targets)
    weights = 80 / (3 * counts[training_set.targets])
    assert _predict(training_set, 0.5) == pytest.approx(_minimise(training_set, 0.5, weights), abs=2e-3)


def test_two_ranks_are_a_logistic_regression() -> None:
    training_set = draw_ranks(120, 8, 2)
    scaled = (training_set.features - training_set.features.mean(axis=0)) / training_set.features.std(axis=0)
    other = LogisticRegression(C=0.3, tol=1e-8, max_iter=1000).fit(scaled, training_set.targets)
    assert _predict(training_set, 0.3) == pytest.approx(other.predict_proba(scaled), abs=2e-3)


@pytest.mark.parametrize("missing", [0, 2, 4])
def test_a_rank_without_rows_is_unlikely_and_not_impossible(missing: int) -> None:
    drawn = draw_ranks(90, 6, 5)
    rows = drawn.targets != missing
    said = _predict(drawn.take(rows), 0.1)
    assert np.isfinite(said).all()
    assert 1e-5 < said[:, missing].mean() < 0.05


def test_thresholds_rise_and_the_weights_of_all_but_the_location_are_nothing() -> None:
    layer = solve_cumulative(draw_ranks(200, 12, 6), 0.1)
    assert layer.weight.shape == (12, 6)
    assert not layer.weight[:, 1:].any()
    assert (np.diff(layer.bias[1:]) > 0).all()


@pytest.mark.parametrize("C", [1e-3, 100.0])
def test_rows_that_are_told_apart_and_rows_that_are_not_settle(C: float) -> None:
    chance = np.random.default_rng(0)
    ranks = np.repeat(np.arange(3), 20)
    apart = (ranks[:, None] * 10 + chance.normal(0, 0.1, (60, 2))).astype(np.float32)
    for features in (apart, np.ones((60, 2), np.float32)):
        said = _predict(TrainingSet(features, ranks, 3, np.arange(60), balanced=False, seed=0), C)
        assert np.isfinite(said).all()
        assert said.sum(axis=1) == pytest.approx(1, abs=1e-5)


@pytest.mark.parametrize("columns", [5, 80])
def test_held_out_answers_are_those_of_heads_without_the_fold(columns: int) -> None:
    training_set = draw_ranks(90, columns, 4)
    fold = assign_folds(training_set.targets, training_set.groups, 3, 0)
    (held_out,) = trace_held_out(training_set, fold, [0.05])
    found = distribute(held_out.cumulative)
    for held in range(3):
        seen, out = training_set.take(fold != held), training_set.features[fold == held]
        # Folds share the scaling of all rows, a fit of its own has that of its rows: the same up to a little.
        assert found[fold == held] == pytest.approx(_answer(seen, 0.05, out), abs=0.06)
