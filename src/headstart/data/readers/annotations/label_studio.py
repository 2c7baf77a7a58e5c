"""Exports of Label Studio: JSON with tasks and annotations, JSON-MIN and CSV with a row for each annotation.

Paths are addresses of its server: ``/data/local-files/?d=PATH``, ``/data/upload/PROJECT/HASH-NAME`` or of the web. What
they name is looked for beside the export, with the hash and without.
"""

import csv
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from headstart.data.decisions import Role
from headstart.data.names import preview
from headstart.data.readers.annotations.annotations import AnnotationSet, collect_labels, list_annotated
from headstart.data.readers.annotations.questions import LabelledTask, choose_question, decide_questions, make_item
from headstart.data.readers.annotations.tool_rows import parse_uri
from headstart.data.readers.evidence import decide_file, find_folder, find_near_top
from headstart.data.readers.json_stream import iter_json, read_ends
from headstart.data.readers.listing import SourceListing
from headstart.data.readers.reader import ReadContext
from headstart.data.readers.walk import FileTree
from headstart.quoting import quote_argument
from headstart_runtime.errors import DataError, refuse_machine_faults
from headstart_runtime.modalities.modality import all_modalities
from headstart_runtime.parsing import parse_json

CHOICES = "choices"  #: the kind of a result that is of the whole item
_OWN = frozenset(
    "id annotation_id annotator created_at updated_at lead_time agreement inner_id predictions total_annotations "  # noqa: SIM905
    "cancelled_annotations project completed_by".split()
)
_HASH = re.compile(r"[0-9a-f]{8}-(?=.)")


class LabelStudioReader:
    """The reader of an export of Label Studio, and of a folder with one."""

    suffixes: tuple[str, ...] = (".json",)
    label_place: str = "its annotations"

    def accepts(self, source: Any, tree: FileTree | None) -> bool:
        """Return whether a file is such an export, or a folder has one."""
        if tree is not None:
            return bool(_find_exports(tree))
        return isinstance(source, Path) and source.is_file() and is_label_studio(source)

    def list(self, source: Path, tree: FileTree | None, context: ReadContext) -> SourceListing:
        """Return the items with one choice, or whose regions have one label.

        Raises:
            DataError: the export is damaged, or there are several, or it cannot be read as one class for each item.
        """
        exports = _find_exports(tree) if tree else [source]
        if len(exports) > 1:
            raise DataError(
                f"{str(source)!r} has several exports of Label Studio, {preview([it.name for it in exports])}; name "
                f"one: headstart check {quote_argument(exports[0])}"
            )
        tasks = _read_tasks(exports[0])
        question, notes = choose_question(str(source), tasks, context)
        decisions = [
            decide_file(exports[0], source, Role.LABELS, "an export of Label Studio", count=len(tasks)),
            *decide_questions(tasks, question),
        ]
        paths = [parse_address(task.path) for task in tasks]
        folder = tree.root if tree else find_folder(source, paths)
        for task, path in zip(tasks, _drop_hashes(paths, tree or FileTree(folder)), strict=True):
            task.path = path
        items = [make_item(task, question) for task in tasks]
        marks = CHOICES if question else "regions"
        found = AnnotationSet(
            "annotations of Label Studio", folder, items, frozenset(exports), marks, notes, tuple(decisions)
        )
        return list_annotated(str(source), found, tree, context)


def is_label_studio(path: Path) -> bool:
    """Return whether a file is an export with annotations, by its bytes."""
    ends = read_ends(path)
    if ends.startswith(b"["):
        whole = b'"data"' in ends and (b'"annotations"' in ends or b'"completions"' in ends)
        return whole or (b'"annotator"' in ends and b'"id"' in ends)
    header = ends.split(b"\n", 1)[0]
    return b"annotation_id" in header and b"lead_time" in header


def parse_address(address: str) -> str:
    """Return the path that an address of Label Studio means, with "/"."""
    if address.startswith("/data/local-files/"):
        found = parse_qs(urlsplit(address).query).get("d", [""])[0]
        return found.replace("\\", "/").lstrip("/")
    if address.startswith("/data/upload/"):
        return unquote(address.removeprefix("/data/"))
    if re.match(r"[a-z][a-z0-9+]+://", address):
        return parse_uri(address)
    return address.replace("\\", "/")


def _find_exports(tree: FileTree) -> list[Path]:
    return [path for path in find_near_top(tree, (".json", ".csv", ".tsv")) if is_label_studio(path)]


def _read_tasks(file: Path) -> list[LabelledTask]:
    rows = iter_json(file) if read_ends(file).startswith(b"[") else _iter_csv(file)
    merged: dict[str, LabelledTask] = {}  # exports with a row for each annotation have an item in several
    for number, (_, row) in enumerate(rows):
        task = _parse_task(row) if isinstance(row, dict) else LabelledTask("")
        known = merged.setdefault(task.path or f"\0{number}", task)
        if known is not task:
            known.regions += task.regions
            for question, answers in task.choices.items():
                known.choices.setdefault(question, []).extend(answers)
    return list(merged.values())


def _iter_csv(file: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    try:
        with file.open(encoding="utf-8-sig", newline="") as stream:
            head = stream.readline()
            stream.seek(0)
            delimiter = "\t" if head.count("\t") > head.count(",") else ","
            yield from (("", row) for row in csv.DictReader(stream, delimiter=delimiter, strict=True))
    except (csv.Error, ValueError) as error:
        raise DataError(f"{str(file)!r} is no whole CSV file: {error}; export it again") from None
    except OSError as error:
        refuse_machine_faults(error, f"to read {str(file)!r}")
        raise DataError(f"{str(file)!r} cannot be read: {error.strerror or error}; check the file") from None


def _parse_task(row: Mapping[str, Any]) -> LabelledTask:
    data = row.get("data")
    if not isinstance(data, dict):
        return _parse_row(row)
    task = LabelledTask(_find_address(data))
    annotations = row.get("annotations", row.get("completions"))
    for annotation in annotations if isinstance(annotations, list) else []:
        if not isinstance(annotation, dict) or annotation.get("was_cancelled"):
            continue
        answers: defaultdict[str, list[str]] = defaultdict(list)
        results = annotation.get("result")
        for result in results if isinstance(results, list) else []:
            if isinstance(result, dict) and isinstance(result.get("value"), dict):
                kind = str(result.get("type"))
                labels = _list_texts(result["value"].get(kind))
                if kind == CHOICES:
                    answers[str(result.get("from_name"))] += labels
                elif kind.endswith("labels"):
                    task.regions += labels
        for question, found in answers.items():
            task.choices.setdefault(question, []).append(collect_labels(found))
    return task


def _parse_row(row: Mapping[str, Any]) -> LabelledTask:
    """Return a row of JSON-MIN or CSV: a key for each question, with one answer, ``{"choices": [...]}`` or regions."""
    task = LabelledTask(_find_address(row))
    for key, given in row.items():
        value = given
        if key is None or key in _OWN or value in (None, "", task.path):
            continue
        if isinstance(value, str) and value[:1] in ("{", "["):
            try:
                value = parse_json(value)
            except ValueError:
                continue
        if isinstance(value, dict):
            value = value.get(CHOICES)
        if isinstance(value, list) and any(isinstance(one, dict) for one in value):
            regions = [one for one in value if isinstance(one, dict)]
            task.regions += [
                text for one in regions for name in one if name.endswith("labels") for text in _list_texts(one[name])
            ]
        elif labels := collect_labels(_list_texts([value] if isinstance(value, str) else value)):
            task.choices[key] = [labels]
    return task


def _list_texts(value: Any) -> list[str]:
    return [one for one in value if isinstance(one, str)] if isinstance(value, list) else []


def _find_address(data: Mapping[str, Any]) -> str:
    """Return the first value that is an address of its server or of the web, or ends like an item."""
    suffixes = tuple(suffix for modality in all_modalities() for suffix in modality.suffixes)
    texts = [value for key, value in data.items() if isinstance(value, str) and key not in _OWN]
    like = [
        text for text in texts if text.startswith("/data/") or "://" in text[:12] or text.lower().endswith(suffixes)
    ]
    return like[0] if like else ""


def _drop_hashes(paths: Sequence[str], tree: FileTree) -> list[str]:
    """Return paths without the hash that an upload got, where only the file without it is there."""
    if not any(_HASH.match(path.rpartition("/")[2]) for path in paths):
        return list(paths)
    there = {path.name for path in tree.files_under(tree.root)}
    found = []
    for path in paths:
        folder, slash, name = path.rpartition("/")
        plain = _HASH.sub("", name, count=1)
        found.append(f"{folder}{slash}{plain}" if name not in there and plain in there else path)
    return found
