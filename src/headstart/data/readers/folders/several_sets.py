"""Folders that hold more than one set: two data sets, parts for finding things again, products with masks beside."""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from headstart.data.names import preview
from headstart.data.readers.folders import folder_names
from headstart.data.readers.folders.folder_record import FolderLayout, escape_pattern
from headstart.data.readers.folders.folder_tree import FolderNode
from headstart.data.readers.words import split_words
from headstart.data.samples import Subset
from headstart.data.subsets import parse_subset
from headstart.quoting import quote_argument
from headstart_runtime.errors import DataError
from headstart_runtime.modalities.item import SourceHints

SHARED = 0.5  #: share of the classes of two data sets that both have
COVERED = 0.9  #: share of the names that begin with a number
EACH = 2  #: items of one number, on average

_FOUND_AGAIN = frozenset("query queries gallery probe probes".split())  # noqa: SIM905
_BOXES = frozenset("bounding box boxes bbox gt multi".split())  # noqa: SIM905
_NUMBER_FIRST = re.compile(r"(\d+)[_\-.a-zA-Z]")


@dataclass(frozen=True, slots=True)
class InnerSet:
    """A data set inside a folder of several."""

    folder: FolderNode  #: right under the root
    parts: tuple[str, ...]  #: of its split; none where it has none
    classes: frozenset[str]


def refuse_inner_sets(layout: FolderLayout, kids: Sequence[FolderNode]) -> None:
    """Refuse folders of which each is a data set with the same classes, some with parts, some without.

    Raises:
        DataError: they are; with the command for each.
    """
    sets = [find_inner_set(kid, layout.modality.hints) for kid in kids]
    found = [it for it in sets if it is not None]
    divided = [it for it in found if it.parts]
    if len(found) < max(2, len(kids)) or not divided or len(divided) == len(found):
        return
    classes = divided[0].classes
    if any(len(it.classes & classes) < SHARED * len(it.classes | classes) for it in found):
        return
    noun = layout.modality.noun
    shown = " and ".join(
        f"{one.folder.name!r} ({noun.count(one.folder.items)}"
        f"{f', with the parts {preview(one.parts)}' if one.parts else ''})"
        for one in found
    )
    commands = " or ".join(f"headstart check {quote_argument(it.folder.path)}" for it in found)
    raise DataError(
        f"{layout.root!r} holds {len(found)} data sets with the same classes ({preview(sorted(classes))}): {shown}; "
        f"give one of them: {commands}"
    )


def find_inner_set(folder: FolderNode, hints: SourceHints) -> InnerSet | None:
    """Return the data set that a folder holds, perhaps in folders that only wrap it; None where it has no classes."""
    node = folder
    while len(node.filled) == 1 and not node.own_items and node.filled[0].filled:
        node = node.filled[0]
    names = [kid.name for kid in node.filled]
    found = folder_names.find_subsets_in_names(names, hints)
    classes = {below.name for kid in node.filled for below in kid.filled} if found else set(names)
    return InnerSet(folder, tuple(found), frozenset(classes)) if len(classes) > 1 and not node.own_items else None


def refuse_sets_for_search(layout: FolderLayout, kids: Sequence[FolderNode]) -> None:
    """Refuse folders of queries and galleries, of which the names of the files say who or what each shows.

    As Market-1501 and others have them, in which persons are to be found again.

    Raises:
        DataError: they are; with the pattern that reads who it is.
    """
    words = [set(split_words(kid.name)) for kid in kids]
    known = all(it & (_FOUND_AGAIN | _BOXES) or any(map(parse_subset, it)) for it in words)
    if len(kids) < 2 or not known or not any(it & _FOUND_AGAIN for it in words) or any(kid.filled for kid in kids):
        return
    stems = [file.stem for kid in kids for file in kid.own_items]
    counts = Counter(match[1] for stem in stems if (match := _NUMBER_FIRST.match(stem)))
    if sum(counts.values()) < COVERED * len(stems) or len(counts) < 2 or len(stems) < EACH * len(counts):
        return
    shown = preview([f"{number!r} ({count})" for number, count in sorted(counts.items())], show=str)
    pattern = quote_argument(r"^(?P<label>\d+)")
    raise DataError(
        f"{layout.root!r} has the folders {preview([kid.name for kid in kids])}, parts of a set in which things are "
        f"to be found again, not classes; the names of the files begin with the number of each, {shown}: to read "
        f"these as the classes, add --class-pattern {pattern}; if the folders are the classes, add --classes-from "
        "folder"
    )


def refuse_untrained_states(layout: FolderLayout, kids: Sequence[FolderNode]) -> None:
    """Refuse products that have parts and masks in each, where the train parts lack classes of the others.

    As MVTec's sets have them, in which train has good items only.

    Raises:
        DataError: they do; with the pattern that reads the states of all products, for a split of its own.
    """
    hints, noun = layout.modality.hints, layout.modality.noun
    inner = sorted({below.name for kid in kids for below in kid.filled})
    masks = [name for name in inner if folder_names.is_product(name, hints)]
    found = folder_names.find_subsets_in_names([name for name in inner if name not in masks], hints)
    counts: Counter[str] = Counter()
    trained: set[str] = set()
    for part in (below for kid in kids for below in kid.filled if below.name in found):
        counts.update({state.name: state.items for state in part.filled})
        trained |= {state.name for state in part.filled if found[part.name] is Subset.TRAIN}
    lacking = [state for state in counts if state not in trained]
    if not trained or not lacking:
        return
    above = escape_pattern("".join(f"{step}/" for step in kids[0].steps[:-1]))
    pattern = f"^{above}[^/]+/(?:{'|'.join(escape_pattern(name) for name in sorted(found))})/(?P<label>[^/]+)/"
    shown = preview([f"{state!r} ({count})" for state, count in sorted(counts.items())], show=str)
    raise DataError(
        f"{layout.root!r} has the folders {preview([kid.name for kid in kids])}, each with the parts "
        f"{preview(sorted(found))} and masks or the like ({preview(masks)}); train has no {noun.one} of "
        f"{preview(lacking)}, so that nothing can be learned of {'it' if len(lacking) == 1 else 'them'}; to read "
        f"{shown} of all parts with a split of its own, add --class-pattern {quote_argument(pattern)}"
    )
