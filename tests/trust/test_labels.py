import numpy as np
import pytest

from headstart.heads.crossfit import out_of_fold
from headstart.heads.head import Task
from headstart.heads.linear import fit_logistic
from headstart.settings import HeadSettings
from headstart.trust.labels import confident_joint, estimated_errors, suspects


def _by_hand(labels, chance):
    """The confident joint as sections 3.1's equations say it, row by row."""
    rows, classes = chance.shape
    mean = [np.mean([chance[n][k] for n in range(rows) if labels[n] == k]) for k in range(classes)]
    joint = np.zeros((classes, classes))
    for n in range(rows):
        above = [k for k in range(classes) if chance[n][k] >= mean[k]]
        if above:
            joint[labels[n], max(above, key=lambda k: chance[n][k])] += 1
    for k in range(classes):
        joint[k] *= sum(labels == k) / joint[k].sum()
    return joint


def _clouds(rows, classes, seed, share=0.08):
    """Features, labels of which a share is flipped, and which ones are."""
    random = np.random.default_rng(seed)
    true = np.arange(rows) % classes
    features = (random.standard_normal((classes, 6)) * 2.5)[true] + random.standard_normal((rows, 6))
    flipped = random.permutation(rows) < share * rows
    labels = np.where(flipped, (true + random.integers(1, classes, rows)) % classes, true)
    return features.astype(np.float32), labels, flipped


def _held_out(rows, classes, seed, share=0.08):
    features, labels, flipped = _clouds(rows, classes, seed, share)
    task = Task(features, labels, classes, np.arange(rows), balanced=False, seed=seed)
    return labels, out_of_fold(task, fit_logistic, HeadSettings(), {"C": 0.1}, folds=5), flipped


@pytest.mark.parametrize("classes", [2, 3, 5])
def test_the_joint_is_that_of_the_definition(classes):
    labels, chance, _ = _held_out(300, classes, seed=classes)
    joint = confident_joint(labels, chance)
    assert joint == pytest.approx(_by_hand(labels, chance.astype(np.float64)), abs=1e-9)
    assert joint.sum(axis=1) == pytest.approx(np.bincount(labels))
    assert estimated_errors(labels, chance) == round(joint.sum() - np.trace(joint))


def test_a_joint_worked_out_on_paper():
    labels = np.array([0, 0, 0, 0, 1, 1, 1, 1])
    first = np.array([0.9, 0.8, 0.7, 0.2, 0.1, 0.2, 0.3, 0.8])
    chance = np.stack([first, 1 - first], axis=1).astype(np.float32)
    # Both classes are sure from 0.65 on: 3 of 4 photos are where they belong, 1 is in the other class.
    assert confident_joint(labels, chance) == pytest.approx(np.array([[3.0, 1.0], [1.0, 3.0]]))
    assert estimated_errors(labels, chance) == 2
    found = suspects(list("abcdefgh"), labels, chance)
    assert [(it.id, it.given, it.likely, it.flagged) for it in found] == [("d", 0, 1, True), ("h", 1, 0, True)]
    assert [it.given_probability for it in found] == pytest.approx([0.2, 0.2])
    assert [it.likely_probability for it in found] == pytest.approx([0.8, 0.8])


@pytest.mark.parametrize(("classes", "seed"), [(2, 0), (2, 1), (4, 2)])
def test_flipped_labels_come_first_and_are_counted(classes, seed):
    labels, chance, flipped = _held_out(600, classes, seed)
    found = suspects([str(n) for n in range(600)], labels, chance)
    rows = [int(it.id) for it in found]
    first = rows[: flipped.sum()]
    assert flipped[first].mean() > 0.75
    assert flipped.mean() < 0.09
    assert estimated_errors(labels, chance) == pytest.approx(flipped.sum(), rel=0.35)
    assert sum(it.flagged for it in found) == min(estimated_errors(labels, chance), len(found))
    assert all(it.likely_probability > it.given_probability for it in found)
    assert set(rows) == set(np.flatnonzero(chance.argmax(axis=1) != labels))


def test_the_order_is_of_odds_not_of_the_given_probability():
    chance = np.array([[0.05, 0.06, 0.89], [0.02, 0.49, 0.49], [0.01, 0.5, 0.49]], np.float32)
    chance = np.concatenate([chance, np.eye(3, dtype=np.float32)])
    found = suspects(list("abcdef"), np.array([0, 0, 0, 0, 1, 2]), chance)
    assert [it.id for it in found] == ["c", "b", "a"]
    assert [it.likely for it in found] == [1, 1, 2]


def test_as_likely_is_no_suspicion():
    labels = np.array([0, 1, 2])
    chance = np.full((3, 3), 1 / 3, np.float32)
    assert suspects(["a", "b", "c"], labels, chance) == ()
    assert estimated_errors(labels, np.eye(3, dtype=np.float32)) == 0
    assert suspects(["a", "b", "c"], labels, np.eye(3, dtype=np.float32)) == ()


def test_classes_without_photos_and_probabilities_of_nothing():
    labels = np.array([0, 0, 0, 2, 2, 2])
    chance = np.zeros((6, 4), np.float32)
    chance[:3, 0] = chance[3:, 2] = 1
    chance[2] = [0, 0, 1, 0]
    joint = confident_joint(labels, chance)
    assert np.isfinite(joint).all()
    assert joint.sum(axis=1).tolist() == [3, 0, 3, 0]
    assert [(it.id, it.likely) for it in suspects(list("abcdef"), labels, chance)] == [("c", 2)]
    chance[1] = [0, 0.9, 0, 0.1]
    assert (confident_joint(labels, chance)[:, [1, 3]] == 0).all()


def test_a_class_of_one_photo_is_not_all_errors():
    labels = np.array([0] * 5 + [1])
    chance = np.array([[0.99, 0.01]] * 6, np.float32)
    assert confident_joint(labels, chance)[1].tolist() == pytest.approx([0.5, 0.5])
