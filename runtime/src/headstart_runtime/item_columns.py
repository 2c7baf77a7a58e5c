"""Columns of tables, and keys of JSON objects, whose cells are items: which are meant, and how they are joined."""

import csv
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

#: What stands in a cell for a text that is not there, in lower case.
MISSING = frozenset({"nan", "null", "<na>", "#n/a", "nat"})


@dataclass(frozen=True, slots=True)
class ItemColumns:
    """The columns that items are read from, as a caller names them and as a classifier knows them."""

    path: str | None = None  #: the column with the items or their paths, or the array of items; None finds it
    text: str | None = None  #: columns whose cells are texts, with commas between; joined where there are several
    known: tuple[str, ...] = ()  #: that the classifier's items were read from; taken where all are there


def split_columns(given: str) -> list[str]:
    """Return the names that stand in a setting with commas between; a name with a comma in it stands in quotes."""
    return [name.strip() for name in next(csv.reader([given], skipinitialspace=True), [])]


def _simplify(name: str) -> str:
    """Return a name in lower case, without what stands between its words."""
    return name.strip().lower().replace(" ", "").replace("_", "").replace("-", "")


def match_known(names: Iterable[str], known: Sequence[str]) -> tuple[str, ...]:
    """Return the columns that a classifier's items were read from as they are called here; none where one lacks."""
    there = list(names)
    simple = {_simplify(name): name for name in reversed(there)}
    found = [name if name in there else simple.get(_simplify(name)) for name in known]
    return tuple(name for name in found if name is not None) if None not in found else ()


def is_missing_text(cell: str) -> bool:
    """Return whether a cell has no text: it is empty, or says so as programs write it."""
    plain = cell.strip()
    return not plain or (len(plain) < 6 and plain.lower() in MISSING)


def join_texts(columns: Sequence[str], cells: Sequence[str]) -> str:
    """Return the text of a row: its cell, or those of several columns with their names; "" where all are missing."""
    if len(columns) == 1:
        return "" if is_missing_text(cells[0]) else cells[0]
    pairs = zip(columns, cells, strict=True)
    return "\n".join(f"{column.strip()}: {cell}" for column, cell in pairs if not is_missing_text(cell))


def describe_columns(columns: Sequence[str]) -> str:
    """Return names of columns for a sentence: "column 'title'", "columns 'title' and 'body'"."""
    quoted = [repr(name) for name in columns]
    listed = " and ".join(filter(None, (", ".join(quoted[:-1]), quoted[-1])))
    return f"column{'s' if len(columns) > 1 else ''} {listed}"


def describe_read(columns: Sequence[str], known: Sequence[str]) -> str:
    """Return what says which columns were read, beside those that a classifier's items were read from, if any."""
    told = describe_columns(columns)
    if not known:
        return told
    if match_known(columns, known) == tuple(columns):
        return f"{told}, as those that the classifier was made from"
    return f"{told}; the classifier was made from {describe_columns(known)}, which this table does not have"
