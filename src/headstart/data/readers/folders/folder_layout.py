"""The layout of a folder of items: which folders are wrappers, subsets, results or classes, found from all of them.

Clear evidence is used and noted. Where two readings are possible an error says both, and how to say which is meant.
"""

import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace

from headstart.data.decisions import Role
from headstart.data.names import preview
from headstart.data.readers.folders import folder_names
from headstart.data.readers.folders.folder_parts import add_parts, find_parts
from headstart.data.readers.folders.folder_record import (
    LEFT,
    NO_CLASS,
    NO_SUBSET,
    TABLE,
    FolderLayout,
    FolderPart,
    describe_leaving_out,
    note_rejected_items,
    place_files,
    set_products_aside,
    skip_copies,
    skip_empty,
    skip_inner_products,
)
from headstart.data.readers.folders.folder_tree import FolderNode, PlacedFile, list_way, sum_items
from headstart.data.readers.folders.leftover_names import find_leftover, may_be_leftover, may_be_rejected
from headstart.data.readers.folders.several_sets import (
    refuse_inner_sets,
    refuse_sets_for_search,
    refuse_untrained_states,
)
from headstart.data.samples import Subset
from headstart.data.subsets import resolve_subsets
from headstart.quoting import quote_argument
from headstart.settings import DataSettings
from headstart_runtime.errors import DataError
from headstart_runtime.modalities.modality import Modality


def find_layout(root: FolderNode, modality: Modality, options: DataSettings) -> FolderLayout:
    """Return the layout of a folder: its parts, and the files in them.

    Args:
        root: the tree of all files.
        modality: of the items.
        options: where the classes stand. With ``classes_from`` "folder" the first folders are the classes whatever they
            look like: only folders that are called a part and hold folders are parts.

    Raises:
        DataError: it is laid out in a way that could mean two things.
    """
    as_folders = options.classes_from == "folder"
    layout = FolderLayout(str(root.path), modality, options.encoding)
    node = descend(layout, root, as_folders=as_folders)
    kids = node.filled if as_folders else set_products_aside(layout, node)
    by_pattern = options.class_pattern is not None
    if not as_folders and not by_pattern and (in_names := _find_parts_in_class_names(kids, modality)):
        _add_files_by_names(layout, node, kids, in_names)
        return layout
    found = find_parts(layout, node, kids, as_folders=as_folders, by_pattern=by_pattern)
    if not as_folders and not found:
        copies = skip_copies(layout, kids, set())
        kids = [kid for kid in kids if kid not in copies]
    if not as_folders and not by_pattern and not found:
        refuse_inner_sets(layout, kids)
        if options.classes_from is None:
            refuse_sets_for_search(layout, kids)
    if found:
        add_parts(layout, list_way(root, node), {kid.name: kid for kid in kids}, found, as_folders=as_folders)
        layout.entries = [replace(it, reason=TABLE) if it.name in layout.label_tables else it for it in layout.entries]
    elif not as_folders and (under := _find_parts_under_classes(layout, kids, by_pattern=by_pattern)):
        _add_files_under_classes(layout, node, kids, under)
    else:
        layout.parts = [FolderPart(node, None)]
        if options.classes_from is None and not by_pattern:
            kids = _skip_copied_folders(layout, kids)
        if not as_folders:
            _look_at_classes(layout, kids)
            skip_inner_products(layout, kids)
            note_rejected_items(layout, kids)
        layout.files += place_files(layout, node, None)
    return layout


def _look_at_classes(layout: FolderLayout, kids: Sequence[FolderNode]) -> None:
    """Skip items without labels beside class folders, and note folders there that may be no classes."""
    hints = layout.modality.hints
    left = {kid.name: reason for kid in kids if (reason := find_leftover(kid.name))}
    odd = [kid for kid in kids if folder_names.is_unlabelled(kid.name) and kid.name.lower() != "unknown"]
    if len(kids) - len(odd) - len(left) < 2:
        return
    _skip_leftovers(layout, [kid for kid in kids if kid.name in left], left)
    kids = [kid for kid in kids if kid.name not in left]
    rejected = [kid.name for kid in kids if may_be_rejected(kid.name, inside=False)]
    rejected = rejected if len(kids) - len(odd) - len(rejected) > 1 else []
    if strange := [kid.name for kid in kids if may_be_leftover(kid.name) or kid.name in rejected]:
        them, none = ("a class", "it is none") if len(strange) == 1 else ("classes", "they are none")
        leaving = describe_leaving_out(layout.parts[0].node, strange)
        layout.add_note(f"read as {them}: {preview(strange)}; where {none}, {leaving}")
    for kid in odd:
        layout.skip(kid.all_files(), LEFT)
        layout.add_note(
            f"{layout.modality.noun.count(kid.items)} in {kid.name!r} have no labels: left for predict; if it "
            "is a class, add --classes-from folder"
        )
        layout.decide(kid, Role.SKIPPED, LEFT)
    doubtful = [kid.name for kid in kids if kid not in odd and folder_names.is_doubtful(kid.name, hints)]
    if len(doubtful) < len(kids) - len(odd):
        layout.doubtful += doubtful


def _skip_leftovers(layout: FolderLayout, kids: Sequence[FolderNode], reasons: Mapping[str, str]) -> None:
    """Skip folders that are no classes by their names, each with its reason."""
    for kid in kids:
        reason = reasons[kid.name]
        layout.skip(kid.all_files(), reason)
        layout.decide(kid, Role.SKIPPED, f"{reason}, by its name")
    if kids:
        shown = ", ".join(
            f"{kid.name!r} ({layout.modality.noun.count(kid.items)}; {reasons[kid.name]})" for kid in kids
        )
        layout.add_note(
            f"no {'class' if len(kids) == 1 else 'classes'} by the name, and skipped: {shown}; if all folders are "
            "classes, add --classes-from folder"
        )


def _skip_copied_folders(layout: FolderLayout, kids: Sequence[FolderNode]) -> list[FolderNode]:
    """Skip folders that are copies of one beside them, ``cats - Copy``, and return the others.

    Raises:
        DataError: a folder is called so but has other files.
    """
    by_name = {kid.name: kid for kid in kids}
    copies = {kid.name: found for kid in kids if (found := folder_names.find_original(kid.name, by_name))}
    for name, original in copies.items():
        kid, count = by_name[name], layout.modality.noun.count(by_name[name].items)
        if not _list_contents(kid) <= _list_contents(by_name[original]):
            raise DataError(
                f"{layout.root!r} has the folder {name!r} ({count}), which is called like a copy of {original!r} and "
                f"has other files: if it is the same class, {_suggest_merging(kid, original)}; if it is a class of its "
                "own, add --classes-from folder"
            )
        layout.skip(kid.all_files(), f"in a copy of the folder {original!r}")
        layout.add_note(
            f"{name!r} ({count}) is skipped: a copy of {original!r} by its name and the names and sizes of its files; "
            "if it is a class, add --classes-from folder"
        )
        layout.decide(kid, Role.SKIPPED, f"a copy of {original!r}")
    return [kid for kid in kids if kid.name not in copies]


def _suggest_merging(folder: FolderNode, original: str) -> str:
    """Return how to read a folder as the class that another one is called by."""
    if not folder.name.startswith(original):
        return f"move its files into {original!r}"
    above, end = (re.escape(text).replace("\\ ", " ") for text in ("/".join((*folder.steps[:-1], "")), folder.name))
    end = end.removeprefix(re.escape(original).replace("\\ ", " "))
    return f"add --class-pattern {quote_argument(f'^{above}(?P<label>[^/]+?)(?:{end})?/')}"


def _list_contents(folder: FolderNode) -> set[tuple[str, int]]:
    """Return the files under a folder, by their paths from it and their sizes."""
    depth, found = len(folder.steps), set()
    for file in folder.all_files():
        with suppress(OSError):
            found.add(("/".join(file.name.split("/")[depth:]), file.path.stat().st_size))
    return found


def descend(layout: FolderLayout, node: FolderNode, *, as_folders: bool = False) -> FolderNode:
    """Return the folder in which classes or parts lie: one that only wraps another is gone through."""
    while True:
        kids = node.filled if as_folders else set_products_aside(layout, node, peek=True)
        only = kids[0] if len(kids) == 1 else None
        hints = layout.modality.hints
        goes_on = only is not None and (only.filled or (folder_names.is_place(only.name, hints) and not as_folders))
        if only is None or not goes_on or len(node.own_items) > only.items:
            return node
        if not as_folders:
            set_products_aside(layout, node)
        layout.skip(node.files, NO_CLASS)
        skip_empty(layout, node, [only], NO_CLASS)
        subset = folder_names.find_subset_in_name(only.name, hints)
        above = "/".join(only.steps)
        alone = resolve_subsets([subset], layout.modality.noun).note if subset else ""
        layout.notes = [note for note in layout.notes if not note.startswith("the classes were looked for in")]
        layout.add_note(alone or f"the classes were looked for in {above!r}")
        layout.decide(only, Role.WRAPPER, "the only folder here with " + layout.modality.noun.many)
        node = only


def _find_parts_in_class_names(kids: Sequence[FolderNode], modality: Modality) -> dict[str, tuple[Subset, str]]:
    """Return the part and the class in the name of each folder, as in ``train_cats``; nothing where that is not clear.

    Clear is: all folders have both in their names, train has two classes or more, and each other part has no others.
    """
    found = {kid.name: both for kid in kids if (both := folder_names.read_part_and_class(kid.name)) and kid.own_items}
    classes: dict[Subset, set[str]] = {}
    for subset, label in found.values():
        classes.setdefault(subset, set()).add(label)
    train = classes.pop(Subset.TRAIN, set())
    if len(found) < len(kids) or len(train) < 2 or not classes or any(not it <= train for it in classes.values()):
        return {}
    hints = modality.hints
    for label in train:
        if label.isdigit() or folder_names.is_place(label, hints) or folder_names.is_product(label, hints):
            return {}
    return found


def _add_files_by_names(
    layout: FolderLayout, node: FolderNode, kids: Sequence[FolderNode], found: dict[str, tuple[Subset, str]]
) -> None:
    """Add the files of folders that are called by a part and a class."""
    given = resolve_subsets((subset for subset, _ in found.values()), layout.modality.noun)
    if given.problem:
        raise DataError(f"{str(node.path)!r}: {given.problem}")
    layout.add_note(
        f"the folders {preview(list(found))} are called by a part and a class, which are read off their names; if the "
        "folders are the classes, add --classes-from folder"
    )
    layout.split_note = given.note
    layout.parts = [FolderPart(node, None)]
    for kid in kids:
        subset, label = given.used_as[found[kid.name][0]], found[kid.name][1]
        layout.decide(kid, Role.CLASS, "a part and a class by its name", label)
        placed = kid.place_files(len(kid.steps), subset)
        layout.files += [PlacedFile(it.file, (label, *it.steps), subset) for it in placed]
    layout.skip(node.files, NO_CLASS)
    skip_empty(layout, node, kids, NO_SUBSET)


def _find_parts_under_classes(
    layout: FolderLayout, kids: Sequence[FolderNode], *, by_pattern: bool
) -> dict[str, Subset]:
    """Return the subsets of folders that lie in each class folder, as in ``cats/train/1.jpg``; else nothing.

    Folders of masks and the like beside these are no parts; with a pattern they are as any other.

    Raises:
        DataError: they are folds, each with a split of its own; or train lacks classes of the others, beside masks.
    """
    hints = layout.modality.hints
    inner = sorted({below.name for kid in kids for below in kid.filled})
    if len(kids) < 2 or len(inner) < 2 or any(kid.own_items or not kid.filled for kid in kids):
        return {}
    if not by_pattern and (masks := [name for name in inner if folder_names.is_product(name, hints)]):
        refuse_untrained_states(layout, kids)
        inner = [name for name in inner if name not in masks]
    found = folder_names.find_subsets_in_names(inner, hints)
    if found and folder_names.recognise_folders([kid.name for kid in kids], hints) == "pieces":
        raise DataError(
            f"{str(kids[0].path.parent)!r} has the folders {preview([kid.name for kid in kids])}, each with the parts "
            f"{preview(inner)}: give one of them, such as {kids[0].path}"
        )
    subsets = {name: subset for name, subset in found.items() if subset}
    return subsets if len(subsets) == len(inner) and len(set(subsets.values())) == len(inner) else {}


def _add_files_under_classes(
    layout: FolderLayout, node: FolderNode, kids: Sequence[FolderNode], found: dict[str, Subset]
) -> None:
    given = resolve_subsets(found.values(), layout.modality.noun)
    if given.problem:
        raise DataError(f"{str(node.path)!r}: {given.problem}")
    layout.add_note(f"the folders {preview(list(found))} in each class are parts of a split by their names")
    layout.split_note = given.note
    layout.parts = [FolderPart(node, None)]
    if others := [below for kid in kids for below in kid.filled if below.name not in found]:
        layout.add_note(
            f"{preview(sorted({below.name for below in others}))} beside them ("
            f"{layout.modality.noun.count(sum_items(others))}) {'is' if len(others) == 1 else 'are'} skipped: masks "
            "and the like, by the name"
        )
        for below in others:
            layout.decide(below, Role.SKIPPED, "masks and the like, by its name")
    for kid in kids:
        layout.skip(kid.files, NO_SUBSET)
        for below in kid.children.values():
            if below.name not in found:
                layout.skip(below.all_files(), NO_SUBSET)
                continue
            subset = given.used_as[found[below.name]]
            layout.decide(below, Role.SUBSET, "by its name", subset.value if subset else "")
            placed = below.place_files(len(below.steps), subset)
            layout.files += [PlacedFile(it.file, (kid.name, *it.steps), subset) for it in placed]
    layout.skip(node.files, NO_CLASS)
    skip_empty(layout, node, kids, NO_SUBSET)
