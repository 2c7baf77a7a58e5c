import pytest
from hypothesis import given
from hypothesis import strategies as st

from headstart.evaluation.intervals import wilson_interval


@pytest.mark.parametrize(
    ("right", "total", "low", "high"),
    # Newcombe, 1998, Statistics in Medicine 17, table I, score method.
    [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611), (1, 29, 0.0061, 0.1718)],
)
def test_published_intervals(right, total, low, high):
    found = wilson_interval(right, total)
    assert (found.low, found.high) == (pytest.approx(low, abs=5e-5), pytest.approx(high, abs=5e-5))
    assert found.level == 0.95


def test_nothing_counted_says_nothing():
    assert (wilson_interval(0, 0).low, wilson_interval(0, 0).high) == (0, 1)


@given(st.integers(1, 10_000).flatmap(lambda total: st.tuples(st.integers(0, total), st.just(total))))
def test_the_share_is_inside_and_more_confidence_is_wider(counts):
    right, total = counts
    narrow, wide = wilson_interval(right, total, 0.8), wilson_interval(right, total, 0.99)
    assert 0 <= wide.low <= narrow.low <= right / total <= narrow.high <= wide.high <= 1
