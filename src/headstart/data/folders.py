"""Folders: a folder per class, or the same already split into train, validation and test.

The class of a photo is the first folder under the root (or under its part's folder), however deep it lies in there.
"""

import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from headstart.data.found import Found, Listing, class_name, some
from headstart.data.parts import KNOWN, part_named, settle
from headstart.data.samples import Entry, FileSource, Outcome, Part
from headstart.errors import DataError
from headstart.pixels.decode import SUFFIXES

_SYSTEM = frozenset({"__macosx", "thumbs.db", "ehthumbs.db", "desktop.ini", "@eadir", "$recycle.bin"})


@dataclass(slots=True)
class _Walk:
    """One look at a tree: what was met on the way."""

    root: Path
    found: list[Found] = field(default_factory=list)
    entries: list[Entry] = field(default_factory=list)
    classes: set[str] = field(default_factory=set)
    ignored: int = 0
    notes: list[str] = field(default_factory=list)

    def name(self, path: Path) -> str:
        return path.relative_to(self.root).as_posix()

    def set_aside(self, path: Path, reason: str, label: str = "") -> None:
        self.entries.append(Entry(self.name(path), Outcome.SET_ASIDE, reason, label))

    def look(self, folder: Path) -> tuple[list[Path], list[Path]]:
        """The folders and the files directly inside, without hidden and system ones."""
        folders: list[Path] = []
        files: list[Path] = []
        try:
            with os.scandir(folder) as inside:
                for item in sorted(inside, key=lambda item: item.name):
                    if item.name.startswith(".") or item.name.lower() in _SYSTEM:
                        self.ignored += 1
                    else:
                        (folders if _is_folder(item) else files).append(folder / item.name)
        except OSError as error:
            if folder == self.root:
                raise DataError(f"{str(folder)!r} cannot be read: {error.strerror}; check its permissions") from None
            self.set_aside(folder, f"unreadable folder: {error.strerror}")
        return folders, files

    def files_under(self, folder: Path) -> Iterator[Path]:
        """Every file under a folder. Links are followed, but no folder is entered twice, nor one that holds it."""
        entered = {_identity(place) for place in (folder.resolve(), *folder.resolve().parents)}
        waiting = [folder]
        while waiting:
            folders, files = self.look(waiting.pop())
            yield from files
            for inner in reversed(folders):
                identity = _identity(inner)
                if identity in entered:
                    self.notes.append(
                        f"{self.name(inner)!r} is a link to a folder that was already entered; not followed"
                    )
                else:
                    entered.add(identity)
                    waiting.append(inner)

    def take_class(self, folder: Path, part: Part | None) -> None:
        """Every file under a class folder."""
        label = class_name(folder.name) or folder.name
        self.classes.add(label)
        for path in self.files_under(folder):
            self.found.append(Found(self.name(path), label, FileSource(path), part))

    def leave_out(self, folder: Path, reason: str) -> None:
        """Every file under a folder that is no class."""
        for path in self.files_under(folder):
            self.set_aside(path, reason)


def list_folder(root: Path) -> Listing:
    """Every file under a folder of classes or parts.

    Raises:
        DataError: the folder cannot be read, or is laid out in a way that could mean two things.
    """
    walk = _Walk(root)
    _take(walk, root)
    return Listing(
        str(root), tuple(walk.found), frozenset(walk.classes), tuple(walk.entries), walk.ignored, tuple(walk.notes)
    )


def only_folder(folder: Path) -> Path:
    """The folder in which the classes or parts lie: a folder that only wraps another is descended into."""
    return _descend(_Walk(folder), folder)[0]


def _take(walk: _Walk, root: Path) -> None:
    base, folders = _descend(walk, root)
    parts = [folder for folder in folders if part_named(folder.name)]
    split = [folder for folder in parts if _Walk(root).look(folder)[0]]
    if not split and len(parts) == len(folders) > 1:
        raise DataError(
            f"{str(base)!r} has the parts {some([part.name for part in parts])} but no class folders in them; "
            "wanted a folder per class inside each, such as train/cats/1.jpg"
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


def _descend(walk: _Walk, folder: Path) -> tuple[Path, list[Path]]:
    """Goes down while there is one folder only and it holds folders itself; the last folder and what it holds."""
    entered = set()
    while True:
        entered.add(_identity(folder))
        folders, files = walk.look(folder)
        for path in files:
            walk.set_aside(path, "not in a class folder")
        if len(folders) != 1 or _identity(folders[0]) in entered or not _Walk(folder).look(folders[0])[0]:
            return folder, folders
        folder = folders[0]
        part = part_named(folder.name)
        walk.notes.append(settle([part]).note if part else f"the classes were looked for in {walk.name(folder)!r}")


def _take_parts(walk: _Walk, base: Path, folders: list[Path]) -> None:
    by_part: dict[Part, Path] = {}
    for folder in folders:
        part = part_named(folder.name)
        assert part is not None
        if part in by_part:
            raise DataError(
                f"{str(base)!r} has two folders for {part}: {by_part[part].name!r} and {folder.name!r}; merge them"
            )
        by_part[part] = folder
    given = settle(by_part)
    if given.problem:
        raise DataError(f"{str(base)!r}: {given.problem}")
    walk.notes.extend([given.note] if given.note else [])
    for part, folder in by_part.items():
        classes, files = walk.look(folder)
        for path in files:
            walk.set_aside(path, "not in a class folder")
        for inner in classes:
            walk.take_class(inner, given.used_as[part])


def _refuse_mixture(base: Path, split: list[Path], others: list[Path]) -> None:
    """Folders beside the parts may hold notes and tables, but a photo in one could mean a class."""
    for folder in others:
        if any(path.suffix.lower() in SUFFIXES for path in _Walk(base).files_under(folder)):
            raise DataError(
                f"{str(base)!r} has part folders ({some([part.name for part in split])}) and another folder with "
                f"photos ({folder.name!r}); wanted either {KNOWN}, or class folders only; move {folder.name!r} away"
            )


def _is_folder(item: os.DirEntry[str]) -> bool:
    try:
        return item.is_dir()
    except OSError:  # a link that leads round in a circle
        return False


def _identity(folder: Path) -> tuple[int, int]:
    status = folder.stat()
    return status.st_dev, status.st_ino
