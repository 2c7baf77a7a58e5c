"""Explanations of clips: stretches are silenced, and those that the answer goes by are coloured."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from headstart_runtime.arrays import Bools, Floats
from headstart_runtime.modalities.facets import Thumbnail
from headstart_runtime.modalities.marked_text import MarkedPiece
from headstart_runtime.modalities.sound.waveform import draw_waveform

STRETCHES, LEAST = 16, 64  #: of a clip, each of so many samples at least
FADE = 40  #: samples over which a stretch is faded out and in: a step would be heard as a click
WIDTH, HEIGHT, LARGE_WIDTH, LARGE_HEIGHT = 192, 72, 960, 240


@dataclass(frozen=True, slots=True)
class SoundStretches:
    """Stretches of a clip that can be silenced."""

    edges: tuple[int, ...]  #: (P + 1,) samples where they begin, and where the last ends

    def __len__(self) -> int:
        return len(self.edges) - 1


class SoundExplanation:
    """Stretches that answers go by, found by silencing them, as a facet of the modality."""

    legend = "the stretches that spoke for the answer, coloured"
    method = "silencing of stretches"
    marks_text = False

    def split(self, value: Floats) -> SoundStretches:
        """Return stretches of one length over a clip."""
        count = int(np.clip(len(value) // LEAST, 1, STRETCHES))
        return SoundStretches(tuple(np.linspace(0, len(value), count + 1).astype(int).tolist()))

    def remove(self, value: Floats, pieces: SoundStretches, removed: Bools) -> Floats:
        """Return a clip with some stretches silenced."""
        gain = np.ones(len(value), np.float32)
        for place in np.flatnonzero(removed).tolist():
            gain[pieces.edges[place] : pieces.edges[place + 1]] = 0
        kernel = np.hanning(FADE + 2)[1:-1].astype(np.float32)
        if len(gain) > FADE:
            padded = np.pad(gain, FADE // 2, mode="edge")
            gain = np.convolve(padded, kernel / kernel.sum(), "same")[FADE // 2 : FADE // 2 + len(value)]
        return np.asarray(value * gain, np.float32)

    def overlay(self, value: Floats, weights: Floats, extent: SoundStretches) -> Thumbnail:
        """Return the waveform of a clip over its telling stretches."""
        return draw_waveform(value, weights[0], width=WIDTH, height=HEIGHT)

    def illustrate(self, value: Floats, weights: Floats, extent: SoundStretches) -> Thumbnail:
        """Return the same larger, for a file of its own."""
        return draw_waveform(
            value, weights[0], width=LARGE_WIDTH, height=LARGE_HEIGHT, title="What spoke for the answer"
        )

    def list_marked(self, value: Floats, weights: Floats, extent: SoundStretches) -> Sequence[MarkedPiece]:
        """Return nothing: a clip is no running text."""
        return ()
