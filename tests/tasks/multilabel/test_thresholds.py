import numpy as np
import pytest
from sklearn.metrics import f1_score, precision_score, recall_score

from headstart.tasks.multilabel.thresholds import FEWEST, choose_thresholds

from .drawn import draw_probabilities


def test_no_threshold_has_a_better_f1():
    truth, chance = draw_probabilities(150, 3, seed=2)
    for label, found in enumerate(choose_thresholds(truth, chance, "f1", 0.9)):
        own = chance[:, label]
        best = max(f1_score(truth[:, label], own >= value) for value in own)
        assert f1_score(truth[:, label], own >= np.float32(found.threshold)) == pytest.approx(best)
        assert (found.rule, found.wanted, found.n, found.shared) == ("f1", None, truth[:, label].sum(), False)
        assert found.threshold not in own, "it lies between two probabilities"


def test_a_wished_precision_is_reached_with_the_most_recall():
    truth, chance = draw_probabilities(200, 2, seed=1)
    for label, found in enumerate(choose_thresholds(truth, chance, "precision", 0.85)):
        own, there = chance[:, label], truth[:, label]
        assert precision_score(there, own >= np.float32(found.threshold)) >= 0.85
        lower = [value for value in own if value < found.threshold]
        assert all(precision_score(there, own >= value) < 0.85 for value in lower)
        assert found.wanted == 0.85


def test_a_wished_recall_holds_on_samples_that_were_not_seen():
    held = []
    for seed in range(40):
        truth, chance = draw_probabilities(400, 1, seed=seed)
        (found,) = choose_thresholds(truth[:100], chance[:100], "recall", 0.9)
        held.append(recall_score(truth[100:, 0], chance[100:, 0] >= np.float32(found.threshold)))
    assert np.mean(held) == pytest.approx(0.9, abs=0.025)
    assert np.mean(held) >= 0.89


def test_too_few_samples_share_a_threshold_or_promise_all():
    truth, chance = draw_probabilities(100, 3)
    truth[:, 2] = 0
    truth[: FEWEST - 1, 2] = 1
    found = choose_thresholds(truth, chance, "f1", 0.9)
    assert [one.shared for one in found] == [False, False, True]
    known = np.ones(truth.shape, bool)
    best = max(f1_score(truth[known], chance[known] >= value) for value in chance[known])
    assert f1_score(truth[known], chance[known] >= np.float32(found[2].threshold)) == pytest.approx(best)
    assert choose_thresholds(truth, chance, "recall", 0.9)[2].threshold == 0, "of 7 nobody can say what 90 % are"


def test_what_is_unknown_has_no_say_and_nothing_there_is_even():
    truth, chance = draw_probabilities(80, 2)
    hidden = truth.copy()
    hidden[40:, 0] = -1
    assert choose_thresholds(hidden, chance, "f1", 0.9)[0] == choose_thresholds(truth[:40], chance[:40], "f1", 0.9)[0]
    assert choose_thresholds(np.zeros_like(truth), chance, "f1", 0.9)[0].threshold == 0.5
