"""Augmentation of photos as a facet of their modality."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from headstart.modalities.facets import SheetItem, Thumbnail
from headstart.modalities.image.augment.augmentation import make_view
from headstart.modalities.image.augment.presets import (
    PRESETS,
    Augmentation,
    resolve_smallest_window,
    resolve_view_size,
)
from headstart.modalities.image.augment.sheet import build_rows, draw_sheet
from headstart.modalities.image.decode import Pixels
from headstart.modalities.image.drawing import save_picture
from headstart.modalities.image.preview import make_jpeg
from headstart.modalities.image.spec import WHOLE_EDGE, ImageSpec

FORMATS = {".png": "PNG", ".jpg": "JPEG", ".jpeg": "JPEG"}
SHEET_SIZE = 224  #: edge of a sheet's photos where there is no network that would say its own
SHEET_EDGE = 1200  #: most pixels along an edge of a sheet in a report


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

    sheet_suffixes: tuple[str, ...] = tuple(FORMATS)

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

    def make_sheet_spec(self) -> ImageSpec:
        """Return a spec of the whole photo as most networks see it."""
        return ImageSpec(SHEET_SIZE, WHOLE_EDGE, mean=(0.5, 0.5, 0.5), std=(0.5, 0.5, 0.5))

    def draw_sheet(
        self, items: Iterable[SheetItem], spec: ImageSpec, settings: Any, *, seed: int, suffix: str = ""
    ) -> Thumbnail | None:
        """Return a picture of six photos in rows, each as it is predicted on and as changed views of it."""
        changes = Augmentation.from_settings(settings)
        rows = build_rows(items, spec, changes, seed=seed)
        if not rows:
            return None
        sheet = draw_sheet(rows, changes.describe())
        if not suffix:
            return make_jpeg(np.asarray(sheet), SHEET_EDGE)
        kind = FORMATS[suffix]
        content = save_picture(sheet, kind, **({"quality": 92} if kind == "JPEG" else {}))
        return Thumbnail(content, f"image/{kind.lower()}")
