"""Mels, held to the front end that Google's network comes with, run by TensorFlow Lite."""

import numpy as np
import pytest

from headstart_runtime.modalities.sound.mels import compute_mels
from headstart_runtime.modalities.sound.speech_spec import SPEECH_MELS
from tests.fixtures.tflite_library import find_wheel, has_tflite, run_tflite


@pytest.mark.skipif(not has_tflite(), reason="its library is not in the wheel for this machine")
def test_they_are_those_of_the_published_front_end() -> None:
    chance = np.random.default_rng(0)
    waves = (chance.normal(0, 0.1, (2, 6000)) * np.linspace(0, 1, 6000) ** 2).astype(np.float32)
    waves[1, 3000:] = 0
    file = find_wheel("models", "melspectrogram.tflite")
    assert file is not None
    found = compute_mels(waves, SPEECH_MELS, 16000)
    for wave, mels in zip(waves, found, strict=True):
        expected = run_tflite(file, wave[None] * 32768).reshape(-1, 32) / 10 + 2
        np.testing.assert_allclose(mels, expected, atol=1e-4)


def test_a_silent_clip_has_finite_mels() -> None:
    mels = compute_mels(np.zeros((1, 2000), np.float32), SPEECH_MELS, 16000)
    assert mels.shape == (1, SPEECH_MELS.count_frames(2000), 32)
    assert np.isfinite(mels).all()
    assert np.ptp(mels) == 0
