"""The file of a table's row: beside the table as its path says, else wherever only one file can be meant.

Tables are made on other machines, for files in another folder, and some name files by an id without an ending. Where
a path leads nowhere, the files under the table's folder are listed once, and one is taken if its name, or its name
without the ending, is that of the row and of no other row. Where the table's folder has no files of the kind, those
in the folder above it count, if most of the paths are found there.
"""

import os
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path, PurePosixPath

from headstart.data.names import preview
from headstart.data.sources import FileSource
from headstart.modalities.modality import Modality

DEPTH = 4  #: folders below the table's that are looked into
MOST_FILES = 500_000  #: that are listed; beyond, nothing is guessed
ABOVE = 3  #: paths at least that have to be found above the table's folder


class TableFile(FileSource):
    """The file of a row, of which only the text is kept: a path is made when somebody asks for it."""

    __slots__ = ("_folder", "_name")
    _folder: Path
    _name: str

    def __init__(self, folder: Path, name: str) -> None:
        object.__setattr__(self, "_folder", folder)
        object.__setattr__(self, "_name", name)

    @property
    def path(self) -> Path:
        """The file's path."""
        return self._folder / self._name

    def __reduce__(self) -> tuple[object, ...]:
        return TableFile, (self._folder, self._name)


@dataclass(frozen=True, slots=True)
class LocatedFiles:
    """The files of some paths."""

    folder: Path  #: where paths begin
    elsewhere: Mapping[str, tuple[Path, str]]  #: of a path that means another file, where that begins, and its path
    reasons: Mapping[str, str]  #: of a path for which none can be taken, why
    notes: tuple[str, ...] = ()

    def find(self, path: str) -> TableFile:
        """Return the file that a path means, whether it is there or not."""
        return TableFile(*self.elsewhere.get(path, (self.folder, path)))


def locate_files(table: Path, paths: Iterable[str], modality: Modality) -> LocatedFiles:
    """Return the files that the paths of a table mean.

    Args:
        table: its folder is where paths begin.
        paths: as the table has them.
        modality: of the files, by whose endings they are looked for.
    """
    finder = FileFinder(table.parent, modality)
    elsewhere: dict[str, tuple[Path, str]] = {}
    missing: dict[str, None] = {}
    for path in paths:
        if path in missing or not path or path in elsewhere:
            continue
        place = finder.resolve(path)
        if place is None:
            missing[path] = None
        if "\\" in path and place != path:
            elsewhere[path] = table.parent, path.replace("\\", "/")
    if not missing:
        return LocatedFiles(table.parent, elsewhere, {})
    candidates = finder.find_all(missing)
    claims: defaultdict[str, list[str]] = defaultdict(list)
    for path, found in candidates.items():
        if len(found) == 1:
            claims[found[0]].append(path)
    taken = {of_file[0]: file for file, of_file in claims.items() if len(of_file) == 1}
    elsewhere.update({path: (finder.base, file) for path, file in taken.items()})
    reasons = {
        path: f"missing file; it may be one of {len(found)}: {preview(found)}"
        for path, found in candidates.items()
        if len(found) > 1
    }
    notes = _describe(table.parent, len(missing), taken, finder)
    return LocatedFiles(table.parent, elsewhere, reasons, tuple(notes))


def _describe(folder: Path, missing: int, taken: Mapping[str, str], finder: "FileFinder") -> list[str]:
    notes = []
    if taken:
        path, file = next(iter(taken.items()))
        above = "" if finder.base == folder else f" in {str(finder.base)!r}"
        notes.append(
            f"{len(taken)} {finder.noun.many} were found by their names{above}, such as {file!r} for {preview([path])}"
        )
    lost = missing - len(taken)
    if lost > 1:
        notes.append(
            f"{lost} paths lead to no file; they were looked for in {str(finder.base)!r}, which has {finder.summary}"
        )
    return notes


class FileFinder:
    """The files of a modality that the paths of a table may mean; a folder is listed when it is first needed."""

    def __init__(self, folder: Path, modality: Modality) -> None:
        self.base = folder  #: under which files are looked for by name
        self.noun = modality.noun
        self._folder = folder
        self._index = _FileIndex(folder, modality)
        self._modality = modality
        self._start = os.path.join(folder, "")  # noqa: PTH118

    def resolve(self, path: str) -> str | None:
        """Return the path, with slashes for backslashes where only so a file or folder is there; None for none."""
        exists = os.path.exists  # Path.exists raises for names that are too long
        whole = path[:1] == "/" or ":" in path
        if exists(os.path.join(self._start, path) if whole else self._start + path):  # noqa: PTH118
            return path
        other = path.replace("\\", "/") if "\\" in path else ""
        return other if other and exists(os.path.join(self._start, other)) else None  # noqa: PTH118

    def count_leading(self, paths: Sequence[str]) -> int:
        """Return how many paths lead to a file, as they stand or because one file only has their name."""
        leading = sum(self._leads(path) for path in paths)
        if not leading:
            above = sum(len(self._above.find(path)) == 1 for path in paths)
            return above if above >= ABOVE else 0
        return leading

    def _leads(self, path: str) -> bool:
        if "\0" in path:
            return False
        place = self.resolve(path)
        is_file = place is not None and os.path.isfile(os.path.join(self._start, place))  # noqa: PTH113, PTH118
        return is_file or len(self._index.find(path)) == 1

    def find_all(self, paths: Collection[str]) -> dict[str, list[str]]:
        """Return the files under ``base`` that each of some paths may mean, where there are any."""
        found = self._index.find_all(paths)
        if not found and self._above.files:
            above = self._above.find_all(paths)
            hits = sum(len(files) == 1 for files in above.values())
            if hits >= ABOVE and 2 * hits >= len(paths):
                self.base, self._index = self._folder.parent, self._above
                return above
        return found

    @property
    def summary(self) -> str:
        """The files that there are, for a person."""
        return self._index.summary

    @cached_property
    def _above(self) -> "_FileIndex":
        """The files under the folder above; none where the table's own folder has some."""
        above = self._folder.resolve().parent
        alone = any(self._index.files) or above in (Path(above.anchor), Path.home())
        return _FileIndex(self._folder.parent, self._modality, [] if alone else None)


class _FileIndex:
    """The files of a modality under a folder, listed when first asked for."""

    def __init__(self, folder: Path, modality: Modality, files: list[str] | None = None) -> None:
        self._folder = folder
        self._suffixes = modality.suffixes
        self.noun = modality.noun
        self._by_folders: dict[str, dict[tuple[str, ...], list[str]]] = {}  #: of a name, once it is asked for
        if files is not None:
            self.__dict__["files"] = files

    def find(self, path: str) -> list[str]:
        """Return the files that a path may mean: those that share most of its last steps, in any case."""
        if not self.files:
            return []
        wanted = [step.casefold() for step in PurePosixPath(path.replace("\\", "/")).parts]
        if not wanted or not wanted[-1].strip(". "):
            return []
        *folders, name = wanted
        same = self._by_name.get(name, [])
        if len(same) < 2:
            return same
        if name not in self._by_folders:
            self._by_folders[name] = _index_by_folders(same)
        tails = (tuple(folders[-count:]) for count in range(min(len(folders), DEPTH), 0, -1))
        found = (self._by_folders[name].get(tail) for tail in tails)
        return next(filter(None, found), same)

    def find_all(self, paths: Collection[str]) -> dict[str, list[str]]:
        """Return path -> files that it may mean, of those that may mean any."""
        if not self.files:
            return {}
        return {path: found for path in paths if (found := self.find(path))}

    @property
    def summary(self) -> str:
        """The files that there are, for a person."""
        if not self.files:
            return f"no {self.noun.many} in it"
        folders = sorted({os.path.dirname(file) or "." for file in self.files})  # noqa: PTH120
        return f"{len(self.files)} {self.noun.many}, such as {self.files[0]!r}, in {preview(folders)}"

    @cached_property
    def _by_name(self) -> dict[str, list[str]]:
        """Name, and name without ending, in any case -> files."""
        named: defaultdict[str, list[str]] = defaultdict(list)
        for file in self.files:
            name = file.rpartition("/")[2].casefold()
            named[name].append(file)
            named[name.rpartition(".")[0]].append(file)
        return named

    @cached_property
    def files(self) -> list[str]:
        """Paths of files under the folder, with "/"; empty where there are too many to guess among."""
        found: list[str] = []
        for here, folders, files in os.walk(self._folder):
            inside = os.path.relpath(here, self._folder)
            depth = 0 if inside == "." else inside.count(os.sep) + 1
            folders[:] = sorted(name for name in folders if not name.startswith(".")) if depth < DEPTH else []
            start = "" if inside == "." else inside.replace(os.sep, "/") + "/"
            found += [start + name for name in sorted(files) if os.path.splitext(name)[1].lower() in self._suffixes]  # noqa: PTH122
            if len(found) > MOST_FILES:
                return []
        return found


def _index_by_folders(files: list[str]) -> dict[tuple[str, ...], list[str]]:
    """Return any number of last folders, in any case -> the files in them, so that each row is one look-up."""
    found: defaultdict[tuple[str, ...], list[str]] = defaultdict(list)
    for file in files:
        folders = tuple(file.casefold().split("/")[:-1])
        for first in range(len(folders)):
            found[folders[first:]].append(file)
    return dict(found)
