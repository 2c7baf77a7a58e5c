"""Cues that may tell the classes of clips without what is heard in them: file, length, loudness, background."""

import numpy as np

from headstart.modalities.cue_rows import add_products, encode_common
from headstart.modalities.sound.sound_stats import SoundStats
from headstart_runtime.arrays import Floats
from headstart_runtime.modalities.facets import Cue, Properties

COMMON = 24  #: rates, formats and the like that are known by name


def list_sound_cues(properties: Properties, stats: SoundStats) -> tuple[Cue, ...]:
    """Return the cues of N clips.

    Args:
        properties: of the clips: format, rate, channels and perhaps bits.
        stats: of the clips, in the same order.
    """
    return (
        Cue("file", "the file's rate, channels and format", lambda: _describe_files(properties)),
        Cue("length", "the length of the clip", lambda: add_products(np.log2(_gather(stats, "seconds") + 0.01))),
        Cue("loudness", "the loudness", lambda: add_products(_gather(stats, "loudness", "peak"))),
        Cue("background", "the noise in the background", lambda: _describe_background(stats)),
    )


def _gather(stats: SoundStats, *names: str) -> Floats:
    return np.stack([stats.get(name) for name in names], axis=1).astype(np.float32)


def _describe_background(stats: SoundStats) -> Floats:
    """Return the spectrum of the quietest frames, their level, and how far the samples are off the middle."""
    return np.hstack([stats.noise, add_products(_gather(stats, "background")), _gather(stats, "offset")])


def _describe_files(properties: Properties) -> Floats:
    """Return whether each rate, number of channels, depth and format is the commonest, the next, ..."""
    names = ("rate", "channels", "bits", "format")
    return np.hstack([encode_common([str(each.get(name, "")) for each in properties], COMMON) for name in names])
