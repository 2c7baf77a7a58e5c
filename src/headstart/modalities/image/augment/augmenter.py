"""Augmentation of photos as a facet of their modality."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from headstart.modalities.image.augment.augmentation import make_view
from headstart.modalities.image.augment.presets import (
    PRESETS,
    Augmentation,
    resolve_smallest_window,
    resolve_view_size,
)
from headstart.modalities.image.decode import Pixels
from headstart.modalities.image.spec import ImageSpec


@dataclass(frozen=True, slots=True)
class ImageAugmenter:
    """Changes that are drawn for each view of a photo."""

    changes: Augmentation

    @property
    def identity(self) -> bool:
        """Whether every view is the plain one."""
        return self.changes.identity

    @property
    def fingerprint(self) -> str:
        """16 hexadecimal digits that change whenever the views would."""
        return self.changes.fingerprint

    def describe(self) -> str:
        """Return the changes in one line for a person."""
        return self.changes.describe()

    def make_view(self, value: Pixels, spec: ImageSpec, *, seed: int, digest: str, number: int) -> Pixels:
        """Return one changed view of a photo, uint8 (S, S, 3)."""
        return make_view(value, spec, self.changes, seed=seed, digest=digest, number=number)


class ImageAugmentation:
    """Changed views of photos, by the settings."""

    @property
    def choices(self) -> Mapping[str, tuple[Any, ...]]:
        """The presets that change something."""
        return {"augmentation": ("light", "standard", "strong")}

    def make_augmenter(self, settings: Any) -> ImageAugmenter:
        """Return the preset, with the knobs that are set replacing their part of it."""
        return ImageAugmenter(Augmentation.from_settings(settings))

    def make_plain(self) -> ImageAugmenter:
        """Return the augmenter that changes nothing."""
        return ImageAugmenter(PRESETS["none"])

    def fit_view_spec(self, settings: Any, spec: ImageSpec) -> ImageSpec:
        """Return the spec of the views that are trained on: smaller where photos are cropped at random."""
        return replace(spec, size=resolve_view_size(settings, spec.size))

    def smallest_window(self, settings: Any) -> float:
        """Return the least share of a map's edge that a step of training sees."""
        return resolve_smallest_window(settings)
