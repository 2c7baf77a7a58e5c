import numpy as np
import pytest
from scipy.stats import permutation_test

from headstart.evaluation.mean_comparison import compare_means, mean_standard_error, smallest_p_value, swap_p_value
from headstart.tasks.facets import ItemScores


def test_p_of_swaps_is_that_of_scipy() -> None:
    random = np.random.default_rng(0)
    few = random.normal(0.4, 1, 9)
    exact = permutation_test((few,), np.sum, permutation_type="samples", n_resamples=np.inf).pvalue
    assert swap_p_value(few, np.arange(9), 0) == pytest.approx(exact)
    many = random.normal(0.15, 1, 200)
    drawn = permutation_test((many,), np.sum, permutation_type="samples", n_resamples=9999, rng=random).pvalue
    assert swap_p_value(many, np.arange(200), 0) == pytest.approx(drawn, abs=0.015)


def test_groups_are_swapped_together() -> None:
    differences, groups = np.repeat([1.0, 2.0, 0.5], 10), np.repeat([0, 1, 2], 10)
    assert swap_p_value(differences, groups, 0) == smallest_p_value(differences, groups) == 0.25
    assert swap_p_value(np.zeros(5), np.arange(5), 0) == 1


def test_the_standard_error_is_that_of_the_mean() -> None:
    values = np.random.default_rng(3).normal(size=40)
    assert mean_standard_error(values, np.arange(40)) == pytest.approx(values.std(ddof=1) / np.sqrt(40))
    twice = mean_standard_error(np.repeat(values, 3), np.repeat(np.arange(40), 3))
    assert twice == pytest.approx(values.std(ddof=1) / np.sqrt(40)), "copies tell nothing"
    assert mean_standard_error(np.full(4, 2.0), np.zeros(4, np.int64)) == 2


def test_the_better_of_two_arms_is_told() -> None:
    random = np.random.default_rng(4)
    errors = random.exponential(size=150)
    scores = {"near": ItemScores(-errors, errors), "far": ItemScores(-errors - 0.2, errors + 0.2)}
    scores["noisy"] = ItemScores(-errors - random.normal(0, 0.3, 150), errors)
    near, even = compare_means(scores, np.arange(150), [("near", "far"), ("near", "noisy")], 0)
    assert near.difference == pytest.approx(0.2)
    assert near.significant
    assert near.exceeds_one_se
    assert (near.only_a, near.only_b) == (150, 0)
    assert near.loss_difference == pytest.approx(-0.2)
    assert not even.significant
    assert even.interval.low < 0 < even.interval.high
    assert compare_means(scores, np.arange(150), [], 0) == ()
