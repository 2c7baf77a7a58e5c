"""Cells of a column of labels: words for a missing label, numbers as people write them, several labels in one cell.

Whether a sign or a blank separates labels is seen by the other cells (``several_labels``). Cells with several labels
are read as such where the task reads them, or, where none is named, where it is sure that they have them; else their
rows are skipped, or refused where they are many.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

from headstart.data.names import normalise_class_name, preview
from headstart.data.readers.class_names import read_class_list
from headstart.data.readers.label_forms import propose_reading, propose_tasks
from headstart.data.readers.reader import ReadContext
from headstart.data.readers.tables.label_columns import describe_doubt
from headstart.data.readers.tables.label_rows import EMPTY, MISSING, SINGLE, RowLabels, replace_labels
from headstart.data.readers.tables.number_cells import has_fractions, read_number_cells
from headstart.data.readers.tables.several_labels import (
    LIST,
    SURE,
    SeveralLabels,
    find_several_labels,
    guess_separator,
    note_words,
    split_further,
    split_label,
    trim_label,
)
from headstart.data.readers.tables.table_columns import TableRow
from headstart.label_text import NONE, join_cells
from headstart_runtime.errors import DataError

_NAMES = frozenset({"none", "null", "nil"})  #: words of these that a class may be called
_NOTHING = frozenset({"none", NONE})  #: what stands for no label in a cell of several
WHOLE = "--label-cells whole"  #: takes each cell as it is for a class
_ESCAPES = {"\\n": "\n", "\\t": "\t", "\\r\\n": "\r\n"}  #: of signs that a shell does not take as they are
_OWN_SHARE = 0.5  #: of the rows of the smallest other class, which a class that is called ``none`` has at least


def read_label_cells(table: Path, rows: Sequence[TableRow], column: str, context: ReadContext) -> RowLabels:
    """Return rows with the labels in a column, in the richest form that the task reads.

    Rows without a label, or with several where one is wanted, have a problem in its place.

    Args:
        table: for an error.
        rows: of the table.
        column: that of the labels.
        context: says the forms that can be read, and how cells are.

    Raises:
        DataError: more than a fifth of the rows have several labels in a cell where one is wanted or that is in doubt;
            or numbers can be read in two ways.
    """
    options = context.options
    counts = Counter(row.label for row in rows if row.label and not row.problem)
    if options.label_cells == "whole" or not counts:
        return RowLabels(rows, "one", (column,))
    if options.label_cells == "several" or options.label_separator is not None:
        return _read_given(table, rows, column, counts, options.label_separator)
    if len(counts) < 2:
        return RowLabels(rows, "one", (column,))
    numbers = context.wants("columns") and not context.wants("several")
    missing, notes = _find_missing(counts, numbers=numbers)
    kept = Counter({label: count for label, count in counts.items() if label not in missing})
    several = None if numbers else find_several_labels(kept)
    unseen = several is None or all(len(parts) < 2 for parts in several.cells.values())
    if unseen and context.wants("several") and (sign := guess_separator(kept, SURE)):
        split = {label: split_label(label, sign) for label in kept}
        several = SeveralLabels(sign, {label: parts for label, parts in split.items() if len(parts) != 1})
    if several is None:
        return _read_one(table, rows, column, kept, missing, notes, numbers=numbers)
    held = sum(kept[label] for label in several.cells)
    many = kept.total() - held < SINGLE * kept.total()
    if context.wants("several") or (context.may_read("several") and many and several.sure):
        return _read_several(table, rows, column, counts, several)
    said = _describe_several(table, column, kept, several, many=many)
    problems = {label: f"{EMPTY}: {label!r}" for label in missing}
    problems |= {
        label: f"{' and '.join(map(repr, parts[:3]))} in one cell: several labels" if parts else f"{EMPTY}: {label!r}"
        for label, parts in several.cells.items()
    }
    return RowLabels(replace_labels(rows, {}, problems), "one", (column,), (*notes, said))


def _read_one(
    table: Path,
    rows: Sequence[TableRow],
    column: str,
    counts: Counter[str],
    missing: Sequence[str],
    notes: Sequence[str],
    *,
    numbers: bool,
) -> RowLabels:
    """Return rows with one label each; numbers that people write otherwise as Python reads them."""
    found = read_number_cells(counts)
    if numbers and found.doubt:
        raise DataError(describe_doubt(table, column, found.doubt))
    taken = numbers or has_fractions(found.plain.values())
    notes = [*notes, *([f"column {column!r}: {found.note}"] if found.plain and taken else []), *note_words(counts)]
    problems = {label: f"{EMPTY}: {label!r}" for label in missing}
    labels = found.plain if taken else {}
    return RowLabels(replace_labels(rows, labels, problems), "one", (column,), tuple(notes))


def _read_given(
    table: Path, rows: Sequence[TableRow], column: str, counts: Counter[str], separator: str | None
) -> RowLabels:
    """Return rows with several labels each, as a setting says, with the separator that is given or found.

    Raises:
        DataError: no cell has it.
    """
    separator = None if separator is None else _ESCAPES.get(separator, separator)
    if separator is not None and not any(separator in label for label in counts):
        raise DataError(
            f"table {str(table)!r}: no cell of column {column!r} has {separator!r} in it (--label-separator); "
            f"its cells are such as {preview(list(counts))}"
        )
    found = None if separator is not None else find_several_labels(counts)
    sign = separator or (found.separator if found else guess_separator(counts))
    cells = {label: parts for label in counts if len(parts := split_label(label, sign)) != 1}
    return _read_several(table, rows, column, counts, SeveralLabels(sign, cells, sure=True))


def _read_several(
    table: Path, rows: Sequence[TableRow], column: str, counts: Counter[str], several: SeveralLabels
) -> RowLabels:
    """Return rows with several labels each.

    A word for none is none of them where it says so; where no word does, an empty cell is that.
    """
    trimmed = {label: trim_label(label, several.separator) for label in counts if label not in several.cells}
    parts = {label: several.cells[label] if label in several.cells else (trimmed[label],) for label in counts}
    parts |= {label: () for label, text in trimmed.items() if not text}
    further = split_further({part for found in parts.values() for part in found}, several.separator)
    parts = {
        label: tuple(piece for part in found for piece in further.get(part, (part,))) for label, found in parts.items()
    }
    nothing = {label for label in counts if label.strip().lower() in _NOTHING or not parts[label]}
    missing = {label for label in counts if label.strip().lower() in MISSING} - nothing
    names, said = read_class_list(table, {part for label in parts for part in parts[label]} - {*nothing, *missing})
    problems = {label: f"{EMPTY}: {label!r}" for label in missing}
    labels = {
        label: join_cells(
            () if label in nothing else dict.fromkeys(normalise_class_name(names.get(part, part)) for part in found)
        )
        for label, found in parts.items()
        if label not in missing
    }
    empty = sum(not row.label and not row.problem for row in rows)
    notes = [said] if said else []
    if further:
        rows_so = sum(counts[label] for label, found in several.cells.items() if not further.keys().isdisjoint(found))
        rows_so += sum(counts[label] for label in counts if label in further)
        shown = preview([" and ".join(map(repr, pieces)) for pieces in further.values()], show=str, most=2)
        notes.append(
            f"{rows_so} rows have another sign than {several.separator!r} between labels, which is read too: {shown}"
        )
    if empty and not nothing:
        labels[""] = NONE
        notes.append(
            f"{empty} rows have an empty cell of labels: they are read as of none of them; where these are not "
            "known, write NA there"
        )
    elif missing or empty:
        notes.append(f"{empty + sum(counts[it] for it in missing)} rows without a label are skipped")
    read = frozenset(
        normalise_class_name(names.get(part, part))
        for label, found in parts.items()
        if label not in {*nothing, *missing}
        for part in found
    )
    if several.cells:
        notes.append(f"where each cell of column {column!r} is one class ({len(counts)} classes), add {WHOLE}")
    reason = _describe_held(column, counts, several)
    return RowLabels(replace_labels(rows, labels, problems), "several", (column,), tuple(notes), reason, read)


def _describe_held(column: str, counts: Mapping[str, int], several: SeveralLabels) -> str:
    """Return how many rows have several labels, and what is between these."""
    held = [label for label, parts in several.cells.items() if len(parts) > 1]
    total = sum(counts.values())
    sign = {" ": "a blank", "\n": "a line break", LIST: "the commas of a list"}.get(
        several.separator, repr(several.separator)
    )
    if not held and several.cells:
        return f"{sum(counts[label] for label in several.cells)} rows have an empty list in column {column!r}"
    if not held:
        return f"the cells of column {column!r} are said to have several labels"
    rows = sum(counts[label] for label in held)
    return (
        f"{rows} of {total} rows have several labels in a cell of column {column!r}, such as {preview(held)}, with "
        f"{sign} between"
    )


def _describe_several(table: Path, column: str, counts: Counter[str], several: SeveralLabels, *, many: bool) -> str:
    """Return a note on rows with several labels, which are skipped.

    Raises:
        DataError: there are more than a fifth.
    """
    held = _describe_held(column, counts, several)
    if not many:
        flags = propose_tasks("several")
        ways = f"{flags} reads them; " if flags else ""
        return f"{held}: they are skipped; {ways}where each is one class, add {WHOLE}"
    kinds = {part for parts in several.cells.values() for part in parts}
    raise DataError(
        f"table {str(table)!r}: {held}, of {len(kinds)} labels: {propose_reading('several')}; if each cell is one "
        f"class ({len(counts)} classes), add {WHOLE}; or leave one label in each row"
    )


def _find_missing(counts: Counter[str], *, numbers: bool) -> tuple[list[str], list[str]]:
    """Return the labels that stand for none, and notes on them and on those that look so and are classes.

    Args:
        counts: rows of each label.
        numbers: whether the task reads numbers, so that none of them is a class.
    """
    looking = [label for label in counts if label.strip().lower() in MISSING]
    others = {label: count for label, count in counts.items() if label not in looking}
    if not looking or not others:
        return [], []
    classes = [label for label in looking if _is_class(label, counts[label], others, alone=len(looking) == 1)]
    missing = [label for label in looking if label not in classes]
    notes = [
        f"the label {label!r} ({counts[label]} rows) is read as a class, since it is like the others"
        for label in classes
    ]
    if missing:
        shown = ", ".join(f"{label!r} ({counts[label]})" for label in missing)
        total = sum(counts[label] for label in missing)
        measured = numbers or has_fractions([*others, *read_number_cells(others).plain.values()])
        way = "" if measured else f"; where these are classes, add {WHOLE}"
        notes.append(f"{total} rows whose label is {shown} are skipped as rows without a label{way}")
    return missing, notes


def _is_class(label: str, count: int, others: dict[str, int], *, alone: bool) -> bool:
    """Return whether a word for nothing is the name of a class, beside others of its kind: ``None``, ``Mild``."""
    if not any(sign.isalpha() for sign in label):
        return not any(sign.isalnum() for other in others for sign in other)
    if label.lower() in _NAMES:
        alike = all(_find_style(other) == _find_style(label) for other in others)
        return alone and alike and count >= _OWN_SHARE * min(others.values())
    return label == "NA" and all(other.isupper() and len(other) <= 3 for other in others)


def _find_style(label: str) -> str:
    """Return whether a label is written in small letters, in capitals or with one at its beginning."""
    return "small" if label.islower() else "capitals" if label.isupper() else "title" if label[:1].isupper() else ""
