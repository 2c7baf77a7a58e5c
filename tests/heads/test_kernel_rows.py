"""Heads on inner products alone, against the same rows written out and against scikit-learn."""

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from headstart.heads.folds import assign_folds
from headstart.heads.head import TrainingSet
from headstart.heads.kernel_rows import KernelRows, as_features
from headstart.heads.logistic import fit_logistic, predict_held_out
from headstart.settings import FitSettings

RNG = np.random.default_rng(0)
ROWS = RNG.normal(size=(120, 30)).astype(np.float32) + np.linspace(0, 3, 30, dtype=np.float32)
LABELS = (ROWS[:, :3] + RNG.normal(size=(120, 3))).argmax(axis=1).astype(np.int64)


def pose(rows: np.ndarray = ROWS, labels: np.ndarray = LABELS) -> TrainingSet:
    kernel = KernelRows(rows @ rows.T, np.arange(len(rows)))
    return TrainingSet(as_features(kernel), labels, 3, np.arange(len(rows)), False, 0)


def probabilities(logits: np.ndarray) -> np.ndarray:
    raised = np.exp(logits - logits.max(axis=1, keepdims=True))
    return raised / raised.sum(axis=1, keepdims=True)


@pytest.mark.parametrize("C", [0.01, 1.0])
def test_a_head_on_inner_products_is_that_of_scikit_learn(C: float) -> None:
    layer = fit_logistic(pose(), FitSettings(), {"C": C}).head.layers[0]
    found = probabilities(ROWS @ (ROWS.T @ layer.weight) + layer.bias)
    wanted = LogisticRegression(C=C, tol=1e-9, max_iter=5000).fit(ROWS, LABELS).predict_proba(ROWS)
    np.testing.assert_allclose(found, wanted, atol=1e-3)


def test_held_out_answers_come_from_the_other_folds() -> None:
    fold = assign_folds(LABELS, np.arange(len(ROWS)), 4, 0)
    found = predict_held_out(pose(), fold, 0.1)
    for held in range(4):
        out = fold == held
        alone = LogisticRegression(C=0.1, tol=1e-9, max_iter=5000).fit(ROWS[~out], LABELS[~out])
        np.testing.assert_allclose(found[out], alone.predict_proba(ROWS[out]), atol=1e-2)


def test_some_of_the_rows_have_weights_for_these_alone() -> None:
    some = pose().take(np.arange(0, 120, 2))
    layer = fit_logistic(some, FitSettings(), {"C": 0.1}).head.layers[0]
    assert layer.weight.shape == (120, 3)
    assert not layer.weight[1::2].any()
    np.testing.assert_allclose(some.features @ layer.weight, (ROWS @ ROWS.T)[::2] @ layer.weight, rtol=1e-3, atol=1e-3)


def test_a_strength_is_chosen() -> None:
    found = fit_logistic(pose(), FitSettings())
    assert found.path
    assert found.chosen["C"] in [trial.value for trial in found.path]
