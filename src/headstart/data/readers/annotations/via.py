"""Annotations of the VGG Image Annotator: its project or its export as JSON, and its CSV with a row for each region.

A. Dutta and A. Zisserman, *The VIA Annotation Software for Images, Audio and Video* (2019). Attributes are of the whole
file (text, a choice, or several) or of a region. Version 3 keeps files, attributes and what is said of them apart.
"""

import csv
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from headstart.data.decisions import Decision, PlaceKind, Role
from headstart.data.readers.annotations.annotation_files import TaskFile, choose_files, find_annotated_file, list_tasks
from headstart.data.readers.annotations.questions import PREFERRED, LabelledTask
from headstart.data.readers.annotations.tool_rows import parse_uri
from headstart.data.readers.evidence import find_near_top
from headstart.data.readers.json_stream import iter_json, read_ends
from headstart.data.readers.listing import SourceListing
from headstart.data.readers.reader import ReadContext
from headstart.data.readers.walk import FileTree
from headstart_runtime.errors import DataError, refuse_machine_faults
from headstart_runtime.parsing import parse_json

NAME = "annotations of VIA"
_METADATA = "_via_img_metadata"
_MOST_TEXTS = 10  #: different answers, of which more than half of the files have one of their own: these are texts


class ViaReader:
    """The reader of such a file, and of a folder with one, or with one for each part."""

    suffixes: tuple[str, ...] = (".json",)
    label_place: str = "its annotations"

    def accepts(self, source: Any, tree: FileTree | None) -> bool:
        """Return whether a file is such annotations, or a folder has some."""
        if tree is not None:
            return bool(_find_via_files(tree))
        return isinstance(source, Path) and source.is_file() and is_via(source)

    def list(self, source: Path, tree: FileTree | None, context: ReadContext) -> SourceListing:
        """Return the items with one attribute of the whole file, or whose regions have one label.

        Raises:
            DataError: a file is damaged, or what it says cannot be read as one class for each item.
        """
        every = _find_via_files(tree) if tree else [source]
        chosen = choose_files(source, every, NAME, "via_project") if tree else {source: None}
        files = []
        for file, subset in chosen.items():
            tasks = _read_files(file)
            for task in tasks:
                task.subset = subset if len(chosen) > 1 else None
                task.place = find_annotated_file(file, task.path, [file.parent / "images"])
            files.append(TaskFile(file, subset, tasks))
        texts = _drop_texts([task for file in files for task in file.tasks], context.options.label_column)
        left = [file for file in every if file not in chosen]
        return list_tasks(source, tree, context, NAME, files, ("file attributes", "regions"), left, texts)


def is_via(path: Path) -> bool:
    """Return whether a file is annotations of VIA, by its bytes."""
    ends = read_ends(path)
    if ends.startswith(b"{"):
        plain = b'"file_attributes"' in ends and b'"filename"' in ends
        return plain or b'"_via_' in ends or (b'"vid_list"' in ends and b'"metadata"' in ends)
    header = ends.split(b"\n", 1)[0]
    return b"file_attributes" in header and b"region_attributes" in header


def _find_via_files(tree: FileTree) -> list[Path]:
    return [path for path in find_near_top(tree, (".json", ".csv")) if is_via(path)]


def _read_files(file: Path) -> list[LabelledTask]:
    """Return a task for each file that is annotated.

    Raises:
        DataError: it is damaged.
    """
    if not read_ends(file).startswith(b"{"):
        return _parse_rows(_iter_csv_rows(file))
    content = {key: value for key, value in iter_json(file) if isinstance(value, dict)}
    if "metadata" in content and "file" in content:
        return _parse_version_3(content)
    entries = content.get(_METADATA, content)
    return [_parse_entry(entry) for entry in entries.values() if isinstance(entry, dict) and "filename" in entry]


def _iter_csv_rows(file: Path) -> Iterator[dict[str, Any]]:
    try:
        with file.open(encoding="utf-8-sig", newline="") as stream:
            lines = (line.removeprefix("#") if at == 0 else line for at, line in enumerate(stream))
            yield from csv.DictReader(lines, strict=True)
    except (csv.Error, ValueError) as error:
        raise DataError(f"{str(file)!r} is no whole CSV file: {error}; export it again") from None
    except OSError as error:
        refuse_machine_faults(error, f"to read {str(file)!r}")
        raise DataError(f"{str(file)!r} cannot be read: {error.strerror or error}; check the file") from None


def _parse_rows(rows: Iterator[dict[str, Any]]) -> list[LabelledTask]:
    """Return a task for each file of a CSV, which has a row for each region."""
    entries: dict[str, dict[str, Any]] = {}
    for row in rows:
        entry = entries.setdefault(str(row.get("filename")), {"filename": row.get("filename"), "regions": []})
        entry["file_attributes"] = _parse_cell(row.get("file_attributes"))
        entry["regions"].append({"region_attributes": _parse_cell(row.get("region_attributes"))})
    return [_parse_entry(entry) for entry in entries.values()]


def _parse_cell(cell: Any) -> Any:
    try:
        return parse_json(cell) if isinstance(cell, str) else {}
    except ValueError:
        return {}


def _parse_entry(entry: Mapping[str, Any]) -> LabelledTask:
    task = LabelledTask(parse_uri(entry.get("filename")))
    attributes = entry.get("file_attributes")
    for name, value in attributes.items() if isinstance(attributes, dict) else ():
        task.answer(name, _list_values(value))
    regions = entry.get("regions")
    listed = list(regions.values()) if isinstance(regions, dict) else regions  # of version 1 by number
    for region in listed if isinstance(listed, list) else ():
        said = region.get("region_attributes") if isinstance(region, dict) else None
        task.regions += _choose_region_label(said) if isinstance(said, dict) else []
    return task


def _choose_region_label(attributes: Mapping[str, Any]) -> list[str]:
    """Return the labels of a region: of its attribute that is called like a label, else of the first."""
    called = [name for name in attributes if name.lower() in (*PREFERRED, "name", "type")]
    return _list_values(attributes[(called or list(attributes))[0]]) if attributes else []


def _list_values(value: Any) -> list[str]:
    """Return the text of an attribute, or the choices that are ticked."""
    if isinstance(value, dict):
        return [name for name, ticked in value.items() if ticked is True]
    return [str(value).strip()] if isinstance(value, str | int) and not isinstance(value, bool) else []


def _parse_version_3(content: Mapping[str, Mapping[str, Any]]) -> list[LabelledTask]:
    tasks = {}
    for number, file in content["file"].items():
        if isinstance(file, dict):
            tasks[str(file.get("fid", number))] = LabelledTask(parse_uri(file.get("fname")))
    views: Mapping[str, Any] = content.get("view", {})
    attributes = content.get("attribute", {})
    for said in content["metadata"].values():
        if not isinstance(said, dict) or not isinstance(said.get("av"), dict):
            continue
        view = views.get(str(said.get("vid")))
        files = view.get("fid_list") if isinstance(view, dict) else None
        owners = [str(one) for one in files] if isinstance(files, list) else [str(said.get("vid"))]
        for task in (tasks[owner] for owner in owners if owner in tasks):
            _add_version_3(task, said, attributes)
    return list(tasks.values())


def _add_version_3(task: LabelledTask, said: Mapping[str, Any], attributes: Mapping[str, Any]) -> None:
    for number, value in said["av"].items():
        attribute = attributes.get(number)
        facts: Mapping[str, Any] = attribute if isinstance(attribute, dict) else {}
        options = facts.get("options")
        keys = [key for key in str(value).split(",") if key]
        labels = [str(options.get(key, key)) for key in keys] if isinstance(options, dict) and options else [str(value)]
        if said.get("xy"):
            task.regions += labels
        else:
            task.answer(str(facts.get("aname", number)), labels)


def _drop_texts(tasks: Sequence[LabelledTask], asked: str | None) -> list[Decision]:
    """Drop attributes that nearly each file has another text in, such as captions, unless one is asked for."""
    decisions = []
    texts: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for task in tasks:
        for name, answers in task.choices.items():
            texts[name].update(label for found in answers for label in found)
    for name, counts in texts.items():
        if name != asked and len(counts) > _MOST_TEXTS and 2 * len(counts) > counts.total():
            for task in tasks:
                task.choices.pop(name, None)
            reason = f"{len(counts)} different texts, no classes"
            decisions.append(Decision(PlaceKind.FIELD, (name,), Role.SKIPPED, reason, count=counts.total()))
    return decisions
