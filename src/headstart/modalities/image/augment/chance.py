"""The random numbers of one view, drawn at once from what names the view."""

import hashlib
from dataclasses import dataclass, fields
from typing import Self

import numpy as np


@dataclass(frozen=True, slots=True)
class Chance:
    """A number of its own for each thing that is drawn, all uniform in 0..1.

    None is shared and none is left out, so a knob that is changed leaves what the others draw as it was.
    """

    crop_area: float
    crop_ratio: float
    crop_left: float
    crop_top: float
    rotation: float
    shear: float
    zoom: float
    shift_width: float
    shift_height: float
    flip_horizontal: float
    flip_vertical: float
    brightness: float
    contrast: float
    saturation: float
    hue: float
    erased: float
    erased_area: float
    erased_ratio: float
    erased_left: float
    erased_top: float
    first_name: float  #: the policy's first transformation
    first_strength: float
    first_sign: float
    second_name: float  #: its second, where it has two
    second_strength: float
    second_sign: float

    @classmethod
    def draw(cls, *, seed: int, digest: str, number: int) -> Self:
        """Draw the numbers of one view of one photo: the same on every machine, in every thread, in any order."""
        name = hashlib.blake2b(f"{seed} {digest} {number}".encode(), digest_size=16).digest()
        chance = np.random.Generator(np.random.PCG64(int.from_bytes(name, "little")))
        return cls(*chance.random(len(fields(cls))).tolist())


def scale_between(low: float, high: float, uniform: float) -> float:
    """Return a uniform number of 0..1 as one of ``low``..``high``."""
    return low + (high - low) * uniform


def scale_around_zero(most: float, uniform: float) -> float:
    """Return a uniform number of 0..1 as one of ``-most``..``most``."""
    return most * (2 * uniform - 1)
