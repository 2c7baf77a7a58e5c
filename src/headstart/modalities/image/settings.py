"""The settings of images: the chapter "augment"."""

from collections.abc import Mapping
from typing import Annotated, ClassVar, Literal

from pydantic import AfterValidator, Field
from pydantic_core import PydanticCustomError

from headstart.settings.chapter import Chapter
from headstart_runtime.errors import nearest

AugmentPreset = Literal["none", "light", "standard", "strong"]
AugmentPolicy = Literal["none", "randaugment", "trivialaugment"]
#: Kinds of changes that may keep the answer of a photo.
KEEPABLE = ("crop", "scale", "flip", "turn", "colour", "all")


def _check_keeps(text: str) -> str:
    """Return names of kinds of changes, separated by commas; anything else is refused as pydantic wants it."""
    for name in (part.strip() for part in text.split(",")):
        if name not in KEEPABLE:
            text = f"keeps names {name!r}, no change of a photo; {nearest(name, list(KEEPABLE))}"
            raise PydanticCustomError("unknown_name", "{text}", {"text": text})
    return text


class AugmentSettings(Chapter):
    """Changes of training photos, so that a network sees new views; None: as the preset has it."""

    chapter_name = "augment"
    chapter_title = "Augmentation"
    chapter_spellings: ClassVar[Mapping[str, str]] = {"color_jitter": "colour_jitter"}

    augmentation: AugmentPreset = Field(
        "standard", description="Changed views of training photos: a preset; each knob below replaces its part of it."
    )
    keeps: Annotated[str, AfterValidator(_check_keeps)] | None = Field(
        None,
        description="Changes that keep the answer, beside those that the task names: crop, scale, flip, turn, colour "
        "or all, separated by commas. A preset leaves out what may change the answer.",
    )
    rotation: Annotated[float, Field(ge=0, le=180)] | None = Field(None, description="Most degrees turned either way.")
    shift_width: Annotated[float, Field(ge=0, le=1)] | None = Field(
        None, description="Most that a photo is moved sideways, as a share of its width."
    )
    shift_height: Annotated[float, Field(ge=0, le=1)] | None = Field(
        None, description="Most that a photo is moved up or down, as a share of its height."
    )
    shear: Annotated[float, Field(ge=0, le=60)] | None = Field(None, description="Most degrees sheared either way.")
    zoom: Annotated[float, Field(ge=0, lt=1)] | None = Field(
        None, description="Most that a photo is made smaller or larger: 0.2 means 0.8 to 1.2 times."
    )
    flip_horizontal: bool | None = Field(None, description="Mirror every other photo left to right.")
    flip_vertical: bool | None = Field(None, description="Turn every other photo upside down.")
    crop_scale: Annotated[float, Field(gt=0, le=1)] | None = Field(
        None, description="Smallest share of a photo's area that a random resized crop keeps; 1 is no such crop."
    )
    colour_jitter: Annotated[float, Field(ge=0, le=1)] | None = Field(
        None, description="Most change of brightness, contrast and saturation, and a tenth of it of hue."
    )
    erasing: Annotated[float, Field(ge=0, le=1)] | None = Field(
        None, description="Share of photos in which a random rectangle is erased."
    )
    policy: AugmentPolicy | None = Field(
        None, description="Drawn transformations on top: RandAugment or TrivialAugment."
    )
    window: Annotated[float, Field(ge=0.5, le=1)] | None = Field(
        None,
        description="Smallest edge, as a share, of the window of a map that a step trains on; by default 0.5 where "
        "views are cropped at random, else 1, the whole.",
    )
    view_size: Annotated[float, Field(ge=0.5, le=1)] | None = Field(
        None,
        description="Edge of the views that are trained on, as a share of the network's input; by default 0.79 where "
        "they are cropped at random, else 1.",
    )
