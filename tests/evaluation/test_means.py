"""Means of any scores: held against SciPy where rows are independent, and against whole groups where they are not."""

import numpy as np
import pytest
from scipy import stats

from headstart.evaluation.means import (
    MeanScore,
    compare_with_rest,
    estimate_mean,
    estimate_mean_share,
    student_cdf,
    student_quantile,
    turn_mean,
)


@pytest.mark.parametrize("degrees", [1.0, 2.5, 7.0, 40.0, 900.0])
def test_students_distribution_is_that_of_scipy(degrees: float) -> None:
    for t in (-30.0, -4.2, -1.0, -0.01, 0.0, 0.3, 2.0, 8.0):
        assert student_cdf(t, degrees) == pytest.approx(stats.t.cdf(t, degrees), rel=1e-9, abs=1e-14)
    for p in (0.5, 0.9, 0.975, 0.999):
        assert student_quantile(p, degrees) == pytest.approx(stats.t.ppf(p, degrees), rel=1e-7, abs=1e-9)


def test_the_interval_of_independent_rows_is_students() -> None:
    scores = np.random.default_rng(0).gamma(2.0, 3.0, 37)
    found = estimate_mean(scores, np.arange(37) * 5)
    assert found is not None
    low, high = stats.t.interval(0.95, 36, scores.mean(), stats.sem(scores))
    assert (found.score, found.n) == (pytest.approx(scores.mean()), 37)
    assert (found.low, found.high) == (pytest.approx(low), pytest.approx(high))


def test_rows_of_a_group_tell_as_much_as_one() -> None:
    scores = np.random.default_rng(1).normal(size=20)
    alone = estimate_mean(scores, np.arange(20))
    tenfold = estimate_mean(np.repeat(scores, 10), np.repeat(np.arange(20), 10))
    assert alone is not None
    assert tenfold is not None
    assert (tenfold.low, tenfold.high) == (pytest.approx(alone.low), pytest.approx(alone.high))


def test_few_rows() -> None:
    assert estimate_mean(np.zeros(0), np.zeros(0, np.int64)) is None
    one_group = estimate_mean(np.array([1.0, 4.0]), np.zeros(2, np.int64))
    assert one_group == MeanScore(2.5, 1.0, 4.0, 2)
    assert turn_mean(one_group) == MeanScore(-2.5, -4.0, -1.0, 2)


@pytest.mark.parametrize("apart", [-1.0, 0.0, 0.6])
def test_the_comparison_of_independent_rows_is_welchs(apart: float) -> None:
    chance = np.random.default_rng(2)
    inside = np.arange(60) < 14
    scores = np.where(inside, chance.normal(apart, 2.0, 60), chance.normal(0, 1.0, 60))
    wanted = stats.ttest_ind(scores[inside], scores[~inside], equal_var=False, alternative="less").pvalue
    assert compare_with_rest(scores, inside, np.arange(60)) == pytest.approx(wanted, rel=1e-9)
    tenfold = compare_with_rest(np.repeat(scores, 10), np.repeat(inside, 10), np.repeat(np.arange(60), 10))
    assert tenfold == pytest.approx(wanted, rel=1e-9)


def test_what_cannot_be_compared() -> None:
    scores, inside = np.array([0.0, 0, 1, 1, 1, 1]), np.arange(6) < 2
    assert compare_with_rest(scores, inside, np.array([0, 0, 1, 2, 3, 4])) == 1.0, "one group says nothing"
    assert compare_with_rest(scores, inside, np.arange(6)) == pytest.approx(1 / 15), "one choice of 2 among 6"
    assert compare_with_rest(-scores, inside, np.arange(6)) == 1.0
    assert compare_with_rest(np.ones(6), inside, np.arange(6)) == 1.0


def test_alike_slices_are_rarely_called_worse() -> None:
    """Errors with a long tail, as of numbers: at most about 1 in 20 slices of 30 rows has p below 0.05."""
    chance = np.random.default_rng(3)
    low = [
        compare_with_rest(-chance.lognormal(0, 1, 300), chance.permutation(300) < 30, np.arange(300)) < 0.05
        for _ in range(400)
    ]
    assert np.mean(low) < 0.09


def test_the_interval_of_a_mean_share_lies_within_0_and_1_and_has_a_width() -> None:
    near = estimate_mean_share(np.array([1.0, 1.0, 1.0, 0.5]), np.arange(4))
    assert near is not None
    assert near.low < near.score < near.high == 1
    for value in (1.0, 0.0):
        flawless = estimate_mean_share(np.full(15, value), np.arange(15))
        assert flawless is not None
        ends = stats.binomtest(15 * int(value), 15).proportion_ci(0.95, "wilson")
        assert (flawless.low, flawless.high) == pytest.approx((ends.low, ends.high))
        together = estimate_mean_share(np.full(15, value), np.arange(15) // 3)
        assert together is not None
        assert together.high - together.low > flawless.high - flawless.low
    assert estimate_mean_share(np.zeros(0), np.zeros(0, np.int64)) is None
