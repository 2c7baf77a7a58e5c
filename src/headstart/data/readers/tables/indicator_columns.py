"""Columns of 0 and 1 for a label each, found by what they hold."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from headstart.data.names import preview
from headstart.data.readers.reader import ReadContext
from headstart.data.readers.tables.column_evidence import is_binary, is_on
from headstart.data.readers.tables.label_columns import MOSTLY, is_indicator
from headstart.data.readers.tables.label_rows import SINGLE
from headstart.data.readers.tables.table_columns import SPLIT_COLUMNS, TableSample, match_columns

FEWEST_BESIDE = 3  #: such columns beside others of another kind, ...
MOST_BESIDE = 0.5  #: ... of which they are this share at least: they are the labels


@dataclass(frozen=True, slots=True)
class IndicatorColumns:
    """Columns with a 1 in the rows that have their label."""

    columns: tuple[str, ...]
    notes: tuple[str, ...]


def find_indicators(sample: TableSample, columns: Sequence[str], context: ReadContext) -> IndicatorColumns | None:
    """Return the columns of 0 and 1 that are labels; None where there are none, or others may be the labels as well.

    Args:
        sample: the header of a table and some rows.
        columns: all that may have labels.
        context: says the forms of labels that are read.
    """
    of_parts = set(match_columns(columns, SPLIT_COLUMNS))
    free = [it for it in columns if it not in of_parts]
    full = [it for it in free if is_binary(sample.column(it))]
    wide = [it for it in free if _may_be_unknown(sample.column(it), 1.0)]
    if context.wants("indicators"):
        wide = [it for it in free if _may_be_unknown(sample.column(it), MOSTLY)]
    if len(wide) < 2:
        return None
    if context.wants("indicators"):
        return _take(wide, columns)
    if len(full) > 1 and _are_single(sample, full):
        return _take(full, columns)
    if context.forms is not None:
        return _take(wide, columns) if len(wide) == len(columns) else None
    beside = len(wide) >= max(FEWEST_BESIDE, MOST_BESIDE * len(columns))
    return _take(wide, columns) if len(wide) == len(columns) or beside else None


def _may_be_unknown(cells: Sequence[str], share: float) -> bool:
    """Return whether cells are 0, 1 or say that nobody knows, a share of them at least, and one is 1."""
    counts = Counter(cells)
    right = sum(count for cell, count in counts.items() if is_indicator(cell))
    return right >= share * len(cells) and any(map(is_on, counts))


def _are_single(sample: TableSample, columns: Sequence[str]) -> bool:
    """Return whether nearly each row has one 1."""
    counts = [sum(is_on(cell) is True for cell in row) for row in zip(*map(sample.column, columns), strict=True)]
    return counts.count(1) >= SINGLE * len(counts)


def _take(found: Sequence[str], columns: Sequence[str]) -> IndicatorColumns:
    note = f"the labels are read from {len(found)} columns with a 1 for the class: {preview(found)}"
    if left := [it for it in columns if it not in found]:
        note += f"; {preview(left)} {'is' if len(left) == 1 else 'are'} not read"
    return IndicatorColumns(tuple(found), (note,))
