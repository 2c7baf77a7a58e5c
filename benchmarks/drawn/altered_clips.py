"""Altered copies of clips: louder or softer, at another rate, trimmed, stored with loss; noise and tones of nobody."""

import io
from collections.abc import Callable, Mapping

import numpy as np
import soundfile
from scipy.signal import resample_poly

Samples = np.ndarray  #: (n,) full scale is 1
Rated = tuple[Samples, int]  #: samples and their rate
TRIMMED = 0.05  #: seconds


def encode(samples: Samples, rate: int, kind: str = "WAV", subtype: str | None = None) -> bytes:
    """Return samples as the bytes of a file."""
    stream = io.BytesIO()
    soundfile.write(stream, samples, rate, format=kind, subtype=subtype)
    return stream.getvalue()


def change_gain(samples: Samples, rate: int, chance: np.random.Generator) -> bytes:
    """Return a clip by 3 to 12 decibels softer, or louder as far as nothing is clipped."""
    most = 0.98 / max(float(np.abs(samples).max()), 1e-6)
    gain = 10 ** (-float(chance.uniform(3, 12)) / 20) if chance.random() < 0.5 or most < 1.2 else min(most, 4.0)
    return encode(gain * samples, rate)


def change_rate(samples: Samples, rate: int, chance: np.random.Generator) -> bytes:
    """Return a clip at twice its rate, at 11 / 8 of it or at three quarters of it."""
    up, down = [(2, 1), (11, 8), (3, 4)][int(chance.integers(3))]
    return encode(resample_poly(samples, up, down), rate * up // down)


def trim(samples: Samples, rate: int, chance: np.random.Generator) -> bytes:
    """Return a clip without 50 ms at its beginning or at its end."""
    cut = int(TRIMMED * rate)
    return encode(samples[cut:] if chance.random() < 0.5 else samples[:-cut], rate)


def store_ogg(samples: Samples, rate: int, chance: np.random.Generator) -> bytes:
    """Return a clip as Ogg Vorbis."""
    return encode(samples, rate, "OGG", "VORBIS")


def store_mp3(samples: Samples, rate: int, chance: np.random.Generator) -> bytes:
    """Return a clip as MP3."""
    return encode(samples, rate, "MP3")


ALTERATIONS: Mapping[str, tuple[Callable[[Samples, int, np.random.Generator], bytes], str]] = {
    "gain": (change_gain, ".wav"),
    "rate": (change_rate, ".wav"),
    "trimmed": (trim, ".wav"),
    "ogg": (store_ogg, ".ogg"),
    "mp3": (store_mp3, ".mp3"),
}  #: kind -> what makes the bytes of a copy, and how its file ends


def draw_noise(chance: np.random.Generator, rate: int) -> Samples:
    """Return noise, white to brown, some of it in bursts, about as loud and long as a spoken word."""
    length = int(chance.uniform(0.3, 1.2) * rate)
    spectrum = np.fft.rfft(chance.normal(0, 1, length))
    slope = float(chance.uniform(0, 1.2))
    spectrum *= np.maximum(np.arange(len(spectrum)), 1.0) ** -slope
    noise = np.fft.irfft(spectrum, length)
    if chance.random() < 0.4:
        noise *= np.abs(np.sin(np.pi * float(chance.uniform(1, 8)) * np.arange(length) / rate))
    return _scale(noise, chance)


def draw_tones(chance: np.random.Generator, rate: int) -> Samples:
    """Return a few notes of one instrument of overtones, some of them chords."""
    notes, scale = [], 220.0 * 2 ** (np.array([0, 2, 4, 5, 7, 9, 11, 12]) / 12)
    for _ in range(int(chance.integers(2, 6))):
        time = np.arange(int(chance.uniform(0.1, 0.35) * rate)) / rate
        pitches = chance.choice(scale, int(chance.integers(1, 4)), replace=False)
        decay = np.exp(-time * float(chance.uniform(2, 12)))
        note = sum(np.sin(2 * np.pi * pitch * k * time) / k**1.5 for pitch in pitches for k in (1, 2, 3, 4))
        notes.append(note * decay)
    return _scale(np.concatenate(notes), chance)


def _scale(samples: Samples, chance: np.random.Generator) -> Samples:
    return samples / max(float(np.abs(samples).max()), 1e-9) * float(chance.uniform(0.1, 0.8))
