"""Exports of programs and services for labelling with a row for each item: JSON in an array or in lines, or CSV."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from headstart.data.readers.annotations.annotation_files import TaskFile, choose_files, find_annotated_file, list_tasks
from headstart.data.readers.annotations.questions import LabelledTask
from headstart.data.readers.annotations.tool_csv import is_tool_csv, iter_tool_csv
from headstart.data.readers.annotations.tool_rows import RowFormat, find_format
from headstart.data.readers.evidence import find_near_top
from headstart.data.readers.json_stream import iter_json, read_ends
from headstart.data.readers.listing import SourceListing
from headstart.data.readers.reader import ReadContext
from headstart.data.readers.walk import FileTree
from headstart.data.samples import Subset
from headstart_runtime.errors import DataError, refuse_machine_faults
from headstart_runtime.parsing import parse_json

SUFFIXES = (".json", ".jsonl", ".ndjson", ".manifest", ".csv")
_SAMPLES = "samples"  #: the key of the rows where they stand in an object
_FOLDERS = ("data", "images")  #: in which items lie beside such a file
_LONGEST_LINE = 1 << 24


class ToolExportReader:
    """The reader of such an export, and of a folder with one, or with one for each part."""

    suffixes: tuple[str, ...] = (".json",)
    label_place: str = "its annotations"

    def accepts(self, source: Any, tree: FileTree | None) -> bool:
        """Return whether a file is such an export, or a folder has one."""
        if tree is not None:
            return bool(_find_exports(tree))
        return isinstance(source, Path) and source.is_file() and _find_format(source) is not None

    def list(self, source: Path, tree: FileTree | None, context: ReadContext) -> SourceListing:
        """Return the items of which one class is said.

        Raises:
            DataError: a file is damaged, there are several, or they cannot be read as one class for each item.
        """
        exports = _find_exports(tree) if tree else [source]
        name = _get_format(exports[0]).name
        chosen = choose_files(source, exports, name) if tree else {source: None}
        files = [TaskFile(file, subset, _read_tasks(file, subset, len(chosen) > 1)) for file, subset in chosen.items()]
        return list_tasks(source, tree, context, name, files)


def _find_exports(tree: FileTree) -> list[Path]:
    found = [path for path in find_near_top(tree, SUFFIXES) if _find_format(path)]
    return [path for path in found if _find_format(path) == _find_format(found[0])]


def _get_format(file: Path) -> RowFormat:
    found = _find_format(file)
    assert found is not None
    return found


def _find_format(file: Path) -> RowFormat | None:
    """Return the format of the first row of a file; None where it has no such rows."""
    if file.suffix.lower() not in SUFFIXES or not (read_ends(file).startswith((b"[", b"{")) or is_tool_csv(file)):
        return None
    try:
        return find_format(next(_iter_rows(file), None))
    except DataError:
        return None


def _iter_rows(file: Path) -> Iterator[Any]:
    """Yield the objects of an array, of lines, or of the array of samples in an object; None for a line that is none.

    Raises:
        DataError: it is no JSON.
    """
    ends = read_ends(file)
    if is_tool_csv(file):
        yield from iter_tool_csv(file)
    elif ends.startswith(b"["):
        yield from (value for _, value in iter_json(file))
    elif f'"{_SAMPLES}"'.encode() in ends and b'"filepath"' in ends:
        yield from (value for key, value in iter_json(file) if key == _SAMPLES)
    else:
        yield from _iter_lines(file)


def _iter_lines(file: Path) -> Iterator[Any]:
    try:
        with file.open(encoding="utf-8-sig") as stream:
            while line := stream.readline(_LONGEST_LINE):
                if line.strip():
                    yield _parse_line(line)
    except UnicodeDecodeError:
        raise DataError(f"{str(file)!r} is no UTF-8, as JSON has to be; export it again") from None
    except OSError as error:
        refuse_machine_faults(error, f"to read {str(file)!r}")
        raise DataError(f"{str(file)!r} cannot be read: {error.strerror or error}; check the file") from None


def _parse_line(line: str) -> Any:
    try:
        return parse_json(line)
    except ValueError:
        return None


def _read_tasks(file: Path, subset: Subset | None, has_parts: bool) -> list[LabelledTask]:
    """Return a task for each row, in the part that the row says, else that of its file where there are several."""
    parse = _get_format(file).parse
    tasks = []
    for number, row in enumerate(_iter_rows(file), 1):
        task = parse(row) if isinstance(row, dict) else LabelledTask("", problem=f"row {number} is no JSON object")
        task.place = find_annotated_file(file, task.path, [file.parent / name for name in _FOLDERS])
        task.subset = task.subset or (subset if has_parts else None)
        tasks.append(task)
    return tasks
