"""The files of a kind under a folder, by the ends of their paths: what the path of a table's row may mean."""

import os
import re
import unicodedata
from collections import defaultdict
from collections.abc import Collection
from functools import cached_property
from pathlib import Path, PurePosixPath
from urllib.parse import unquote

from headstart.data.names import preview
from headstart.data.readers.tables.same_names import NameChoice
from headstart.data.samples import Subset
from headstart_runtime.modalities.modality import Modality

DEPTH = 4  #: folders below the first that are looked into
MOST_FILES = 500_000  #: that are listed; beyond, nothing is guessed


def normalise_path(path: str) -> str:
    """Return a path with "/" and without steps that lead nowhere."""
    return os.path.normpath(path.replace("\\", "/")).replace(os.sep, "/")


def fold_name(name: str) -> str:
    """Return a name as it is compared: in any case, composed letters as one (macOS writes ``a`` and dots apart)."""
    return unicodedata.normalize("NFC", name).casefold()


class FileIndex:
    """The files of a modality under a folder, listed when first asked for."""

    def __init__(
        self, folder: Path, modality: Modality, files: list[str] | None = None, part: Subset | None = None
    ) -> None:
        self._folder = folder
        self._suffixes = modality.suffixes
        self.noun = modality.noun
        self._choice = NameChoice(modality.hints, part)
        self._by_folders: dict[str, dict[tuple[str, ...], list[str]]] = {}  #: of a name, once it is asked for
        if files is not None:
            self.__dict__["files"] = files

    def find(self, path: str) -> list[str]:
        """Return the files that a path may mean; of several no masks, nor those of other parts than the table's."""
        return self._choice.choose(self.find_same(path))

    def find_same(self, path: str) -> list[str]:
        """Return the files of the name of a path: those that share most of its last steps, in any case."""
        if not self.files:
            return []
        if "://" in path:  # on the web, perhaps with a question behind it
            path = unquote(re.split(r"[?#]", path, maxsplit=1)[0])
        wanted = [fold_name(step) for step in PurePosixPath(path.replace("\\", "/")).parts]
        if not wanted or not wanted[-1].strip(". "):
            return []
        *folders, name = wanted
        same = self._by_name.get(name) or self._find_other_ending(name)
        if len(same) < 2:
            return same
        if name not in self._by_folders:
            self._by_folders[name] = _index_by_folders(same)
        tails = (tuple(folders[-count:]) for count in range(min(len(folders), DEPTH), 0, -1))
        found = (self._by_folders[name].get(tail) for tail in tails)
        return next(filter(None, found), same)

    def _find_other_ending(self, name: str) -> list[str]:
        """Return the files of a name with another ending of the kind: ``1.jpg`` where a table says ``1.tif``."""
        head, dot, ending = name.rpartition(".")
        return self._by_name.get(head, []) if dot and head and f".{ending}" in self._suffixes else []

    def find_all(self, paths: Collection[str]) -> dict[str, list[str]]:
        """Return path -> files that it may mean, of those that may mean any."""
        if not self.files:
            return {}
        found = {path: same for path in paths if (same := self.find_same(path))}
        return self._choice.choose_all(found)

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
            name = fold_name(file.rpartition("/")[2])
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
        folders = tuple(fold_name(file).split("/")[:-1])
        for first in range(len(folders)):
            found[folders[first:]].append(file)
    return dict(found)
