"""Tables whose rows are no items: a range of files in each, or a file of each class, a column for a class."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path

from headstart.data.names import preview
from headstart.data.readers.tables.column_evidence import MOSTLY, differs_by_row
from headstart.data.readers.tables.number_shift import split_number
from headstart.data.readers.tables.table_columns import DoubtfulTableError, TableSample, simplify_column
from headstart_runtime.modalities.item import Noun

_ENDS = {"from": ("to", "until"), "start": ("end", "stop"), "first": ("last",), "begin": ("end",)}
_FIRST = re.compile("|".join(_ENDS))
MOST_CLASSES = 200  #: columns


def refuse_ranges(table: Path, sample: TableSample, noun: Noun, share: Callable[[str], float]) -> None:
    """Refuse a table whose rows have the first and the last of several files, and no column with one file each.

    Args:
        table: for the error.
        sample: its header and some rows.
        noun: of its items.
        share: returns the share of a column's cells that lead to files.

    Raises:
        DoubtfulTableError: with both columns and a row.
    """
    for first, last in _find_ends(sample):
        rows = [(one, other) for one, other in zip(sample.column(first), sample.column(last), strict=True) if one]
        sizes = [_count_range(one, other) for one, other in rows]
        if 2 * sum(size > 1 for size in sizes) <= len(sizes):
            continue
        others = [name for name in sample.header if name not in (first, last) and differs_by_row(sample.column(name))]
        if min(share(first), share(last)) >= MOSTLY and not any(share(name) >= MOSTLY for name in others):
            raise DoubtfulTableError(
                f"table {str(table)!r} has ranges of {noun.many}: column {first!r} says {rows[0][0]!r} and column "
                f"{last!r} {rows[0][1]!r}, which may be {sizes[0]} {noun.many}; ranges are not read; write a row for "
                f"each {noun.one}, with the columns path and label"
            )


def refuse_class_columns(table: Path, sample: TableSample, noun: Noun, share: Callable[[str], float]) -> None:
    """Refuse a table all of whose columns have names of files, so that the header may have the classes.

    Raises:
        DoubtfulTableError: with the columns and how many files each has.
    """
    columns = [name for name in sample.header if name.strip()]
    cells = [[cell for cell in sample.column(name) if cell] for name in columns]
    every = [cell for column in cells for cell in column]
    if sample.headless or not 2 <= len(columns) <= MOST_CLASSES or len(set(columns)) < len(sample.header):
        return
    if len(set(every)) < len(every) or not all(cells) or any(share(name) < MOSTLY for name in columns):
        return
    counts = [f"{name!r} ({len(column)})" for name, column in zip(columns, cells, strict=True)]
    raise DoubtfulTableError(
        f"table {str(table)!r} has names of {noun.many} in each of its columns, {preview(counts, show=str)}, which may "
        f"be classes; this is not read; write a row for each {noun.one}, with the columns path and label"
    )


def _find_ends(sample: TableSample) -> Iterator[tuple[str, str]]:
    """Yield the columns with the first and the last file of each row, by their names."""
    simple = {simplify_column(name): name for name in reversed(sample.header)}
    for key, name in simple.items():
        match = _FIRST.search(key)
        others = [key.replace(match[0], last, 1) for last in _ENDS[match[0]]] if match else []
        for other in others:
            if other in simple and differs_by_row(sample.column(name)) and differs_by_row(sample.column(simple[other])):
                yield name, simple[other]


def _count_range(first: str, last: str) -> int:
    """Return how many numbers lie from one name to another; 0 where the names differ in more than a number."""
    one, other = split_number(first), split_number(last)
    return other[2] - one[2] + 1 if one and other and one[:2] == other[:2] else 0
