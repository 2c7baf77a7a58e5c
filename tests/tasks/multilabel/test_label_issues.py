"""Labels removed or added by hand are among the first that are doubted, and it is said which."""

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import cross_val_predict

from headstart.tasks.multilabel.label_issues import (
    average_confidence,
    compute_self_confidence,
    find_doubted,
    find_label_set_issues,
)

N, K, WIDTH = 800, 8, 24


def draw_labels(seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return features, labels (N, K) of which 5 % were turned, and which were."""
    chance = np.random.default_rng(seed)
    features = chance.normal(size=(N, WIDTH))
    logits = 2.5 * features @ chance.normal(size=(WIDTH, K)) / np.sqrt(WIDTH) * 2 - 1.5
    labels = (logits + chance.logistic(0, 0.4, (N, K)) > 0).astype(np.int8)
    turned = chance.random((N, K)) < 0.05
    return features, np.where(turned, 1 - labels, labels).astype(np.int8), turned


def predict_held_out(features: np.ndarray, labels: np.ndarray) -> np.ndarray:
    model = LogisticRegression(C=1.0)
    columns = [cross_val_predict(model, features, labels[:, k], cv=5, method="predict_proba")[:, 1] for k in range(K)]
    return np.stack(columns, axis=1).astype(np.float32)


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_of_the_first_100_suspects_most_were_planted(seed: int) -> None:
    features, labels, turned = draw_labels(seed)
    chances = predict_held_out(features, labels)
    found = find_label_set_issues([str(i) for i in range(N)], labels, chances, str)
    first = found[:100]
    assert len(first) == 100
    planted = [turned[int(one.id), one.doubts[0].output] for one in first]
    assert np.mean(planted) >= 0.7
    for one in first:
        row, doubt = int(one.id), one.doubts[0]
        assert doubt.kind == ("missing" if labels[row, doubt.output] == 0 else "too many")
        assert (doubt.given, doubt.expected) == (labels[row, doubt.output], pytest.approx(chances[row, doubt.output]))
        assert one.given_probability < 0.5 < one.likely_probability
        strengths = [each.strength for each in one.doubts]
        assert strengths == sorted(strengths, reverse=True)
        changed = {each.output for each in one.doubts}
        corrected = [1 - value if k in changed else value for k, value in enumerate(labels[row].tolist())]
        assert (one.given, one.likely) == (str(tuple(labels[row].tolist())), str(tuple(corrected)))


def test_quality_is_the_papers_moving_average() -> None:
    """S_1 is the best of the labels, S_k = 0.8 s_k + 0.2 S_(k-1), sorted from the best to the worst."""
    confidence = np.random.default_rng(0).random((30, 5))
    for row, quality in zip(confidence, average_confidence(confidence), strict=True):
        ordered = sorted(row, reverse=True)
        wanted = ordered[0]
        for value in ordered[1:]:
            wanted = 0.8 * value + 0.2 * wanted
        assert quality == pytest.approx(wanted)


def test_an_unknown_label_is_never_doubted() -> None:
    targets = np.array([[1, -1], [0, 0], [1, 1]], np.int8)
    chances = np.array([[0.9, 0.99], [0.1, 0.1], [0.8, 0.9]], np.float32)
    assert compute_self_confidence(targets, chances)[0, 1] == 1
    assert not find_doubted(targets, chances)[0, 1]
    assert find_label_set_issues(list("abc"), targets, chances, str) == ()


def test_a_rare_label_is_not_doubted_because_it_is_rare() -> None:
    """Where it stands the heads say 0.4 on average: a 0.45 is no sign that it is wrong; a 0.01 is."""
    targets = np.zeros((200, 1), np.int8)
    targets[:10] = 1
    chances = np.full((200, 1), 0.02, np.float32)
    chances[:9], chances[9] = 0.45, 0.001
    doubted = find_doubted(targets, chances)
    assert np.flatnonzero(doubted[:, 0]).tolist() == [9]


def test_nothing_is_doubted_where_all_agree() -> None:
    targets = np.random.default_rng(1).integers(0, 2, (50, 4)).astype(np.int8)
    assert find_label_set_issues([str(i) for i in range(50)], targets, targets.astype(np.float32), str) == ()
