"""How much rows that belong together tell, against draws of groups whose truth is known."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from headstart.evaluation.grouping import effective_sample_size, group_sums, number_groups
from headstart.evaluation.intervals import estimate_proportion, grouped_wilson_interval, wilson_interval


def draw(random, sizes, share, alike):
    """Hits and groups: in ``alike`` of the groups all rows are answered alike, in the others each by itself."""
    groups = np.repeat(np.arange(len(sizes)), sizes)
    whole = (random.random(len(sizes)) < share)[groups]
    return np.where((random.random(len(sizes)) < alike)[groups], whole, random.random(len(groups)) < share), groups


@given(hnp.arrays(bool, st.integers(1, 40)), st.randoms())
def test_single_rows_are_worth_as_many_as_they_are(hits, chance):
    names = list(range(100, 100 + len(hits)))
    chance.shuffle(names)
    assert effective_sample_size(hits, np.array(names)) == len(hits)
    assert grouped_wilson_interval(hits, np.array(names)) == wilson_interval(int(hits.sum()), len(hits))


@given(hnp.arrays(bool, 30), hnp.arrays(np.int64, 30, elements=st.integers(0, 12)))
def test_rows_are_never_worth_more_than_they_are_nor_less_than_one(hits, groups):
    assert 1 <= effective_sample_size(hits, groups) <= 30
    found = grouped_wilson_interval(hits, groups)
    assert found.low <= hits.mean() <= found.high


def test_numbers_are_given_as_groups_appear():
    assert number_groups(np.array([9, 4, 9, 7, 4])).tolist() == [0, 1, 0, 2, 1]
    assert group_sums(np.array([1, 2, 3, 4, 5]), np.array([0, 1, 0, 2, 1])).tolist() == [4, 7, 4]


def test_where_no_row_deviates_a_group_counts_as_one_row():
    """40 bursts of 5 photos, all right: 40 photos' worth, for nothing says that those of a burst are independent."""
    groups = np.repeat(np.arange(40), 5)
    assert effective_sample_size(np.ones(200, bool), groups) == pytest.approx(40, rel=0.05)
    assert estimate_proportion(np.ones(200, bool), groups).low == pytest.approx(wilson_interval(40, 40).low, abs=0.005)


def test_many_deviating_rows_say_how_alike_groups_are():
    random = np.random.default_rng(0)
    for alike, worth in ((0.0, 3000), (1.0, 1000)):
        hits, groups = draw(random, np.full(1000, 3), 0.7, alike)
        assert effective_sample_size(hits, groups) == pytest.approx(worth, rel=0.1)


@pytest.mark.parametrize("alike", [0.0, 0.5, 1.0])
@pytest.mark.parametrize(
    "sizes",
    [np.full(20, 10), np.r_[np.ones(60, int), np.full(10, 3), np.full(4, 6)], np.array([1, 2, 3, 5, 8, 13, 21, 9, 9])],
    ids=["patients", "mostly single", "uneven"],
)
def test_intervals_hold_the_truth_as_often_as_they_say(sizes, alike):
    """95 % are wanted; 400 draws have a standard deviation of 1.1 points. Rows taken as independent miss far more."""
    random = np.random.default_rng(1)
    held, plainly = 0, 0
    for _ in range(400):
        hits, groups = draw(random, sizes, 0.8, alike)
        found, plain = grouped_wilson_interval(hits, groups), wilson_interval(int(hits.sum()), len(hits))
        held += found.low <= 0.8 <= found.high
        plainly += plain.low <= 0.8 <= plain.high
    assert held >= 0.92 * 400
    assert plainly <= (0.88 if alike == 1 else 1) * 400
