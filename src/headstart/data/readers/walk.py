"""A look at a tree of files, the same for photos to learn from and for photos to answer.

Hidden files, those that systems leave behind and what headstart wrote are skipped; links are followed.
"""

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from headstart.data.own_output import is_own_folder
from headstart.data.samples import FileStatus, LedgerEntry
from headstart.errors import DataError, refuse_machine_faults

SYSTEM = frozenset({"__macosx", "thumbs.db", "ehthumbs.db", "desktop.ini", "@eadir", "$recycle.bin"})
Order = Callable[[list[Path]], list[Path]]


@dataclass(slots=True)
class Walk:
    """One look at a tree: what was met on the way."""

    root: Path
    entries: list[LedgerEntry] = field(default_factory=list)  #: what was skipped
    ignored: int = 0  #: hidden and system files and folders
    own: list[str] = field(default_factory=list)  #: folders that headstart wrote
    notes: list[str] = field(default_factory=list)

    def name(self, path: Path) -> str:
        """A path below the root, with slashes."""
        return path.relative_to(self.root).as_posix()

    def skip(self, path: Path, reason: str, label: str = "") -> None:
        """Notes that a file or folder is not used, and why."""
        self.entries.append(LedgerEntry(self.name(path), FileStatus.SKIPPED, reason, label))

    def look(self, folder: Path) -> tuple[list[Path], list[Path]]:
        """The folders and the files directly inside, without hidden and system ones."""
        folders: list[Path] = []
        files: list[Path] = []
        try:
            with os.scandir(folder) as inside:
                for item in sorted(inside, key=lambda item: item.name):
                    if item.name.startswith(".") or item.name.lower() in SYSTEM:
                        self.ignored += 1
                    elif not _is_folder(item):
                        files.append(folder / item.name)
                    elif is_own_folder(folder / item.name):
                        self.own.append(self.name(folder / item.name))
                    else:
                        folders.append(folder / item.name)
        except OSError as error:
            refuse_machine_faults(error, f"to read the folder {str(folder)!r}")
            if folder == self.root:
                raise DataError(f"{str(folder)!r} cannot be read: {error.strerror}; check its permissions") from None
            self.skip(folder, f"unreadable folder: {error.strerror}")
        return folders, files

    def files_under(self, folder: Path, order: Order | None = None) -> Iterator[Path]:
        """Every file under a folder, a folder's own ones first, by name or in an ``order``.

        Links are followed, but no folder is entered twice, nor one that holds it.
        """
        entered = {get_file_id(place) for place in (folder.resolve(), *folder.resolve().parents)}
        waiting = [folder]
        while waiting:
            folders, files = self.look(waiting.pop())
            if order is not None:
                folders, files = order(folders), order(files)
            yield from files
            for inner in reversed(folders):
                identity = get_file_id(inner)
                if identity in entered:
                    self.notes.append(
                        f"{self.name(inner)!r} is a link to a folder that was already entered; not followed"
                    )
                else:
                    entered.add(identity)
                    waiting.append(inner)


def get_file_id(folder: Path) -> tuple[int, int]:
    """What tells a folder from all others, by whatever name it is reached."""
    status = folder.stat()
    return status.st_dev, status.st_ino


def _is_folder(item: os.DirEntry[str]) -> bool:
    try:
        return item.is_dir()
    except OSError:  # a link that leads round in a circle
        return False
