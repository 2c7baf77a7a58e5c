"""Folders: a folder per class, or the same already split into train, validation and test.

The class of an item is the first folder under the root (or under its subset's folder), however deep it lies in there,
unless the settings say that it stands right above the item or in its name.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from headstart.data.choose_modality import AUTO, choose_by_names, find_source_noun
from headstart.data.names import preview
from headstart.data.own_output import is_own_folder
from headstart.data.readers.folder_labels import label_files
from headstart.data.readers.folder_layout import (
    FoundFile,
    count_classes_in_names,
    find_subsets_in_names,
    refuse_containers,
    refuse_flat,
)
from headstart.data.readers.listing import SourceListing
from headstart.data.readers.reader import ReadContext
from headstart.data.readers.table import TABLE_SUFFIXES
from headstart.data.readers.walk import FileTree, Walk, get_file_id
from headstart.data.samples import Subset
from headstart.data.subsets import KNOWN, parse_subset, resolve_subsets
from headstart.errors import DataError
from headstart.modalities.item import Noun
from headstart.modalities.modality import Modality

_NO_CLASS, _NO_SUBSET = "not in a class folder", "not in the folder of a part"


class FolderReader:
    """The reader of a folder of items."""

    suffixes: tuple[str, ...] = ()
    label_place: str = ""

    def accepts(self, source: Any, tree: FileTree | None) -> bool:
        """Return whether a source is a folder."""
        return tree is not None

    def list(self, source: Path, tree: FileTree | None, context: ReadContext) -> SourceListing:
        """Return every file under a folder of classes or subsets.

        Raises:
            DataError: the folder cannot be read, is laid out in a way that could mean two things, or holds something
                else than classes, such as a table.
        """
        assert tree is not None
        listing = list_folder(tree, context)
        beside = [it.name for it in tree.scan(tree.root).files if it.suffix.lower() in (*TABLE_SUFFIXES, ".npz")]
        if len(listing.classes) < 2 and beside and context.options.classes_from is None:
            raise DataError(
                f"{str(source)!r} has no two class folders but {preview(beside)}; wanted a folder per class; to read "
                f"the table or the arrays, name the file: {source / beside[0]}"
            )
        return listing


@dataclass(slots=True)
class _ClassWalk(Walk):
    """A walk over a tree of classes."""

    modality: Modality = field(kw_only=True)
    found: list[FoundFile] = field(default_factory=list)
    classes: list[str] = field(default_factory=list)  #: names of the folders that are classes, empty ones too

    def add_class(self, folder: Path, subset: Subset | None) -> None:
        """Add every file under a class folder."""
        self.classes.append(folder.name)
        self.add_files(folder, folder.parent, subset)

    def add_files(self, folder: Path, base: Path, subset: Subset | None) -> None:
        """Add every file under a folder, with the folders from the base to it."""
        depth = len(base.relative_to(self.tree.root).parts)
        for path in self.files_under(folder):
            relative = path.relative_to(self.tree.root)
            is_item = path.suffix.lower() in self.modality.suffixes
            self.found.append(FoundFile(relative.as_posix(), path, relative.parts[depth:-1], subset, is_item))

    def skip_files(self, folder: Path, reason: str) -> None:
        """Skip every file under a folder that is no class."""
        for path in self.files_under(folder):
            self.skip(path, reason)

    def add_note(self, note: str) -> None:
        """Add a note; an empty one is none."""
        self.notes += [note] if note else []


def list_folder(tree: FileTree, context: ReadContext) -> SourceListing:
    """Return every file under a folder of classes or subsets.

    Raises:
        DataError: the folder cannot be read, is laid out in a way that could mean two things, or may hold items of
            several modalities.
    """
    root, options = tree.root, context.options
    if is_own_folder(root):
        many = find_source_noun(options.modality).many
        raise DataError(f"{str(root)!r} is something that headstart wrote, not {many}; give the folder of the {many}")
    choice = choose_by_names(options.modality, (path.name for path in tree.files_under(root)), repr(str(root)))
    modality = choice.modality
    walk = _ClassWalk(tree, modality=modality)
    walk.notes += choice.notes
    if options.classes_from in (None, "folder"):
        _add_classes(walk)
    else:
        _add_everything(walk)
    if options.classes_from is None:
        refuse_containers(str(root), walk.found, modality)
        refuse_flat(str(root), [root / entry.name for entry in walk.entries if not walk.classes], modality)
    labelled = label_files(str(root), walk.found, walk.classes, options, modality)
    if walk.own:
        walk.add_note(f"{len(walk.own)} folders that headstart wrote are skipped: {preview(walk.own)}")
    entries = (*walk.entries, *labelled.entries)
    notes = (*walk.notes, *labelled.notes)
    return SourceListing(str(root), labelled.samples, labelled.classes, entries, walk.ignored, notes, modality.name)


def find_base_folder(tree: FileTree) -> Path:
    """Return the folder in which classes or subsets lie: a folder that only wraps another is descended into."""
    return _descend(Walk(tree), find_source_noun(AUTO))[0]


def _add_classes(walk: _ClassWalk) -> None:
    """Add the files of class folders, perhaps inside folders of subsets."""
    base, folders = _descend(walk, walk.modality.noun)
    subsets = [folder for folder in folders if parse_subset(folder.name)]
    split = [folder for folder in subsets if walk.tree.scan(folder).folders]
    if not split and len(subsets) == len(folders) > 1:
        raise DataError(
            f"{str(base)!r} has the parts {preview([folder.name for folder in subsets])} but no class folders in them; "
            f"wanted a folder per class inside each, such as train/cats/1.jpg{_suggest_names(walk, subsets)}"
        )
    if not split:
        for folder in folders:
            walk.add_class(folder, None)
        return
    _refuse_mixture(walk, base, split, [folder for folder in folders if folder not in subsets])
    _add_subsets(walk, base, split)
    for folder in folders:
        if folder not in split:
            walk.skip_files(folder, "not in a class folder of a part")


def _add_subsets(walk: _ClassWalk, base: Path, folders: Sequence[Path]) -> None:
    by_subset: dict[Subset, Path] = {}
    for folder in folders:
        subset = parse_subset(folder.name)
        assert subset is not None
        if subset in by_subset:
            raise DataError(
                f"{str(base)!r} has two folders for {subset}: {by_subset[subset].name!r} and {folder.name!r}; merge "
                "them"
            )
        by_subset[subset] = folder
    used_as = _resolve(walk, base, by_subset)
    for subset, folder in by_subset.items():
        content = walk.enter(folder)
        for path in content.files:
            walk.skip(path, _NO_CLASS)
        for inner in content.folders:
            walk.add_class(inner, used_as[subset])


def _add_everything(walk: _ClassWalk) -> None:
    """Add every file wherever it lies: its class stands right above it or in its name. Subsets are still known."""
    hints = walk.modality.hints
    above = _ClassWalk(walk.tree, modality=walk.modality)  # its records are made once more where the root is added
    base, folders = _descend(above, walk.modality.noun)
    strict = {folder.name: subset for folder in folders if (subset := parse_subset(folder.name))}
    subsets = strict if len(strict) == len(folders) > 1 else find_subsets_in_names([it.name for it in folders], hints)
    if not subsets:
        walk.add_files(walk.tree.root, walk.tree.root, None)  # files beside the folders are items like all others
        return
    walk.own, walk.ignored, walk.notes = above.own, above.ignored, [*walk.notes, *above.notes]
    loose = [name for name in subsets if not parse_subset(name)]
    if loose:
        walk.add_note(f"the folders {preview(loose)} are taken for parts of a split")
    by_subset = {subset: base / name for name, subset in subsets.items()}
    if len(by_subset) < len(subsets):
        raise DataError(f"{str(base)!r} has two folders of one part among {preview(list(subsets))}; merge them")
    used_as = _resolve(walk, base, by_subset)
    for subset, folder in by_subset.items():
        walk.add_files(folder, folder, used_as[subset])
    walk.entries += [replace(it, reason=_NO_SUBSET) if it.reason == _NO_CLASS else it for it in above.entries]


def _resolve(walk: _ClassWalk, base: Path, found: Iterable[Subset]) -> dict[Subset, Subset | None]:
    """Return the use of each subset that was found, and note an assumption.

    Raises:
        DataError: they make no split.
    """
    given = resolve_subsets(found, walk.modality.noun)
    if given.problem:
        raise DataError(f"{str(base)!r}: {given.problem}")
    walk.add_note(given.note)
    return given.used_as


def _descend(walk: Walk, noun: Noun) -> tuple[Path, tuple[Path, ...]]:
    """Go down while there is one folder only and it holds folders; return the last folder and the folders in it."""
    folder, entered = walk.tree.root, set()
    while True:
        entered.add(get_file_id(folder))
        content = walk.enter(folder)
        for path in content.files:
            walk.skip(path, _NO_CLASS)
        only = content.folders[0] if len(content.folders) == 1 else None
        if only is None or get_file_id(only) in entered or not walk.tree.scan(only).folders:
            return folder, content.folders
        folder = only
        subset = parse_subset(folder.name)
        looked = f"the classes were looked for in {walk.name(folder)!r}"
        walk.notes.append(resolve_subsets([subset], noun).note if subset else looked)


def _suggest_names(walk: _ClassWalk, folders: Sequence[Path]) -> str:
    """Return where the classes of items without folders may stand: in their names."""
    files = [path for folder in folders for path in walk.tree.scan(folder).files]
    stems = [path.stem for path in files if path.suffix.lower() in walk.modality.suffixes]
    classes = count_classes_in_names(stems, walk.modality.hints)
    if not classes:
        return ""
    seen = preview(list(classes))
    return f"; the names of the files begin with {seen}: where these are the classes, add --classes-from name"


def _refuse_mixture(walk: _ClassWalk, base: Path, split: Sequence[Path], others: Sequence[Path]) -> None:
    """Refuse folders with items beside those of subsets: they could mean a class. Notes and tables are no matter."""
    many = walk.modality.noun.many
    for folder in others:
        if any(path.suffix.lower() in walk.modality.suffixes for path in walk.tree.files_under(folder)):
            raise DataError(
                f"{str(base)!r} has part folders ({preview([it.name for it in split])}) and another folder with "
                f"{many} ({folder.name!r}); wanted either {KNOWN}, or class folders only; move {folder.name!r} away"
            )
