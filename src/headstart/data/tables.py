"""Tables: a row per photo with its path and label, perhaps its part and group. CSV, TSV or Parquet.

Paths are relative to the table. A row that cannot be used is set aside; a column that is missing is an error.
"""

import csv
import io
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from headstart.data.found import Found, Listing, class_name, some
from headstart.data.parts import KNOWN, part_named, settle
from headstart.data.samples import Entry, FileSource, Outcome, Part
from headstart.errors import DataError, MissingExtra

SUFFIXES = (".csv", ".tsv", ".parquet")

#: What each column may be called, the plainest name first; in any case, with blanks or hyphens for underscores.
ALIASES = {
    "path": (
        *("path", "filepath", "file_path", "file", "filename", "file_name"),
        *("image", "image_path", "image_file", "img", "img_path", "photo"),
    ),
    "label": ("label", "labels", "class", "class_name", "classname", "category", "target"),
    "split": ("split", "part", "subset", "set", "partition"),
    "group": ("group", "group_id", "groups", "patient", "patient_id", "subject", "subject_id"),
}


@dataclass(frozen=True, slots=True)
class Row:
    """A row of a table as text; "" where a cell is empty or a column is missing."""

    number: int  #: as a person counts: the header of a text file is row 1
    path: str
    label: str
    split: str
    group: str


def list_table(table: Path) -> Listing:
    """Every row of a table.

    Raises:
        DataError: it cannot be read, lacks a column, or its split column cannot be used.
        MissingExtra: it is a Parquet file and pyarrow is not installed.
    """
    rows, notes = read_rows(table)
    parts, part_note = _given_parts(table, rows)
    found: list[Found] = []
    entries: list[Entry] = []
    first: dict[tuple[str, str], int] = {}
    names: set[str] = set()
    for row in rows:
        label = class_name(row.label)
        name = row.path if row.path and row.path not in names else f"{row.path or 'row'} (row {row.number})"
        names.add(name)
        again = first.setdefault((row.path, label), row.number)
        reason = _why_not(row, label, again)
        if reason:
            entries.append(Entry(name, Outcome.SET_ASIDE, reason, label))
        else:
            found.append(Found(name, label, FileSource(_located(table.parent, row.path)), parts[row.split], row.group))
    notes.extend([part_note] if part_note else [])
    classes = frozenset(item.label for item in found)
    return Listing(str(table), tuple(found), classes, tuple(entries), notes=tuple(notes))


def read_rows(table: Path) -> tuple[list[Row], list[str]]:
    """The rows of a table, and notes on which of several columns were taken.

    Raises:
        DataError: it cannot be read or lacks a column.
        MissingExtra: it is a Parquet file and pyarrow is not installed.
    """
    try:
        return _read_parquet(table) if table.suffix.lower() == ".parquet" else _read_text(table)
    except OSError as error:
        raise DataError(f"table {str(table)!r} cannot be read: {error.strerror or error}; check the file") from None


def photos_exist(table: Path, look_at: int = 100) -> bool:
    """Whether a file is a table of photos that are there: it has the columns, and most of its first paths exist."""
    try:
        rows, _ = read_rows(table)
    except DataError:
        return False
    paths = [_located(table.parent, row.path) for row in rows[:look_at]]
    return 2 * sum(path.is_file() for path in paths) > len(paths)


def _why_not(row: Row, label: str, first: int) -> str:
    if not row.path:
        return "empty path"
    if "\0" in row.path:
        return "a null byte in its path"
    if not label:
        return "empty label"
    return f"listed before, in row {first}" if first != row.number else ""


def _located(folder: Path, path: str) -> Path:
    """Where a row's photo lies. Tables made on Windows may have backslashes in their paths."""
    located = folder / path
    return folder / path.replace("\\", "/") if "\\" in path and not located.exists() else located


def _given_parts(table: Path, rows: Sequence[Row]) -> tuple[dict[str, Part | None], str]:
    """Cell of the split column -> the part it means."""
    cells = {row.split for row in rows}
    if cells <= {""}:
        return {"": None}, ""
    empty = sum(not row.split for row in rows)
    if empty:
        raise DataError(
            f"table {str(table)!r}: {empty} of {len(rows)} rows have no split; fill the split column in every row, "
            "or drop it and a split is made"
        )
    meant = {cell: part_named(cell) for cell in cells}
    unknown = sorted(cell for cell, part in meant.items() if part is None)
    if unknown:
        raise DataError(f"table {str(table)!r}: the split column says {some(unknown)}; wanted {KNOWN}")
    given = settle(part for part in meant.values() if part)
    if given.problem:
        raise DataError(f"table {str(table)!r}: {given.problem}")
    return {cell: given.used_as[part] for cell, part in meant.items() if part}, given.note


def _read_text(table: Path) -> tuple[list[Row], list[str]]:
    try:
        text = table.read_text("utf-8-sig")
    except UnicodeDecodeError as error:
        raise DataError(f"table {str(table)!r} is not UTF-8 text (byte {error.start}); save it as UTF-8") from None
    header = text.lstrip("\r\n").split("\n", 1)[0]
    delimiter = "\t" if table.suffix.lower() == ".tsv" else max(",;\t", key=header.count)
    try:
        lines = [
            (i, cells) for i, cells in enumerate(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter), 1)
        ]
    except csv.Error as error:
        raise DataError(f"table {str(table)!r} cannot be read: {error}; mend or re-export it") from None
    lines = [(i, cells) for i, cells in lines if any(cell.strip() for cell in cells)]
    if not lines:
        raise DataError(f"table {str(table)!r} is empty; wanted a header with path and label, and a row per photo")
    taken, notes = _columns(table, lines[0][1])
    at = {role: lines[0][1].index(column) for role, column in taken.items()}
    rows = [
        Row(number, *(cells[at[role]].strip() if role in at and at[role] < len(cells) else "" for role in ALIASES))
        for number, cells in lines[1:]
    ]
    return rows, notes


def _read_parquet(table: Path) -> tuple[list[Row], list[str]]:
    try:
        import pyarrow
        from pyarrow import parquet
    except ImportError:
        raise MissingExtra("pyarrow", "tables", "reading a Parquet table") from None
    try:
        taken, notes = _columns(table, parquet.read_schema(table).names)
        content = parquet.read_table(table, columns=list(taken.values()))
        columns = {role: content.column(name).to_pylist() for role, name in taken.items()}
    except pyarrow.ArrowException as error:
        raise DataError(f"table {str(table)!r} is not a Parquet file: {error}; re-export it") from None
    missing = [None] * content.num_rows
    cells = zip(*(columns.get(role, missing) for role in ALIASES), strict=True)
    return [Row(number, *map(_as_text, row)) for number, row in enumerate(cells, 1)], notes


def _as_text(cell: Any) -> str:
    """A typed cell as text: nothing for missing, and a whole number that became a float for want of one as itself."""
    if cell is None:
        return ""
    if isinstance(cell, float):
        return "" if math.isnan(cell) else str(int(cell)) if cell.is_integer() else str(cell)
    return str(cell).strip()


def _columns(table: Path, header: Iterable[str]) -> tuple[dict[str, str], list[str]]:
    """Role -> the column that has it, and a note where more than one could."""
    seen = {column.strip().lower().replace(" ", "_").replace("-", "_"): column for column in reversed(list(header))}
    taken, notes = {}, []
    for role, aliases in ALIASES.items():
        fitting = [seen[alias] for alias in aliases if alias in seen]
        if fitting:
            taken[role] = fitting[0]
        if len(fitting) > 1:
            notes.append(f"the {role} is read from column {fitting[0]!r}, not from {some(fitting[1:])}")
    missing = [role for role in ("path", "label") if role not in taken]
    if missing:
        raise DataError(
            f"table {str(table)!r} has the columns {some(list(seen.values())[::-1], most=8)} and none for "
            f"{' and '.join(missing)}; name the columns path and label (split and group if you have them)"
        )
    return taken, notes
