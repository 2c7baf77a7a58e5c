"""The parts of a split among folders: which folders they are, and the files in them.

Classes that lie beside the folder of a test part with the same classes are the train part. A part whose items lie in
no class folder gets its labels from a table, or is left for predict.
"""

from collections.abc import Mapping, Sequence

from headstart.data.decisions import Role
from headstart.data.names import preview
from headstart.data.readers.folders import folder_names
from headstart.data.readers.folders.folder_record import (
    LEFT,
    NO_CLASS,
    NO_SUBSET,
    FolderLayout,
    FolderPart,
    note_rejected_items,
    place_files,
    set_products_aside,
    skip_copies,
    skip_empty,
    skip_inner_products,
)
from headstart.data.readers.folders.folder_tree import FolderNode, sum_items
from headstart.data.readers.folders.part_tables import find_tables
from headstart.data.readers.words import split_words
from headstart.data.samples import Subset
from headstart.data.subsets import parse_subset, resolve_subsets
from headstart.quoting import quote_argument
from headstart_runtime.errors import DataError

HERE = ""  #: stands for the train part whose class folders lie beside the folders of the other parts
SHARED = 0.5  #: share of these class folders that another part has to have too

FoundParts = dict[str, Subset | None]  #: name of a folder, or ``HERE`` -> its subset; None for items without labels


def find_parts(
    layout: FolderLayout, node: FolderNode, kids: Sequence[FolderNode], *, as_folders: bool, by_pattern: bool
) -> FoundParts:
    """Return the subset of each folder that is a part of a split; nothing where there are none.

    Args:
        layout: of the source.
        node: the folder.
        kids: the folders in it that have items.
        as_folders: all folders that are not called a part are classes.
        by_pattern: a pattern says where the classes are, so that folders beside parts are no doubt.

    Raises:
        DataError: parts and other folders with items lie beside each other.
    """
    hints = layout.modality.hints
    split: FoundParts = {kid.name: subset for kid in kids if kid.filled and (subset := parse_subset(kid.name))}
    if as_folders:
        others = [kid for kid in kids if kid.name not in split]
        alone = bool(split) and Subset.TRAIN not in split.values() and len(others) > 1
        return {HERE: Subset.TRAIN, **split} if alone else split
    if found := folder_names.find_subsets_in_names([kid.name for kid in kids], hints):
        return found
    if found := _find_train_here(layout, kids):
        return found
    if not split:
        return {}
    rest = {kid.name: folder_names.find_subset_in_name(kid.name, hints) for kid in kids if kid.name not in split}
    for kid in skip_copies(layout, kids, set(split)):
        del rest[kid.name]
    bare = {kid.name for kid in kids if not kid.filled and any(map(parse_subset, split_words(kid.name)))}
    strange = [
        name
        for name, subset in rest.items()
        if subset is None and name not in bare and not folder_names.is_unlabelled(name)
    ]
    if strange and by_pattern:
        return {}
    if strange:
        raise DataError(_describe_strange(layout, node, list(split), {kid.name: kid for kid in kids}, strange))
    return {**split, **rest}


def _find_train_here(layout: FolderLayout, kids: Sequence[FolderNode]) -> FoundParts:
    """Return the parts where the class folders of train lie beside them; nothing where that is not clear.

    Clear is: no folder is called train, each folder of a part that has folders has only such as lie beside it, and at
    least half of these.
    """
    hints = layout.modality.hints
    parts = {kid.name: subset for kid in kids if (subset := folder_names.find_subset_in_name(kid.name, hints))}
    if not parts or Subset.TRAIN in parts.values() or len(set(parts.values())) < len(parts):
        return {}
    unlabelled: FoundParts = {
        kid.name: None for kid in kids if kid.name not in parts and folder_names.is_unlabelled(kid.name)
    }
    names = {kid.name for kid in kids if kid.name not in parts and kid.name not in unlabelled}
    held = [_list_classes(layout, kid) for kid in kids if kid.name in parts and kid.filled]
    clear = held and all(it <= names and len(it) >= max(2.0, SHARED * len(names)) for it in held)
    return {HERE: Subset.TRAIN, **parts, **unlabelled} if clear else {}


def _list_classes(layout: FolderLayout, part: FolderNode) -> set[str]:
    """Return the names of the class folders in a part, through a folder that only wraps them."""
    only = part.filled[0] if len(part.filled) == 1 else None
    wraps = only is not None and (folder_names.is_place(only.name, layout.modality.hints) or only.name == part.name)
    return {kid.name for kid in (only.filled if only is not None and wraps else part.filled)}


def _describe_strange(
    layout: FolderLayout,
    node: FolderNode,
    split: Sequence[str],
    kids: Mapping[str, FolderNode],
    strange: Sequence[str],
) -> str:
    """Return both readings of parts beside other folders, and what to add for each."""
    noun = layout.modality.noun
    parts, others = _count(split, kids), _count(strange, kids)
    start = f"{str(node.path)!r} has part folders ({parts}) and another folder with {noun.many}"
    start = start if len(strange) == 1 else start.replace("another folder", "other folders")
    start += f" ({others}) beside; "
    them = preview(strange)
    if any(parse_subset(name) is Subset.TRAIN for name in split):
        return (
            f"{start}to leave {them} out, add --classes-from folder; if the {noun.many} in {them} are to be used too, "
            f"move them into the folders of the parts"
        )
    above = "".join(f"{step}/" for step in node.steps)
    pattern = quote_argument(f"^{above}(?P<label>[^/]+)/")
    if len(strange) < 2:
        return (
            f"{start}if all of these folders are classes, add --class-pattern {pattern}; if {them} is no part of the "
            f"set, give {quote_argument(node.path / split[0])}; wanted a folder train beside {preview(split)}"
        )
    return (
        f"{start}if {them} are the classes of the train part, add --classes-from folder; if all of these folders are "
        f"classes, add --class-pattern {pattern}"
    )


def _count(names: Sequence[str], kids: Mapping[str, FolderNode]) -> str:
    return preview([f"{name!r} ({kids[name].items})" for name in names], show=str)


def add_parts(
    layout: FolderLayout,
    way: Sequence[FolderNode],
    kids: Mapping[str, FolderNode],
    found: FoundParts,
    *,
    as_folders: bool,
) -> None:
    """Add the files of parts.

    Args:
        layout: gets them.
        way: the folders from the source to that with the parts.
        kids: the folders in that one by their names.
        found: which of them are parts.
        as_folders: all that is in a class folder is of the class.

    Raises:
        DataError: two folders are the same part, or the parts cannot be used together.
    """
    node = way[-1]
    _refuse_two_of_one(node, found)
    nodes = dict(kids)
    if HERE in found:
        nodes[HERE] = _gather_train(layout, node, [kid for name, kid in kids.items() if name not in found], found)
    _note_names(layout, found)
    labelled = {name: subset for name, subset in found.items() if subset is not None}
    roots = _go_through_wrappers(layout, {name: nodes[name] for name in found})
    unlabelled = {name for name in found if name not in labelled} | _find_unlabelled(layout, roots, labelled)
    tables = find_tables(layout, way, {name: (nodes[name], roots[name]) for name in found}, labelled, unlabelled)
    unlabelled -= set(tables)
    given = resolve_subsets((it for name, it in labelled.items() if name not in unlabelled), layout.modality.noun)
    if given.problem:
        raise DataError(f"{str(node.path)!r}: {given.problem}")
    layout.split_note = given.note
    for name, inner in roots.items():
        if name in unlabelled:
            layout.skip(inner.all_files(), LEFT)
            count = layout.modality.noun.count(inner.items)
            layout.add_note(f"{count} in {name!r} have no labels and are left for predict")
            layout.decide(nodes[name], Role.SKIPPED, "no labels: left for predict")
            continue
        subset = given.used_as[labelled[name]]
        if name != HERE:
            layout.decide(nodes[name], Role.SUBSET, "by its name", subset.value if subset else "")
        if not as_folders:
            skip_inner_products(layout, inner.filled)
            note_rejected_items(layout, inner.filled)
        layout.parts.append(FolderPart(inner, subset, nodes[name]))
        placed = list(place_files(layout, inner, subset))
        if name in tables:
            placed = [it for it in placed if it.file.name in tables[name].labels]
        layout.files += placed
    layout.skip(node.files, NO_CLASS)
    kept = [kid for name, kid in kids.items() if name in found or kid in nodes.get(HERE, node).children.values()]
    skip_empty(layout, node, kept if HERE in found else [kids[name] for name in found], NO_SUBSET)


def _gather_train(
    layout: FolderLayout, node: FolderNode, classes: Sequence[FolderNode], found: FoundParts
) -> FolderNode:
    """Return a folder with the classes of the train part alone, and say what they were taken for."""
    others = [name for name in found if name != HERE]
    layout.add_note(
        f"the folders {preview([kid.name for kid in classes])} beside {preview(others)} are the classes of the train "
        "part: no folder is called train"
    )
    for kid in classes:
        layout.decide(kid, Role.CLASS, f"of the train part: it lies beside {preview(others)}", kid.name)
    return FolderNode(node.path, node.steps, {kid.name: kid for kid in classes}, [], sum_items(classes))


def _note_names(layout: FolderLayout, found: FoundParts) -> None:
    """Note folders that are parts by a word of their names only."""
    named = [name for name, subset in found.items() if subset and name != HERE and not parse_subset(name)]
    if named:
        one = len(named) == 1
        layout.add_note(
            f"the folder{'' if one else 's'} {preview(named)} {'is a part' if one else 'are parts'} of a split by the "
            "name; if the folders are the classes, add --classes-from folder"
        )


def _refuse_two_of_one(node: FolderNode, found: FoundParts) -> None:
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
