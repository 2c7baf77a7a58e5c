"""Files near the top of a folder by which the format of a set is known, and where its items and subsets are."""

import os
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from headstart.data.decisions import Decision, PlaceKind, Role
from headstart.data.names import preview
from headstart.data.readers.walk import FileTree, is_file_there
from headstart.data.samples import Subset
from headstart.data.subsets import parse_subset

DEPTH = 3  #: folders below the root that are looked into
MOST_FILES = 64  #: files of one ending that are looked at
MOST_FOLDERS = 2000  #: folders that are looked into
MOST_BESIDE = 20  #: folders beside one that are looked into
LONGEST_NAME = 255
LOOK_AT = 50  #: paths by which a folder is found


def find_near_top(tree: FileTree, suffixes: Iterable[str]) -> list[Path]:
    """Return the first files of some endings ("" for none) in a folder and a few folders below it, uppermost first."""
    index = index_near_top(tree)
    found = [path for suffix in sorted(suffixes) for path in index.get(suffix, ())]
    return sorted(found, key=lambda path: len(path.parts))[:MOST_FILES]


def index_near_top(tree: FileTree) -> Mapping[str, Sequence[Path]]:
    """Return the files in a folder and a few folders below it by their endings in lower case."""
    if tree.near_top is None:
        index: defaultdict[str, list[Path]] = defaultdict(list)
        for folder in iter_folders(tree):
            for path in tree.scan(folder).files:
                index[os.path.splitext(path.name)[1].lower()].append(path)  # noqa: PTH122 (Path.suffix is slow)
        tree.near_top = dict(index)
    return tree.near_top


def iter_folders(tree: FileTree) -> Iterable[Path]:
    """Yield a folder and those a few levels below it, the uppermost first."""
    level, count = [tree.root], 0
    for _ in range(DEPTH + 1):
        for folder in level:
            count += 1
            if count > MOST_FOLDERS:
                return
            yield folder
        level = [inner for folder in level for inner in tree.scan(folder).folders]


def find_subset_in_path(path: Path, root: Path) -> Subset | None:
    """Return the subset that a file's name or the folders it lies in mean; the name's words first, from its end.

    Numbers at the end of a word do not count: ``instances_train2017.json`` is of train.
    """
    words = [re.sub(r"\d+$", "", word) for word in re.split(r"[\s._\-]+", path.name)]
    for word in words:
        if subset := parse_subset(word):
            return subset
    return find_subset_in_folders(path, root)


def find_subset_in_folders(path: Path, root: Path) -> Subset | None:
    """Return the subset that the folders between a root and a file mean; the innermost first."""
    steps = path.parent.relative_to(root).parts if path.is_relative_to(root) else (path.parent.name,)
    return next((subset for step in reversed(steps) if (subset := parse_subset(re.sub(r"\d+$", "", step)))), None)


def find_beside(tree: FileTree, file: Path, name: str) -> Path | None:
    """Return the file of a name in the folder of another file, or in a folder beside that."""
    if not name or "\0" in name or len(name) > LONGEST_NAME:
        return None
    beside = tree.scan(file.parent.parent).folders if file.parent != tree.root else ()
    folders = (file.parent, *beside[:MOST_BESIDE])
    return next((place for folder in folders if is_file_there(place := folder / name)), None)


def find_folder(file: Path, paths: Sequence[str]) -> Path:
    """Return the folder that the paths in a file begin at: its own, or the one above where more of them are there.

    Half of them in its own folder are enough: folders beside it may hold files of the same names.
    """
    some = [path for path in paths[:LOOK_AT] if path and "\0" not in path and len(path) < 1000]
    names = {path.rpartition("/")[2] for path in some}

    def count(folder: Path) -> int:
        there = sum(os.path.exists(folder / path) for path in some)  # noqa: PTH110 (Path.exists raises for long names)
        if there:
            return there
        try:
            inside = [it for it in folder.iterdir() if it.is_dir()]
        except OSError:
            return 0
        return max((sum(is_file_there(it / name) for name in names) for it in inside), default=0)

    own, above = file.parent, file.parent.parent
    found = count(own)
    return own if 2 * found >= len(some) or found >= count(above) else above


def describe_files(files: Sequence[Path], folder: Path | None = None) -> str:
    """Return the names of files for a message; their paths under a folder where one is given."""
    return preview([file.name if folder is None else file.relative_to(folder).as_posix() for file in files])


def decide_file(
    file: Path, folder: Path, role: Role, reason: str, *, value: str = "", count: int | None = None
) -> Decision:
    """Return the decision on a file of a source, or on all that a pattern such as ``labels/*.txt`` means."""
    steps = file.relative_to(folder).parts if file.is_relative_to(folder) else ()
    return Decision(PlaceKind.FILE, steps or (file.name,), role, reason, value, count)


def decide_folders(files: Iterable[Path], folder: Path, role: Role, reason: str) -> list[Decision]:
    """Return a decision for each folder that has some of many files, with their number, as ``Annotations/*.xml``."""
    counts = Counter(file.parent / f"*{file.suffix}" for file in files)
    return [decide_file(pattern, folder, role, reason, count=count) for pattern, count in counts.items()]
