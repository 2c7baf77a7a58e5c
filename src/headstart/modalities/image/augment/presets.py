"""The strength of augmentation: every knob as a number, and the presets. No PyTorch is imported here."""

import hashlib
import json
from dataclasses import asdict, dataclass, fields, replace
from typing import Any, Self

from headstart.modalities.image.settings import AugmentPolicy, AugmentPreset

CROPPED = 0.5  #: smallest window of a map, share of its edge, where photos are cropped at random
#: Edge of the views there, share of the network's input: a random crop shows things larger than the plain view does,
#: by about as much (Touvron et al. 2019, NeurIPS, arXiv:1906.06423, "FixRes", section 3).
SMALLER = 0.79
MULTIPLE = 16  #: of so many pixels is the edge of smaller views
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

    @classmethod
    def from_settings(cls, settings: Any) -> Self:
        """Return the preset, with the knobs that are set replacing their part of it.

        Args:
            settings: with the fields of ``AugmentSettings``, as ``FitSettings`` has them too.
        """
        given = {field.name: getattr(settings, field.name) for field in fields(cls)}
        resolved = replace(PRESETS[settings.augmentation], **{k: v for k, v in given.items() if v is not None})
        return cls(**asdict(resolved))

    @property
    def identity(self) -> bool:
        """Whether every view is the plain one."""
        return self == Augmentation()

    @property
    def fingerprint(self) -> str:
        """16 hexadecimal digits that change whenever the views would."""
        facts = json.dumps([VERSION, asdict(self)], sort_keys=True)
        return hashlib.blake2b(facts.encode(), digest_size=8).hexdigest()

    def describe(self) -> str:
        """Return the changes in one line for a person."""
        said = {
            f"crop of {self.crop_scale:.0%} of the area or more": self.crop_scale < 1,
            "mirrored": self.flip_horizontal,
            "upside down": self.flip_vertical,
            f"turned up to {self.rotation:g}°": self.rotation,
            f"sheared up to {self.shear:g}°": self.shear,
            f"zoomed by up to {self.zoom:.0%}": self.zoom,
            f"moved sideways by up to {self.shift_width:.0%}": self.shift_width,
            f"moved up or down by up to {self.shift_height:.0%}": self.shift_height,
            f"colours changed by up to {self.colour_jitter:.0%}": self.colour_jitter,
            f"a rectangle erased in {self.erasing:.0%}": self.erasing,
            {"none": "", "randaugment": "RandAugment", "trivialaugment": "TrivialAugment"}[self.policy]: (
                self.policy != "none"
            ),
        }
        return ", ".join(text for text, done in said.items() if done) or "nothing is changed"


def resolve_smallest_window(settings: Any) -> float:
    """Return the least share of a map's edge that a step sees: as set, else half where photos are cropped too."""
    return _where_cropped(settings, settings.window, CROPPED)


def resolve_view_size(settings: Any, size: int) -> int:
    """Return the edge of the views that are trained on, pixels, of a network whose input has edge ``size``."""
    share = _where_cropped(settings, settings.view_size, SMALLER)
    return min(size, max(MULTIPLE, round(share * size / MULTIPLE) * MULTIPLE)) if share < 1 else size


def _where_cropped(settings: Any, given: float | None, share: float) -> float:
    """As set, else a share where photos are cropped at random, else all."""
    if given is not None:
        return given
    return share if Augmentation.from_settings(settings).crop_scale < 1 else 1.0


PRESETS: dict[AugmentPreset, Augmentation] = {
    "none": Augmentation(),
    "light": Augmentation(flip_horizontal=True, zoom=0.1, shift_width=0.05, shift_height=0.05),
    "standard": Augmentation(flip_horizontal=True, crop_scale=0.08, colour_jitter=0.15),
    # No policy: RandAugment solarizes or posterizes one view in four; no photo to be predicted on looks like that.
    "strong": Augmentation(flip_horizontal=True, crop_scale=0.08, rotation=15, colour_jitter=0.3, erasing=0.25),
}
