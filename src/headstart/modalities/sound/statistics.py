"""The statistics of clips as a facet of their modality: what is stored, sliced by, and looked at for issues."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from headstart.modalities.sound.cues import list_sound_cues
from headstart.modalities.sound.issues import CLIPPED, find_sound_issues
from headstart.modalities.sound.sound_stats import (
    SoundStats,
    measure_clip,
    read_sound_stats,
    sound_stats_space,
)
from headstart.storage.store import FeatureSpace, Store
from headstart_runtime.arrays import Doubles, Floats
from headstart_runtime.modalities.facets import Cue, ItemIssue, NamedProperty, NumericProperty, Properties

LAYERS = ("facts", "noise", "spectrogram", "wave")


class SoundStatistics:
    """The statistics of clips as a facet of their modality."""

    def space(self, spec: Any) -> FeatureSpace:
        """Return where the statistics of clips prepared by a spec are stored."""
        return sound_stats_space(spec)

    def keep(self, value: Floats, parts: Sequence[Any], spec: Any) -> Mapping[str, Floats]:
        """Return what is measured of a waveform."""
        return measure_clip(value, spec.rate)

    def compute(self, kept: Sequence[Mapping[str, Floats]]) -> Mapping[str, Floats]:
        """Return the statistics of B clips, float32 (B, width) for each layer of the space."""
        return {name: np.stack([one[name] for one in kept]) for name in LAYERS}

    def read(self, store: Store, spec: Any, digests: Sequence[str], items: Sequence[Any]) -> SoundStats:
        """Read the statistics of clips, in the order of the digests."""
        return read_sound_stats(store, spec, digests)

    def list_properties(self, properties: Properties, stats: SoundStats) -> Sequence[NamedProperty | NumericProperty]:
        """Return length, loudness, noise, clipping, rate, channels and the way of storing."""
        clipped = [["yes" if each.get("clipped", 0) >= CLIPPED else "no"] for each in properties]
        return (
            NumericProperty("length", 100 * stats.get("seconds"), ("short", "middle", "long"), " seconds", 100),
            NumericProperty("loudness", stats.get("loudness"), ("soft", "middle", "loud"), " decibels"),
            NumericProperty("noise", -measure_clearness(stats), ("clear", "middle", "noisy"), " decibels"),
            NamedProperty("clipped", clipped),
            NamedProperty("rate", [[f"{each['rate']} Hz"] for each in properties]),
            NamedProperty("channels", [[str(each.get("channels", 1))] for each in properties]),
            NamedProperty("file type", [[each["format"]] for each in properties]),
            NamedProperty("device", [[each.get("device") or "not named"] for each in properties]),
        )

    def find_issues(
        self, ids: Sequence[str], properties: Properties, stats: SoundStats, spec: Any
    ) -> Iterable[ItemIssue]:
        """Yield one record for each kind of issue: silent, clipped, very short, of another rate, noisy."""
        return find_sound_issues(ids, properties, stats)

    def list_cues(self, properties: Properties, stats: SoundStats) -> Sequence[Cue]:
        """Return file, length, loudness and background."""
        return list_sound_cues(properties, stats)


def measure_clearness(stats: SoundStats) -> Doubles:
    """Return by how many decibels the loud frames of each clip are above the quiet ones, (N,)."""
    return stats.get("foreground") - stats.get("background")
