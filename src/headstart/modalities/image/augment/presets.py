"""The strength of augmentation: every knob as a number, and the presets. No PyTorch is imported here."""

import hashlib
import json
from collections.abc import Set as AbstractSet
from dataclasses import asdict, dataclass, fields, replace
from typing import Any, Self

from headstart.modalities.image.augment.kept import ALL, list_given_knobs, read_kept_changes
from headstart.modalities.image.settings import AugmentPolicy, AugmentPreset

CROPPED = 0.5  #: smallest window of a map, share of its edge, where photos are cropped at random
#: Edge of the views there, share of the network's input: a random crop shows things larger than the plain view does,
#: by about as much (Touvron et al. 2019, NeurIPS, arXiv:1906.06423, "FixRes", section 3).
SMALLER = 0.79
MULTIPLE = 16  #: of so many pixels is the edge of smaller views
#: Of a preset that crops, where what is shown has to stay in sight: photos are made smaller by so much at most and
#: moved by so much of an edge. They are what a view then has room for.
WHOLE_ZOOM, WHOLE_SHIFT = 0.2, 0.1
VERSION = 1  #: raised whenever the same knobs and the same draws give other pixels


@dataclass(frozen=True, slots=True)
class Augmentation:
    """The changes that are drawn for each view of a photo; every knob has a number, all at rest by default."""

    rotation: float = 0.0  #: most degrees either way
    shift_width: float = 0.0  #: most either way, as a share of the view's width
    shift_height: float = 0.0  #: most either way, as a share of the view's height
    shear: float = 0.0  #: most degrees either way, along the rows
    zoom: float = 0.0  #: things become 1 - zoom to 1 + zoom times as large
    flip_horizontal: bool = False  #: every other view is mirrored left to right
    flip_vertical: bool = False  #: every other view is upside down
    crop_scale: float = 1.0  #: smallest share of the photo's area that a crop keeps; 1: the spec's centre crop
    colour_jitter: float = 0.0  #: most change of brightness, contrast and saturation; of hue a tenth, in turns
    erasing: float = 0.0  #: share of the views in which a rectangle is erased
    policy: AugmentPolicy = "none"  #: transformations drawn from a list, on top
    whole: bool = False  #: all that the plain view shows stays in sight: things become 1 - zoom to 1 times as large

    @classmethod
    def from_settings(cls, settings: Any, kept: AbstractSet[str] = ALL) -> Self:
        """Return what a preset does that keeps the answer, with the knobs that are set replacing their part of it.

        Args:
            settings: with the fields of ``AugmentSettings``, as ``FitSettings`` has them too.
            kept: changes that keep what a task asks, see ``kept.KINDS``; the settings may name more.
        """
        names = {field.name for field in fields(cls)} - {"whole"}
        given = {name: value for name, value in list_given_knobs(settings).items() if name in names}
        preset = restrict_preset(PRESETS[settings.augmentation], read_kept_changes(settings, kept))
        if preset.whole and any(given.get(name, rest) != rest for name, rest in _CUTTING.items()):
            preset = replace(preset, zoom=0.0, shift_width=0.0, shift_height=0.0, whole=False)
        return cls(**{**asdict(preset), **given})

    @property
    def identity(self) -> bool:
        """Whether every view is the plain one."""
        return replace(self, whole=False) == Augmentation()

    @property
    def fingerprint(self) -> str:
        """16 hexadecimal digits that change whenever the views would."""
        facts = json.dumps([VERSION, asdict(self)], sort_keys=True)
        return hashlib.blake2b(facts.encode(), digest_size=8).hexdigest()

    def describe(self) -> str:
        """Return the changes in one line for a person."""
        moved = not self.whole
        said = {
            f"crop of {self.crop_scale:.0%} of the area or more": self.crop_scale < 1,
            "mirrored": self.flip_horizontal,
            "upside down": self.flip_vertical,
            f"turned up to {self.rotation:g}°": self.rotation,
            f"sheared up to {self.shear:g}°": self.shear,
            f"zoomed by up to {self.zoom:.0%}": self.zoom and moved,
            f"moved sideways by up to {self.shift_width:.0%}": self.shift_width and moved,
            f"moved up or down by up to {self.shift_height:.0%}": self.shift_height and moved,
            f"shown whole, up to {self.zoom:.0%} smaller": self.zoom and self.whole,
            f"colours changed by up to {self.colour_jitter:.0%}": self.colour_jitter,
            f"a rectangle erased in {self.erasing:.0%}": self.erasing,
            {"none": "", "randaugment": "RandAugment", "trivialaugment": "TrivialAugment"}[self.policy]: (
                self.policy != "none"
            ),
        }
        return ", ".join(text for text, done in said.items() if done) or "nothing is changed"


#: Knobs by which a view may lose a part of what the plain one shows, with their values at rest.
_CUTTING = {"crop_scale": 1.0, "zoom": 0.0, "shift_width": 0.0, "shift_height": 0.0}


def restrict_preset(preset: Augmentation, kept: AbstractSet[str]) -> Augmentation:
    """Return what is left of a preset where only some changes keep the answer.

    Where a part may not be cut off but things may be smaller, photos are made smaller and moved instead of cropped.

    Args:
        preset: as it stands in ``PRESETS``.
        kept: names of changes, see ``kept.KINDS``; "*" for all.
    """
    if "*" in kept:
        return preset
    if "flip" not in kept:
        preset = replace(preset, flip_horizontal=False, flip_vertical=False)
    if "turn" not in kept:
        preset = replace(preset, rotation=0.0, shear=0.0)
    if "colour" not in kept:
        preset = replace(preset, colour_jitter=0.0)
    if "crop" in kept:
        return preset
    zoom, across, down = preset.zoom, preset.shift_width, preset.shift_height
    if preset.crop_scale < 1:
        zoom, across, down = (max(zoom, WHOLE_ZOOM), max(across, WHOLE_SHIFT), max(down, WHOLE_SHIFT))
    whole = "scale" in kept
    if not whole:
        zoom = across = down = 0.0
    return replace(preset, crop_scale=1.0, erasing=0.0, zoom=zoom, shift_width=across, shift_height=down, whole=whole)


def resolve_smallest_window(settings: Any, kept: AbstractSet[str] = ALL) -> float:
    """Return the least share of a map's edge that a step sees: as set, else half where photos are cropped too."""
    return _where_cropped(settings, kept, settings.window, CROPPED)


def resolve_view_size(settings: Any, size: int, kept: AbstractSet[str] = ALL) -> int:
    """Return the edge of the views that are trained on, pixels, of a network whose input has edge ``size``."""
    share = _where_cropped(settings, kept, settings.view_size, SMALLER)
    return min(size, max(MULTIPLE, round(share * size / MULTIPLE) * MULTIPLE)) if share < 1 else size


def _where_cropped(settings: Any, kept: AbstractSet[str], given: float | None, share: float) -> float:
    """As set, else a share where photos are cropped at random, else all."""
    if given is not None:
        return given
    return share if Augmentation.from_settings(settings, kept).crop_scale < 1 else 1.0


PRESETS: dict[AugmentPreset, Augmentation] = {
    "none": Augmentation(),
    "light": Augmentation(flip_horizontal=True, zoom=0.1, shift_width=0.05, shift_height=0.05),
    "standard": Augmentation(flip_horizontal=True, crop_scale=0.08, colour_jitter=0.15),
    # No policy: RandAugment solarizes or posterizes one view in four; no photo to be predicted on looks like that.
    "strong": Augmentation(flip_horizontal=True, crop_scale=0.08, rotation=15, colour_jitter=0.3, erasing=0.25),
}
