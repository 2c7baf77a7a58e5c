"""The file of a table's row: beside the table as its path says, else wherever only one file can be meant.

Tables are made on other machines, for files in another folder, and some name files by an id without an ending. Where
a path leads nowhere, the files under the table's folder are listed once, and one is taken if its name, or its name
without the ending, is that of the row and of no other row.
"""

import os
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path, PurePosixPath

from headstart.data.names import preview
from headstart.modalities.modality import Modality

DEPTH = 4  #: folders below the table's that are looked into
MOST_FILES = 500_000  #: that are listed; beyond, nothing is guessed


@dataclass(frozen=True, slots=True)
class LocatedFiles:
    """The files of some paths."""

    places: Mapping[str, Path]  #: of each path, whether a file is there or not
    reasons: Mapping[str, str]  #: of a path for which none can be taken, why
    notes: tuple[str, ...]


def locate_files(table: Path, paths: Iterable[str], modality: Modality) -> LocatedFiles:
    """Return the files that the paths of a table mean.

    Args:
        table: its folder is where paths begin.
        paths: as the table has them.
        modality: of the files, by whose endings they are looked for.
    """
    places: dict[str, Path] = {}
    missing = []
    for path in dict.fromkeys(paths):
        places[path] = _resolve(table.parent, path)
        if path and not os.path.exists(places[path]):  # noqa: PTH110 (Path.exists raises for names that are too long)
            missing.append(path)
    if not missing:
        return LocatedFiles(places, {}, ())
    files = _FileIndex(table.parent, modality)
    candidates = {path: files.find(path) for path in missing}
    claims: defaultdict[str, list[str]] = defaultdict(list)
    for path, found in candidates.items():
        if len(found) == 1:
            claims[found[0]].append(path)
    taken = {of_file[0]: file for file, of_file in claims.items() if len(of_file) == 1}
    places.update({path: table.parent / file for path, file in taken.items()})
    reasons = {
        path: f"missing file; it may be one of {len(found)}: {preview(found)}"
        for path, found in candidates.items()
        if len(found) > 1
    }
    return LocatedFiles(places, reasons, tuple(_describe(table.parent, missing, taken, files)))


def _describe(folder: Path, missing: list[str], taken: Mapping[str, str], files: "_FileIndex") -> list[str]:
    notes = []
    if taken:
        path, file = next(iter(taken.items()))
        notes.append(
            f"{len(taken)} {files.noun.many} were found by their names, such as {file!r} for {preview([path])}"
        )
    lost = len(missing) - len(taken)
    if lost > 1:
        notes.append(
            f"{lost} paths lead to no file; they were looked for in {str(folder)!r}, which has {files.summary}"
        )
    return notes


def _resolve(folder: Path, path: str) -> Path:
    """Return the file that a path leads to. Tables made on Windows may have backslashes in their paths."""
    located = folder / path
    if "\\" in path and not os.path.exists(located):  # noqa: PTH110
        return folder / path.replace("\\", "/")
    return located


class _FileIndex:
    """The files of a modality under a folder, listed when first asked for."""

    def __init__(self, folder: Path, modality: Modality) -> None:
        self._folder = folder
        self._suffixes = modality.suffixes
        self.noun = modality.noun
        self._by_folders: dict[str, dict[tuple[str, ...], list[str]]] = {}  #: of a name, once it is asked for

    def find(self, path: str) -> list[str]:
        """Return the files that a path may mean: those that share most of its last steps, in any case."""
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

    @property
    def summary(self) -> str:
        """The files that there are, for a person."""
        if not self._files:
            return f"no {self.noun.many} in it"
        folders = sorted({os.path.dirname(file) or "." for file in self._files})  # noqa: PTH120
        return f"{len(self._files)} {self.noun.many}, such as {self._files[0]!r}, in {preview(folders)}"

    @cached_property
    def _by_name(self) -> dict[str, list[str]]:
        """Name, and name without ending, in any case -> files."""
        named: defaultdict[str, list[str]] = defaultdict(list)
        for file in self._files:
            name = file.rpartition("/")[2].casefold()
            named[name].append(file)
            named[name.rpartition(".")[0]].append(file)
        return named

    @cached_property
    def _files(self) -> list[str]:
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
