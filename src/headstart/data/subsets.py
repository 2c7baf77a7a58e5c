"""Subsets that are given: the names that people have for them, and the use of two of them, or of one."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from headstart.data.samples import Subset
from headstart_runtime.modalities.item import Noun

_NAMES = {
    "train": Subset.TRAIN,
    "training": Subset.TRAIN,
    "trainset": Subset.TRAIN,
    "trainingset": Subset.TRAIN,
    "trn": Subset.TRAIN,
    "trainval": Subset.TRAIN,
    "val": Subset.VALIDATION,
    "valid": Subset.VALIDATION,
    "validation": Subset.VALIDATION,
    "valset": Subset.VALIDATION,
    "validationset": Subset.VALIDATION,
    "dev": Subset.VALIDATION,
    "eval": Subset.VALIDATION,
    "evaluation": Subset.VALIDATION,
    "test": Subset.TEST,
    "testing": Subset.TEST,
    "testset": Subset.TEST,
    "testingset": Subset.TEST,
    "tst": Subset.TEST,
    "holdout": Subset.TEST,
}
KNOWN = "train, val (or valid, validation, dev) and test, in any case"
_EVALUATIONS = frozenset({"eval", "evaluation"})  #: validation, or test where another part is validation already


@dataclass(frozen=True, slots=True)
class GivenSubsets:
    """The use of the subsets that were found."""

    used_as: dict[Subset, Subset | None]  #: found subset -> its use; None where a split is to be made
    note: str  #: what was assumed, for a person; "" for nothing
    problem: str = ""  #: why these subsets cannot be used; "" when they can


def parse_subset(text: str) -> Subset | None:
    """Return the subset that a folder's or cell's name means; None where it means none."""
    return _NAMES.get(text.strip().lower())


def sort_out_subsets(found: Mapping[str, Subset | None]) -> dict[str, Subset | None]:
    """Return name -> subset where ``eval`` is the test part beside a validation part and no other test part."""
    others = {subset for name, subset in found.items() if name.strip().lower() not in _EVALUATIONS}
    if Subset.VALIDATION not in others or Subset.TEST in others:
        return dict(found)
    return {name: Subset.TEST if name.strip().lower() in _EVALUATIONS else subset for name, subset in found.items()}


def resolve_subsets(found: Iterable[Subset], noun: Noun) -> GivenSubsets:
    """Return the use of subsets: three (or none) as given, the second of two as test; one alone is no split."""
    subsets = sorted(set(found), key=list(Subset).index)
    if len(subsets) in (0, 3):
        return GivenSubsets({subset: subset for subset in subsets}, "")
    if len(subsets) == 1:
        note = f"all {noun.many} are in the {subsets[0]} part, so no split is given and one is made"
        return GivenSubsets({subsets[0]: None}, note)
    if Subset.TRAIN not in subsets:
        return GivenSubsets({}, "", "the parts validation and test are given without train; name the third one train")
    other = subsets[1]
    use = "" if other is Subset.TEST else f"{other} is used as the test part, and "
    note = f"two parts are given, train and {other}: {use}a new validation part is taken out of train"
    return GivenSubsets({Subset.TRAIN: Subset.TRAIN, other: Subset.TEST}, note)
