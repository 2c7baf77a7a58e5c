"""Labels as FiftyOne exports them: ``labels.json`` with the classes and the index of each item's, beside ``data``.

The ids are names of files without their endings, with the folders under ``data``. The same file of a detection set has
a list of boxes for each item.
"""

import re
from pathlib import Path
from typing import Any

from headstart.data.readers.annotations.annotation_files import TaskFile, choose_files, list_tasks
from headstart.data.readers.annotations.questions import LabelledTask
from headstart.data.readers.evidence import find_near_top
from headstart.data.readers.json_stream import iter_json, read_ends
from headstart.data.readers.listing import SourceListing
from headstart.data.readers.reader import ReadContext
from headstart.data.readers.walk import FileTree
from headstart_runtime.errors import DataError

NAME = "labels of FiftyOne"
FOLDER = "data"
_BEGINNING = re.compile(rb'\{\s*"classes"\s*:\s*(\[\s*["\]]|null)')


class ClassIndexReader:
    """The reader of such a file, and of a folder with one, or with one for each part."""

    suffixes: tuple[str, ...] = (".json",)
    label_place: str = "its labels"

    def accepts(self, source: Any, tree: FileTree | None) -> bool:
        """Return whether a file is of this kind, or a folder has one."""
        if tree is not None:
            return bool(_find_label_files(tree))
        return isinstance(source, Path) and source.is_file() and _has_indices(source)

    def list(self, source: Path, tree: FileTree | None, context: ReadContext) -> SourceListing:
        """Return the items with one class.

        Raises:
            DataError: a file is damaged, or it has no one class for each item.
        """
        chosen = choose_files(source, _find_label_files(tree), NAME) if tree else {source: None}
        files = []
        for file, subset in chosen.items():
            tasks = _read_indices(file)
            for task in tasks:
                task.subset = subset if len(chosen) > 1 else None
            files.append(TaskFile(file, subset, tasks))
        return list_tasks(source, tree, context, NAME, files)


def _has_indices(path: Path) -> bool:
    ends = read_ends(path)
    return _BEGINNING.match(ends) is not None and re.search(rb'"labels"\s*:\s*\{', ends) is not None


def _find_label_files(tree: FileTree) -> list[Path]:
    return [path for path in find_near_top(tree, (".json",)) if _has_indices(path)]


def _read_indices(file: Path) -> list[LabelledTask]:
    classes: list[str] = []
    labels: dict[str, Any] = {}
    for key, value in iter_json(file):
        if key == "classes" and value is not None:
            classes.append(str(value))
        elif key == "labels" and isinstance(value, dict):
            labels = value
    places = _list_places(file)
    tasks = []
    for name, said in labels.items():
        task = LabelledTask(f"{FOLDER}/{name}", place=places.get(name))
        try:
            if isinstance(said, list) and any(isinstance(one, dict) for one in said):
                task.regions += [_name_class(one.get("label"), classes) for one in said if isinstance(one, dict)]
            else:
                task.answer(
                    "label", [_name_class(one, classes) for one in (said if isinstance(said, list) else [said])]
                )
        except DataError as error:
            task.problem = str(error)
        tasks.append(task)
    return tasks


def _name_class(said: Any, classes: list[str]) -> str:
    """Return the name of a class by its index, with its confidence or alone; "" for none.

    Raises:
        DataError: no class has the index.
    """
    index = said.get("label") if isinstance(said, dict) else said
    if isinstance(index, str) or index is None:
        return index or ""
    if isinstance(index, bool) or not isinstance(index, int) or not 0 <= index < len(classes):
        raise DataError(f"class {index} has no name: there are {len(classes)}")
    return classes[index]


def _list_places(file: Path) -> dict[str, Path]:
    """Return the files under the folder of items by their ids."""
    folder = file.parent / FOLDER
    if not folder.is_dir():
        return {}
    found = {}
    for path in FileTree(folder).files_under(folder):
        inside = path.relative_to(folder)
        found[inside.with_suffix("").as_posix()] = path
        found.setdefault(inside.as_posix(), path)
    return found
