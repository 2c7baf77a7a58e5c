"""Facts about clips that need no network: how long, loud and noisy they are, a small spectrogram and the low wave.

All are of the waveform at a network's rate, one channel, full scale 1. Frames of 40 ms do not overlap; their spectra
are added into 16 bands from 50 Hz on, each as much wider as it is higher.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, fields
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from headstart.storage.store import FeatureSpace, Store
from headstart_runtime.arrays import Doubles, Floats
from headstart_runtime.modalities.sound.resample import resample_clip
from headstart_runtime.modalities.sound.spec import Resampler

STATS_VERSION = 2  #: raised whenever what is stored changes
HOP = 0.04  #: seconds of a frame
BANDS, FRAMES = 16, 48  #: of the small spectrogram, which begins where the clip is heard: about 2 seconds
LOWEST = 50.0  #: Hz
FLOOR = 1e-12  #: energy that counts as none, -120 dB
LOW_RATE, LOW_WAVE = 2000, 3840  #: Hz and samples of the low wave, which begins a little before the clip is heard
BEFORE = 2  #: frames
QUIET = 0.2  #: share of the frames that are taken for the background, the quietest
HEARD = 40.0  #: decibels below the loudest frame from which on a frame is heard
MOST_SECONDS = 60  #: of a clip that are measured
FACTS = ("seconds", "loudness", "peak", "background", "foreground", "silence", "pitch", "offset")


@dataclass(frozen=True, slots=True)
class SoundStats:
    """Stats of N clips."""

    facts: Floats  #: (N, F), see ``FACTS``; levels in decibels below full scale
    noise: Floats  #: (N, BANDS) decibels of the background in each band, less their mean
    spectrogram: Floats  #: (N, FRAMES, BANDS) decibels above the background, 0 behind the end
    wave: Floats  #: (N, LOW_WAVE // 3) samples at ``LOW_RATE``, see ``pack_wave``

    def __len__(self) -> int:
        return len(self.facts)

    def take(self, rows: Sequence[int]) -> "SoundStats":
        """Return the stats of some of the clips, by their rows, in that order."""
        return SoundStats(**{field.name: getattr(self, field.name)[list(rows)] for field in fields(self)})

    def get(self, name: str) -> Doubles:
        """Return one fact of each clip, (N,)."""
        return self.facts[:, FACTS.index(name)].astype(np.float64)


def sound_stats_space(spec: Any) -> FeatureSpace:
    """Return where the stats of clips prepared by a spec are stored, whatever its windows are."""
    facts = f"sound stats {STATS_VERSION} {spec.rate} {spec.channels} {spec.resampler}"
    return FeatureSpace(
        fingerprint=hashlib.blake2b(facts.encode(), digest_size=20).hexdigest(),
        layers=(("facts", len(FACTS)), ("noise", BANDS), ("spectrogram", FRAMES * BANDS), ("wave", LOW_WAVE // 3)),
        description=f"stats of clips, {spec.rate} Hz",
    )


def read_sound_stats(store: Store, spec: Any, digests: Sequence[str]) -> SoundStats:
    """Read the stats of clips, in the order of the digests.

    Raises:
        StoreError: those of some were not computed.
    """
    space = sound_stats_space(spec)
    return SoundStats(
        facts=store.read(space, digests, "facts"),
        noise=store.read(space, digests, "noise"),
        spectrogram=store.read(space, digests, "spectrogram").reshape(-1, FRAMES, BANDS),
        wave=store.read(space, digests, "wave"),
    )


def measure_clip(samples: Floats, rate: int) -> dict[str, Floats]:
    """Return the stats of a clip, float32 (width,) for each layer of their space.

    Args:
        samples: (n,) full scale is 1.
        rate: samples a second.
    """
    seen = samples[: MOST_SECONDS * rate].astype(np.float32)
    size = max(8, round(HOP * rate))
    count = max(1, len(seen) // size)
    frames = np.zeros((count, size), np.float32)
    inside = seen[: count * size]
    frames.reshape(-1)[: len(inside)] = inside
    energy = np.mean(np.square(frames, dtype=np.float64), axis=1)
    levels = to_decibels(energy)
    bands = to_decibels(_add_bands(frames, rate))
    quiet = bands[np.argsort(levels, kind="stable")[: max(1, round(QUIET * count))]].mean(axis=0)
    low, high = np.quantile(levels, (0.1, 0.95))
    facts = {
        "seconds": len(samples) / rate,
        "loudness": float(to_decibels(np.mean(energy))),
        "peak": float(20 * np.log10(max(float(np.abs(seen).max(initial=0)), 1e-6))),
        "background": float(low),
        "foreground": float(high),
        "silence": float(np.mean(levels < levels.max() - HEARD)),
        "pitch": float(_find_centre(bands)),
        "offset": float(np.mean(seen, dtype=np.float64)) if len(seen) else 0.0,
    }
    heard = int(np.argmax(levels >= levels.max() - HEARD / 2))
    spectrogram = np.zeros((FRAMES, BANDS), np.float32)
    shown = np.maximum(bands[heard : heard + FRAMES] - quiet, 0)
    spectrogram[: len(shown)] = shown
    return {
        "facts": np.array([facts[name] for name in FACTS], np.float32),
        "noise": (quiet - quiet.mean()).astype(np.float32),
        "spectrogram": spectrogram.reshape(-1),
        "wave": pack_wave(_lower(seen[max(0, heard - BEFORE) * size :], rate)),
    }


def _lower(samples: Floats, rate: int) -> Floats:
    """Return the first samples at ``LOW_RATE``, (LOW_WAVE,) between -1 and 1, 0 behind the end."""
    some = samples[: LOW_WAVE * rate // LOW_RATE + rate]  # a second more than is kept, for the filter
    kept = np.zeros(LOW_WAVE, np.float32)
    if not len(some):
        return kept
    low = resample_clip(some - np.mean(some, dtype=np.float32), rate, LOW_RATE, Resampler())[:LOW_WAVE]
    kept[: len(low)] = low / max(float(np.abs(low).max(initial=0)), 1e-6)
    return kept


def pack_wave(wave: Floats) -> Floats:
    """Return samples between -1 and 1, (n,), three to a number with 8 bits each, which float32 holds exactly."""
    steps = (np.clip(np.round(wave * 127), -127, 127) + 127).astype(np.int64).reshape(-1, 3)
    return np.asarray(steps @ (1 << 16, 1 << 8, 1), np.float32)


def unpack_waves(packed: Floats) -> Floats:
    """Return the samples (N, n) in whole steps from -127 to 127 of packed ones (N, n // 3)."""
    numbers = packed.astype(np.int64)[:, :, None]
    return np.asarray(((numbers >> np.array([16, 8, 0])) & 255) - 127, np.float32).reshape(len(packed), -1)


def to_decibels(energy: Any) -> Any:
    """Return energies as decibels below full scale."""
    return 10 * np.log10(np.maximum(energy, FLOOR))


def _add_bands(frames: Floats, rate: int) -> NDArray[np.float64]:
    """Return the energy of frames (T, n) in each band, (T, BANDS)."""
    size = frames.shape[1]
    window, weights = _make_bands(size, rate)
    spectra = np.square(np.abs(np.fft.rfft(frames * window, axis=1)))
    return np.asarray(spectra @ weights / size, np.float64)


@cache
def _make_bands(size: int, rate: int) -> tuple[Floats, NDArray[np.float64]]:
    """Return a Hann window (size,) and weights (size // 2 + 1, BANDS) of bands whose edges rise by one factor."""
    window = np.hanning(size).astype(np.float32)
    frequencies = np.fft.rfftfreq(size, 1 / rate)
    edges = np.geomspace(LOWEST, rate / 2, BANDS + 1)
    place = np.clip(np.searchsorted(edges, frequencies, side="right") - 1, 0, BANDS - 1)
    weights = np.zeros((len(frequencies), BANDS))
    weights[np.arange(len(frequencies)), place] = 1
    weights[0] = 0
    filled = weights.sum(axis=0) > 0
    for band in np.flatnonzero(~filled):  # narrower than the spectrum's lines: the nearest one stands for it
        weights[np.abs(frequencies - np.sqrt(edges[band] * edges[band + 1])).argmin(), band] = 1
    return window, weights


def _find_centre(bands: NDArray[np.float64]) -> float:
    """Return the band in the middle of the energy, as a number of bands."""
    total = 10 ** (bands.mean(axis=0) / 10)
    return float((total * np.arange(BANDS)).sum() / max(float(total.sum()), FLOOR))
