"""The layout of a folder of items: which folders are wrappers, subsets, results or classes, found from all of them.

Clear evidence is used and noted. Where two readings are possible an error says both, and how to say which is meant.
"""

from collections.abc import Sequence
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
    place_files,
    set_products_aside,
    skip_copies,
    skip_empty,
)
from headstart.data.readers.folders.folder_tree import FolderNode, PlacedFile, list_way
from headstart.data.samples import Subset
from headstart.data.subsets import resolve_subsets
from headstart.errors import DataError
from headstart.modalities.modality import Modality
from headstart.settings import DataSettings


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
    found = find_parts(layout, node, kids, as_folders=as_folders, by_pattern=by_pattern)
    if not as_folders and not found:
        copies = skip_copies(layout, kids, set())
        kids = [kid for kid in kids if kid not in copies]
    if found:
        add_parts(layout, list_way(root, node), {kid.name: kid for kid in kids}, found)
        layout.entries = [replace(it, reason=TABLE) if it.name in layout.label_tables else it for it in layout.entries]
    elif not as_folders and (under := _find_parts_under_classes(kids, modality)):
        _add_files_under_classes(layout, node, kids, under)
    else:
        layout.parts = [FolderPart(node, None)]
        if not as_folders:
            _look_at_classes(layout, kids)
        layout.files += place_files(layout, node, None)
    return layout


def _look_at_classes(layout: FolderLayout, kids: Sequence[FolderNode]) -> None:
    """Skip items without labels beside class folders, and note folders there that may be no classes."""
    hints = layout.modality.hints
    odd = [kid for kid in kids if folder_names.is_unlabelled(kid.name) and kid.name.lower() != "unknown"]
    if len(kids) - len(odd) < 2:
        return
    for kid in odd:
        layout.skip(kid.all_files(), LEFT)
        layout.add_note(f"{layout.modality.noun.count(kid.items)} in {kid.name!r} have no labels: left for predict")
        layout.decide(kid, Role.SKIPPED, LEFT)
    doubtful = [kid.name for kid in kids if kid not in odd and folder_names.is_doubtful(kid.name, hints)]
    if len(doubtful) < len(kids) - len(odd):
        layout.doubtful += doubtful


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


def _find_parts_under_classes(kids: Sequence[FolderNode], modality: Modality) -> dict[str, Subset]:
    """Return the subsets of folders that lie in each class folder, as in ``cats/train/1.jpg``; else nothing.

    Raises:
        DataError: they are folds, each with a split of its own.
    """
    inner = sorted({below.name for kid in kids for below in kid.filled})
    if len(kids) < 2 or len(inner) < 2 or any(kid.own_items or not kid.filled for kid in kids):
        return {}
    found = folder_names.find_subsets_in_names(inner, modality.hints)
    if found and folder_names.recognise_folders([kid.name for kid in kids], modality.hints) == "pieces":
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
