"""Mels of waveforms on the host, in NumPy; ``sound.onnx`` has the same in a graph.

Short-time Fourier transform without padding, a bank of triangular filters (O'Shaughnessy 1987 for "htk"; Slaney 1998
for "slaney", as librosa has both), logarithms.
"""

from functools import lru_cache

import numpy as np

from headstart_runtime.arrays import Doubles, Floats
from headstart_runtime.modalities.sound.spec import EMPHASIS, MelSpec

_BREAK, _PER_MEL = 1000.0, 200 / 3  #: Slaney's scale is even below 1,000 Hz
_STEP = np.log(6.4) / 27  #: and logarithmic above


def compute_mels(waveforms: Floats, spec: MelSpec, rate: int) -> Floats:
    """Return the mels of waveforms, float32 (N, frames, bands).

    Args:
        waveforms: float32 (N, samples), full scale is 1.
        spec: of the filterbank.
        rate: Hz.
    """
    cut = np.lib.stride_tricks.sliding_window_view(waveforms, spec.frame, axis=1)[:, :: spec.hop]
    frames = emphasise(cut) if spec.kaldi else cut
    spectra = np.abs(np.fft.rfft(frames * make_window(spec), spec.fft))
    if spec.power == 2:
        spectra *= spectra
    energies = (spectra @ make_filters(spec, rate)) * spec.amplitude**spec.power
    return scale_energies(energies, spec)


def scale_energies(energies: Doubles, spec: MelSpec) -> Floats:
    """Return the logarithms of energies (N, frames, bands), limited and scaled as the spec says, float32."""
    is_decibel = spec.log == "decibel"
    is_raised = is_decibel or spec.kaldi
    raised = np.maximum(energies, spec.floor) if is_raised else energies + spec.floor
    levels = 10 * np.log10(raised) if is_decibel else np.log(raised)
    if spec.range:
        levels = np.maximum(levels, levels.max(axis=(1, 2), keepdims=True) - spec.range)
    return np.asarray(levels * spec.factor + spec.offset, np.float32)


def emphasise(frames: Floats | Doubles) -> Doubles:
    """Return frames, (..., samples), without their mean, each sample less a share of that before it."""
    centred = frames - frames.mean(axis=-1, keepdims=True, dtype=np.float64)
    before = np.concatenate([centred[..., :1], centred[..., :-1]], axis=-1)
    return np.asarray(centred - EMPHASIS * before, np.float64)


@lru_cache(maxsize=8)
def make_window(spec: MelSpec) -> Doubles:
    """Return the window in the middle of a frame, (fft,); of Kaldi's frames all of it, (window,)."""
    if spec.kaldi:
        return np.hanning(spec.window)
    window = np.zeros(spec.fft)
    start = (spec.fft - spec.window) // 2
    window[start : start + spec.window] = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(spec.window) / spec.window)
    return window


@lru_cache(maxsize=8)
def make_filters(spec: MelSpec, rate: int) -> Doubles:
    """Return the triangular filters, (fft / 2 + 1, bands)."""
    low, high = (_to_mels(np.array([hertz]), spec.scale)[0] for hertz in (spec.low, spec.high))
    edges, at = np.linspace(low, high, spec.bands + 2), np.linspace(0, rate / 2, spec.fft // 2 + 1)[:, None]
    if spec.triangles == "hertz":
        edges = _to_hertz(edges, spec.scale)
    else:
        at = _to_mels(at, spec.scale)
    rising, falling = (at - edges[:-2]) / np.diff(edges)[:-1], (edges[2:] - at) / np.diff(edges)[1:]
    filters = np.maximum(0, np.minimum(rising, falling))
    return filters * 2 / (edges[2:] - edges[:-2]) if spec.is_normalized else filters


def _to_mels(hertz: Doubles, scale: str) -> Doubles:
    if scale == "htk":
        return np.asarray(2595 * np.log10(1 + hertz / 700))
    above = _BREAK / _PER_MEL + np.log(np.maximum(hertz, _BREAK) / _BREAK) / _STEP
    return np.where(hertz >= _BREAK, above, hertz / _PER_MEL)


def _to_hertz(mels: Doubles, scale: str) -> Doubles:
    if scale == "htk":
        return np.asarray(700 * (10 ** (mels / 2595) - 1))
    linear = _BREAK / _PER_MEL
    return np.where(mels >= linear, _BREAK * np.exp(_STEP * (mels - linear)), mels * _PER_MEL)
