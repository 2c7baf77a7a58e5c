"""RandAugment and TrivialAugment: one or two transformations drawn from a list of fourteen.

RandAugment: Cubuk et al. 2020, arXiv:1909.13719; two of them at magnitude 9 of 30, the ranges of its table 6.
TrivialAugment: Müller and Hutter 2021, arXiv:2103.10158; one, its magnitude drawn, the "wide" ranges of its table 5.
Each comes out as a move, which joins the one geometric step, or as tones, which Pillow does to the small picture.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from PIL import Image, ImageEnhance, ImageOps

from headstart.modalities.image.augment.chance import Chance
from headstart.modalities.image.settings import AugmentPolicy

STEPS = 30  #: magnitudes go from 0 to this
RANDAUGMENT_STRENGTH = 9

Op = Literal[
    "identity", "autocontrast", "equalize", "shear_x", "shear_y", "translate_x", "translate_y", "rotate",
    "brightness", "colour", "contrast", "sharpness", "posterize", "solarize",
]  # fmt: skip
OPS: tuple[Op, ...] = Op.__args__  # type: ignore[attr-defined]


@dataclass(frozen=True, slots=True)
class Ranges:
    """The meaning of the highest magnitude."""

    shear: float  #: tangent of the angle
    translate: float  #: share of the picture's edge
    rotate: float  #: degrees
    tone: float  #: change of brightness, colour, contrast and sharpness
    posterize: int  #: bits taken away


RANGES: dict[AugmentPolicy, Ranges] = {
    "randaugment": Ranges(shear=0.3, translate=150 / 331, rotate=30, tone=0.9, posterize=4),
    "trivialaugment": Ranges(shear=0.99, translate=32 / 224, rotate=135, tone=0.99, posterize=6),
}


@dataclass(frozen=True, slots=True)
class Transform:
    """One transformation with its strength."""

    op: Op
    amount: float  #: in the op's own unit, with its sign: tangent, share, degrees, change of tone, bits, share of 256


def draw_transforms(policy: AugmentPolicy, chance: Chance) -> list[Transform]:
    """Draw a policy's transformations for a view, in the order in which they are done."""
    if policy == "none":
        return []
    first = (chance.first_name, chance.first_strength, chance.first_sign)
    second = (chance.second_name, chance.second_strength, chance.second_sign)
    if policy == "trivialaugment":
        return [_draw_one(policy, first[0], int(first[1] * (STEPS + 1)), first[2])]
    return [_draw_one(policy, name, RANDAUGMENT_STRENGTH, sign) for name, _, sign in (first, second)]


def _draw_one(policy: AugmentPolicy, name: float, step: int, sign: float) -> Transform:
    op, share, most = OPS[int(name * len(OPS))], step / STEPS, RANGES[policy]
    signed = share if sign < 0.5 else -share
    amounts: dict[Op, float] = {
        "shear_x": signed * most.shear,
        "shear_y": signed * most.shear,
        "translate_x": signed * most.translate,
        "translate_y": signed * most.translate,
        "rotate": signed * most.rotate,
        "posterize": round(share * most.posterize),
        "solarize": share,
    }
    return Transform(op, amounts.get(op, signed * most.tone))


def transform_moves(ops: list[Transform]) -> list[tuple[float, ...]]:
    """Return the geometric ones as matrices (a, b, c, d, e, f): x' = ax + by + c, y' = dx + ey + f, edges 1 long."""
    return [_move(change.op, change.amount) for change in ops if change.op in ("rotate", *OPS[3:7])]


def _move(op: Op, amount: float) -> tuple[float, ...]:
    if op == "rotate":
        cos, sin = math.cos(math.radians(amount)), math.sin(math.radians(amount))
        return cos, -sin, 0, sin, cos, 0
    return (
        1, amount if op == "shear_x" else 0, amount if op == "translate_x" else 0,
        amount if op == "shear_y" else 0, 1, amount if op == "translate_y" else 0,
    )  # fmt: skip


#: What is done to the picture's tones. A solarize of magnitude 0 turns no value round, white neither.
TONES: dict[Op, Callable[[Image.Image, float], Image.Image]] = {
    "autocontrast": lambda image, _: ImageOps.autocontrast(image),
    "equalize": lambda image, _: ImageOps.equalize(image),
    "brightness": lambda image, amount: ImageEnhance.Brightness(image).enhance(1 + amount),
    "colour": lambda image, amount: ImageEnhance.Color(image).enhance(1 + amount),
    "contrast": lambda image, amount: ImageEnhance.Contrast(image).enhance(1 + amount),
    "sharpness": lambda image, amount: ImageEnhance.Sharpness(image).enhance(1 + amount),
    "posterize": lambda image, amount: ImageOps.posterize(image, 8 - int(amount)),
    "solarize": lambda image, amount: ImageOps.solarize(image, round(256 * (1 - amount))),
}


def apply_tones(image: Image.Image, ops: list[Transform]) -> Image.Image:
    """Apply those of the transformations that change tones."""
    for transform in ops:
        if transform.op in TONES:
            image = TONES[transform.op](image, transform.amount)
    return image
