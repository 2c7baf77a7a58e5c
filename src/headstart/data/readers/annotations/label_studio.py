"""Exports of Label Studio: JSON with tasks and annotations, JSON-MIN and CSV with a row for each annotation.

Paths are addresses of its server: ``/data/local-files/?d=PATH``, ``/data/upload/PROJECT/HASH-NAME`` or of the web. What
they name is looked for beside the export, with the hash and without.
"""

import csv
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from headstart.data.decisions import Decision, PlaceKind, Role
from headstart.data.names import preview
from headstart.data.readers.annotations.annotations import AnnotatedItem, AnnotationSet, collect_labels, list_annotated
from headstart.data.readers.evidence import decide_file, find_folder, find_near_top
from headstart.data.readers.json_stream import iter_json, read_ends
from headstart.data.readers.listing import SourceListing
from headstart.data.readers.reader import ReadContext
from headstart.data.readers.walk import FileTree
from headstart.errors import DataError, refuse_machine_faults
from headstart.modalities.item import CLASS
from headstart.modalities.modality import all_modalities
from headstart.parsing import parse_json
from headstart.settings import DataSettings

CHOICES = "choices"  #: the kind of a result that is of the whole item
_OWN = frozenset(
    "id annotation_id annotator created_at updated_at lead_time agreement inner_id predictions total_annotations "  # noqa: SIM905
    "cancelled_annotations project completed_by".split()
)
_HASH = re.compile(r"[0-9a-f]{8}-(?=.)")
_NEARLY_ALL = 0.9  #: share of the tasks that a second question has, before it is asked which one is meant


@dataclass(slots=True)
class _LabelledTask:
    """A task: an item and the answers to each question that it was asked."""

    address: str
    choices: dict[str, list[tuple[str, ...]]] = field(default_factory=dict)  #: question -> answers of each annotator
    boxes: list[str] = field(default_factory=list)  #: labels of regions


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
                f"one: headstart check {exports[0]}"
            )
        tasks = _read_tasks(exports[0])
        question, notes = _choose_question(str(source), tasks, context.options)
        decisions = [
            decide_file(exports[0], source, Role.LABELS, "an export of Label Studio", count=len(tasks)),
            *_decide_questions(tasks, question),
        ]
        paths = [parse_address(task.address) for task in tasks]
        folder = tree.root if tree else find_folder(source, paths)
        paths = _drop_hashes(paths, tree or FileTree(folder))
        items = [_make_item(task, path, question) for task, path in zip(tasks, paths, strict=True)]
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
        return unquote(urlsplit(address).path).lstrip("/")
    return address.replace("\\", "/")


def _find_exports(tree: FileTree) -> list[Path]:
    return [path for path in find_near_top(tree, (".json", ".csv", ".tsv")) if is_label_studio(path)]


def _read_tasks(file: Path) -> list[_LabelledTask]:
    rows = iter_json(file) if read_ends(file).startswith(b"[") else _iter_csv(file)
    merged: dict[str, _LabelledTask] = {}  # exports with a row for each annotation have an item in several
    for number, (_, row) in enumerate(rows):
        task = _parse_task(row) if isinstance(row, dict) else _LabelledTask("")
        known = merged.setdefault(task.address or f"\0{number}", task)
        if known is not task:
            known.boxes += task.boxes
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


def _parse_task(row: Mapping[str, Any]) -> _LabelledTask:
    data = row.get("data")
    if not isinstance(data, dict):
        return _parse_row(row)
    task = _LabelledTask(_find_address(data))
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
                    task.boxes += labels
        for question, found in answers.items():
            task.choices.setdefault(question, []).append(collect_labels(found))
    return task


def _parse_row(row: Mapping[str, Any]) -> _LabelledTask:
    """Return a row of JSON-MIN or CSV: a key for each question, with one answer, ``{"choices": [...]}`` or regions."""
    task = _LabelledTask(_find_address(row))
    for key, given in row.items():
        value = given
        if key is None or key in _OWN or value in (None, "", task.address):
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
            task.boxes += [
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


def _choose_question(root: str, tasks: Sequence[_LabelledTask], options: DataSettings) -> tuple[str, tuple[str, ...]]:
    """Return the question whose answers are the labels, "" for none, and notes.

    Raises:
        DataError: several could be meant.
    """
    counts = Counter(question for task in tasks for question in task.choices)
    if options.label_column is not None:
        if options.label_column not in counts:
            raise DataError(f"{root!r} has choices called {preview(sorted(counts))}, none {options.label_column!r}")
        return options.label_column, ()
    if not counts:
        return "", ()
    (first, most), *others = counts.most_common()
    same = [question for question, count in others if count >= _NEARLY_ALL * most]
    if same:
        listed = ", ".join(f"{name!r} ({CLASS.count(_count_answers(tasks, name))})" for name in (first, *same))
        raise DataError(f"{root!r} has several choices for each task, {listed}; choose one: --label-column {first}")
    return first, tuple([f"the label is read from the choice {first!r}"] if others else [])


def _decide_questions(tasks: Iterable[_LabelledTask], taken: str) -> Iterator[Decision]:
    """Yield what each question was taken for, with the number of tasks that have an answer to it."""
    counts = Counter(question for task in tasks for question in task.choices)
    for question, count in counts.most_common():
        role = Role.LABELS if question == taken else Role.SKIPPED
        reason = f"the choice {taken!r} is the label" if question != taken else ""
        yield Decision(PlaceKind.FIELD, (question,), role, reason, count=count)
    if not counts:
        count = sum(bool(task.boxes) for task in tasks)
        yield Decision(PlaceKind.FIELD, ("regions",), Role.LABELS, "no choice of whole items", count=count)


def _count_answers(tasks: Iterable[_LabelledTask], question: str) -> int:
    return len({label for task in tasks for found in task.choices.get(question, []) for label in found})


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


def _make_item(task: _LabelledTask, path: str, question: str) -> AnnotatedItem:
    if not path:
        return AnnotatedItem("", (), problem="no address of an item")
    answers = task.choices.get(question, []) if question else [collect_labels(task.boxes)]
    different = dict.fromkeys(frozenset(found) for found in answers if found)
    if len(different) > 1:
        shown = preview([" and ".join(sorted(found)) for found in different])
        return AnnotatedItem(path, (), problem=f"its annotators disagree: {shown}")
    return AnnotatedItem(path, next((found for found in answers if found), ()))
