import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics as second

from headstart.evaluation import metrics

CLASSES = 4
LABELS = st.lists(st.tuples(st.integers(0, CLASSES - 1), st.integers(0, CLASSES - 1)), min_size=1, max_size=40)


@given(LABELS)
@settings(deadline=None)
def test_scores_are_those_of_scikit_learn(pairs):
    labels, predicted = np.array(pairs).T
    names = list(range(CLASSES))
    found = metrics.confusion_matrix(labels, predicted, CLASSES)
    assert np.array_equal(found, second.confusion_matrix(labels, predicted, labels=names))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of classes that were predicted and have no rows
        precision, recall, f1, _ = second.precision_recall_fscore_support(
            labels, predicted, labels=names, zero_division=0
        )
        balanced = second.balanced_accuracy_score(labels, predicted)
        macro = second.f1_score(labels, predicted, labels=np.unique(labels), average="macro", zero_division=0)
    assert metrics.precisions(found) == pytest.approx(precision)
    assert metrics.recalls(found) == pytest.approx(recall)
    assert metrics.f1_scores(found) == pytest.approx(f1)
    assert metrics.accuracy(found) == pytest.approx(second.accuracy_score(labels, predicted))
    assert metrics.balanced_accuracy(found) == pytest.approx(balanced)
    assert metrics.macro_f1(found) == pytest.approx(macro)


def test_log_loss_is_that_of_scikit_learn():
    random = np.random.default_rng(0)
    labels, chance = random.integers(5, size=200), random.dirichlet(np.ones(5), 200)
    assert metrics.log_loss(labels, chance) == pytest.approx(second.log_loss(labels, chance, labels=list(range(5))))


def test_certain_and_wrong_is_dear_but_finite():
    assert metrics.log_loss(np.array([0]), np.array([[0.0, 1.0]], np.float32)) == pytest.approx(34.54, abs=0.01)


def test_nothing_is_not_a_number():
    nothing = np.zeros(0, np.int64)
    confusion = metrics.confusion_matrix(nothing, nothing, 3)
    scores = [metrics.accuracy(confusion), metrics.balanced_accuracy(confusion), metrics.macro_f1(confusion)]
    scores.append(metrics.log_loss(nothing, np.zeros((0, 3))))
    assert np.isnan(scores).all()
