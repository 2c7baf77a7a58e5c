"""Ranges: neighbours only, around the median, with the coverage that was promised."""

import numpy as np
import pytest

from headstart.evaluation.coverage import measure_coverage
from headstart.tasks.ordinal.range_fit import fit_ranges
from headstart_runtime.errors import DataError
from headstart_runtime.tasks.ordinal.distribution import find_medians
from headstart_runtime.tasks.ordinal.ranges import RangePredictor, describe_range, find_ends


@pytest.mark.parametrize("threshold", [-1.0, 0.3, 0.8, 0.95, 1.001])
def test_a_range_has_no_holes_and_holds_the_median(threshold: float) -> None:
    said = np.random.default_rng(0).dirichlet(np.full(7, 0.5), 400).astype(np.float32)
    inside = RangePredictor(0.9, threshold).predict(said)
    low, high = find_ends(inside).T
    places = np.arange(7)
    assert np.array_equal(inside, (places >= low[:, None]) & (places <= high[:, None]))
    assert inside[np.arange(400), find_medians(said)].all()
    if threshold == -1:
        assert (inside.sum(axis=1) == 1).all()
    if threshold > 1:
        assert inside.all()


def test_the_promise_holds_over_many_draws() -> None:
    chance, shares = np.random.default_rng(0), []
    for _ in range(60):
        said = chance.dirichlet(np.full(5, 0.6), 700).astype(np.float32)
        truth = np.minimum((said.cumsum(axis=1) < chance.random((700, 1))).sum(axis=1), 4)
        ranges = fit_ranges(truth[:200], said[:200], coverage=0.8)
        shares.append(measure_coverage(ranges.predict(said[200:]), truth[200:]).coverage)
    assert 0.79 < np.mean(shares) < 0.83


def test_too_few_samples_promise_nothing_but_all_ranks() -> None:
    said = np.full((5, 3), 1 / 3, np.float32)
    assert fit_ranges(np.zeros(5, np.int64), said, coverage=0.9).predict(said).all()


def test_arrays_that_do_not_belong_together_are_refused() -> None:
    with pytest.raises(DataError, match="do not belong together"):
        fit_ranges(np.zeros(4, np.int64), np.ones((5, 3), np.float32) / 3, coverage=0.9)


def test_a_range_is_told_by_its_ends() -> None:
    names = ("bad", "fair", "good")
    assert describe_range(np.array([False, True, True]), names) == "fair to good"
    assert describe_range(np.array([False, True, False]), names) == "fair"
    assert describe_range(np.zeros(3, bool), names) == ""
