"""The layout of a folder of items: which folders are wrappers, subsets, results or classes, found from all of them.

Clear evidence is used and noted. Where two readings are possible an error says both, and how to say which is meant.
"""

from collections.abc import Iterable, Sequence

from headstart.data.decisions import Role
from headstart.data.names import preview
from headstart.data.readers.folders import folder_names
from headstart.data.readers.folders.folder_record import (
    LEFT,
    NO_CLASS,
    NO_SUBSET,
    FolderLayout,
    FolderPart,
    set_products_aside,
    skip_copies,
    skip_masks,
)
from headstart.data.readers.folders.folder_tree import FolderNode, PlacedFile
from headstart.data.readers.words import split_words
from headstart.data.samples import Subset
from headstart.data.subsets import KNOWN, parse_subset, resolve_subsets
from headstart.errors import DataError
from headstart.modalities.modality import Modality


def find_layout(root: FolderNode, modality: Modality, *, as_folders: bool) -> FolderLayout:
    """Return the layout of a folder: its parts, and the files in them.

    Args:
        root: the tree of all files.
        modality: of the items.
        as_folders: the first folders are the classes whatever they look like: only folders that are called a part and
            hold folders are parts.

    Raises:
        DataError: it is laid out in a way that could mean two things.
    """
    layout = FolderLayout(str(root.path), modality)
    node = descend(layout, root, as_folders=as_folders)
    kids = node.filled if as_folders else set_products_aside(layout, node)
    if as_folders:
        found: dict[str, Subset | None] = {
            kid.name: subset for kid in kids if kid.filled and (subset := parse_subset(kid.name))
        }
    else:
        found = _find_parts(layout, node, kids)
        copies = [] if found else skip_copies(layout, kids, set())
        kids = [kid for kid in kids if kid not in copies]
    if found:
        _add_parts(layout, node, {kid.name: kid for kid in kids}, found)
    elif not as_folders and (under := _find_parts_under_classes(kids, modality)):
        _add_files_under_classes(layout, node, kids, under)
    else:
        layout.parts = [FolderPart(node, None)]
        if not as_folders:
            _look_at_classes(layout, kids)
        layout.files += _place(layout, node, None)
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
        _skip_empty(layout, node, [only], NO_CLASS)
        subset = folder_names.find_subset_in_name(only.name, hints)
        above = "/".join(only.steps)
        alone = resolve_subsets([subset], layout.modality.noun).note if subset else ""
        layout.notes = [note for note in layout.notes if not note.startswith("the classes were looked for in")]
        layout.add_note(alone or f"the classes were looked for in {above!r}")
        layout.decide(only, Role.WRAPPER, "the only folder here with " + layout.modality.noun.many)
        node = only


def _find_parts(layout: FolderLayout, node: FolderNode, kids: Sequence[FolderNode]) -> dict[str, Subset | None]:
    """Return the subset of each folder that is a part of a split; nothing where there are none.

    Raises:
        DataError: parts and other folders with items lie beside each other.
    """
    hints = layout.modality.hints
    if found := folder_names.find_subsets_in_names([kid.name for kid in kids], hints):
        return found
    split = [kid for kid in kids if parse_subset(kid.name) and kid.filled]
    if not split:
        return {}
    others = {kid.name: folder_names.find_subset_in_name(kid.name, hints) for kid in kids if kid not in split}
    for kid in skip_copies(layout, kids, {it.name for it in split}):
        del others[kid.name]
    bare = {kid.name for kid in kids if not kid.filled and any(map(parse_subset, split_words(kid.name)))}
    strange = [
        name
        for name, subset in others.items()
        if subset is None and name not in bare and not folder_names.is_unlabelled(name)
    ]
    if strange:
        raise DataError(
            f"{str(node.path)!r} has part folders ({preview([it.name for it in split])}) and another folder with "
            f"{layout.modality.noun.many} ({strange[0]!r}); wanted either {KNOWN}, or class folders only; move "
            f"{strange[0]!r} away"
        )
    return {**{kid.name: parse_subset(kid.name) for kid in split}, **others}


def _add_parts(
    layout: FolderLayout, node: FolderNode, kids: dict[str, FolderNode], found: dict[str, Subset | None]
) -> None:
    """Add the files of parts."""
    _refuse_two_of_one(node, found)
    loose = [name for name in found if not parse_subset(name)]
    labelled = {name: subset for name, subset in found.items() if subset is not None}
    if named := [name for name in loose if name in labelled]:
        one = len(named) == 1
        layout.add_note(
            f"the folder{'' if one else 's'} {preview(named)} {'is a part' if one else 'are parts'} of a split by the "
            "name; if the folders are the classes, add --classes-from folder"
        )
    roots = _go_through_wrappers(layout, {name: kids[name] for name in found})
    unlabelled = {name for name in found if name not in labelled} | _find_unlabelled(layout, roots, labelled)
    used = {subset for name, subset in labelled.items() if name not in unlabelled}
    given = resolve_subsets(used, layout.modality.noun)
    if given.problem:
        raise DataError(f"{str(node.path)!r}: {given.problem}")
    layout.split_note = given.note
    for name, inner in roots.items():
        if name in unlabelled:
            layout.skip(inner.all_files(), LEFT)
            count = layout.modality.noun.count(inner.items)
            layout.add_note(f"{count} in {name!r} have no labels and are left for predict")
            layout.decide(kids[name], Role.SKIPPED, "no labels: left for predict")
            continue
        subset = given.used_as[labelled[name]]
        layout.decide(kids[name], Role.SUBSET, "by its name", subset.value if subset else "")
        layout.parts.append(FolderPart(inner, subset))
        layout.files += _place(layout, inner, subset)
    layout.skip(node.files, NO_CLASS)
    _skip_empty(layout, node, [kids[name] for name in found], NO_SUBSET)


def _place(layout: FolderLayout, node: FolderNode, subset: Subset | None) -> Iterable[PlacedFile]:
    """Return the files of a part, without those that were skipped already."""
    skipped = {entry.name for entry in layout.entries} | skip_masks(layout, node)
    return [it for it in node.place_files(len(node.steps), subset) if it.file.name not in skipped]


def _refuse_two_of_one(node: FolderNode, found: dict[str, Subset | None]) -> None:
    """Refuse two folders that are called the same part; numbered ones are read as one."""
    first: dict[Subset, str] = {}
    for name, subset in found.items():
        if subset is None or not parse_subset(name):
            continue
        if subset in first:
            raise DataError(
                f"{str(node.path)!r} has two folders for {subset}: {first[subset]!r} and {name!r}; merge them"
            )
        first[subset] = name


def _go_through_wrappers(layout: FolderLayout, parts: dict[str, FolderNode]) -> dict[str, FolderNode]:
    """Return the folder in each part that has its classes: ``train/data``, ``seg_train/seg_train``."""
    hints = layout.modality.hints
    roots = dict(parts)
    for name, node in parts.items():
        while len(kids := set_products_aside(layout, node)) == 1 and not node.own_items:
            only = kids[0]
            again = only.name == node.name or folder_names.find_subset_in_name(only.name, hints)
            if not again and not folder_names.is_place(only.name, hints):
                break
            layout.skip(node.files, NO_CLASS)
            layout.decide(only, Role.WRAPPER, "the only folder in its part")
            node = only
        roots[name] = node
    wrapped = {name: node.filled for name, node in roots.items()}
    same = {kids[0].name if len(kids) == 1 else "" for kids in wrapped.values()}
    if len(same) == 1 and "" not in same and all(len(kids[0].filled) > 1 for kids in wrapped.values()):
        for name, kids in wrapped.items():
            layout.skip(roots[name].files, NO_CLASS)
            roots[name] = kids[0]
    return roots


def _find_unlabelled(layout: FolderLayout, roots: dict[str, FolderNode], labelled: dict[str, Subset]) -> set[str]:
    """Return the parts whose items lie in no class folder, where those of train do.

    Raises:
        DataError: those of train lie in no class folder, where others do.
    """
    train = [name for name, subset in labelled.items() if subset is Subset.TRAIN]
    classes = {kid.name for name in train for kid in roots[name].filled}
    flat = {name for name in labelled if not roots[name].filled}
    if flat.issuperset(train):
        return set() if train else flat if len(flat) < len(labelled) else set()
    if strange := flat.intersection(train):
        raise DataError(
            f"{layout.root!r} has class folders in some folders of the train part, none in {sorted(strange)[0]!r}; "
            "wanted a folder per class in each"
        )
    hints = layout.modality.hints
    for name in set(labelled) - set(train) - flat:
        kids = roots[name].filled
        only = kids[0].name if len(kids) == 1 else ""
        known = folder_names.is_unlabelled(only) or folder_names.is_place(only, hints) or only == name
        if only and only not in classes and known:
            flat.add(name)
    return flat


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
    _skip_empty(layout, node, kids, NO_SUBSET)


def _skip_empty(layout: FolderLayout, node: FolderNode, kept: Sequence[FolderNode], reason: str) -> None:
    """Skip the files of folders without items, beside some that are kept."""
    skipped = {entry.name for entry in layout.entries}
    for kid in node.children.values():
        if kid not in kept:
            layout.skip((file for file in kid.all_files() if file.name not in skipped), reason)
