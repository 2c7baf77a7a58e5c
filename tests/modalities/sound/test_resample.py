"""Resampling, held to SciPy."""

import numpy as np
import pytest
from scipy.signal import resample_poly

from headstart_runtime.modalities.sound.resample import resample_clip
from headstart_runtime.modalities.sound.spec import Resampler


@pytest.mark.parametrize(
    ("rate", "wanted", "count"),
    [
        *((8000, 16000, 3001), (44100, 16000, 5000), (48000, 16000, 7), (22050, 16000, 1), (16000, 8000, 999)),
        *((11025, 16000, 2000), (96000, 16000, 9001), (12345, 16000, 3000), (44101, 16000, 4410)),
    ],
)
def test_it_is_that_of_scipy(rate: int, wanted: int, count: int) -> None:
    samples = np.random.default_rng(0).normal(0, 0.3, count).astype(np.float32)
    divisor = np.gcd(rate, wanted)
    expected = resample_poly(samples.astype(np.float64), wanted // divisor, rate // divisor)
    found = resample_clip(samples, rate, wanted, Resampler())
    assert found.dtype == np.float32
    assert found.shape == expected.shape
    np.testing.assert_allclose(found, expected, atol=1e-5)


def test_a_clip_at_the_rate_stays_as_it_is() -> None:
    samples = np.ones(5, np.float32)
    assert resample_clip(samples, 16000, 16000, Resampler()) is samples
