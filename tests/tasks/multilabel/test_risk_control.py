import numpy as np
import pytest
from scipy.stats import binomtest

from headstart.tasks.multilabel.label_shares import compute_misses, measure_miss_rate
from headstart.tasks.multilabel.risk_control import fit_risk_control

from .drawn import draw_probabilities


def test_the_promise_holds_on_samples_that_were_not_seen():
    missed = []
    for seed in range(60):
        truth, chance = draw_probabilities(500, 4, seed=seed, sharp=0.7)
        rule = fit_risk_control(truth[:100], chance[:100], np.arange(100), 0.1)
        some = truth[100:].any(axis=1)
        missed.append(compute_misses(truth[100:], rule.predict(chance[100:]))[some].mean())
    assert np.mean(missed) <= 0.1 + 0.005
    assert np.mean(missed) >= 0.08


def test_it_is_the_greatest_threshold_that_keeps_it():
    truth, chance = draw_probabilities(120, 3)
    some = truth.any(axis=1)
    rule = fit_risk_control(truth, chance, np.arange(120), 0.15)
    n = int(some.sum())
    assert rule.n == n

    def bound(threshold):
        return (compute_misses(truth, chance >= np.float32(threshold))[some].sum() + 1) / (n + 1)

    assert bound(rule.threshold) <= 0.15
    higher = np.sort(chance[chance > np.float32(rule.threshold)])
    assert bound(higher[0]) > 0.15 or bound(higher[0]) == bound(rule.threshold)
    assert any(bound(value) > 0.15 for value in higher[:40])


def test_a_group_counts_once():
    truth, chance = draw_probabilities(60, 3, seed=4)
    truth[truth.sum(axis=1) == 0, 0] = 1
    again = fit_risk_control(
        np.repeat(truth, 3, axis=0), np.repeat(chance, 3, axis=0), np.repeat(np.arange(60), 3), 0.2
    )
    assert again == fit_risk_control(truth, chance, np.arange(60), 0.2)


def test_too_few_to_promise_anything_take_all_labels():
    truth, chance = draw_probabilities(8, 3)
    assert fit_risk_control(truth, chance, np.arange(8), 0.1).predict(chance).all()
    assert fit_risk_control(np.zeros_like(truth), chance, np.arange(8), 0.1).n == 0


def test_the_miss_rate_is_of_samples_that_have_a_label():
    truth = np.array([[1, 1], [0, 0], [1, -1], [0, 1]], np.int8)
    sets = np.array([[1, 0], [0, 0], [0, 0], [0, 1]], bool)
    found = measure_miss_rate(truth, sets, np.arange(4))
    assert found.rate == pytest.approx((0.5 + 1 + 0) / 3)
    assert found.n == 3
    nothing = measure_miss_rate(truth, np.ones_like(sets), np.arange(4))
    ends = binomtest(0, nothing.n).proportion_ci(0.95, "wilson")
    assert (nothing.rate, nothing.interval.low, nothing.interval.high) == pytest.approx((0, 0, ends.high))
    assert measure_miss_rate(truth[1:2], sets[1:2], np.arange(1)) is None
