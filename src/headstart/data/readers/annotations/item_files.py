"""Annotations in a JSON file for each item: those of LabelMe, SuperAnnotate and Supervisely.

LabelMe (B. Russell et al., *LabelMe: A Database and Web-Based Tool for Image Annotation*, 2008; the program so called
in Python) writes ``flags`` for the whole item and ``shapes`` with labels, beside an item or in a folder of their own.
"""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from headstart.data.choose_modality import choose_by_names
from headstart.data.decisions import Role
from headstart.data.readers.annotations.annotations import AnnotationSet, list_annotated
from headstart.data.readers.annotations.questions import (
    PREFERRED,
    LabelledTask,
    choose_question,
    decide_questions,
    make_item,
)
from headstart.data.readers.annotations.tool_rows import parse_superannotate, parse_uri
from headstart.data.readers.evidence import (
    decide_folders,
    find_beside,
    find_near_top,
    find_subset_in_folders,
)
from headstart.data.readers.json_stream import iter_json, read_ends
from headstart.data.readers.listing import SourceListing
from headstart.data.readers.reader import ReadContext
from headstart.data.readers.walk import FileTree, is_file_there
from headstart.quoting import quote_argument
from headstart_runtime.errors import DataError

_LOOK_AT = 8  #: files by which the format is known
_LEFT_OUT = "imageData"  #: the item itself, in LabelMe's files
_ENDINGS = re.compile(r"(___objects|___pixel|___fuse)?\.json$", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class _ItemFormat:
    """One program's files."""

    name: str  #: for a person
    keys: tuple[bytes, ...]  #: that a file has ...
    one_of: tuple[bytes, ...]  #: ... and one of these
    regions: str  #: the word for what is marked in an item


_LABELME = _ItemFormat(
    "LabelMe annotations", (b'"shapes"',), (b'"imagePath"', b'"imageHeight"', b'"imageData"'), "shapes"
)
_SUPERANNOTATE = _ItemFormat("annotations of SuperAnnotate", (b'"metadata"', b'"instances"'), (b'"name"',), "instances")
_SUPERVISELY = _ItemFormat("annotations of Supervisely", (b'"objects"', b'"tags"'), (b'"size"',), "objects")
_FORMATS = (_LABELME, _SUPERANNOTATE, _SUPERVISELY)


class ItemFileReader:
    """The reader of a folder with a JSON file of annotations for each item."""

    suffixes: tuple[str, ...] = ()
    label_place: str = "its annotations"

    def accepts(self, source: Any, tree: FileTree | None) -> bool:
        """Return whether a folder has such files, or a file is one of them."""
        if tree is not None:
            return _find_folder_format(tree) is not None
        return isinstance(source, Path) and source.suffix.lower() == ".json" and _find_file_format(source) is not None

    def list(self, source: Path, tree: FileTree | None, context: ReadContext) -> SourceListing:
        """Return the items with one flag or tag, or whose shapes have one label.

        Raises:
            DataError: it is the file of one item, or what they say cannot be read as one class for each item.
        """
        kind = _find_folder_format(tree) if tree else _find_file_format(source)
        assert kind is not None
        if tree is None:
            noun = choose_by_names(context.options.modality, [], repr(str(source))).modality.noun
            raise DataError(
                f"{str(source)!r} has {kind.name} of one {noun.one}; give the folder of all: "
                f"headstart check {quote_argument(source.parent)}"
            )
        every = [path for path in tree.files_under(tree.root) if path.suffix.lower() == ".json"]
        files = [path for path in every if _find_file_format(path) == kind]
        tasks = [_read_file(file, kind, tree) for file in files]
        question, notes = choose_question(str(source), tasks, context, PREFERRED)
        decisions = decide_folders(files, tree.root, Role.LABELS, f"{kind.name}, a file of each")
        found = AnnotationSet(
            kind.name,
            tree.root,
            [make_item(task, question) for task in tasks],
            frozenset(files),
            question or kind.regions,
            notes,
            (*decisions, *decide_questions(tasks, question, kind.regions)),
        )
        return list_annotated(str(source), found, tree, context)


def _find_file_format(path: Path) -> _ItemFormat | None:
    ends = read_ends(path)
    if not ends.startswith(b"{"):
        return None
    fits = (it for it in _FORMATS if all(key in ends for key in it.keys) and any(key in ends for key in it.one_of))
    return next(fits, None)


def _find_folder_format(tree: FileTree) -> _ItemFormat | None:
    found = (_find_file_format(path) for path in find_near_top(tree, (".json",))[:_LOOK_AT])
    return next(filter(None, found), None)


def _read_file(file: Path, kind: _ItemFormat, tree: FileTree) -> LabelledTask:
    """Return what a file says of its item, which is the one that it names, else the one that it is called after."""
    called = _ENDINGS.sub("", file.name)
    content: dict[str, Any] = {}
    problem = ""
    try:
        for key, value in iter_json(file):
            if key in ("shapes", "instances", "objects", "tags"):
                content.setdefault(key, []).append(value)
            elif key != _LEFT_OUT:
                content[key] = value
    except DataError:
        problem = "its annotation is no whole JSON file"
    if kind is _LABELME:
        task = _parse_labelme(content)
    elif kind is _SUPERANNOTATE:
        task = parse_superannotate(content)
    else:
        task = _parse_supervisely(content)
    task.place = _find_item(file, task.path, tree) or find_beside(tree, file, called)
    task.path = task.path.rpartition("/")[2] or called
    task.subset = find_subset_in_folders(task.place or file, tree.root)
    task.problem = problem
    return task


def _find_item(file: Path, path: str, tree: FileTree) -> Path | None:
    """Return the file at a path as an annotation has it, else that of its name beside the annotation."""
    place = Path(os.path.normpath(file.parent / path)) if path and "\0" not in path else None
    if place is not None and is_file_there(place):
        return place
    return find_beside(tree, file, path.rpartition("/")[2])


def _parse_labelme(content: Mapping[str, Any]) -> LabelledTask:
    task = LabelledTask(parse_uri(content.get("imagePath")))
    flags = content.get("flags")
    task.answer("flags", [name for name, is_set in flags.items() if is_set is True] if isinstance(flags, dict) else [])
    shapes = [one for one in content.get("shapes", ()) if isinstance(one, dict)]
    task.regions += [one["label"].strip() for one in shapes if isinstance(one.get("label"), str)]
    return task


def _parse_supervisely(content: Mapping[str, Any]) -> LabelledTask:
    task = LabelledTask("")
    tags = [one for one in content.get("tags", ()) if isinstance(one, dict)]
    task.answer("tags", [str(one.get("name")) for one in tags if one.get("value") is None])
    for one in tags:
        task.answer(str(one.get("name")), [one["value"]] if isinstance(one.get("value"), str) else [])
    objects = [one for one in content.get("objects", ()) if isinstance(one, dict)]
    task.regions += [one["classTitle"] for one in objects if isinstance(one.get("classTitle"), str)]
    return task
