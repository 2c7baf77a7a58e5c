"""Windows of clips: where they begin, and what a network sees of each."""

from dataclasses import dataclass

import numpy as np

from headstart_runtime.arrays import Floats, Ints
from headstart_runtime.modalities.batch import Part
from headstart_runtime.modalities.sound.mels import compute_mels
from headstart_runtime.modalities.sound.spec import LEAST_VARIANCE, LENGTH, MASK, MELS, WINDOWS, SoundSpec

AT_ONCE = 64  #: windows of which mels are computed at a time


@dataclass(frozen=True, slots=True)
class ClipWindows:
    """The windows of a clip."""

    waveforms: Floats  #: (P, padded): with margins; zeros where a clip is shorter
    lengths: Ints  #: (P,) samples of each that are the clip's


def find_starts(samples: int, spec: SoundSpec) -> Ints:
    """Return where the windows of a clip of so many samples begin, (P,): evenly spread, the last ends with the clip."""
    if samples <= spec.window:
        return np.zeros(1, np.int64)
    spare = samples - spec.window
    gaps = -(-spare // spec.step)
    return np.arange(gaps + 1, dtype=np.int64) * spare // gaps


def cut_windows(samples: Floats, spec: SoundSpec) -> ClipWindows:
    """Return the windows of a clip, (n,) at the spec's rate; n is at least 1."""
    starts = find_starts(len(samples), spec)
    waveforms = np.zeros((len(starts), spec.padded), np.float32)
    for row, start in zip(waveforms, starts, strict=True):
        piece = samples[start : start + spec.window]
        row[spec.margin : spec.margin + len(piece)] = piece
    return ClipWindows(waveforms, np.full(len(starts), min(len(samples), spec.window)))


def make_mask(lengths: Ints, spec: SoundSpec) -> Floats:
    """Return which frames are of a clip or its margins, 1 and 0, float32 (P, frames)."""
    assert spec.mels is not None
    ends = (lengths + 2 * spec.margin - spec.mels.frame) // spec.mels.hop + 1
    return (np.arange(spec.frames) < np.maximum(ends, 1)[:, None]).astype(np.float32)


def normalise_windows(windows: ClipWindows, spec: SoundSpec) -> Floats:
    """Return the waveforms with the mean of the clip's samples 0 and their variance 1, zeros behind and around them."""
    places = np.arange(spec.padded) - spec.margin
    inside = (places >= 0) & (places < windows.lengths[:, None])
    counts = windows.lengths[:, None]
    centred = windows.waveforms - windows.waveforms.sum(axis=1, keepdims=True, dtype=np.float64) / counts
    centred[~inside] = 0
    variance = np.square(centred).sum(axis=1, keepdims=True) / counts
    return np.asarray(centred / np.sqrt(variance + LEAST_VARIANCE), np.float32)


def make_window_parts(windows: ClipWindows, spec: SoundSpec) -> list[Part]:
    """Return what a network sees of each window: tensors by name, without the first axis."""
    if spec.mels is None:
        waveforms = normalise_windows(windows, spec) if spec.normalized else windows.waveforms
        if not spec.least:
            return [{WINDOWS: waveform} for waveform in waveforms]
        lengths = np.maximum(windows.lengths, spec.least)[:, None]
        return [{WINDOWS: waveform, LENGTH: length} for waveform, length in zip(waveforms, lengths, strict=True)]
    pieces = [windows.waveforms[at : at + AT_ONCE] for at in range(0, len(windows.waveforms), AT_ONCE)]
    mels = np.concatenate([compute_mels(piece, spec.mels, spec.rate) for piece in pieces])
    masks = make_mask(windows.lengths, spec)
    if spec.mels.kaldi:
        mels = np.where(masks[:, :, None] > 0, mels, np.float32(spec.mels.offset))
    return [{MELS: one, MASK: mask} for one, mask in zip(mels, masks, strict=True)]
