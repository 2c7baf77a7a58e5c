import ml_dtypes
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from headstart.engines.rounding import diffuse_rounding, to_bf16

FLOATS = st.floats(-(2.0**100), 2.0**100, width=32)


@given(hnp.arrays(np.float32, st.integers(1, 50), elements=FLOATS))
def test_rounding_agrees_with_another_librarys(values: np.ndarray) -> None:
    np.testing.assert_array_equal(to_bf16(values), values.astype(ml_dtypes.bfloat16).astype(np.float32))


@pytest.mark.parametrize("shape", [(8, 3, 3, 3), (16, 1, 3, 3), (5, 7, 1, 1), (4, 1)])
def test_sums_are_kept_and_taps_stay_near(shape: tuple[int, ...]) -> None:
    weights = np.random.default_rng(0).normal(0, 0.1, shape).astype(np.float32)
    rounded = diffuse_rounding(weights)
    np.testing.assert_array_equal(rounded, to_bf16(rounded))
    taps = weights.reshape(len(weights), -1)
    smallest = np.abs(taps).min(axis=1)
    lost = np.abs(taps.sum(axis=1, dtype=np.float64) - rounded.reshape(taps.shape).sum(axis=1, dtype=np.float64))
    nearest = np.abs(taps.sum(axis=1, dtype=np.float64) - to_bf16(taps).sum(axis=1, dtype=np.float64))
    assert (lost <= np.maximum(smallest * 2**-7, 1e-6) + 2**-8 * np.abs(taps).max() * (taps.shape[1] == 1)).all()
    assert lost.mean() <= nearest.mean()
    assert np.abs(rounded - weights).max() <= np.abs(weights).max() * 2**-7


def test_the_order_of_filters_does_not_matter() -> None:
    weights = np.random.default_rng(1).normal(0, 1, (6, 4, 3, 3)).astype(np.float32)
    np.testing.assert_array_equal(diffuse_rounding(weights)[::-1], diffuse_rounding(weights[::-1]))
