from math import ceil

import numpy as np
import pytest
from scipy.special import softmax

from headstart.evaluation.coverage import measure_coverage
from headstart.evaluation.intervals import wilson_interval
from headstart.tasks.classification.conformal_fit import fit_conformal
from headstart_runtime.errors import DataError


def draw(rows: int, classes: int = 5, seed: int = 0, factor: float = 1.4):  # type: ignore[no-untyped-def]
    chance = np.random.default_rng(seed)
    logits = chance.normal(0, 1.5, (rows, classes))
    labels = np.array([chance.choice(classes, p=row) for row in softmax(logits, axis=1)])
    return labels, softmax(factor * logits, axis=1).astype(np.float32)


@pytest.mark.parametrize("coverage", [0.75, 0.9, 0.99])
def test_sets_hold_the_true_class_as_often_as_promised(coverage: float) -> None:
    """The mean over draws is between the promise and 1 / (n + 1) more: the theorem's two sides.

    The upper one holds as long as fewer likeliest classes are right than is promised, for these are always in.
    """
    n = 150
    held = []
    for seed in range(60):
        labels, rows = draw(n + 800, seed=seed)
        sets = fit_conformal(labels[:n], rows[:n], coverage=coverage)
        held.append(sets.predict(rows[n:])[np.arange(800), labels[n:]].mean())
    error = np.std(held) / 60**0.5
    assert coverage - 3 * error < np.mean(held) < coverage + 1 / (n + 1) + 3 * error


@pytest.mark.parametrize(("n", "coverage"), [(9, 0.9), (10, 0.9), (19, 0.95), (101, 0.7), (333, 0.99)])
def test_the_threshold_is_the_finite_sample_quantile(n: int, coverage: float) -> None:
    labels, rows = draw(n)
    sets = fit_conformal(labels, rows, coverage=coverage)
    scores = sets.scores(rows)[np.arange(n), labels]
    rank = ceil(round((n + 1) * coverage, 6))
    assert sets.threshold == np.sort(scores)[rank - 1]
    assert (scores <= np.float32(sets.threshold)).sum() >= rank
    assert sets.coverage == coverage


@pytest.mark.parametrize(("n", "coverage"), [(0, 0.5), (8, 0.9), (18, 0.95), (998, 0.999)])
def test_of_too_few_photos_sets_hold_all_classes(n: int, coverage: float) -> None:
    labels, rows = draw(n) if n else (np.zeros(0, int), np.zeros((0, 5), np.float32))
    sets = fit_conformal(labels, rows, coverage=coverage)
    certain = np.eye(5, dtype=np.float32)
    assert sets.predict(certain).all()
    assert sets.predict(draw(200, seed=3)[1]).all()


def test_coverage_is_counted() -> None:
    sets = np.array([[1, 0, 0], [1, 1, 0], [0, 1, 0], [1, 1, 1], [1, 0, 0]], bool)
    found = measure_coverage(sets, np.array([0, 1, 0, 1, 0]))
    interval = wilson_interval(4, 5)
    assert (found.coverage, found.low, found.high, found.n) == (0.8, interval.low, interval.high, 5)
    assert found.mean_size == 8 / 5
    assert found.sizes == (3, 1, 1)
    assert found.per_class == (2 / 3, 1.0, None)


def test_what_does_not_belong_together_is_refused() -> None:
    labels, rows = draw(10)
    with pytest.raises(DataError, match=r"do not belong together; wanted \(N,\) and \(N, C\)"):
        fit_conformal(labels[1:], rows, coverage=0.9)
    with pytest.raises(DataError, match="no prediction sets to measure"):
        measure_coverage(np.zeros((0, 3), bool), np.zeros(0, int))


def test_photos_that_belong_together_widen_the_interval_of_coverage():
    """Ten bursts of five photos, held or missed together: ten photos' worth."""
    held = np.repeat(np.arange(10) < 9, 5)
    sets, labels = np.stack([held, ~held], axis=1), np.zeros(50, np.int64)
    found = measure_coverage(sets, labels, groups=np.repeat(np.arange(10), 5))
    assert found.coverage == 0.9
    assert found.low < measure_coverage(sets, labels).low - 0.1
