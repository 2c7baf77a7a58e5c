"""The statistics of photos as a facet of their modality: what is stored, sliced by, and looked at for issues."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from headstart.modalities.image.cues import list_cues
from headstart.modalities.image.issues import find_image_issues
from headstart.modalities.image.stats import ImageStats, compute_stats, read_stats, stats_space
from headstart.storage.store import FeatureSpace, Store
from headstart_runtime.arrays import Floats
from headstart_runtime.modalities.facets import Cue, ItemIssue, NamedProperty, NumericProperty, Properties
from headstart_runtime.modalities.image.decode import Pixels
from headstart_runtime.modalities.image.spec import ImageSpec

_SQUARE, _USUAL = 1.25, 1.55  #: longer edge over the shorter: up to 5:4; up to 3:2 and a little, as cameras have it


class ImageStatistics:
    """The statistics of photos as a facet of their modality."""

    def space(self, spec: ImageSpec) -> FeatureSpace:
        """Return where the statistics of photos prepared by a spec are stored."""
        return stats_space(spec)

    def keep(self, value: Pixels, parts: Sequence[Pixels], spec: ImageSpec) -> Pixels:
        """Return the square that a network sees, uint8 (S, S, 3)."""
        return parts[0]

    def compute(self, kept: Sequence[Pixels]) -> Mapping[str, Floats]:
        """Return the statistics of B squares, float32 (B, width) for each layer of the space."""
        return compute_stats(np.stack(kept))

    def read(self, store: Store, spec: ImageSpec, digests: Sequence[str], items: Sequence[Any]) -> ImageStats:
        """Read the statistics of photos, in the order of the digests."""
        return read_stats(store, spec, digests)

    def list_properties(self, properties: Properties, stats: ImageStats) -> Sequence[NamedProperty | NumericProperty]:
        """Return size, shape, brightness, sharpness, file type and camera."""
        shorter = np.array([min(each["width"], each["height"]) for each in properties], np.float64)
        return (
            NumericProperty("size", shorter, ("small", "middle", "large"), " pixels along the shorter edge"),
            NamedProperty("shape", [[_name_shape(each)] for each in properties]),
            NumericProperty(
                "brightness", (100 * stats.brightness).astype(np.float64), ("dark", "middle", "bright"), " %"
            ),
            NumericProperty(
                "sharpness", (10 * stats.sharpness).astype(np.float64), ("soft", "middle", "sharp"), scale=10
            ),
            NamedProperty("file type", [[each["format"]] for each in properties]),
            NamedProperty("camera", [[each.get("camera") or "not named"] for each in properties]),
        )

    def find_issues(
        self, ids: Sequence[str], properties: Properties, stats: ImageStats, spec: ImageSpec
    ) -> Iterable[ItemIssue]:
        """Yield one record for each kind of issue: blurred, dark, bright, tiny, of an odd shape, near-constant."""
        width = np.array([each["width"] for each in properties], np.float64)
        height = np.array([each["height"] for each in properties], np.float64)
        return find_image_issues(ids, width, height, stats, edge=spec.size)

    def list_cues(self, properties: Properties, stats: ImageStats) -> Sequence[Cue]:
        """Return border, file and mean colour."""
        return list_cues(properties, stats)


def _name_shape(properties: Mapping[str, Any]) -> str:
    """Return the shape of a photo, either way: its header does not say which way is up."""
    width, height = properties["width"], properties["height"]
    ratio = max(width, height) / max(1, min(width, height))
    if ratio <= _SQUARE:
        return "about square: up to 5:4"
    return "usual: up to 3:2" if ratio <= _USUAL else "long: over 3:2"
