"""Folders: a folder per class, or the same already split into train, validation and test.

The class of a photo is the first folder under the root (or under its part's folder), however deep it lies in there,
unless it is said to stand right above the photo or in its name. What headstart wrote there is skipped.
"""

from dataclasses import dataclass, field, replace
from pathlib import Path

from headstart.data.names import preview
from headstart.data.own_output import is_own_folder
from headstart.data.readers.folder_labels import label_files
from headstart.data.readers.folder_layout import (
    Seen,
    count_classes_in_names,
    find_subsets_in_names,
    refuse_containers,
    refuse_flat,
)
from headstart.data.readers.listing import SourceListing
from headstart.data.readers.walk import Walk, get_file_id
from headstart.data.samples import Subset
from headstart.data.subsets import KNOWN, parse_subset, resolve_subsets
from headstart.errors import DataError
from headstart.modalities.image.decoding.decode import SUFFIXES
from headstart.settings import DataSettings

_NO_CLASS, _NO_PART = "not in a class folder", "not in the folder of a part"


@dataclass(slots=True)
class _Walk(Walk):
    """One look at a tree of classes."""

    seen: list[Seen] = field(default_factory=list)
    classes: list[str] = field(default_factory=list)  #: names of the folders that are classes, empty ones too

    def take_class(self, folder: Path, part: Subset | None) -> None:
        """Every file under a class folder."""
        self.classes.append(folder.name)
        self.take(folder, folder.parent, part)

    def take(self, folder: Path, base: Path, part: Subset | None) -> None:
        """Every file under a folder, with the folders from the base to it."""
        for path in self.files_under(folder):
            self.seen.append(Seen(self.name(path), path, path.relative_to(base).parts[:-1], part))

    def leave_out(self, folder: Path, reason: str) -> None:
        """Every file under a folder that is no class."""
        for path in self.files_under(folder):
            self.skip(path, reason)


def list_folder(root: Path, options: DataSettings) -> SourceListing:
    """Return every file under a folder of classes or parts.

    Args:
        root: the folder.
        options: where classes and groups stand.

    Raises:
        DataError: the folder cannot be read, is laid out in a way that could mean two things, or holds something else
            than classes.
    """
    if is_own_folder(root):
        raise DataError(f"{str(root)!r} is something that headstart wrote, not photos; give the folder of the photos")
    walk = _Walk(root)
    if options.classes_from in (None, "folder"):
        _take(walk, root)
    else:
        _take_all(walk, root)
    if options.classes_from is None:
        refuse_containers(str(root), walk.seen)
        refuse_flat(str(root), [root / entry.name for entry in walk.entries if not walk.classes])
    labelled = label_files(str(root), walk.seen, walk.classes, options)
    if walk.own:
        walk.notes.append(f"{len(walk.own)} folders that headstart wrote are skipped: {preview(walk.own)}")
    entries = (*walk.entries, *labelled.entries)
    return SourceListing(
        str(root), labelled.found, labelled.classes, entries, walk.ignored, (*walk.notes, *labelled.notes)
    )


def find_base_folder(folder: Path) -> Path:
    """The folder in which the classes or parts lie: a folder that only wraps another is descended into."""
    return _descend(_Walk(folder), folder)[0]


def _take(walk: _Walk, root: Path) -> None:
    base, folders = _descend(walk, root)
    parts = [folder for folder in folders if parse_subset(folder.name)]
    split = [folder for folder in parts if _Walk(root).look(folder)[0]]
    if not split and len(parts) == len(folders) > 1:
        raise DataError(
            f"{str(base)!r} has the parts {preview([part.name for part in parts])} but no class folders in them; "
            f"wanted a folder per class inside each, such as train/cats/1.jpg{_hint(parts)}"
        )
    if not split:
        for folder in folders:
            walk.take_class(folder, None)
        return
    _refuse_mixture(base, split, [folder for folder in folders if folder not in parts])
    _take_parts(walk, base, split)
    for folder in folders:
        if folder not in split:
            walk.leave_out(folder, "not in a class folder of a part")


def _take_all(walk: _Walk, root: Path) -> None:
    """Every file wherever it lies: its class stands right above it or in its name. Folders of parts are still known."""
    looked = _Walk(root)  # what it sees is seen once more where the root is taken
    base, folders = _descend(looked, root)
    strict = {folder.name: part for folder in folders if (part := parse_subset(folder.name))}
    parts = strict if len(strict) == len(folders) > 1 else find_subsets_in_names([folder.name for folder in folders])
    if not parts:
        walk.take(root, root, None)  # files beside the folders are photos like all others here
        return
    walk.own, walk.ignored, walk.notes = looked.own, looked.ignored, looked.notes
    loose = [name for name in parts if not parse_subset(name)]
    if loose:
        walk.notes.append(f"the folders {preview(loose)} are taken for parts of a split")
    by_part = {part: base / name for name, part in parts.items()}
    if len(by_part) < len(parts):
        raise DataError(f"{str(base)!r} has two folders of one part among {preview(list(parts))}; merge them")
    given = resolve_subsets(by_part)
    if given.problem:
        raise DataError(f"{str(base)!r}: {given.problem}")
    walk.notes.extend([given.note] if given.note else [])
    for part, folder in by_part.items():
        walk.take(folder, folder, given.used_as[part])
    walk.entries += [replace(it, reason=_NO_PART) if it.reason == _NO_CLASS else it for it in looked.entries]


def _hint(folders: list[Path]) -> str:
    """Where the classes of photos without folders may stand: in their names."""
    stems = [path.stem for folder in folders for path in _Walk(folder).look(folder)[1] if _is_photo(path)]
    classes = count_classes_in_names(stems)
    if not classes:
        return ""
    seen = preview(list(classes))
    return f"; the names of the files begin with {seen}: where these are the classes, add --classes-from name"


def _is_photo(path: Path) -> bool:
    return path.suffix.lower() in SUFFIXES


def _descend(walk: _Walk, folder: Path) -> tuple[Path, list[Path]]:
    """Goes down while there is one folder only and it holds folders itself; the last folder and what it holds."""
    entered = set()
    while True:
        entered.add(get_file_id(folder))
        folders, files = walk.look(folder)
        for path in files:
            walk.skip(path, _NO_CLASS)
        if len(folders) != 1 or get_file_id(folders[0]) in entered or not _Walk(folder).look(folders[0])[0]:
            return folder, folders
        folder = folders[0]
        part = parse_subset(folder.name)
        walk.notes.append(
            resolve_subsets([part]).note if part else f"the classes were looked for in {walk.name(folder)!r}"
        )


def _take_parts(walk: _Walk, base: Path, folders: list[Path]) -> None:
    by_part: dict[Subset, Path] = {}
    for folder in folders:
        part = parse_subset(folder.name)
        assert part is not None
        if part in by_part:
            raise DataError(
                f"{str(base)!r} has two folders for {part}: {by_part[part].name!r} and {folder.name!r}; merge them"
            )
        by_part[part] = folder
    given = resolve_subsets(by_part)
    if given.problem:
        raise DataError(f"{str(base)!r}: {given.problem}")
    walk.notes.extend([given.note] if given.note else [])
    for part, folder in by_part.items():
        classes, files = walk.look(folder)
        for path in files:
            walk.skip(path, "not in a class folder")
        for inner in classes:
            walk.take_class(inner, given.used_as[part])


def _refuse_mixture(base: Path, split: list[Path], others: list[Path]) -> None:
    """Folders beside the parts may hold notes and tables, but a photo in one could mean a class."""
    for folder in others:
        if any(path.suffix.lower() in SUFFIXES for path in _Walk(base).files_under(folder)):
            raise DataError(
                f"{str(base)!r} has part folders ({preview([part.name for part in split])}) and another folder with "
                f"photos ({folder.name!r}); wanted either {KNOWN}, or class folders only; move {folder.name!r} away"
            )
