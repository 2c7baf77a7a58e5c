"""The place of the classes in a folder of items: the first folder, the one right above an item, or its name.

The first folder is taken unless the folders say that they are something else: parts of a split, folders for items, or
patients. Then nothing is fitted: what they look like is said, and how to say what is meant.
"""

import re
import shlex
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from headstart.data.names import preview
from headstart.data.samples import Subset
from headstart.data.subsets import parse_subset
from headstart.errors import DataError
from headstart.modalities.item import SourceHints
from headstart.modalities.modality import Modality

FEWEST = 3  #: items that a class has, before names are taken for classes
MOST_SHARE = 0.34  #: classes of names for each item
COVERED = 0.9  #: share of the items that such classes have to hold

#: Words that say nothing of what is in a folder. A modality has more for folders of its items, and of files as devices
#: name them: see ``SourceHints``.
_FILLER = frozenset("set sets data dataset folder dir final full new all split a b x y my".split())  # noqa: SIM905
_PLACES = frozenset({"data", "dataset", "files", "raw", "media"})
_PRODUCTS = frozenset(
    "result results output outputs out plot plots figure figures mask masks label labels annotation "  # noqa: SIM905
    "annotations heatmap heatmaps prediction predictions".split()
)
#: Words before the number of a person, an animal or a place that items are of.
_OWNERS = frozenset(
    "patient patients pat subject subj sub person participant case study scan scanner slide series site hospital "  # noqa: SIM905
    "centre center user animal mouse rat specimen donor id pid p s".split()
)
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
_COUNTERS = frozenset({"scan", "page", "p", "file"})


@dataclass(frozen=True, slots=True)
class FoundFile:
    """A file under a folder, before it has a class."""

    name: str  #: the path under the root, with "/"
    path: Path
    steps: tuple[str, ...]  #: the folders it lies in, from the first under the root or the subset
    subset: Subset | None
    is_item: bool  #: whether its name ends like an item's


# --- file names ------------------------------------------------------------------------------------------------------


def _before_last_number(stem: str) -> str:
    return re.sub(r"[\s._\-]*\(?\d+\)?$", "", stem)


def _first_word(stem: str) -> str:
    return re.split(r"[\s._\-]", stem, maxsplit=1)[0]


def _before_first_number(stem: str) -> str:
    return re.split(r"[\s._\-]*\d", stem, maxsplit=1)[0]


@dataclass(frozen=True, slots=True)
class NameRule:
    """A rule that reads a class off a file's name."""

    description: str  #: for a person
    read: Callable[[str], str]  #: a name without its ending -> the class; "" for none


NAME_RULES = (
    NameRule("the name up to the number at its end", _before_last_number),
    NameRule("the first word of the name", _first_word),
    NameRule("the name up to its first number", _before_first_number),
)
FIRST_WORD = NAME_RULES[1]


def find_name_rule(stems: Sequence[str], hints: SourceHints) -> NameRule | None:
    """Return the first rule by which names are of a few classes, with some items in each; None where none is."""
    return next((rule for rule in NAME_RULES if _count_classes(stems, rule, hints)), None)


def _count_classes(stems: Sequence[str], rule: NameRule, hints: SourceHints) -> dict[str, int]:
    """Return class -> items by a rule; empty where these are no classes."""
    counts = Counter(rule.read(stem) for stem in stems)
    counts.pop("", None)
    large = {name: count for name, count in counts.most_common() if count >= FEWEST}
    enough = sum(large.values()) >= COVERED * len(stems) and len(counts) <= max(2, MOST_SHARE * len(stems))
    if len(large) < 2 or not enough or all(name.lower() in _COUNTERS | hints.counter_words for name in large):
        return {}
    return large


def count_classes_in_names(stems: Sequence[str], hints: SourceHints) -> dict[str, int]:
    """Return the classes that file names without their endings speak of in words, and the items of each."""
    rule = find_name_rule(stems, hints)
    classes = _count_classes(stems, rule, hints) if rule else {}
    return {} if all(not _words(name) for name in classes) else classes


# --- folders ---------------------------------------------------------------------------------------------------------


def find_subset_in_name(name: str, hints: SourceHints) -> Subset | None:
    """Return the subset in a folder's name, among filling words and numbers: ``Final_Training``, ``test1``."""
    words = _words(name)
    subsets = {subset for word in words if (subset := parse_subset(word))}
    filling = _FILLER | _list_places(hints) | _list_products(hints)
    rest = [word for word in words if not parse_subset(word) and word not in filling]
    return subsets.pop() if len(subsets) == 1 and not rest else None


def find_subsets_in_names(names: Sequence[str], hints: SourceHints) -> dict[str, Subset]:
    """Return the subset of each folder where all are subsets, two different ones at least; else nothing."""
    subsets = {name: subset for name in names if (subset := find_subset_in_name(name, hints))}
    return subsets if len(subsets) == len(names) and len(set(subsets.values())) > 1 else {}


def _list_places(hints: SourceHints) -> frozenset[str]:
    return _PLACES | hints.container_words


def _list_products(hints: SourceHints) -> frozenset[str]:
    return _PRODUCTS | hints.product_words


def _words(name: str) -> list[str]:
    apart = re.sub(r"([a-z])([A-Z])", r"\1 \2", name)
    return [word.lower() for word in re.findall(r"[^\W\d_]+", apart)]


def refuse_containers(root: str, files: Sequence[FoundFile], modality: Modality) -> None:
    """Raise an error where the first folders hold items of several classes each, as far as names can tell.

    Args:
        root: what was read, for a person.
        files: every file in a folder.
        modality: of the items.

    Raises:
        DataError: what the folders look like, where the classes seem to be, and how to say what is meant.
    """
    folders: defaultdict[str, list[FoundFile]] = defaultdict(list)
    for file in files:
        if file.is_item and file.steps:
            folders[file.steps[0]].append(file)
    hints = modality.hints
    look = _recognise_folders(list(folders), hints)
    if len(folders) < 2 and not (look or any(find_subset_in_name(name, hints) for name in folders)):
        return
    below = _find_classes_below(folders)
    if below and (look or _are_owners(list(folders)) or _are_answers(below, len(folders))):
        raise DataError(_describe_level_below(root, folders, below, look, modality))
    if look or len(folders) == 1:
        in_names = {
            name: classes
            for name, files in folders.items()
            if (classes := count_classes_in_names(_stems(files), hints))
        }
        if in_names or (len(folders) > 1 and look != "products"):
            raise DataError(_describe_names(root, list(folders), in_names, look, modality))


def refuse_flat(root: str, files: Sequence[Path], modality: Modality) -> None:
    """Raise an error where items lie in no folder and have their class in their names.

    Args:
        root: what was read, for a person.
        files: that lie in no class folder.
        modality: of the items.

    Raises:
        DataError: what the names begin with, and how to say that these are the classes.
    """
    stems = [path.stem for path in files if path.suffix.lower() in modality.suffixes]
    if classes := count_classes_in_names(stems, modality.hints):
        raise DataError(
            f"{root!r} has no class folders but {len(stems)} {modality.noun.many} whose names begin with "
            f"{_format_counts(classes)}; to read these as the classes, add --classes-from name; else put "
            "them into a folder per class"
        )


def _format_counts(classes: Mapping[str, int]) -> str:
    return preview([f"{label!r} ({count})" for label, count in classes.items()], show=str)


def _recognise_folders(names: Sequence[str], hints: SourceHints) -> str:
    """Return what all of some folders are by their names: "subsets", "places" of items, "products" or nothing."""
    if find_subsets_in_names(names, hints):
        return "subsets"
    words = [set(_words(name)) for name in names]
    places, products = _list_places(hints), _list_products(hints)
    known = [bool(it & (places | products)) and it <= places | products | _FILLER for it in words]
    if not all(it or find_subset_in_name(name, hints) for it, name in zip(known, names, strict=True)):
        return ""
    return "places" if any(it & places for it in words) else "products"


def _find_classes_below(folders: Mapping[str, Sequence[FoundFile]]) -> list[str]:
    """Return the folders right above the items, where the same ones come again in most of the first folders."""
    above = {name: {it.steps[-1] for it in files if len(it.steps) > 1} for name, files in folders.items()}
    again = Counter(inner for names in above.values() for inner in names)
    shared = {name for name, count in again.items() if count >= max(2, len(folders) / 2)}
    items = [it for files in folders.values() for it in files]
    held = sum(len(it.steps) > 1 and it.steps[-1] in shared for it in items)
    return sorted(shared) if len(shared) > 1 and held >= COVERED * len(items) else []


def _are_owners(names: Sequence[str]) -> bool:
    """Return whether folders are numbered owners: a word for people, animals or places and a number, or odd numbers."""
    words = [_words(name) for name in names]
    if all(re.search(r"\d", name) and it and set(it) <= _OWNERS for name, it in zip(names, words, strict=True)):
        return True
    numbers = [int(name) for name in names if name.isascii() and name.isdigit()]
    return len(numbers) == len(names) and max(numbers) >= 4 * len(numbers) and max(numbers) >= 100


def _are_answers(below: Sequence[str], folders: int) -> bool:
    return folders > max(2, len(below)) and {name.lower() for name in below} in _ANSWERS


def _stems(files: Sequence[FoundFile]) -> list[str]:
    return [it.path.stem for it in files]


def _describe_level_below(
    root: str, folders: Mapping[str, Sequence[FoundFile]], below: Sequence[str], look: str, modality: Modality
) -> str:
    what = "parts of a split" if look == "subsets" else "places" if look else "patients or the like"
    groups = "" if look else " --group-from folder, which keeps each of them on one side of the split"
    return (
        f"{root!r} has the folders {preview(list(folders))}, which look like {what}, not like classes: the classes "
        f"seem to be the folders right above the {modality.noun.many}, {preview(list(below))}; to read them so, add "
        f"--classes-from parent{groups}; if the first folders are the classes, add --classes-from folder"
    )


def _describe_names(
    root: str, names: Sequence[str], in_names: Mapping[str, Mapping[str, int]], look: str, modality: Modality
) -> str:
    what = "parts of a split" if look == "subsets" else f"places for {modality.noun.many} and results"
    start = f"{root!r} has the folders {preview(names)}, which look like {what}, not like classes"
    end = "if the folders are the classes, add --classes-from folder"
    if not in_names:
        return f"{start}; wanted a folder per class, or a table with path and label; {end}"
    name, classes = max(in_names.items(), key=lambda item: sum(item[1].values()))
    source = root if look == "subsets" else str(Path(root) / name)
    return (
        f"{start}: the classes seem to stand in the names of the files, which in {name!r} begin with "
        f"{_format_counts(classes)}; to read them so, give {shlex.quote(source)} with --classes-from name; {end}"
    )
