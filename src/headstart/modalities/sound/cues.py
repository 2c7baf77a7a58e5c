"""Cues that may tell the classes of clips without what is heard in them: file, length, loudness, background."""

from collections import Counter
from collections.abc import Sequence
from itertools import combinations_with_replacement

import numpy as np

from headstart.arrays import Floats
from headstart.modalities.facets import Cue, Properties
from headstart.modalities.sound.sound_stats import SoundStats

COMMON = 24  #: rates, formats and the like that are known by name


def list_sound_cues(properties: Properties, stats: SoundStats) -> tuple[Cue, ...]:
    """Return the cues of N clips.

    Args:
        properties: of the clips: format, rate, channels and perhaps bits.
        stats: of the clips, in the same order.
    """
    return (
        Cue("file", "the file's rate, channels and format", lambda: _describe_files(properties)),
        Cue("length", "the length of the clip", lambda: _add_products(np.log2(_gather(stats, "seconds") + 0.01))),
        Cue("loudness", "the loudness", lambda: _add_products(_gather(stats, "loudness", "peak"))),
        Cue("background", "the noise in the background", lambda: _describe_background(stats)),
    )


def _gather(stats: SoundStats, *names: str) -> Floats:
    return np.stack([stats.get(name) for name in names], axis=1).astype(np.float32)


def _describe_background(stats: SoundStats) -> Floats:
    """Return the spectrum of the quietest frames, their level, and how far the samples are off the middle."""
    return np.hstack([stats.noise, _add_products(_gather(stats, "background")), _gather(stats, "offset")])


def _describe_files(properties: Properties) -> Floats:
    """Return whether each rate, number of channels, depth and format is the commonest, the next, ..."""
    names = ("rate", "channels", "bits", "format")
    return np.hstack([_encode_values([str(each.get(name, "")) for each in properties]) for name in names])


def _encode_values(values: Sequence[str]) -> Floats:
    """Return whether each value is the commonest, the next, ...: (N, k) of 0 or 1; values met once have none."""
    common = [value for value, count in Counter(values).most_common(COMMON) if count > 1]
    place = {value: index for index, value in enumerate(common)}
    known = np.array([place.get(value, -1) for value in values], np.int64)
    return np.asarray(known[:, None] == np.arange(len(common)), np.float32)


def _add_products(rows: Floats) -> Floats:
    """Return rows (N, k) with all squares and products, so that a line becomes a conic."""
    centred = rows - rows.mean(axis=0)
    pairs = combinations_with_replacement(range(rows.shape[1]), 2)
    return np.stack([*rows.T, *(centred[:, a] * centred[:, b] for a, b in pairs)], axis=1).astype(np.float32)
