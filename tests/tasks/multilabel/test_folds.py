"""Groups of samples of several strata, spread over subsets."""

import numpy as np
import pytest

from headstart.stratification import spread_groups
from headstart.tasks.multilabel.folds import assign_label_folds
from headstart.tasks.multilabel.targets import mark_memberships


def _draw(rows: int = 400, labels: int = 6, seed: int = 0):
    chance = np.random.default_rng(seed)
    return (chance.random((rows, labels)) < np.geomspace(0.02, 0.6, labels)).astype(np.int8)


def test_every_label_is_spread_evenly_and_better_than_by_chance():
    targets = _draw()
    fold = assign_label_folds(targets, np.arange(400), 5, 0)
    by_chance = np.random.default_rng(0).permutation(np.arange(400) % 5)
    counts, drawn = (
        np.array([mark_memberships(targets)[folds == held].sum(axis=0) for held in range(5)])
        for folds in (fold, by_chance)
    )
    assert np.bincount(fold).tolist() == pytest.approx([80] * 5, abs=8)
    assert np.ptp(counts, axis=0).max() <= 3
    assert np.ptp(drawn, axis=0).max() > 5
    assert np.ptp(counts[:, 0]) <= 1, "the rarest is dealt with first"


def test_groups_stay_together():
    targets, groups = _draw(300), np.random.default_rng(1).integers(0, 60, 300)
    fold = assign_label_folds(targets, groups, 4, 0)
    assert all(len(np.unique(fold[groups == group])) == 1 for group in np.unique(groups))
    assert np.ptp(np.bincount(fold)) < 40


def test_the_seed_decides_between_equals():
    targets = _draw()
    folds = [assign_label_folds(targets, np.arange(400), 5, seed) for seed in (0, 0, 1)]
    assert np.array_equal(folds[0], folds[1])
    assert not np.array_equal(folds[0], folds[2])


def test_one_group_gives_no_folds_and_two_give_two():
    targets = _draw(20)
    assert assign_label_folds(targets, np.zeros(20, np.int64), 5, 0) is None
    assert sorted(np.unique(assign_label_folds(targets, np.arange(20) // 10, 5, 0))) == [0, 1]


def test_a_group_that_swamps_a_subset_goes_elsewhere():
    counts, sizes = np.array([[30], [1], [1], [1]]), np.array([30, 1, 1, 1])
    placed = spread_groups(counts, sizes, np.array([[23.0], [10.0]]), np.array([30.0, 3.0]))
    assert placed.tolist() == [0, 1, 1, 1]
