"""Resampling by a polyphase filter: a sinc under a Kaiser window, in NumPy.

The filter is that of ``scipy.signal.resample_poly``: ``up`` zeros are put between samples, a low-pass filter at the
lower of both Nyquist frequencies is run over them, and every ``down``-th number is kept; only what is kept is computed.
"""

from functools import lru_cache
from math import gcd

import numpy as np

from headstart_runtime.arrays import Doubles, Floats
from headstart_runtime.modalities.sound.spec import Resampler

MOST_DENSE = 2**20  #: numbers of a matrix that holds all phases of the filter
CHUNK = 4096  #: outputs at a time, where it would hold more


def resample_clip(samples: Floats, rate: int, wanted: int, resampler: Resampler) -> Floats:
    """Return a signal at another rate, float32 (ceil(n * wanted / rate),).

    Args:
        samples: float32 (n,).
        rate: theirs, Hz.
        wanted: Hz.
        resampler: the filter's settings.
    """
    if rate == wanted or not len(samples):
        return samples
    up, down = wanted // gcd(rate, wanted), rate // gcd(rate, wanted)
    count = -(-len(samples) * up // down)
    phases = _make_phases(up, down, resampler)  # (up, taps)
    taps = phases.shape[1]
    half = resampler.zero_crossings * max(up, down)
    if up * (down + taps) <= MOST_DENSE:
        return _filter_dense(samples, phases, down, half, count)
    found = np.empty(count, np.float32)
    padded = np.concatenate([np.zeros(taps, np.float32), samples, np.zeros(half // up + taps + 1, np.float32)])
    for start in range(0, count, CHUNK):
        place = np.arange(start, min(start + CHUNK, count), dtype=np.int64) * down + half
        rows = padded[(place // up + taps)[:, None] - np.arange(taps)]
        found[start : start + CHUNK] = np.einsum("nt,nt->n", rows, phases[place % up])
    return found


def _filter_dense(samples: Floats, phases: Floats, down: int, half: int, count: int) -> Floats:
    """Filter blocks of ``down`` samples, from each of which come ``up`` outputs, by one matrix."""
    up, taps = phases.shape
    matrix, first, width = _make_matrix(up, down, half, taps, phases.tobytes())
    blocks = -(-count // up)
    padded = np.zeros((blocks - 1) * down + width, np.float32)
    begin, end = -first, min(len(samples), len(padded) + first)  # sample 0 stands behind the zeros before it
    padded[begin : begin + end] = samples[:end]
    windows = np.lib.stride_tricks.sliding_window_view(padded, width)[::down]
    found = np.empty((blocks, up), np.float32)
    step = max(1, 2**20 // width)
    for start in range(0, blocks, step):
        found[start : start + step] = windows[start : start + step] @ matrix
    return found.reshape(-1)[:count]


@lru_cache(maxsize=8)
def _make_matrix(up: int, down: int, half: int, taps: int, content: bytes) -> tuple[Floats, int, int]:
    """Return the filter as a matrix (width, up), the sample at which a block's window begins, and its width."""
    phases = np.frombuffer(content, np.float32).reshape(up, taps)
    place = np.arange(up) * down + half
    last, phase = place // up, place % up  # the newest sample that an output reads
    first = int(last.min()) - taps + 1
    width = int(last.max()) - first + 1
    matrix = np.zeros((width, up), np.float32)
    for tap in range(taps):
        matrix[last - tap - first, np.arange(up)] = phases[phase, tap]
    return matrix, first, width


@lru_cache(maxsize=8)
def _make_phases(up: int, down: int, resampler: Resampler) -> Floats:
    """Return the filter by phases, float32 (up, taps): row p has every ``up``-th number from the p-th on."""
    longer = max(up, down)
    half = resampler.zero_crossings * longer
    place: Doubles = np.arange(-half, half + 1) / longer
    window = np.kaiser(2 * half + 1, resampler.kaiser_beta)
    kernel = np.sinc(place) * window
    kernel *= up / kernel.sum()
    taps = -(-len(kernel) // up)
    padded = np.zeros(taps * up)
    padded[: len(kernel)] = kernel
    return np.ascontiguousarray(padded.reshape(taps, up).T, np.float32)
