import numpy as np
import pytest
from scipy.special import softmax
from sklearn import metrics

from headstart.evaluation.curves import precision_recall_curve, risk_coverage_curve, roc_curve


def draw(rows: int, seed: int, *, tied: bool):  # type: ignore[no-untyped-def]
    chance = np.random.default_rng(seed)
    labels = chance.integers(4, size=rows)
    said = softmax(chance.normal(0, 1, (rows, 4)) + 1.5 * np.eye(4)[labels], axis=1)
    return labels, np.round(said, 1) if tied else said


@pytest.mark.parametrize("tied", [False, True])
@pytest.mark.parametrize("k", range(4))
def test_roc_agrees_with_scikit_learn(k: int, *, tied: bool) -> None:
    labels, said = draw(300, k, tied=tied)
    found = roc_curve(labels, said, k)
    wrong, right, thresholds = metrics.roc_curve(labels == k, said[:, k], drop_intermediate=False)
    np.testing.assert_allclose(found.false_positives, wrong)
    np.testing.assert_allclose(found.true_positives, right)
    np.testing.assert_array_equal(found.thresholds, thresholds)
    assert found.area == pytest.approx(metrics.roc_auc_score(labels == k, said[:, k]))


@pytest.mark.parametrize("tied", [False, True])
@pytest.mark.parametrize("k", range(4))
def test_precision_and_recall_agree_with_scikit_learn(k: int, *, tied: bool) -> None:
    labels, said = draw(300, k, tied=tied)
    found = precision_recall_curve(labels, said, k)
    precision, recall, thresholds = metrics.precision_recall_curve(labels == k, said[:, k])
    np.testing.assert_allclose(found.precision[::-1], precision[:-1])  # theirs ends in a point that no threshold has
    np.testing.assert_allclose(found.recall[::-1], recall[:-1])
    np.testing.assert_array_equal(found.thresholds[::-1], thresholds)
    assert found.area == pytest.approx(metrics.average_precision_score(labels == k, said[:, k]))


def test_risk_is_what_is_wrong_of_what_is_answered() -> None:
    right = np.array([True, False, True, True, False])
    confidence = np.array([0.9, 0.8, 0.7, 0.6, 0.5])
    found = risk_coverage_curve(right, confidence)
    np.testing.assert_allclose(found.coverage, [0.2, 0.4, 0.6, 0.8, 1])
    np.testing.assert_allclose(found.risk, [0, 1 / 2, 1 / 3, 1 / 4, 2 / 5])
    np.testing.assert_array_equal(found.thresholds, confidence)
    assert found.area == pytest.approx((0 + 1 / 2 + 1 / 3 + 1 / 4 + 2 / 5) / 5)


@pytest.mark.parametrize("seed", range(5))
def test_risks_agree_with_brute_force(seed: int) -> None:
    chance = np.random.default_rng(seed)
    right, confidence = chance.uniform(size=200) < 0.8, np.round(chance.uniform(size=200), 1)
    found = risk_coverage_curve(right, confidence)
    let_in = [1 - right[confidence >= own].mean() for own in confidence]
    assert found.area == pytest.approx(np.mean(let_in))
    assert len(found.coverage) == len(set(confidence))
    order = chance.permutation(200)
    np.testing.assert_array_equal(risk_coverage_curve(right[order], confidence[order]).risk, found.risk)


def test_a_good_confidence_has_a_smaller_area() -> None:
    right = np.arange(100) % 4 > 0
    best, worst, none = (risk_coverage_curve(right, it).area or 0 for it in (right * 1.0, right * -1.0, np.zeros(100)))
    assert none == pytest.approx(0.25)
    assert best < none < worst


def test_where_there_is_no_area_there_is_none() -> None:
    labels, said = draw(20, 0, tied=False)
    assert roc_curve(np.zeros(20, int), said, 0).area is None
    assert roc_curve(np.zeros(20, int), said, 1).area is None
    assert not roc_curve(np.zeros(20, int), said, 1).true_positives.any()
    assert precision_recall_curve(np.zeros(20, int), said, 1).area is None
    assert precision_recall_curve(np.zeros(20, int), said, 0).area == 1
    for nothing in (roc_curve(labels[:0], said[:0], 0), precision_recall_curve(labels[:0], said[:0], 0)):
        assert nothing.area is None
    assert risk_coverage_curve(np.zeros(0, bool), np.zeros(0)).area is None
