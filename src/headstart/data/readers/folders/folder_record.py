"""The record of a folder's layout while it is found: parts, files, what is skipped and what was decided."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from headstart.data.decisions import Decision, PlaceKind, Role
from headstart.data.names import preview
from headstart.data.readers.folders import folder_names
from headstart.data.readers.folders.companion_maps import find_depth_maps, find_mapped_folder
from headstart.data.readers.folders.file_names import NameRule, find_masks
from headstart.data.readers.folders.folder_tree import FolderNode, FoundFile, PlacedFile, sum_items
from headstart.data.readers.folders.leftover_names import may_be_rejected
from headstart.data.readers.folders.paired_files import PLURALS, find_paired_files
from headstart.data.samples import FileStatus, LedgerEntry, Subset
from headstart.quoting import quote_argument
from headstart.settings.class_pattern import ClassPattern
from headstart_runtime.modalities.modality import Modality

NO_CLASS, NO_SUBSET = "not in a class folder", "not in a class folder of a part"
TABLE = "a table of labels, which are read"
LEFT = "no label: left for predict"


@dataclass(frozen=True, slots=True)
class FolderPart:
    """A folder in which classes, or items with classes in their names, are to be found."""

    node: FolderNode
    subset: Subset | None  #: None where no split is given
    above: FolderNode | None = None  #: the folder that is called the part, where that only holds this one


@dataclass(slots=True)
class FolderLayout:
    """The layout of a folder as far as the place of its classes."""

    root: str  #: for a person
    modality: Modality
    encoding: str | None = None  #: of tables; None finds it
    parts: list[FolderPart] = field(default_factory=list)
    files: list[PlacedFile] = field(default_factory=list)  #: with their folders under their part
    entries: list[LedgerEntry] = field(default_factory=list)  #: of files that are skipped
    notes: list[str] = field(default_factory=list)
    decisions: list[Decision] = field(default_factory=list)
    split_note: str = ""  #: what was assumed of the parts
    table_labels: dict[str, str] = field(default_factory=dict)  #: file -> its class, where a table says it
    label_tables: set[str] = field(default_factory=set)  #: the files of these tables
    doubtful: list[str] = field(default_factory=list)  #: folders beside classes that may be results or a part

    def add_note(self, note: str) -> None:
        """Add a note; an empty one is none."""
        self.notes += [note] if note else []

    def skip(self, files: Iterable[FoundFile], reason: str) -> None:
        """Record that files are not used, and why."""
        self.entries += [LedgerEntry(file.name, FileStatus.SKIPPED, reason) for file in files]

    def decide(self, node: FolderNode, role: Role, reason: str, value: str = "") -> None:
        """Record the role of a folder."""
        self.decisions.append(Decision(PlaceKind.FOLDER, node.steps, role, reason, value))

    @property
    def has_subsets(self) -> bool:
        """Whether the folders are parts of a split."""
        return any(part.subset for part in self.parts) or len(self.parts) > 1


@dataclass(slots=True)
class LabelPlace:
    """Where the class of an item stands, and its group."""

    where: str  #: "folder", "parent", "name" or "pattern"
    rule: NameRule | None = None  #: for "name"
    pattern: ClassPattern | None = None  #: for "pattern"
    group_from: str = ""  #: as ``where``, or "inner", the folder right in that of the class; "" for no groups
    group_rule: NameRule | None = None  #: for groups in names
    guessed: bool = False  #: whether nothing says that these are classes but that nothing else does
    notes: list[str] = field(default_factory=list)
    group_notes: list[str] = field(default_factory=list)  #: on what may be groups; of no use where these are given
    decisions: list[Decision] = field(default_factory=list)


def describe_leaving_out(node: FolderNode, names: Sequence[str]) -> str:
    """Return the flag that reads the classes in a folder without those of some names."""
    under = escape_pattern("/".join((*node.steps, "")))
    others = "|".join(f"{escape_pattern(name)}/" for name in names)
    pattern = f"^{under}(?!{others})(?P<label>[^/]+)/"
    return f"add --class-pattern {quote_argument(pattern)}"


def write_prefix(layout: FolderLayout) -> str:
    """Return the pattern of the folders above the classes."""
    above = sorted(
        {"".join(f"{re.escape(step)}/" for step in part.node.steps) for part in layout.parts if part.node.filled}
    )
    return f"^{above[0]}" if len(above) == 1 else f"^(?:{'|'.join(above)})"


def escape_pattern(text: str) -> str:
    """Return text as a regular expression that a person can read: blanks stand as they are."""
    return re.escape(text).replace("\\ ", " ").replace("\\-", "-")


def set_products_aside(layout: FolderLayout, node: FolderNode, *, peek: bool = False) -> list[FolderNode]:
    """Return the folders with items, without those of results, which are skipped unless one only peeks."""
    hints = layout.modality.hints
    kids = node.filled
    known = [kid for kid in kids if folder_names.is_product(kid.name, hints)]
    others = [kid for kid in kids if kid not in known]
    beside_place = any(
        folder_names.is_place(kid.name, hints) or folder_names.find_subset_in_name(kid.name, hints) for kid in others
    )
    aside = [
        kid
        for kid in known
        if (others and beside_place)
        or (folder_names.is_sure_product(kid.name) and (len(others) > 1 or len(node.own_items) >= 2))
    ]
    if aside and not peek:
        names = preview([kid.name for kid in aside])
        held = layout.modality.noun.count(sum_items(aside))
        layout.add_note(
            f"{names} ({held}) {'are' if len(aside) > 1 else 'is'} skipped: results and the like, by the name; if "
            "the folders are the classes, add --classes-from folder"
        )
        for kid in aside:
            layout.skip(kid.all_files(), "in a folder of results")
            layout.decide(kid, Role.SKIPPED, "results and the like, by its name")
    kids = [kid for kid in kids if kid not in aside]
    maps = {kid.name: whole for kid in kids if (whole := find_mapped_folder(kid, kids, hints))}
    for kid in [kid for kid in kids if kid.name in maps and not peek]:
        of = maps[kid.name].name
        layout.skip(kid.all_files(), f"a mask or the like of one in {of!r}")
        layout.add_note(
            f"{kid.name!r} ({layout.modality.noun.count(kid.items)}) is skipped: it has a mask or the like for each "
            f"{layout.modality.noun.one} in {of!r}, by the names; if the folders are the classes, add --classes-from "
            "folder"
        )
        layout.decide(kid, Role.SKIPPED, f"masks or the like of those in {of!r}, by the names")
    return [kid for kid in kids if kid.name not in maps]


def skip_copies(layout: FolderLayout, kids: Sequence[FolderNode], names: set[str]) -> list[FolderNode]:
    """Skip and return folders that hold all the folders beside them, or those that are named, once more."""
    copies = []
    for kid in kids:
        beside = names or {other.name for other in kids if other is not kid}
        if kid.name not in names and len(beside) > 1 and beside <= {inner.name for inner in kid.filled}:
            copies.append(kid)
            layout.skip(kid.all_files(), "in a folder that has those beside it once more")
            layout.add_note(
                f"{kid.name!r} ({layout.modality.noun.count(kid.items)}) has the folders beside it, "
                f"{preview(sorted(beside))}, once more and is skipped; if it is a class, add --classes-from folder"
            )
            layout.decide(kid, Role.SKIPPED, "has the folders beside it once more")
    return copies


def skip_inner_products(layout: FolderLayout, classes: Sequence[FolderNode]) -> None:
    """Skip folders of masks and the like in class folders, ``COVID/masks``, where all hold a place for items too."""
    hints = layout.modality.hints
    inner = [below for kid in classes for below in kid.filled]
    mapped = {
        below.steps: whole
        for kid in classes
        for below in kid.filled
        if (whole := find_mapped_folder(below, kid.filled, hints))
    }
    wholes = {whole.steps for whole in mapped.values()}
    products = [below for below in inner if below.steps in mapped or folder_names.is_product(below.name, hints)]
    places = [below for below in inner if below.steps in wholes or folder_names.is_place(below.name, hints)]
    if not products or len(products) + len(places) < len(inner) or len(places) < len(classes):
        return
    names, beside = ({below.name for below in some} for some in (products, places))
    layout.add_note(
        f"{preview(sorted(names))} in the class folders ({layout.modality.noun.count(sum_items(products))}) "
        f"{'are' if len(names) > 1 else 'is'} skipped: masks and the like beside {preview(sorted(beside))}; to read "
        "all, add --classes-from folder"
    )
    for below in products:
        layout.skip(below.all_files(), "in a folder of masks and the like")
        layout.decide(below, Role.SKIPPED, "masks and the like, by its name")


def note_rejected_items(layout: FolderLayout, classes: Sequence[FolderNode]) -> None:
    """Note folders in class folders, beside their items, of what somebody may not have wanted: ``oak/deleted``."""
    found = [
        below for kid in classes if kid.own_items for below in kid.filled if may_be_rejected(below.name, inside=True)
    ]
    if not found:
        return
    names = sorted({below.name for below in found})
    others = "|".join(f"{escape_pattern(name)}/" for name in names)
    under = escape_pattern("/".join((*found[0].steps[:-2], "")))
    pattern = f"^{under}(?P<label>[^/]+)/(?!{others})"
    flag = f"add --class-pattern {quote_argument(pattern)}, or " if not layout.has_subsets else ""
    layout.add_note(
        f"{preview(names)} in the class folders ({layout.modality.noun.count(sum_items(found))}) are read as of these "
        f"classes; where they were put aside, as the names say, {flag}move them elsewhere"
    )


def skip_masks(layout: FolderLayout, node: FolderNode) -> set[str]:
    """Skip items that are masks, depth maps or the like of others in the same folder; return their names."""
    found: dict[str, tuple[str, str]] = {}
    for folder in node.all_folders():
        names = [file.path.name for file in folder.own_items]
        maps = find_depth_maps(names) | {mask: ("mask", whole) for mask, whole in find_masks(names).items()}
        maps = maps or find_paired_files([file.path for file in folder.own_items], layout.modality)
        found |= {"/".join((*folder.steps, name)): of for name, of in maps.items()}
    layout.entries += [
        LedgerEntry(name, FileStatus.SKIPPED, f"a {kind} of {whole!r}") for name, (kind, whole) in found.items()
    ]
    for kind, plural in PLURALS.items():
        if those := [name for name, of in found.items() if of[0] == kind]:
            layout.add_note(
                f"{len(those)} files are skipped as {plural} of others beside them, such as {preview(those)}"
            )
    return set(found)


def place_files(layout: FolderLayout, node: FolderNode, subset: Subset | None) -> Iterable[PlacedFile]:
    """Return the files of a part, without those that were skipped already."""
    skipped = {entry.name for entry in layout.entries} | skip_masks(layout, node)
    return [it for it in node.place_files(len(node.steps), subset) if it.file.name not in skipped]


def skip_empty(layout: FolderLayout, node: FolderNode, kept: Sequence[FolderNode], reason: str) -> None:
    """Skip the files of folders without items, beside some that are kept."""
    skipped = {entry.name for entry in layout.entries}
    for kid in node.children.values():
        if kid not in kept:
            layout.skip((file for file in kid.all_files() if file.name not in skipped), reason)
