import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from headstart.heads.folds import assign_folds, batch_groups, count_folds, make_fold_groups


def _groups(rows: int, names: int) -> st.SearchStrategy[np.ndarray]:
    return hnp.arrays(np.int64, rows, elements=st.integers(0, names))


@given(st.integers(2, 60).flatmap(lambda n: st.tuples(_groups(n, 3), _groups(n, 40))), st.integers(2, 6))
@settings(max_examples=60, deadline=None)
def test_groups_stay_together_and_every_row_has_a_fold(rows, folds):
    labels, groups = rows
    fold = assign_folds(labels, groups, folds, seed=0)
    assert fold.min() >= 0
    assert fold.max() < folds
    for group in np.unique(groups):
        assert len(np.unique(fold[groups == group])) == 1


def test_single_rows_are_spread_to_within_one():
    labels = np.random.default_rng(0).choice(4, 503, p=[0.6, 0.2, 0.15, 0.05])
    fold = assign_folds(labels, np.arange(503), 5, seed=1)
    for label in range(4):
        counts = np.bincount(fold[labels == label], minlength=5)
        assert counts.max() - counts.min() <= 1
    sizes = np.bincount(fold)
    assert sizes.max() - sizes.min() <= 4


def test_pairs_are_spread_too():
    labels = np.repeat(np.arange(3), 40)
    groups = np.arange(120) // 2
    fold = assign_folds(labels, groups, 5, seed=0)
    for label in range(3):
        assert np.bincount(fold[labels == label], minlength=5).tolist() == [8] * 5


def test_seed_decides():
    labels = np.arange(100) % 2
    first, same, other = (assign_folds(labels, np.arange(100), 5, seed) for seed in (3, 3, 4))
    assert np.array_equal(first, same)
    assert not np.array_equal(first, other)


def test_a_rare_class_makes_no_fold_coarser_and_is_in_as_many_as_it_can():
    labels = np.array([0] * 10 + [1] * 3)
    assert count_folds(labels, np.arange(13), 5) == 5
    fold = assign_folds(labels, np.arange(13), 5, seed=0)
    assert len(np.unique(fold[labels == 0])) == 5
    assert len(np.unique(fold[labels == 1])) == 3
    assert count_folds(labels, np.arange(13), 2) == 2
    assert count_folds(labels, np.arange(13) % 3, 5) == 3
    assert count_folds(labels, labels, 5) == 0
    assert count_folds(labels[:0], labels[:0], 5) == 0


@given(st.integers(2, 40).flatmap(lambda n: st.tuples(_groups(n, 3), _groups(n, 8))))
def test_only_a_class_of_one_group_is_torn_and_it_does_not_count(rows):
    labels, groups = rows
    found = make_fold_groups(labels, groups)
    for label in np.unique(labels):
        own = labels == label
        alone = len(np.unique(groups[own])) == 1
        assert (label in found.torn) == (alone and own.sum() > 1)
        assert (found.counted[own] == (not alone)).all()
        if label in found.torn:
            assert len(np.unique(found.groups[own])) == own.sum()
    left = ~np.isin(labels, found.torn)
    assert np.array_equal(found.groups[left], groups[left])


@given(_groups(40, 12))
def test_batches_hold_every_group_once(groups):
    batches = batch_groups(groups)
    assert sorted(np.concatenate([batch.ravel() for batch in batches])) == list(range(40))
    for batch in batches:
        assert (groups[batch] == groups[batch[:, :1]]).all()
        assert (np.isin(groups, groups[batch[:, 0]]).sum()) == batch.size
