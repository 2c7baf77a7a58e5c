import json
from dataclasses import asdict

import numpy as np
import pytest
from scipy.special import softmax
from sklearn.calibration import calibration_curve
from sklearn.metrics import brier_score_loss, log_loss

from headstart.evaluation.intervals import wilson_interval
from headstart.evaluation.reliability import LEAST, measure_reliability
from headstart_runtime.errors import DataError


def draw(rows: int, classes: int, factor: float = 1.0, seed: int = 0):  # type: ignore[no-untyped-def]
    chance = np.random.default_rng(seed)
    logits = chance.normal(0, 2, (rows, classes))
    labels = np.array([chance.choice(classes, p=row) for row in softmax(logits, axis=1)])
    return labels, softmax(factor * logits, axis=1)


@pytest.mark.parametrize(("rows", "classes", "bins"), [(1500, 3, 15), (1507, 2, 15), (997, 5, 10)])
def test_bins_agree_with_scikit_learn(rows: int, classes: int, bins: int) -> None:
    labels, said = draw(rows, classes)
    found = measure_reliability(labels, said, bins)
    confidence, right = said.max(axis=1), said.argmax(axis=1) == labels
    edges = np.sort(confidence)[np.arange(1, bins) * rows // bins - 1]
    which = np.searchsorted(edges, confidence, side="left")
    by_hand = [(right[which == it].mean(), confidence[which == it].mean()) for it in range(bins)]
    np.testing.assert_allclose([(it.accuracy, it.confidence) for it in found.bins], by_hand)
    assert sum(it.n for it in found.bins) == rows
    assert max(it.n for it in found.bins) - min(it.n for it in found.bins) <= 1
    theirs = np.array(calibration_curve(right, confidence, n_bins=bins, strategy="quantile"))
    np.testing.assert_allclose([(it.accuracy, it.confidence) for it in found.bins], theirs.T, atol=0.02)
    weights = np.array([it.n for it in found.bins]) / rows
    assert found.ece == pytest.approx(sum(w * abs(a - c) for w, (a, c) in zip(weights, by_hand, strict=True)))


@pytest.mark.parametrize("classes", [2, 4])
def test_brier_and_log_loss_agree_with_scikit_learn(classes: int) -> None:
    labels, said = draw(800, classes)
    found = measure_reliability(labels, said)
    truth = np.eye(classes)[labels]
    columns = [brier_score_loss(truth[:, index], said[:, index]) for index in range(classes)]
    assert found.brier == pytest.approx(sum(columns))
    assert found.log_loss == pytest.approx(log_loss(labels, said))
    assert found.n == 800


def test_over_and_under_confidence_are_seen() -> None:
    labels, right = draw(6000, 3)
    assert measure_reliability(labels, right).ece < 0.02
    for factor, sign in ((3.0, 1), (0.3, -1)):
        found = measure_reliability(labels, softmax(factor * np.log(right), axis=1))
        assert found.ece > 0.05
        assert all(sign * (it.confidence - it.accuracy) > 0 for it in found.bins[1:-1])


def test_equals_are_never_in_two_bins_and_the_order_does_not_matter() -> None:
    confidence = np.array([0.6] * 70 + [0.7] * 5 + [0.8] * 25 + [1.0] * 50)
    said = np.stack([confidence, 1 - confidence], axis=1)
    labels = (np.random.default_rng(0).uniform(size=150) > confidence).astype(np.int64)
    found = measure_reliability(labels, said, bins=5)
    assert [it.n for it in found.bins] == [70, 30, 50]
    assert [it.confidence for it in found.bins] == pytest.approx([0.6, (5 * 0.7 + 25 * 0.8) / 30, 1.0])
    for seed in range(5):
        order = np.random.default_rng(seed).permutation(150)
        again = measure_reliability(labels[order], said[order], bins=5)
        assert again.ece == pytest.approx(found.ece)
        assert [(it.n, it.accuracy) for it in again.bins] == [(it.n, it.accuracy) for it in found.bins]


def test_bins_hold_enough_to_be_counted() -> None:
    labels, said = draw(51, 2)
    assert len(measure_reliability(labels, said).bins) == 51 // LEAST
    (only,) = measure_reliability(labels[:1], said[:1]).bins
    right = bool(said[0].argmax() == labels[0])
    interval = wilson_interval(int(right), 1)
    assert (only.n, only.accuracy, only.low, only.high) == (1, float(right), interval.low, interval.high)


def test_certain_and_wrong_is_a_number() -> None:
    found = measure_reliability(np.array([0, 1]), np.array([[1.0, 0.0], [1.0, 0.0]], np.float32))
    assert found.ece == 0.5
    assert found.brier == 1.0
    assert np.isfinite(found.log_loss)
    assert json.loads(json.dumps(asdict(found)))["bins"][0]["n"] == 2


def test_what_cannot_be_scored_is_refused() -> None:
    labels, said = draw(10, 2)
    for wrong in ((labels[1:], said), (labels, said[:, 0]), (labels[:0], said[:0])):
        with pytest.raises(DataError, match="cannot be scored"):
            measure_reliability(*wrong)


def test_rows_that_belong_together_widen_the_intervals_of_the_bins_and_nothing_else():
    random = np.random.default_rng(5)
    groups = np.repeat(np.arange(30), 5)
    labels = (random.random(30) < 0.2).astype(np.int64)[groups]
    chance = np.stack([random.uniform(0.7, 0.9, 150), np.zeros(150)], axis=1)
    chance[:, 1] = 1 - chance[:, 0]
    plain, grouped = (
        measure_reliability(labels, chance, bins=2),
        measure_reliability(labels, chance, bins=2, groups=groups),
    )
    assert (grouped.ece, grouped.brier, grouped.log_loss) == (plain.ece, plain.brier, plain.log_loss)
    for one, other in zip(plain.bins, grouped.bins, strict=True):
        assert (one.n, one.accuracy) == (other.n, other.accuracy)
        assert other.high - other.low > one.high - one.low


def test_where_a_threshold_decides_it_is_the_class_that_is_told() -> None:
    labels, said = draw(1200, 2)
    told = (said[:, 1] >= 0.1).astype(np.int64)
    found = measure_reliability(labels, said, predicted=told)
    confidence = said[np.arange(1200), told]
    assert found.bins[0].confidence < 0.4, "told from 0.1 on"
    assert sum(one.n * one.confidence for one in found.bins) == pytest.approx(confidence.sum())
    assert sum(one.n * one.accuracy for one in found.bins) == pytest.approx((told == labels).sum())
    assert found.ece < 0.05, "these probabilities are the true ones"
    likeliest = measure_reliability(labels, said, predicted=said.argmax(axis=1))
    assert likeliest == measure_reliability(labels, said)
