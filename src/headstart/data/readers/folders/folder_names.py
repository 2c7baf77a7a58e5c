"""Names of folders that are no classes: parts of a split, places for items, results, patients, pieces of one heap."""

import re
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

from headstart.data.readers.folders.leftover_names import are_of_camera
from headstart.data.readers.words import OWNERS, split_words
from headstart.data.samples import Subset
from headstart.data.subsets import parse_subset, sort_out_subsets
from headstart_runtime.modalities.item import SourceHints

#: Words that say nothing of what is in a folder. A modality has more for folders of its items, and of files as devices
#: name them: see ``SourceHints``.
_FILLER = frozenset("set sets data dataset folder dir final full new all split a b x y my".split())  # noqa: SIM905
_PLACES = frozenset({"data", "dataset", "files", "raw", "media"})
_PRODUCTS = frozenset(
    "result results output outputs out plot plots figure figures mask masks label labels annotation "  # noqa: SIM905
    "annotations heatmap heatmaps prediction predictions trimaps thumbnails thumbs segmentation segmentations ground "
    "truth gt meta metadata doc docs demo example examples samples preview previews".split()
)
#: Products that are no classes even among other classes, and those that may be ones.
_SURE_PRODUCTS = frozenset(
    "result results output outputs heatmap heatmaps prediction predictions plots annotations trimaps "  # noqa: SIM905
    "thumbnails thumbs".split()
)
_DOUBTFUL_PRODUCTS = frozenset("figures masks labels segmentations groundtruth examples samples".split())  # noqa: SIM905
_PIECES = frozenset({"part", "batch", "chunk", "shard", "fold", "folder", "dir", "volume"})
#: Answers to one question: beside each other in several folders they are classes, whatever the folders are called.
_ANSWERS = (
    frozenset("01"),
    frozenset({"yes", "no"}),
    frozenset({"positive", "negative"}),
    frozenset({"pos", "neg"}),
    frozenset({"normal", "abnormal"}),
    frozenset({"benign", "malignant"}),
    frozenset({"healthy", "sick"}),
    frozenset({"tumor", "normal"}),
    frozenset({"true", "false"}),
)
#: Sides and versions of one thing: they are no classes, though each folder holds all of them.
_VIEWS = frozenset(
    "left right front back top bottom side up down raw original cropped augmented processed resized camera cam "  # noqa: SIM905
    "day night view rgb grey gray depth small large".split()
)
_UNLABELLED = frozenset(
    "pred predict unlabeled unlabelled unlabel nolabel unsup unknown unsorted unclassified unannotated untagged".split()  # noqa: SIM905
)


def find_subset_in_name(name: str, hints: SourceHints, shared: frozenset[str] = frozenset()) -> Subset | None:
    """Return the subset in a folder's name, among filling words and numbers: ``Final_Training``, ``test1``.

    Args:
        name: of the folder.
        hints: of the modality.
        shared: further words that say nothing, since all folders beside it have them.
    """
    words = split_words(name)
    subsets = {subset for word in words if (subset := parse_subset(word))}
    filling = _FILLER | list_places(hints) | _list_products(hints) | shared
    rest = [word for word in words if not parse_subset(word) and word not in filling]
    return subsets.pop() if len(subsets) == 1 and not rest else None


def find_subsets_in_names(names: Sequence[str], hints: SourceHints) -> dict[str, Subset | None]:
    """Return the subset of each folder where all are subsets, two different ones at least; else nothing.

    None stands for items without labels that are to be predicted, as in ``seg_pred``.
    """
    words = [frozenset(split_words(name)) for name in names]
    shared = frozenset.intersection(*words) if len(words) > 1 else frozenset()
    shared -= {word for word in shared if parse_subset(word)}
    found: dict[str, Subset | None] = {}
    for name in names:
        subset = find_subset_in_name(name, hints, shared)
        if subset is None and not is_unlabelled(name, shared | _FILLER | list_places(hints)):
            return {}
        found[name] = subset
    found = sort_out_subsets(found)
    several = len(set(found.values())) > 1 and any(found.values())
    return found if several else {}


def is_unlabelled(name: str, filling: frozenset[str] = frozenset()) -> bool:
    """Return whether a folder is called one of items without labels, among filling words."""
    words = set(split_words(name)) - filling
    return bool(words) and words <= _UNLABELLED


def list_places(hints: SourceHints) -> frozenset[str]:
    """Return the words that folders for items are called, whatever these show."""
    return _PLACES | hints.container_words


def _list_products(hints: SourceHints) -> frozenset[str]:
    return _PRODUCTS | hints.product_words


def is_place(name: str, hints: SourceHints) -> bool:
    """Return whether a folder is called a place for items: ``files``, ``raw_data``."""
    words, places = set(split_words(name)), list_places(hints)
    return bool(words & places) and words <= places | _FILLER


def is_product(name: str, hints: SourceHints) -> bool:
    """Return whether a folder is called one of results, plots, masks or the like."""
    words, products = set(split_words(name)), _list_products(hints)
    return bool(words & products) and words <= products | list_places(hints) | _FILLER and not is_place(name, hints)


def is_sure_product(name: str) -> bool:
    """Return whether a folder is called one of results even where classes lie beside it."""
    words = set(split_words(name))
    return bool(words) and words <= _SURE_PRODUCTS | _FILLER and bool(words & _SURE_PRODUCTS)


def is_doubtful(name: str, hints: SourceHints) -> bool:
    """Return whether a folder beside classes may be one of results, a place for items or a part, or a class.

    ``train`` is a class among vehicles, more often than a part beside classes.
    """
    words = set(split_words(name)) - _FILLER
    subset = find_subset_in_name(name, hints)
    known = bool(words) and words <= _DOUBTFUL_PRODUCTS
    return known or is_place(name, hints) or (subset is not None and subset is not Subset.TRAIN)


def read_part_and_class(name: str) -> tuple[Subset, str] | None:
    """Return the part and the class in a folder's name: ``train_cats``, ``cats-test``, ``trainA``; None for others."""
    match = re.fullmatch(r"([a-z]+)([A-Z].*)", name) or re.fullmatch(r"([^\W\d_]+)[\s._\-]+(.+)", name)
    if match and (subset := parse_subset(match[1])):
        return subset, match[2]
    match = re.fullmatch(r"(.+?)[\s._\-]+([^\W\d_]+)", name)
    subset = parse_subset(match[2]) if match else None
    return (subset, match[1]) if match and subset else None


def find_original(name: str, names: Collection[str]) -> str:
    """Return the folder of which one is a copy by its name, as systems call copies; "" for none.

    Args:
        name: such as ``cats - Copy``, ``cats copy 2``, ``Copy of cats``, ``cats (1)``.
        names: of the folders beside it.
    """
    forms = (r"(.+?)[\s_\-]+\(?copy\)?(?:[\s_\-]*\(?\d+\)?)?", r"copy of (.+)", r"(.+?)\s*\(\d+\)")
    for form in forms:
        match = re.fullmatch(form, name, re.IGNORECASE)
        if match and match[1] != name and match[1] in names:
            return match[1]
    return ""


def recognise_folders(names: Sequence[str], hints: SourceHints) -> str:
    """Return what all of some folders are by their names: "places" of items, "products", "pieces", "camera" or ""."""
    if all(is_place(name, hints) or is_product(name, hints) for name in names):
        return "places" if any(is_place(name, hints) for name in names) else "products"
    if are_of_camera(names):
        return "camera"
    apart = {re.sub(r"[\d\s._\-]+$", "", name) for name in names}
    words = split_words(next(iter(names), ""))
    numbered = len(apart) == 1 and len(names) > 1 and bool(words)
    return "pieces" if numbered and words[-1] in _PIECES | list_places(hints) else ""


def are_owners(names: Sequence[str]) -> bool:
    """Return whether folders are owners of items: all a word for people or days and a number, all dates, all years."""
    words = [split_words(name) for name in names]
    if all(re.search(r"\d", name) and it and set(it) <= OWNERS for name, it in zip(names, words, strict=True)):
        return True
    if all(_is_date(name) for name in names):
        return True
    return all(re.fullmatch(r"(19|20)\d\d", name) for name in names)


def are_odd_numbers(names: Sequence[str]) -> bool:
    """Return whether folders are numbers that count nothing: of people, coins or catalogues."""
    numbers = [int(name) for name in names if name.isascii() and name.isdigit()]
    return len(numbers) == len(names) and max(numbers) >= 4 * len(numbers) and max(numbers) >= 100


def _is_date(name: str) -> bool:
    digits = re.sub(r"[\s._\-]", "", name)
    if not (len(digits) == 8 and digits.isascii() and digits.isdigit()):
        return False
    try:
        datetime.strptime(digits, "%Y%m%d")
    except ValueError:
        return False
    return True


def are_answers(below: Sequence[str], folders: int) -> bool:
    """Return whether folders that come again in several others are the answers to one question."""
    return folders > max(2, len(below)) and {name.lower() for name in below} in _ANSWERS


def are_views(names: Sequence[str]) -> bool:
    """Return whether folders are numbers, days or sides and versions of one thing, by their names."""
    return all(re.search(r"\d", name) or set(split_words(name)) & _VIEWS for name in names)


def is_view(name: str) -> bool:
    """Return whether a folder is called one side or version of things."""
    return bool(set(split_words(name)) & _VIEWS)


def find_classes_below(folders: Mapping[str, Sequence[str]], *, loose: bool) -> list[str]:
    """Return the names of folders right above the items, where the same ones come again in most of the first folders.

    Args:
        folders: first folder -> for each of its items the folder right above it; "" where that is the first.
        loose: two folders with one name are enough; else half of them are wanted.
    """
    again: dict[str, int] = {}
    for above in folders.values():
        for name in set(above) - {""}:
            again[name] = again.get(name, 0) + 1
    fewest = 2 if loose else max(2, len(folders) / 2)
    shared = {name for name, count in again.items() if count >= fewest}
    held = sum(name in shared for above in folders.values() for name in above)
    total = sum(map(len, folders.values()))
    return sorted(shared) if len(shared) > 1 and held >= 0.9 * total else []
