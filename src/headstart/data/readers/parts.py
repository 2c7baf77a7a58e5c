"""Parts that are given: how people name them, and what is made of two of them, or of one."""

from collections.abc import Iterable
from dataclasses import dataclass

from headstart.data.samples import Part

_NAMES = {
    "train": Part.TRAIN,
    "training": Part.TRAIN,
    "val": Part.VALIDATION,
    "valid": Part.VALIDATION,
    "validation": Part.VALIDATION,
    "test": Part.TEST,
    "testing": Part.TEST,
}
KNOWN = "train, val (or valid, validation) and test, in any case"


@dataclass(frozen=True, slots=True)
class GivenParts:
    """What the parts that were found are used as."""

    used_as: dict[Part, Part | None]  #: found part -> the part its photos go to; None leaves the split to us
    note: str  #: what was assumed, for a person; "" for nothing
    problem: str = ""  #: why these parts cannot be used; "" when they can


def part_named(text: str) -> Part | None:
    """The part that a folder's or cell's name means; None when it means none."""
    return _NAMES.get(text.strip().lower())


def settle(found: Iterable[Part]) -> GivenParts:
    """Three parts (or none) are used as given; the second of two is the test part; one alone is no split."""
    parts = sorted(set(found), key=list(Part).index)
    if len(parts) in (0, 3):
        return GivenParts({part: part for part in parts}, "")
    if len(parts) == 1:
        note = f"all photos are in the {parts[0]} part, so no split is given and one is made"
        return GivenParts({parts[0]: None}, note)
    if Part.TRAIN not in parts:
        return GivenParts({}, "", "the parts validation and test are given without train; name the third one train")
    other = parts[1]
    use = "" if other is Part.TEST else f"{other} is used as the test part and "
    note = f"two parts are given, train and {other}: {use}validation is carved out of train"
    return GivenParts({Part.TRAIN: Part.TRAIN, other: Part.TEST}, note)
