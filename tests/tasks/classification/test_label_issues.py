import weakref
from dataclasses import replace
from functools import partial

import numpy as np
import pytest

from headstart.heads import subsample
from headstart.heads.head import MadeTrainingSets, TrainingSet
from headstart.tasks.classification.label_issues import diagnose_labels, find_label_issues


def _clouds(rows, classes, seed, share=0.08):
    """Features, labels of which a share is flipped, and which ones are."""
    random = np.random.default_rng(seed)
    true = np.arange(rows) % classes
    features = (random.standard_normal((classes, 6)) * 2.5)[true] + random.standard_normal((rows, 6))
    flipped = random.permutation(rows) < share * rows
    labels = np.where(flipped, (true + random.integers(1, classes, rows)) % classes, true)
    return features.astype(np.float32), labels, flipped


def _training_sets(features, labels, groups=None, seed=0):
    groups = np.arange(len(labels)) if groups is None else groups
    noise = np.random.default_rng(seed).standard_normal(features.shape).astype(np.float32)
    return [
        TrainingSet(rows, labels, int(labels.max()) + 1, groups, balanced=False, seed=seed)
        for rows in (features, features + noise, noise)
    ]


@pytest.mark.parametrize(("classes", "seed"), [(2, 0), (2, 1), (4, 2)])
def test_flipped_labels_come_first_and_are_counted(classes, seed):
    features, labels, flipped = _clouds(600, classes, seed)
    found = diagnose_labels([str(n) for n in range(600)], _training_sets(features, labels), folds=5)
    rows = [int(it.id) for it in found.issues]
    assert flipped[rows[: flipped.sum()]].mean() > 0.75
    assert all(it.likely_probability > it.given_probability for it in found.issues)
    assert set(rows) == set(np.flatnonzero(found.probabilities.argmax(axis=1) != labels))
    assert found.noise.n == 600
    assert found.noise.doubted == len(rows)
    assert found.accuracy == pytest.approx(1 - len(rows) / 600)
    assert found.noise.estimate is None or found.noise.low <= flipped.sum() <= found.noise.high


def test_a_class_of_one_group_is_not_doubted():
    """No head knows it without that group; all of it would be doubted, as on photos of one burst."""
    features, labels, _ = _clouds(300, 3, 0, share=0)
    groups = np.where(labels == 2, 1000, np.arange(300))
    found = diagnose_labels([str(n) for n in range(300)], _training_sets(features, labels, groups), folds=5)
    assert found.noise.n == 200
    np.testing.assert_array_equal(found.known, labels != 2)
    assert not {it.id for it in found.issues} & {str(n) for n in range(2, 300, 3)}


def test_where_all_is_one_group_nothing_is_said():
    features, labels, _ = _clouds(60, 2, 0)
    one_each = np.array([0, 1])
    found = diagnose_labels(
        ["a", "b"], _training_sets(features[:2], labels[:2] * 0 + one_each, np.zeros(2, np.int64)), folds=5
    )
    assert found.issues == ()
    assert (found.noise.n, found.noise.doubted, found.noise.estimate) == (0, 0, None)


def test_the_order_is_of_odds_not_of_the_given_probability():
    chance = np.array([[0.05, 0.06, 0.89], [0.02, 0.49, 0.49], [0.01, 0.5, 0.49]], np.float32)
    chance = np.concatenate([chance, np.eye(3, dtype=np.float32)])
    found = find_label_issues(list("abcdef"), np.array([0, 0, 0, 0, 1, 2]), chance)
    assert [it.id for it in found] == ["c", "b", "a"]
    assert [it.likely for it in found] == [1, 1, 2]


def test_as_likely_is_no_suspicion():
    labels = np.array([0, 1, 2])
    assert find_label_issues(["a", "b", "c"], labels, np.full((3, 3), 1 / 3, np.float32)) == ()
    assert find_label_issues(["a", "b", "c"], labels, np.eye(3, dtype=np.float32)) == ()


def test_probabilities_of_nothing():
    chance = np.zeros((3, 3), np.float32)
    chance[[0, 1, 2], [0, 1, 2]] = 1
    assert [(it.id, it.likely) for it in find_label_issues(list("abc"), np.array([0, 1, 1]), chance)] == [("c", 2)]


def test_of_many_rows_a_sample_chooses_how_they_are_answered(monkeypatch):
    features, labels, flipped = _clouds(900, 3, 1)
    training_sets = _training_sets(features, labels, groups=np.arange(900) // 2)
    ids = [str(n) for n in range(900)]
    whole = diagnose_labels(ids, training_sets, folds=5)
    monkeypatch.setattr(subsample, "MANY", 899)
    monkeypatch.setattr(subsample, "CHOSEN_ON", 450)
    sampled = diagnose_labels(ids, training_sets, folds=5)
    rows = [int(issue.id) for issue in sampled.issues]
    assert flipped[rows[: flipped.sum()]].mean() > 0.75
    assert sampled.accuracy == pytest.approx(whole.accuracy, abs=0.02)
    np.testing.assert_array_equal(sampled.known, whole.known)


def test_one_layer_is_in_memory_at_a_time():
    features, labels, _ = _clouds(300, 3, 1)
    arrays, seen = [], []

    def make(training_set):
        seen.append(sum(array() is not None for array in arrays))
        rows = training_set.features.copy()
        arrays.append(weakref.ref(rows))
        return replace(training_set, features=rows)

    plain = _training_sets(features, labels)
    made = MadeTrainingSets([partial(make, each) for each in plain])
    ids = [str(n) for n in range(300)]
    assert diagnose_labels(ids, made, folds=5).issues == diagnose_labels(ids, plain, folds=5).issues
    assert max(seen) == 0
    assert len(made[1:]) == 2
