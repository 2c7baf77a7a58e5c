"""Drawn clips that an export is proved on: several channels and rates, depths, very short and long ones."""

import io
import wave
from collections.abc import Mapping

import numpy as np

from headstart_runtime.arrays import Floats


def draw_clips() -> Mapping[str, bytes]:
    """Return drawn clips as contents of WAV files by name."""
    drawn = {f"rate-{rate}.wav": _encode(_draw_clip(rate, 0.8)[:, None], rate) for rate in (8000, 11025, 16000, 22050)}
    drawn |= {f"rate-{rate}.wav": _encode(_draw_clip(rate, 0.8)[:, None], rate) for rate in (32000, 44100, 48000)}
    left, right = _draw_clip(44100, 0.7), _draw_clip(44100, 0.7, 2)
    return drawn | {
        "stereo.wav": _encode(np.stack([left, right], axis=1), 44100),
        "one-side.wav": _encode(np.stack([left, 0 * left], axis=1), 44100),
        "deep.wav": _encode(left[:, None], 44100, width=3),
        "odd-rate.wav": _encode(_draw_clip(12345, 0.9)[:, None], 12345),
        "short.wav": _encode(_draw_clip(16000, 0.05)[:, None], 16000),
        "long.wav": _encode(_draw_clip(16000, 7.3)[:, None], 16000),
        "silence.wav": _encode(np.zeros((8000, 1), np.float32), 16000),
        "loud.wav": _encode(np.clip(4 * _draw_clip(16000, 0.6), -1, 1)[:, None], 16000),
        "no-samples.wav": _encode(np.zeros((0, 1), np.float32), 16000),
        "no-clip.wav": b"no clip at all",
    }


def _draw_clip(rate: int, seconds: float, seed: int = 1) -> Floats:
    """Return a rising tone with overtones beside noise, float32 (n,)."""
    chance = np.random.default_rng(seed)
    time = np.arange(int(rate * seconds)) / rate
    phase = 2 * np.pi * (220 * seed * time + 400 * time**2)
    tone = sum((np.sin(phase * overtone) / overtone for overtone in (1, 2, 3)), np.zeros(len(time)))
    return np.asarray(0.2 * tone + chance.normal(0, 0.004, len(time)), np.float32)


def _encode(samples: Floats, rate: int, width: int = 2) -> bytes:
    """Return samples (n, channels) as a WAV file of so many bytes a number."""
    whole = np.asarray(np.round(samples * (2 ** (8 * width - 1) - 1)), "<i4")
    packed = whole[:, :, None].view(np.uint8)[:, :, :width]
    stream = io.BytesIO()
    with wave.open(stream, "wb") as file:
        file.setnchannels(samples.shape[1])
        file.setsampwidth(width)
        file.setframerate(rate)
        file.writeframes(packed.tobytes())
    return stream.getvalue()
