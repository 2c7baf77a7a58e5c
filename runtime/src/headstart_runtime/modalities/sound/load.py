"""Clips as they are given: a path, bytes, an open file, a stretch of a file, samples with a rate; read once."""

import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from headstart_runtime.arrays import Floats
from headstart_runtime.errors import refuse_machine_faults
from headstart_runtime.modalities.batch import Part
from headstart_runtime.modalities.item import BrokenItem, Excerpt, UnreadableItem
from headstart_runtime.modalities.sound.reading import read_recording
from headstart_runtime.modalities.sound.recording import Recording
from headstart_runtime.modalities.sound.resample import resample_clip
from headstart_runtime.modalities.sound.spec import SoundSpec
from headstart_runtime.modalities.sound.waveforms import (
    WANTED,
    encode_waveform,
    find_fault,
    is_waveform,
    split_waveform,
)
from headstart_runtime.modalities.sound.windows import cut_windows, make_window_parts


def is_one_clip(given: object) -> bool:
    """Return whether a caller gave one clip, or an attempt at one, and not a collection of clips."""
    if isinstance(given, np.ndarray):
        return given.dtype.kind in "fiu" and given.ndim == 1
    if isinstance(given, str | os.PathLike | bytes | bytearray | memoryview | Excerpt | Mapping):
        return True
    return is_waveform(given) or bool(find_fault(given)) or hasattr(given, "read") or not isinstance(given, Iterable)


def read_content(clip: object) -> bytes | Excerpt:
    """Return the bytes of a clip's file, or the stretch of one; samples with a rate become a WAV file.

    Raises:
        BrokenItem: it cannot be read, or is none of what a clip may be given as.
    """
    if isinstance(clip, bytes | bytearray | memoryview):
        return bytes(clip)
    if isinstance(clip, Excerpt):
        return clip
    if isinstance(clip, str | os.PathLike):
        return _read_path(os.fsdecode(clip))
    if waveform := split_waveform(clip):
        return encode_waveform(waveform)
    if fault := find_fault(clip):
        raise BrokenItem(fault)
    if hasattr(clip, "read"):
        content = clip.read()
        if isinstance(content, bytes | bytearray | memoryview):
            return bytes(content)
        raise BrokenItem(f"an open {type(clip).__name__} whose read() gives no bytes; open it with 'rb'")
    if isinstance(clip, np.ndarray):
        raise BrokenItem("samples without their rate; give both: (samples, 16000)")
    raise BrokenItem(f"a {type(clip).__name__} is no clip; {WANTED}")


def _read_path(path: str) -> bytes:
    try:
        return Path(path).read_bytes()
    except (OSError, ValueError) as error:
        refuse_machine_faults(error, "to read clips")
        if os.path.isdir(path):  # noqa: PTH112 (Path.is_dir raises for names that are too long)
            raise BrokenItem("is a folder; wanted its files, one by one") from None
        raise UnreadableItem(f"cannot be read: {getattr(error, 'strerror', None) or error}") from None


def convert(recording: Recording, spec: SoundSpec) -> Floats:
    """Return a recording at a spec's rate, float32 (n,), n at least 1."""
    return resample_clip(recording.samples, recording.header.rate, spec.rate, spec.resampler)


class OpenedClip:
    """A clip that is read once, and decoded once for all specs by which it decodes to the same samples."""

    def __init__(self, clip: object):
        self.name = name_clip(clip)
        self.repaired: str | None = None
        self.note = ""
        self._clip = clip
        self._recording: Recording | None = None
        self._decoded: dict[SoundSpec, Floats] = {}

    def load(self, spec: SoundSpec) -> Floats:
        """Return the clip at a spec's rate, float32 (n,).

        Raises:
            BrokenItem: it cannot be read or decoded.
        """
        if spec not in self._decoded:
            if self._recording is None:
                self._recording = read_recording(read_content(self._clip))
            same = (samples for other, samples in self._decoded.items() if spec.decodes_like(other))
            found = next(same, None)
            self._decoded[spec] = convert(self._recording, spec) if found is None else found
            self.repaired, self.note = self._recording.repaired or None, self._recording.note
        return self._decoded[spec]

    def load_for_specs(self, specs: Sequence[SoundSpec]) -> dict[Any, list[Part]]:
        """Return the parts that each spec makes of the clip.

        Raises:
            BrokenItem: it cannot be read or decoded.
        """
        return {spec: make_window_parts(cut_windows(self.load(spec), spec), spec) for spec in specs}

    def forget(self) -> None:
        """Free what was read and decoded; it is read again if it is asked for."""
        self._recording = None
        self._decoded.clear()


def name_clip(clip: object) -> str:
    """Return the path as given, the name of an open file, or what it is: "bytes", "samples", ..."""
    if isinstance(clip, str | os.PathLike):
        return os.fsdecode(clip)
    if isinstance(clip, Excerpt):
        return f"{clip.path} ({clip.limits})"
    if isinstance(clip, bytes | bytearray | memoryview):
        return "bytes"
    if hasattr(clip, "read"):
        name = getattr(clip, "name", "")
        return os.fsdecode(name) if isinstance(name, str | bytes | os.PathLike) and name else "file"
    return "samples" if is_waveform(clip) or isinstance(clip, np.ndarray) else type(clip).__name__
