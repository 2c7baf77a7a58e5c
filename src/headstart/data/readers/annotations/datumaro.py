"""Annotations as Datumaro writes them, and CVAT with its name: a JSON file for each part, with items and categories.

The items of ``annotations/train.json`` lie in ``images/train``; labels of whole items have the type ``label``.
"""

from pathlib import Path
from typing import Any

from headstart.data.readers.annotations.annotation_files import (
    TaskFile,
    choose_files,
    find_annotated_file,
    list_tasks,
)
from headstart.data.readers.annotations.questions import LabelledTask
from headstart.data.readers.annotations.tool_rows import parse_uri
from headstart.data.readers.evidence import find_near_top
from headstart.data.readers.json_stream import iter_json, read_ends
from headstart.data.readers.listing import SourceListing
from headstart.data.readers.reader import ReadContext
from headstart.data.readers.walk import FileTree

NAME = "annotations of Datumaro"
_WHOLE = "label"  #: the type of a label of a whole item
_KEYS = (b'"categories"', b'"items"', b'"annotations"')


class DatumaroReader:
    """The reader of such a file, and of a folder with one, or with one for each part."""

    suffixes: tuple[str, ...] = (".json",)
    label_place: str = "its annotations"

    def accepts(self, source: Any, tree: FileTree | None) -> bool:
        """Return whether a file is such annotations, or a folder has some."""
        if tree is not None:
            return bool(_find_datumaro_files(tree))
        return isinstance(source, Path) and source.is_file() and is_datumaro(source)

    def list(self, source: Path, tree: FileTree | None, context: ReadContext) -> SourceListing:
        """Return the items with one label, or whose boxes have one.

        Raises:
            DataError: a file is damaged, or what it says cannot be read as one class for each item.
        """
        chosen = choose_files(source, _find_datumaro_files(tree), NAME) if tree else {source: None}
        files = []
        for file, subset in chosen.items():
            tasks = _read_tasks(file)
            for task in tasks:
                task.subset = subset if len(chosen) > 1 else None
            files.append(TaskFile(file, subset, tasks))
        return list_tasks(source, tree, context, NAME, files)


def is_datumaro(path: Path) -> bool:
    """Return whether a file is annotations of Datumaro, by its bytes."""
    ends = read_ends(path)
    return ends.startswith(b"{") and all(key in ends for key in _KEYS) and (b'"label_id"' in ends or b'"attr"' in ends)


def _find_datumaro_files(tree: FileTree) -> list[Path]:
    return [path for path in find_near_top(tree, (".json",)) if is_datumaro(path)]


def _read_tasks(file: Path) -> list[LabelledTask]:
    names: list[str] = []
    items = []
    for key, value in iter_json(file):
        if key == "categories":
            names = _read_names(value)
        elif key == "items" and isinstance(value, dict):
            items.append(value)
    return [_parse_item(item, names, file) for item in items]


def _read_names(categories: Any) -> list[str]:
    said = categories.get("label") if isinstance(categories, dict) else None
    labels = said.get("labels") if isinstance(said, dict) else None
    listed = labels if isinstance(labels, list) else []
    return [str(one.get("name")) if isinstance(one, dict) else str(one) for one in listed]


def _parse_item(item: dict[str, Any], names: list[str], file: Path) -> LabelledTask:
    image = item.get("image")
    path = parse_uri(image.get("path") if isinstance(image, dict) else None) or parse_uri(item.get("id"))
    folders = [file.parent.parent / "images" / file.stem, file.parent.parent / "images"]
    task = LabelledTask(path, place=find_annotated_file(file, path, folders))
    annotations = item.get("annotations")
    labels: list[str] = []
    for one in annotations if isinstance(annotations, list) else ():
        number = one.get("label_id") if isinstance(one, dict) else None
        if type(number) is not int:
            continue
        if not 0 <= number < len(names):
            task.problem = f"class {number} has no name: there are {len(names)}"
        elif one.get("type") == _WHOLE:
            labels.append(names[number])
        else:
            task.regions.append(names[number])
    task.answer(_WHOLE, labels)
    return task
