"""The file of a table's row: beside the table as its path says, else wherever only one file can be meant.

Tables are made on other machines, for files in another folder, and some name files by an id without an ending. Where
a path leads nowhere, the files under the table's folder are listed once, and one is taken if its name, or its name
without the ending, is that of the row and of no other row; where nearly all rows lack one so, names that are almost
the same count. Where the table's folder has no files of the kind, those
in the folder above it count, if most of the paths are found there.
"""

import os
import re
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path, PurePosixPath

from headstart.data.names import preview
from headstart.data.readers.tables.file_index import FileIndex, fold_name, normalise_path
from headstart.data.readers.tables.loose_names import match_loosely
from headstart.data.readers.tables.number_shift import NumberShift, find_number_shift
from headstart.data.samples import Subset
from headstart.data.sources import FileSource
from headstart_runtime.modalities.modality import Modality

_SIZES = re.compile("size|scale|res|px|crop")  #: in names of folders with the same files once more
_URL = re.compile(r"(?!file:)[a-z][a-z0-9+.\-]*://", re.IGNORECASE)  #: of what is on the web or in a cloud's store
MOST_URLS = 0.5  #: share of the URLs of labelled items that have to be called like files
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
    conflict: str = ""  #: where folders have other numbers here than in the paths, what differs
    shift: NumberShift | None = None  #: where the numbers of the paths may be one off those of the files

    def find(self, path: str) -> TableFile:
        """Return the file that a path means, whether it is there or not."""
        return TableFile(*self.elsewhere.get(path, (self.folder, path)))


def locate_files(
    table: Path,
    paths: Collection[str],
    modality: Modality,
    *,
    urls_found: float = MOST_URLS,
    part: Subset | None = None,
) -> LocatedFiles:
    """Return the files that the paths of a table mean.

    Args:
        table: its folder is where paths begin.
        paths: as the table has them.
        modality: of the files, by whose endings they are looked for.
        urls_found: share of the URLs among them that have to be called like files, so that files are taken for them.
        part: of all rows: of files of one name those in its folder are meant; None for no part.
    """
    finder = FileFinder(table.parent, modality, part=part)
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
    direct = {normalise_path(path) for path in paths if path and path not in missing}
    claims: defaultdict[str, list[str]] = defaultdict(list)
    for path, found in candidates.items():
        if len(found) == 1 and (finder.base != table.parent or found[0] not in direct):
            claims[found[0]].append(path)
    taken: Mapping[str, str] = {
        path: file for file, of_file in claims.items() if (path := _choose_claim(of_file, file))
    }
    taken, url_note = _leave_urls(taken, missing, urls_found)
    left = [path for path in missing if path not in candidates and not (url_note and _URL.match(path))]
    loose = finder.find_loosely(left, {*direct, *claims})
    elsewhere.update({path: (finder.base, file) for path, file in {**taken, **loose}.items()})
    reasons = {
        path: f"missing file; it may be one of {len(found)}: {preview(found)}"
        for path, found in candidates.items()
        if len(found) > 1 and not (url_note and _URL.match(path))
    }
    notes = [url_note] if url_note else _describe(table.parent, len(missing) - len(loose), taken, finder)
    if loose:
        path, file = next(iter(loose.items()))
        notes.append(
            f"{finder.noun.count(len(loose))} found by names that are almost those of the table, such as {file!r} for "
            f"{path!r}: only zeros and the signs between words differ"
        )
    places = {
        path: (elsewhere[path][1] if path in elsewhere else None if path in missing else normalise_path(path))
        for path in paths
        if path
    }
    shift = find_number_shift(places, finder.files)
    return LocatedFiles(table.parent, elsewhere, reasons, tuple(notes), _describe_conflict(taken), shift)


def _leave_urls(taken: Mapping[str, str], missing: Collection[str], share: float) -> tuple[Mapping[str, str], str]:
    """Return the files that are taken without those of URLs, where few URLs have one, and a note; else all of them."""
    urls = [path for path in missing if _URL.match(path)]
    here = {path: taken[path] for path in urls if path in taken}
    if not here or len(here) >= share * len(urls):
        return taken, ""
    path, file = next(iter(here.items()))
    note = (
        f"{len(here)} of {len(urls)} URLs are called like files here, such as {preview([path])} like {file!r}: these "
        "are not taken for them, since the others have none; nothing is fetched: fetch all, or leave the rows without "
        "a file out"
    )
    return {path: file for path, file in taken.items() if path not in here}, note


def _choose_claim(paths: Sequence[str], file: str) -> str:
    """Return the one path that means a file: the only one, or the only one that names its folder; "" for none."""
    folder = fold_name(PurePosixPath(file).parent.name)
    if len(paths) > 1:
        paths = [path for path in paths if fold_name(PurePosixPath(path.replace("\\", "/")).parent.name) == folder]
    return paths[0] if len(paths) == 1 else ""


def _describe_conflict(taken: Mapping[str, str]) -> str:
    """Return how the folders of paths differ from those of their files by a number only; "" where most do not."""
    apart: list[tuple[str, str]] = []
    for path, file in taken.items():
        said, here = PurePosixPath(path.replace("\\", "/")).parent.name, PurePosixPath(file).parent.name
        words = [re.sub(r"\d+", "#", name.casefold()) for name in (said, here)]
        alike = "#" in words[0] and words[0] == words[1] and not _SIZES.search(words[0])
        if alike and fold_name(said) != fold_name(here):
            apart.append((said, here))
    if 2 * len(apart) <= len(taken) or not apart:
        return ""
    said, here = apart[0]
    path, file = next(iter(taken.items()))
    return (
        f"{len(apart)} of its paths say {said!r}, but the files of these names lie in {here!r} ({path!r} would be "
        f"{file!r})"
    )


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

    def __init__(
        self, folder: Path, modality: Modality, files: list[str] | None = None, part: Subset | None = None
    ) -> None:
        """Take a folder, or the paths of the files of an archive in it; and the part of those that are meant."""
        self.base = folder  #: under which files are looked for by name
        self.noun, self.suffixes = modality.noun, modality.suffixes
        self._folder = folder
        self._index = FileIndex(folder, modality, files, part)
        self._part = part
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

    def count_leading(self, paths: Sequence[str], *, by_name_alone: bool = False) -> int:
        """Return how many paths lead to a file, as they stand or because one file only may be meant by their name.

        With ``by_name_alone`` none counts of which several files have the name, whatever folders these lie in.
        """
        leading = sum(bool(self._find_there(path)) or len(self._find(path, by_name_alone)) == 1 for path in paths)
        if not leading:
            find = self._above.find_same if by_name_alone else self._above.find
            above = sum(len(find(path)) == 1 for path in paths)
            return above if above >= ABOVE else 0
        return leading

    def find_loosely(self, paths: Collection[str], taken: Collection[str] = ()) -> Mapping[str, str]:
        """Return path -> file under ``base``, by names that are almost the same; nothing where that is not clear."""
        return match_loosely(paths, [file for file in self._index.files if file not in taken]) if paths else {}

    def find_exactly(self, path: str) -> str:
        """Return the file that a path leads to by its whole name, with the ending; "" for none or several."""
        if place := self._find_there(path):
            return normalise_path(place)
        found = self._index.find(path)
        name = PurePosixPath(path.replace("\\", "/")).name.casefold()
        return found[0] if len(found) == 1 and PurePosixPath(found[0]).name.casefold() == name else ""

    def find_in_folder(self, folder: str, name: str) -> str:
        """Return the one file of a name in a folder whose last step is that of another; "" for none or several."""
        path = "/".join(step for step in (folder.replace("\\", "/").strip("/ "), name) if step)
        found = self._index.find_same(path)
        last = PurePosixPath(path).parent.name.casefold()
        inside = [file for file in found if PurePosixPath(file).parent.name.casefold() == last]
        return inside[0] if len(inside) == 1 else ""

    def find_several(self, path: str) -> list[str]:
        """Return all files that a path may mean by its name."""
        return self._index.find(path)

    def find_same(self, path: str) -> list[str]:
        """Return all files that have the name of a path, whatever folders they lie in."""
        return self._index.find_same(path)

    def find_files(self, path: str) -> list[str]:
        """Return the file that a path leads to, or all that it may mean by its name."""
        place = self._find_there(path)
        known = normalise_path(place) if place else ""
        return [known] if known in self._known else self._find(path, by_name_alone=False)

    @cached_property
    def _known(self) -> frozenset[str]:
        """All files below the folder."""
        return frozenset(self._index.files)

    @property
    def files(self) -> Sequence[str]:
        """The files that there are, below ``base``."""
        return self._index.files

    def _find_there(self, path: str) -> str:
        """Return the path of a file that is there as it stands; "" for none."""
        place = None if "\0" in path else self.resolve(path)
        return place if place and os.path.isfile(os.path.join(self._start, place)) else ""  # noqa: PTH113, PTH118

    def _find(self, path: str, by_name_alone: bool) -> list[str]:
        return [] if "\0" in path else self._index.find_same(path) if by_name_alone else self._index.find(path)

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
    def _above(self) -> "FileIndex":
        """The files under the folder above; none where the table's own folder has some."""
        above = self._folder.resolve().parent
        alone = any(self._index.files) or above in (Path(above.anchor), Path.home())
        return FileIndex(self._folder.parent, self._modality, [] if alone else None, self._part)
