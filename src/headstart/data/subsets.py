"""Parts that are given: how people name them, and what is made of two of them, or of one."""

from collections.abc import Iterable
from dataclasses import dataclass

from headstart.data.samples import Subset

_NAMES = {
    "train": Subset.TRAIN,
    "training": Subset.TRAIN,
    "val": Subset.VALIDATION,
    "valid": Subset.VALIDATION,
    "validation": Subset.VALIDATION,
    "test": Subset.TEST,
    "testing": Subset.TEST,
}
KNOWN = "train, val (or valid, validation) and test, in any case"


@dataclass(frozen=True, slots=True)
class GivenSubsets:
    """What the parts that were found are used as."""

    used_as: dict[Subset, Subset | None]  #: found part -> the part its photos go to; None leaves the split to us
    note: str  #: what was assumed, for a person; "" for nothing
    problem: str = ""  #: why these parts cannot be used; "" when they can


def parse_subset(text: str) -> Subset | None:
    """The part that a folder's or cell's name means; None when it means none."""
    return _NAMES.get(text.strip().lower())


def resolve_subsets(found: Iterable[Subset]) -> GivenSubsets:
    """Three parts (or none) are used as given; the second of two is the test part; one alone is no split."""
    parts = sorted(set(found), key=list(Subset).index)
    if len(parts) in (0, 3):
        return GivenSubsets({part: part for part in parts}, "")
    if len(parts) == 1:
        note = f"all photos are in the {parts[0]} part, so no split is given and one is made"
        return GivenSubsets({parts[0]: None}, note)
    if Subset.TRAIN not in parts:
        return GivenSubsets({}, "", "the parts validation and test are given without train; name the third one train")
    other = parts[1]
    use = "" if other is Subset.TEST else f"{other} is used as the test part and "
    note = f"two parts are given, train and {other}: {use}validation is carved out of train"
    return GivenSubsets({Subset.TRAIN: Subset.TRAIN, other: Subset.TEST}, note)
