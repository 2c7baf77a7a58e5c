import numpy as np
import pytest

from headstart_runtime.tasks.threshold_distance import centre_on_threshold


@pytest.mark.parametrize("threshold", [0.0, 0.134, 0.5, 0.9, 1.0])
def test_a_threshold_becomes_one_half_and_the_order_stays(threshold: float) -> None:
    said = np.linspace(0, 1, 401, dtype=np.float32)
    moved = centre_on_threshold(said, np.float32(threshold))
    np.testing.assert_array_equal(moved >= 0.5, said >= np.float32(threshold))
    assert (np.diff(moved) >= 0).all()
    assert 0 <= moved.min() <= moved.max() == 1
    if 0 < threshold < 1:
        assert moved[0] == 0
        np.testing.assert_allclose(moved, np.interp(said, [0, np.float32(threshold), 1], [0, 0.5, 1]), atol=1e-12)


def test_each_column_has_its_own_and_what_nothing_reaches_stays_below() -> None:
    said = np.array([[0.2, 0.2, 1.0], [0.05, 0.9, 0.5]], np.float32)
    moved = centre_on_threshold(said, np.array([0.1, 0.8, 1.25], np.float32))
    np.testing.assert_allclose(moved, [[5 / 9, 0.125, 0.4], [0.25, 0.75, 0.2]], atol=1e-7)
