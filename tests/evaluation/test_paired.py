"""What a difference between two arms is, and what of it can be chance, against scipy, fractions and brute force."""

from fractions import Fraction
from itertools import combinations, product
from math import comb, inf, sqrt

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy import stats

from headstart.evaluation.grouping import Targets
from headstart.evaluation.paired import (
    accuracy_interval,
    adjust_holm,
    exceeds_one_se,
    paired_exact_test,
    percentile_interval,
    resampled_difference_interval,
    smallest_detectable_difference,
    standard_error,
    tango_interval,
)
from headstart.tasks.classification.comparison import compare_pairs
from tests.evaluation.drawn import paired_interval, rights, score_of, sure

RIGHTS = st.integers(2, 60).flatmap(lambda n: st.tuples(hnp.arrays(bool, n), hnp.arrays(bool, n)))


def single(rows):
    """Each photo is a group of its own."""
    return np.arange(len(rows))


def mcnemar_of(pair):
    return paired_exact_test(*pair, single(pair[0]))


# --- McNemar -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("total", [1, 2, 7, 40, 301, 2000])
def test_mcnemar_is_the_binomial_test_of_scipy(total):
    for only_a in {0, 1, total // 4, total // 2 - 1, total // 2, total - 1, total} - {-1}:
        found = mcnemar_of(rights(5, only_a, total - only_a, 3))
        assert found == pytest.approx(stats.binomtest(only_a, total).pvalue, rel=1e-9, abs=1e-300)


def test_mcnemar_of_a_hundred_thousand_photos():
    found = mcnemar_of(rights(10, 49_500, 50_500, 10))
    assert found == pytest.approx(stats.binomtest(49_500, 100_000).pvalue, rel=1e-8)


def test_mcnemar_where_nothing_differs():
    assert mcnemar_of(rights(4, 0, 0, 4)) == 1
    assert mcnemar_of(rights(4, 3, 3, 4)) == 1


@given(RIGHTS)
def test_mcnemar_is_even_handed_and_exact(pair):
    a, b = pair
    only_a, only_b = int((a & ~b).sum()), int((b & ~a).sum())
    n, k = only_a + only_b, min(only_a, only_b)
    wanted = min(Fraction(1), Fraction(2 * sum(comb(n, i) for i in range(k + 1)), 2**n))
    assert mcnemar_of((a, b)) == mcnemar_of((b, a)) == pytest.approx(float(wanted), rel=1e-12)


# --- Holm ----------------------------------------------------------------------------------------------------------


def closed_testing(p: list[float]) -> list[float]:
    """Holm by its definition: the largest Bonferroni p over all sets of hypotheses that hold the one in question."""
    sets = [set(chosen) for size in range(1, len(p) + 1) for chosen in combinations(range(len(p)), size)]
    return [max(min(1, len(each) * min(p[i] for i in each)) for each in sets if one in each) for one in range(len(p))]


@given(st.lists(st.floats(0, 1), max_size=6))
def test_holm_is_closed_testing_with_bonferroni(p):
    assert adjust_holm(p) == pytest.approx(tuple(closed_testing(p)))


def test_holm_keeps_the_order_given():
    assert adjust_holm([0.04, 0.01, 0.03]) == pytest.approx((0.06, 0.03, 0.06))
    assert adjust_holm([]) == ()


# --- standard error and the rule of one standard error -------------------------------------------------------------


@given(RIGHTS)
def test_standard_error_is_that_of_a_mean(pair):
    a, b = pair
    assert standard_error(a, b, single(a)) == pytest.approx(stats.sem(a.astype(float) - b), abs=1e-15)


def test_standard_error_of_one_photo_is_its_difference():
    assert standard_error(np.array([False]), np.array([True]), np.array([0])) == 1
    assert standard_error(np.array([True]), np.array([True]), np.array([0])) == 0


@pytest.mark.parametrize("n", [2, 3, 11])
def test_a_difference_above_one_standard_error_exceeds_it(n):
    """In fractions, as floating point would decide the case of one photo by rounding."""
    for only_a in range(n // 2 + 1):
        for only_b in range(n // 2 + 1):
            a, b = rights(n - only_a - only_b, only_a, only_b, 0)
            pair = compare_pairs(Targets.independent(np.zeros(n, np.int64)), {"a": sure(a), "b": sure(b)}, 0)[0]
            mean = Fraction(only_a - only_b, n)
            variance = (only_a + only_b - n * mean**2) / (n - 1) / n
            assert float(variance) == pytest.approx(standard_error(a, b, single(a)) ** 2)
            assert pair.exceeds_one_se == (mean**2 > variance)


# --- intervals -----------------------------------------------------------------------------------------------------


def test_paired_interval_is_that_of_scipy():
    random = np.random.default_rng(1)
    a = random.gamma(2.0, size=150)
    b = a + random.normal(0.3, 1.0, 150)
    found = paired_interval(a, b, single(a), 0, draws=20_000)
    wanted = stats.bootstrap((a - b,), np.mean, n_resamples=20_000, method="percentile", rng=random)
    assert (found.low, found.high) == pytest.approx(tuple(wanted.confidence_interval), abs=0.01)
    assert found.low < (a - b).mean() < found.high
    assert found.level == 0.95


def test_paired_interval_knows_that_photos_are_the_same():
    """Values that vary much but differ by a constant leave nothing open."""
    a = np.arange(50.0)
    found = paired_interval(a + 2, a, single(a), 3)
    assert (found.low, found.high) == pytest.approx((2, 2))


def test_paired_interval_of_many_photos_is_drawn_in_chunks(monkeypatch):
    random = np.random.default_rng(2)
    a, b = random.random(90), random.random(90)
    whole = paired_interval(a, b, single(a), 5, draws=101)
    monkeypatch.setattr("headstart.evaluation.paired._CHUNK", 700)  # 7 draws, and 3 that are left
    assert paired_interval(a, b, single(a), 5, draws=101).low == pytest.approx(whole.low, abs=1e-12)
    monkeypatch.setattr("headstart.evaluation.paired._CHUNK", 10)  # fewer than the photos
    assert paired_interval(a, b, single(a), 5, draws=101).high == pytest.approx(whole.high, abs=1e-12)


def test_intervals_cover_the_truth_about_as_often_as_they_say():
    random = np.random.default_rng(3)
    met = 0
    for seed in range(200):
        a, b = random.random(80) < 0.8, random.random(80) < 0.7
        found = paired_interval(a, b, single(a), seed, draws=400, level=0.9)
        met += found.low <= 0.1 <= found.high
    assert 165 <= met <= 192  # 180 wanted, binomial standard deviation 4.2, and percentile intervals are a bit narrow


# --- photos that belong together -----------------------------------------------------------------------------------


GROUPED = st.integers(2, 12).flatmap(
    lambda n: st.tuples(hnp.arrays(bool, n), hnp.arrays(bool, n), hnp.arrays(np.int64, n, elements=st.integers(0, 7)))
)


@settings(deadline=None)
@given(GROUPED)
def test_p_is_the_share_of_swaps_of_groups_that_differ_as_much(drawn):
    """All of them, one by one."""
    a, b, groups = drawn
    each = a.astype(int) - b
    sums = [int(each[groups == name].sum()) for name in np.unique(groups)]
    swaps = [
        abs(sum(sign * own for sign, own in zip(signs, sums, strict=True)))
        for signs in product([1, -1], repeat=len(sums))
    ]
    assert paired_exact_test(a, b, groups) == pytest.approx(np.mean(np.array(swaps) >= abs(sum(sums))), abs=1e-12)


@given(GROUPED)
def test_a_difference_above_one_standard_error_of_groups_exceeds_it(drawn):
    """In fractions."""
    a, b, groups = drawn
    each, names = a.astype(int) - b, np.unique(groups)
    if len(names) < 2:
        assert not exceeds_one_se(a, b, groups)
        return
    mean = Fraction(int(each.sum()), len(each))
    left = [Fraction(int(each[groups == name].sum())) - mean * int((groups == name).sum()) for name in names]
    variance = sum(it**2 for it in left) * len(names) / ((len(names) - 1) * Fraction(len(each)) ** 2)
    assert exceeds_one_se(a, b, groups) == (mean**2 > variance)
    assert standard_error(a, b, groups) == pytest.approx(float(variance) ** 0.5, abs=1e-12)


def bursts(random, share_a, share_b, count=40, size=4):
    """Two arms on bursts of photos; all photos of a burst are answered alike."""
    groups = np.repeat(np.arange(count), size)
    return (random.random(count) < share_a)[groups], (random.random(count) < share_b)[groups], groups


def test_two_equal_arms_on_bursts_are_rarely_called_unlike():
    """In 1 of 20 cases at most; photos taken as independent do so in a third of them."""
    random = np.random.default_rng(8)
    drawn = [bursts(random, 0.75, 0.75) for _ in range(300)]
    assert np.mean([paired_exact_test(*it) < 0.05 for it in drawn]) <= 0.05 + 2 * sqrt(0.05 * 0.95 / 300)
    assert np.mean([mcnemar_of(it[:2]) < 0.05 for it in drawn]) > 0.2


def test_intervals_of_a_difference_on_bursts_hold_the_truth():
    random = np.random.default_rng(9)
    held, drawn_held, plainly = 0, 0, 0
    for seed in range(200):
        a, b, groups = bursts(random, 0.8, 0.7)
        found, drawn = accuracy_interval(a, b, groups), paired_interval(a, b, groups, seed, draws=200)
        plain = accuracy_interval(a, b, single(a))
        held += found.low <= 0.1 <= found.high
        drawn_held += drawn.low <= 0.1 <= drawn.high
        plainly += plain.low <= 0.1 <= plain.high
    assert held >= 184  # 190 wanted, binomial standard deviation 3.1
    assert drawn_held >= 178  # percentile intervals of 40 groups are a bit narrow
    assert plainly < 150


# --- the score interval of a difference ----------------------------------------------------------------------------


@pytest.mark.parametrize(("only_a", "only_b", "n"), [(9, 3, 40), (1, 0, 50), (0, 6, 30), (5, 5, 20), (0, 0, 100)])
def test_the_limits_are_those_at_which_the_score_is_z(only_a, only_b, n):
    found, z = tango_interval(only_a, only_b, n), stats.norm.ppf(0.975)
    assert score_of(found.low, only_a, only_b, n) == pytest.approx(z, abs=1e-3)
    assert score_of(found.high, only_a, only_b, n) == pytest.approx(-z, abs=1e-3)


def test_where_no_answer_differs_something_is_left_open():
    """100 photos without a difference: one of 3.7 points could still be, a little more than by the rule of three."""
    same = np.arange(100) % 5 > 0
    found = accuracy_interval(same, same, single(same))
    assert (found.low, found.high) == pytest.approx((-0.037, 0.037), abs=1e-4)
    grouped = accuracy_interval(same, same, np.arange(100) // 5)
    assert grouped.high > 3 * found.high


# --- what a part can tell ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("n", [6, 30, 250, 1000, 100_000])
def test_smallest_difference_has_the_power_it_claims(n):
    found = smallest_detectable_difference(n, 1.0)
    counts = np.arange(min(n, 200) + 1)
    telling = counts[[stats.binomtest(0, int(count)).pvalue < 0.05 if count else False for count in counts]]
    assert stats.binom.sf(telling.min() - 1, n, found) == pytest.approx(0.8, abs=1e-3)


def test_smallest_difference_in_a_simulation():
    random = np.random.default_rng(7)
    share = smallest_detectable_difference(120, 0.3)
    shown = [mcnemar_of((np.ones(120, bool), random.random(120) >= share)) < 0.05 for _ in range(2000)]
    assert np.mean(shown) == pytest.approx(0.8, abs=4 * sqrt(0.8 * 0.2 / 2000))


def test_no_difference_can_be_shown_where_there_are_too_few_mistakes():
    assert smallest_detectable_difference(5, 1.0) == inf
    assert smallest_detectable_difference(100, 0.05) == inf  # 5 mistakes
    assert smallest_detectable_difference(100, 0.1) == pytest.approx(0.078, abs=0.001)


def test_resampled_differences_that_are_all_0_leave_room_too():
    drawn = np.random.default_rng(0).normal(0.1, 0.05, 1000)
    groups = np.arange(52) // 2
    assert resampled_difference_interval(drawn, groups, 0.95) == percentile_interval(drawn, 0.95)
    assert resampled_difference_interval(np.zeros(1000), groups, 0.95) == tango_interval(0, 0, 26)
