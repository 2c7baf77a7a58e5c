"""The place of the classes below the parts of a folder: the first folder, the one right above an item, or its name.

The first folder is taken unless the folders look like something else. Clear evidence for another place is used, and
noted; where there is doubt nothing is fitted.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence

from headstart.data.decisions import ANY, Decision, PlaceKind, Role
from headstart.data.names import natural_key, preview
from headstart.data.readers.folders import folder_names
from headstart.data.readers.folders.file_names import NameReading, read_names
from headstart.data.readers.folders.folder_groups import find_groups
from headstart.data.readers.folders.folder_pieces import Pieces, find_pieces
from headstart.data.readers.folders.folder_record import (
    FolderLayout,
    LabelPlace,
    describe_leaving_out,
    write_prefix,
)
from headstart.data.readers.folders.folder_tree import PlacedFile
from headstart.data.readers.folders.name_fields import NameField, describe_fields, propose_fields
from headstart.data.readers.folders.several_sets import find_inner_set
from headstart.data.samples import Subset
from headstart.quoting import quote_argument
from headstart_runtime.errors import DataError

FEWEST = 3  #: groups of a class, one for each part of the split, before they are proposed
BEFORE = 4  #: times as many items beside the folders as in them say that these are no classes


def find_place(layout: FolderLayout) -> LabelPlace:
    """Return where the classes of a folder's items stand, from its folders and the names of its files.

    Raises:
        DataError: there is doubt, or no class at all.
    """
    folders: dict[str, list[PlacedFile]] = {}
    loose: list[PlacedFile] = []
    for placed in layout.files:
        if placed.file.is_item:
            (folders.setdefault(placed.steps[0], []) if placed.steps else loose).append(placed)
    folders = dict(sorted(folders.items(), key=lambda item: natural_key(item[0])))
    inside = sum(map(len, folders.values()))
    hints = layout.modality.hints
    names = list(folders)
    if len(names) < 2 or len(loose) > BEFORE * inside:
        return _choose_without_folders(layout, loose, folders)
    above = {name: [it.steps[-1] if len(it.steps) > 1 else "" for it in files] for name, files in folders.items()}
    look = folder_names.recognise_folders(names, hints)
    owners = folder_names.are_owners(names)
    below = folder_names.find_classes_below(above, loose=owners or folder_names.are_odd_numbers(names))
    if layout.doubtful and not below:
        raise DataError(_describe_doubtful(layout, folders))
    if owners and not below:
        return _choose_owners(layout, folders)
    if below:
        return _choose_level(layout, folders, below, look or ("owners" if owners else ""))
    if look or folder_names.find_subsets_in_names(names, hints):
        held = [it for files in folders.values() for it in files]
        only_count = all(it.file.stem.isdecimal() for it in held)  # 1.jpg to 12.jpg in each folder
        if place := None if only_count else _read_names(layout, held, names):
            return place
        if look != "products":
            raise DataError(_describe_look(layout, names, look))
    return _take_folders(layout, folders)


def _choose_without_folders(
    layout: FolderLayout, loose: Sequence[PlacedFile], folders: Mapping[str, Sequence[PlacedFile]]
) -> LabelPlace:
    """Return the place in the names of the files, where no two folders have them; else that of folders.

    Raises:
        DataError: the names may mean several things, or parts have no class folders.
    """
    inside = sum(map(len, folders.values()))
    held = loose if len(loose) > inside else [*loose, *(it for files in folders.values() for it in files)]
    if place := _read_names(layout, held, list(folders)):
        return place
    if inside:
        return LabelPlace("folder")
    fields = propose_fields([it.file.stem for it in _list_labelled(layout, held)], layout.modality.hints)
    if layout.has_subsets:
        raise DataError(_describe_flat_parts(layout, fields))
    if fields:
        raise DataError(_describe_fields(layout, held, fields))
    return LabelPlace("folder")


def _take_folders(layout: FolderLayout, folders: Mapping[str, Sequence[PlacedFile]]) -> LabelPlace:
    """Return the first folders as the classes, with the groups in them.

    Raises:
        DataError: several may be pieces of one class.
    """
    if pieces := find_pieces(list(folders)):
        raise DataError(_describe_pieces(layout, folders, pieces))
    place = LabelPlace("folder")
    find_groups(layout, place, folders)
    return place


def _choose_level(
    layout: FolderLayout, folders: Mapping[str, Sequence[PlacedFile]], below: Sequence[str], look: str
) -> LabelPlace:
    """Return the level of the classes, where the same folders come again in most of the first ones.

    Raises:
        DataError: both levels may be the classes.
    """
    many, names = layout.modality.noun.many, list(folders)
    kinds = {
        "places": "places",
        "pieces": "pieces of one heap",
        "products": "places",
        "owners": "patients or the like",
        "camera": "folders of a camera",
    }
    what = kinds.get(look, "")
    answers = folder_names.are_answers(below, len(folders))
    sides = folder_names.are_views(below) and not answers
    if (what or answers) and not (look == "owners" and sides):
        grouped = look == "owners" or (answers and not what)
        place = LabelPlace("parent", group_from="folder" if grouped else "")
        does = "hold the same folders each" if not what else f"look like {what}"
        place.notes.append(
            f"the first folders ({preview(names)}) {does}, so the classes are the folders right above the {many} "
            f"({preview(below)}); if the first folders are the classes, add --classes-from folder"
        )
        role = Role.GROUP if grouped else Role.WRAPPER
        for part in layout.parts:
            reason = "looks like a patient or the like" if what and grouped else does
            place.decisions.append(Decision(PlaceKind.FOLDER, (*part.node.steps, ANY), role, reason))
        return place
    if sides and look != "owners":
        place = LabelPlace("folder")
        find_groups(layout, place, folders)
        return place
    counts: defaultdict[str, int] = defaultdict(int)
    for files in folders.values():
        for placed in files:
            counts[placed.steps[-1]] += 1
    held = {name: {file.steps[-1] for file in files} for name, files in folders.items()}
    owners = min(sum(name in inner for inner in held.values()) for name in below)
    keeps = " --group-from folder, which keeps each first folder on one side of the split" if owners >= FEWEST else ""
    inner = f" (and --group-from parent, to keep the {many} of each of {preview(below)} together)"
    raise DataError(
        f"the folders of {layout.root!r} hold the same folders each: either the classes are the folders right above "
        f"the {many}, {_format_counts({name: counts[name] for name in below})}, then add --classes-from parent{keeps}; "
        f"or they are the first folders, {_format_counts({name: len(files) for name, files in folders.items()})}, then "
        f"add --classes-from folder{inner if min(map(len, held.values())) >= FEWEST else ''}"
    )


def _choose_owners(layout: FolderLayout, folders: Mapping[str, Sequence[PlacedFile]]) -> LabelPlace:
    """Return the first folders as classes, where they look like patients without classes in them.

    Raises:
        DataError: the names of the files speak of classes.
    """
    noun, counts = layout.modality.noun, {name: len(files) for name, files in folders.items()}
    reading = read_names([it.file.stem for files in folders.values() for it in files], layout.modality.hints)
    if reading is not None and reading.is_clear:
        raise DataError(
            f"the folders of {layout.root!r} look like patients or the like, {_format_counts(counts)}, and the names "
            f"of the files begin with {_format_counts(reading.classes)}: if these are the classes, add --classes-from "
            "name --group-from folder; if the first folders are the classes, add --classes-from folder"
        )
    note = (
        f"the first folders ({preview(list(folders))}) look like patients or the like and are read as the classes, "
        f"since nothing else says any; where the labels of the {noun.many} are elsewhere, write a table with path and "
        "label"
    )
    return LabelPlace("folder", guessed=True, notes=[note])


def _read_names(layout: FolderLayout, held: Sequence[PlacedFile], folders: Sequence[str]) -> LabelPlace | None:
    """Return the place in the names of files; None where they speak of no classes.

    Raises:
        DataError: they may mean several things.
    """
    labelled = _list_labelled(layout, held)
    reading = read_names([it.file.stem for it in labelled], layout.modality.hints)
    if reading is None:
        return None
    if not reading.is_clear:
        raise DataError(_describe_doubt(layout, labelled, reading))
    place = LabelPlace("name", rule=reading.rule)
    if reading.group_rule:
        place.group_from, place.group_rule = "name", reading.group_rule
    place.notes.append(
        f"there are no class folders, so the class is read off the names of the files: {reading.rule.description} "
        f"({_format_counts(reading.classes)}); --classes-from folder or --class-pattern says otherwise"
    )
    return place


def _list_labelled(layout: FolderLayout, held: Sequence[PlacedFile]) -> list[PlacedFile]:
    """Return the items of the train part, where there is one: others may have no labels."""
    train = [it for it in held if it.subset is Subset.TRAIN]
    return train or list(held)


def _format_counts(classes: Mapping[str, int]) -> str:
    return preview([f"{label!r} ({count})" for label, count in classes.items()], show=str)


def _describe_doubt(layout: FolderLayout, held: Sequence[PlacedFile], reading: NameReading) -> str:
    noun = layout.modality.noun
    start = f"{layout.root!r} has no class folders but {noun.count(len(held))} whose names"
    if reading.others:
        readings = [(reading.rule, reading.classes), *reading.others]
        shown = "; or ".join(
            f"{rule.description}: {_format_counts(classes)}, then add --class-pattern {quote_argument(rule.pattern)}"
            for rule, classes in readings
        )
        return f"{start} have several words that may be the class: {shown}"
    return (
        f"{start} begin with {_format_counts(reading.classes)}; to read these as the classes, add --classes-from name; "
        f"to read another part of the name, add --class-pattern {quote_argument('(?P<label>[a-z]+)')} or the like; "
        "else put them into a folder per class"
    )


def _describe_fields(layout: FolderLayout, held: Sequence[PlacedFile], fields: Sequence[NameField]) -> str:
    noun = layout.modality.noun
    first = held[0].file.path.name
    return (
        f"{layout.root!r} has no class folders but {noun.count(len(held))} whose names, such as {first!r}, may say the "
        f"class: {describe_fields(fields)}; else put them into a folder per class, or write a table with path and label"
    )


def _describe_flat_parts(layout: FolderLayout, fields: Sequence[NameField]) -> str:
    names = sorted(part.node.steps[-1] for part in layout.parts)
    if fields:
        first = next(it.file.path.name for it in layout.files if it.file.is_item)
        return (
            f"{layout.root!r} has the parts {preview(names)} but no class folders in them; the names of the files, "
            f"such as {first!r}, may say the class: {describe_fields(fields)}; else wanted a folder per class inside "
            "each, or a table with path and label"
        )
    return (
        f"{layout.root!r} has the parts {preview(names)} but no class folders in them, and the names of the files say "
        "no classes; wanted a folder per class inside each, such as train/cats/1.jpg, or a table with path and label"
    )


def _describe_look(layout: FolderLayout, names: Sequence[str], look: str) -> str:
    noun = layout.modality.noun
    kinds = {"places": f"places for {noun.many}", "pieces": "pieces of one heap", "camera": "folders of a camera"}
    return (
        f"{layout.root!r} has the folders {preview(names)}, which look like {kinds.get(look, 'parts of a split')}, not "
        "like classes; wanted a folder per class, or a table with path and label; if the folders are the classes, add "
        "--classes-from folder"
    )


def _describe_pieces(layout: FolderLayout, folders: Mapping[str, Sequence[PlacedFile]], pieces: Pieces) -> str:
    counts: defaultdict[str, int] = defaultdict(int)
    for name, files in folders.items():
        counts[pieces.labels[name]] += len(files)
    pattern = quote_argument(write_prefix(layout) + pieces.pattern)
    return (
        f"{layout.root!r} has folders that look like pieces of one class, such as {preview(pieces.first)}: if they "
        f"are, the classes are {_format_counts(counts)}, then add --class-pattern {pattern}; if each of the "
        f"{len(folders)} folders is a class of its own, add --classes-from folder"
    )


def _describe_doubtful(layout: FolderLayout, folders: Mapping[str, Sequence[PlacedFile]]) -> str:
    counts = {name: len(files) for name, files in folders.items()}
    odd = layout.doubtful
    others = {name: count for name, count in counts.items() if name not in odd}
    nodes = layout.parts[0].node.children
    inner = {name: found for name in odd if (found := find_inner_set(nodes[name], layout.modality.hints))}
    wholes = [name for name in inner if folder_names.is_place(name, layout.modality.hints) and name.lower() != "raw"]
    if wholes:
        held = f"{preview(wholes)} with the folders {preview(sorted(inner[wholes[0]].classes))} in it"
        commands = " or ".join(f"headstart check {quote_argument(nodes[name].path)}" for name in wholes)
        return (
            f"{layout.root!r} has {held}, and {_format_counts(others)} beside: if the labelled "
            f"{layout.modality.noun.many} are in {preview(wholes)}, run {commands}; to read all these folders as "
            "classes, add --classes-from folder"
        )
    return (
        f"{layout.root!r} has the folder {preview(odd)} beside {_format_counts(others)}, which may be no class: to "
        f"read all as classes, add --classes-from folder; to leave {preview(odd)} out, "
        f"{describe_leaving_out(layout.parts[0].node, odd)}"
    )
