"""Clips that are given as arrays with a rate: (samples, rate), (rate, samples), and records of both."""

import io
import re
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from headstart_runtime.modalities.item import BrokenItem
from headstart_runtime.modalities.sound.recording import HIGHEST_RATE, LOWEST_RATE, MOST_CHANNELS

WANTED = "wanted a path, the bytes of a file, an open binary file, or samples with their rate: (samples, 16000)"
_ARRAYS = ("array", "audio", "waveform", "samples", "raw")  #: keys of records
_RATES = ("sampling_rate", "sample_rate", "rate", "sr")


class Waveform(NamedTuple):
    """Samples and their rate."""

    samples: NDArray[Any]  #: (n,), (n, channels) or (channels, n)
    rate: int  #: Hz


def is_waveform(value: object) -> bool:
    """Return whether a caller gave samples with a rate."""
    return split_waveform(value) is not None


def split_waveform(value: object) -> Waveform | None:
    """Return samples and rate of a pair in any order, or of a record; None of anything else."""
    if isinstance(value, Mapping):
        arrays = [value[name] for name in _ARRAYS if name in value]
        rates = [value[name] for name in _RATES if name in value]
        if not arrays or not rates:
            return None
        value = arrays[0], rates[0]
    if not isinstance(value, tuple | list) or len(value) != 2:
        return None
    one, other = value
    if _is_rate(one) and not _is_rate(other):
        one, other = other, one
    if not _is_rate(other) or isinstance(one, str | bytes | Mapping) or _is_rate(one):
        return None
    return Waveform(np.asarray(one), int(other) if np.isfinite(other) else 0)  # which is no rate


def _is_rate(value: object) -> bool:
    if isinstance(value, np.ndarray):
        return value.ndim == 0 and value.dtype.kind in "iuf"
    return isinstance(value, int | float | np.integer | np.floating) and not isinstance(value, bool)


def find_fault(value: object) -> str:
    """Return what is wrong with an attempt at samples with a rate; "" for what is no such attempt, or is right.

    A record without samples or rate is an attempt, and so are samples beside numbers, None, or words for a rate.
    Arrays beside arrays, and beside paths, are several clips.
    """
    if is_waveform(value):
        return ""
    if isinstance(value, Mapping):
        wanted = "wanted both: {'array': samples, 'sampling_rate': 16000}"
        if any(name in value for name in _ARRAYS):
            named = [name for name in _RATES if name in value]
            if named:
                return f"a record whose {named[0]!r} is {_describe(value[named[0]])}; {wanted}"
            return f"a record with {_list_keys(value)}, but no rate; {wanted}"
        return f"a record with {_list_keys(value)}, but no samples; {wanted}"
    if not isinstance(value, tuple | list):
        return ""
    samples = [place for place, one in enumerate(value) if _may_be_samples(one)]
    others = [one for place, one in enumerate(value) if place not in samples]
    if len(samples) != 1 or not others or not all(map(_may_be_meant_as_rate, others)):
        return ""
    told = " and ".join(_describe(one) for one in others)
    return f"samples of shape {np.shape(value[samples[0]])} beside {told}; wanted one rate, in Hz: (samples, 16000)"


def _may_be_samples(value: object) -> bool:
    if isinstance(value, np.ndarray):
        return value.ndim in (1, 2) and value.dtype.kind in "iuf"
    return isinstance(value, list | tuple) and len(value) > 1 and all(_is_rate(one) for one in value[:100])


def _may_be_meant_as_rate(value: object) -> bool:
    if isinstance(value, str):
        return re.fullmatch(r"\s*[\d.,_]+\s*k?(hz)?\s*", value, re.IGNORECASE) is not None
    return value is None or isinstance(value, bool) or _is_rate(value)


def _describe(value: object) -> str:
    return "None" if value is None else f"{value!r:.40} (of type {type(value).__name__})"


def _list_keys(record: Mapping[Any, Any]) -> str:
    return ", ".join(f"{key!r:.40}" for key in list(record)[:5]) or "no keys"


def encode_waveform(waveform: Waveform) -> bytes:
    """Return samples with a rate as a WAV file of 32-bit floats, full scale is 1.

    Whole numbers are scaled by their type.

    Raises:
        BrokenItem: another shape or type, or a rate that is none.
    """
    samples, rate = _order_channels(waveform.samples), waveform.rate
    if not LOWEST_RATE <= rate <= HIGHEST_RATE:
        raise BrokenItem(f"a rate of {rate} Hz; wanted {LOWEST_RATE} to {HIGHEST_RATE}")
    kind = samples.dtype
    if kind.kind in "iu" and kind.itemsize <= 4:
        top = 2.0 ** (8 * kind.itemsize - 1)
        samples = samples.astype(np.float64) / top - (kind.kind == "u")
    elif kind.kind != "f":
        raise BrokenItem(f"samples of type {kind}; wanted whole numbers of up to 32 bits, or floats")
    content = np.ascontiguousarray(samples, "<f4").tobytes()
    channels, stream = samples.shape[1], io.BytesIO()
    stream.write(b"RIFF" + (36 + len(content)).to_bytes(4, "little") + b"WAVEfmt " + (16).to_bytes(4, "little"))
    for number, size in ((3, 2), (channels, 2), (rate, 4), (rate * channels * 4, 4), (channels * 4, 2), (32, 2)):
        stream.write(number.to_bytes(size, "little"))
    stream.write(b"data" + len(content).to_bytes(4, "little") + content)
    return stream.getvalue()


def _order_channels(samples: NDArray[Any]) -> NDArray[Any]:
    """Return samples as (n, channels)."""
    if samples.ndim == 1:
        samples = samples[:, None]
    if samples.ndim == 2 and samples.shape[0] < samples.shape[1] and samples.shape[0] <= 8:
        samples = samples.T
    if samples.ndim != 2 or not 1 <= samples.shape[1] <= MOST_CHANNELS:
        raise BrokenItem(f"samples of shape {samples.shape}; wanted (n,), (n, channels) or (channels, n)")
    if not len(samples):
        raise BrokenItem("no samples in it (a length of zero)")
    if samples.nbytes > 2**31:
        raise BrokenItem("more than 2 GB of samples; cut it into shorter ones")
    return samples
