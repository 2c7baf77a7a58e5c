"""Augmentation of photos as a facet of their modality."""

from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np

from headstart.modalities.image.augment.augmentation import make_view
from headstart.modalities.image.augment.kept import explain_kept_changes
from headstart.modalities.image.augment.presets import (
    PRESETS,
    Augmentation,
    resolve_smallest_window,
    resolve_view_size,
)
from headstart.modalities.image.augment.sheet import build_rows, draw_sheet
from headstart_runtime.modalities.facets import SheetItem, Thumbnail
from headstart_runtime.modalities.image.decode import Pixels
from headstart_runtime.modalities.image.drawing import save_picture
from headstart_runtime.modalities.image.preview import make_jpeg
from headstart_runtime.modalities.image.spec import WHOLE_EDGE, ImageSpec

FORMATS = {".png": "PNG", ".jpg": "JPEG", ".jpeg": "JPEG"}
SHEET_SIZE = 224  #: edge of a sheet's photos where there is no network that would say its own
SHEET_EDGE = 1200  #: most pixels along an edge of a sheet in a report
NEARLY_SQUARE = 0.95  #: shorter edge by longer edge of a photo of which next to nothing is cut off
FEW = 0.02  #: share of photos that are not worth a note


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

    def make_augmenter(self, settings: Any, kept: AbstractSet[str]) -> ImageAugmenter:
        """Return what the preset does that keeps the answer, with the knobs that are set replacing their part of it."""
        return ImageAugmenter(Augmentation.from_settings(settings, kept))

    def make_plain(self) -> ImageAugmenter:
        """Return the augmenter that changes nothing."""
        return ImageAugmenter(PRESETS["none"])

    def explain_kept(self, settings: Any, kept: AbstractSet[str]) -> Sequence[str]:
        """Return what of the preset is left out, and which knobs that are set may change the answer."""
        return explain_kept_changes(settings, asdict(PRESETS[settings.augmentation]), kept)

    def fit_view_spec(self, settings: Any, spec: ImageSpec, kept: AbstractSet[str]) -> ImageSpec:
        """Return the spec of the views that are trained on: smaller where photos are cropped at random."""
        return replace(spec, size=resolve_view_size(settings, spec.size, kept))

    def smallest_window(self, settings: Any, kept: AbstractSet[str]) -> float:
        """Return the least share of a map's edge that a step of training sees."""
        return resolve_smallest_window(settings, kept)

    def note_unseen(self, properties: Sequence[Mapping[str, Any]]) -> list[str]:
        """Return a note on photos that are no squares, of which networks see the square in the middle."""
        edges = np.array([sorted((each["width"], each["height"])) for each in properties], np.float64).reshape(-1, 2)
        seen = edges[:, 0] / edges[:, 1]
        cut = seen < NEARLY_SQUARE
        if not cut.any() or cut.mean() < FEW:
            return []
        share = f"{np.median(seen[cut]):.0%} of {int(cut.sum()):,} of these {len(edges):,} photos"
        text = (
            f"networks see the square in the middle of a photo, {share}: what lies beyond is not seen; pad them to "
            "squares if it should be"
        )
        return [text]

    def make_sheet_spec(self) -> ImageSpec:
        """Return a spec of the whole photo as most networks see it."""
        return ImageSpec(SHEET_SIZE, WHOLE_EDGE, mean=(0.5, 0.5, 0.5), std=(0.5, 0.5, 0.5))

    def draw_sheet(
        self, items: Iterable[SheetItem], spec: ImageSpec, augmenter: ImageAugmenter, *, seed: int, suffix: str = ""
    ) -> Thumbnail | None:
        """Return a picture of six photos in rows, each as it is predicted on and as changed views of it."""
        rows = build_rows(items, spec, augmenter.changes, seed=seed)
        if not rows:
            return None
        sheet = draw_sheet(rows, augmenter.describe())
        if not suffix:
            return make_jpeg(np.asarray(sheet), SHEET_EDGE)
        kind = FORMATS[suffix]
        content = save_picture(sheet, kind, **({"quality": 92} if kind == "JPEG" else {}))
        return Thumbnail(content, f"image/{kind.lower()}")
