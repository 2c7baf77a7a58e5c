"""Walks over a tree of files, the same for items to learn from and for items to predict.

Hidden files, those that systems leave behind and what headstart wrote are left out; links are followed.
"""

import os
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from headstart.data.own_output import is_own_folder
from headstart.data.samples import FileStatus, LedgerEntry
from headstart_runtime.errors import DataError, refuse_machine_faults
from headstart_runtime.folder_items import SYSTEM
from headstart_runtime.modalities.strays import CLOUD_PLACEHOLDER

#: Of what is ignored, kinds that people ask about, by name in lower case.
_KINDS = {
    "__macosx": "folders of Mac resource files (__MACOSX)",
    "thumbs.db": "thumbnails of Windows (Thumbs.db)",
    "ehthumbs.db": "thumbnails of Windows (ehthumbs.db)",
    "@eadir": "folders of a file server's thumbnails (@eaDir)",
    "$recycle.bin": "recycle bins ($RECYCLE.BIN)",
    "#recycle": "recycle bins of a file server (#recycle)",
    "@recycle": "recycle bins of a file server (@Recycle)",
    ".trash": "recycle bins (.Trash)",
    ".trashes": "recycle bins (.Trashes)",
    ".thumbnails": "folders of thumbnails (.thumbnails)",
    ".ipynb_checkpoints": "folders of a notebook's checkpoints (.ipynb_checkpoints)",
}
_RESOURCE_FILES = "Mac resource files (._name)"
_THUMBNAILS = frozenset("thumb thumbs thumbnail thumbnails".split())  # noqa: SIM905
SortPaths = Callable[[list[Path]], list[Path]]


@dataclass(frozen=True, slots=True)
class FolderContent:
    """The folders and files directly in a folder, by name."""

    folders: tuple[Path, ...] = ()
    files: tuple[Path, ...] = ()
    ignored: int = 0  #: hidden and system files and folders
    own: tuple[Path, ...] = ()  #: folders that headstart wrote
    kinds: Counter[str] = field(default_factory=Counter)  #: of what is ignored, as far as people ask about it
    placeholders: tuple[Path, ...] = ()  #: of files that a cloud keeps
    error: str = ""  #: why the folder cannot be read


class FileTree:
    """A folder and all below it; each folder is scanned once, when it is first asked for."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.near_top: dict[str, list[Path]] | None = None  #: ending -> files of a few levels, once these are asked for
        self._contents: dict[Path, FolderContent] = {}

    def scan(self, folder: Path) -> FolderContent:
        """Return what lies directly in a folder.

        Raises:
            HeadstartError: the machine is short of something.
        """
        if folder not in self._contents:
            try:
                self._contents[folder] = _scan(folder)
            except OSError as error:
                refuse_machine_faults(error, f"to read the folder {str(folder)!r}")
                self._contents[folder] = FolderContent(error=error.strerror or str(error))
        return self._contents[folder]

    def files_under(self, folder: Path) -> Iterator[Path]:
        """Yield every file under a folder, a folder's own ones first, by name."""
        return Walk(self).files_under(folder)

    def describe_ignored(self) -> str:
        """Return a note on what is ignored in the folders that were scanned; "" where nobody asks about it."""
        kinds = sum((content.kinds for content in self._contents.values()), Counter[str]())
        return f"ignored are {', '.join(f'{kind}: {count:,}' for kind, count in kinds.items())}" if kinds else ""


@dataclass(slots=True)
class Walk:
    """A walk over a tree, and a record of what was met on the way."""

    tree: FileTree
    entries: list[LedgerEntry] = field(default_factory=list)  #: skipped files
    ignored: int = 0  #: hidden and system files and folders
    own: list[str] = field(default_factory=list)  #: folders that headstart wrote
    notes: list[str] = field(default_factory=list)

    def name(self, path: Path) -> str:
        """Return a path below the root, with slashes."""
        return path.relative_to(self.tree.root).as_posix()

    def skip(self, path: Path, reason: str, label: str = "") -> None:
        """Record that a file or folder is not used, and why."""
        self.entries.append(LedgerEntry(self.name(path), FileStatus.SKIPPED, reason, label))

    def enter(self, folder: Path) -> FolderContent:
        """Return what lies directly in a folder, and record what is left out.

        Raises:
            DataError: it is the root, and cannot be read.
        """
        content = self.tree.scan(folder)
        self.ignored += content.ignored
        self.own += [self.name(own) for own in content.own]
        for path in content.placeholders:
            reason = f"{CLOUD_PLACEHOLDER.one}: {CLOUD_PLACEHOLDER.remedy}"
            entry = LedgerEntry(self.name(path), FileStatus.SKIPPED, reason, cause=CLOUD_PLACEHOLDER.name)
            self.entries.append(entry)
        if content.error and folder == self.tree.root:
            raise DataError(f"{str(folder)!r} cannot be read: {content.error}; check its permissions")
        if content.error:
            self.skip(folder, f"unreadable folder: {content.error}")
        return content

    def files_under(self, folder: Path, sort: SortPaths | None = None) -> Iterator[Path]:
        """Yield every file under a folder, a folder's own ones first, by name or as ``sort`` orders them.

        Links are followed, but no folder is entered twice, nor one that holds it.
        """
        entered = {get_file_id(place) for place in (folder.resolve(), *folder.resolve().parents)}
        waiting = [folder]
        while waiting:
            content = self.enter(waiting.pop())
            folders = [inner for inner in content.folders if not self._skip_thumbnails(inner, content)]
            files = list(content.files)
            if sort is not None:
                folders, files = sort(folders), sort(files)
            yield from files
            for inner in reversed(folders):
                file_id = get_file_id(inner)
                if file_id in entered:
                    self.notes.append(
                        f"{self.name(inner)!r} is a link to a folder that was already entered; not followed"
                    )
                else:
                    entered.add(file_id)
                    waiting.append(inner)

    def _skip_thumbnails(self, folder: Path, beside: FolderContent) -> bool:
        """Skip a folder that is called after thumbnails and has files of the same names as lie beside it."""
        if folder.name.lower().lstrip("._") not in _THUMBNAILS or not beside.files:
            return False
        content = self.tree.scan(folder)
        stems = {path.stem for path in beside.files}
        if content.folders or not content.files or not all(path.stem in stems for path in content.files):
            return False
        for path in content.files:
            self.skip(path, "a thumbnail: the file of this name lies above it")
        return True


def is_file_there(path: Path) -> bool:
    """Return whether a file is at a path that data name; False also for one that no system can hold."""
    return os.path.isfile(path)  # noqa: PTH113 (Path.is_file raises for names that are too long)


def get_file_id(folder: Path) -> tuple[int, int]:
    """Return device and inode, which are the same by whatever name a folder is reached."""
    status = folder.stat()
    return status.st_dev, status.st_ino


def _scan(folder: Path) -> FolderContent:
    folders: list[Path] = []
    files: list[Path] = []
    own: list[Path] = []
    placeholders: list[Path] = []
    kinds: Counter[str] = Counter()
    ignored = 0
    with os.scandir(folder) as inside:
        for item in sorted(inside, key=lambda item: item.name):
            path = folder / item.name
            if item.name.startswith(".") and item.name.endswith(".icloud"):
                placeholders.append(path)
            elif item.name.startswith(".") or item.name.lower() in SYSTEM:
                ignored += 1
                if kind := _RESOURCE_FILES if item.name.startswith("._") else _KINDS.get(item.name.lower()):
                    kinds[kind] += 1
            elif not _is_folder(item):
                files.append(path)
            elif is_own_folder(path):
                own.append(path)
            else:
                folders.append(path)
    return FolderContent(tuple(folders), tuple(files), ignored, tuple(own), kinds, tuple(placeholders))


def _is_folder(item: os.DirEntry[str]) -> bool:
    try:
        return item.is_dir()
    except OSError:  # a link that leads round in a circle
        return False
