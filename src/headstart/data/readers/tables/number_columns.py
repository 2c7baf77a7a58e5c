"""Columns of numbers that may be the labels of a table, where the task reads numbers."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from headstart.data.names import preview
from headstart.data.readers.tables.column_evidence import is_binary
from headstart.data.readers.tables.number_cells import are_numbers
from headstart.data.readers.tables.table_columns import ALIASES, ID_COLUMNS, TableSample, match_columns, simplify_column
from headstart.quoting import quote_argument
from headstart_runtime.errors import DataError

OFFERED = 4  #: columns in a message


@dataclass(frozen=True, slots=True)
class NumberColumn:
    """The column of a table that has the numbers."""

    column: str
    notes: tuple[str, ...] = ()


def holds_measures(cells: Sequence[str]) -> bool:
    """Return whether a column has numbers that do not only count the rows, or name each."""
    if not are_numbers(cells):
        return False
    filled = [cell for cell in cells if cell]
    if len(set(filled)) < len(filled) or not all(cell.isdecimal() for cell in filled):
        return True
    numbers = sorted(map(int, filled))
    return numbers[-1] - numbers[0] >= len(numbers)


def propose_columns(columns: Sequence[str]) -> str:
    """Return the flag that reads several columns of labels."""
    return f"--label-column {quote_columns(columns)}"


def quote_columns(columns: Sequence[str]) -> str:
    """Return names of columns as one argument, in quotes."""
    text = quote_argument(",".join(f'"{name}"' if "," in name else name for name in columns))
    return text if text[:1] in "\"'" else f'"{text}"'


def find_numbers(table: Path, sample: TableSample, named: Sequence[str], columns: Sequence[str]) -> NumberColumn | None:
    """Return the column with the numbers that are wanted; None where no column has numbers.

    Args:
        table: for an error.
        sample: its header and some rows.
        named: columns that are called like labels.
        columns: all that may have them.

    Raises:
        DataError: several may have them.
    """
    plain = [it for it in named if simplify_column(it) in ("label", "labels", "target", "value")]
    called = [it for it in named if holds_measures(sample.column(it))]
    found = [it for it in called if it in plain][:1] or called
    ids = set(match_columns(sample.header, [*ID_COLUMNS, *ALIASES["path"]]))
    free = [it for it in columns if it not in ids]
    found = found or [it for it in free if holds_measures(sample.column(it)) and not is_binary(sample.column(it))]
    found = found or [it for it in free if is_binary(sample.column(it))]
    if len(found) > 1:
        flags = " or ".join(f"--label-column {quote_argument(it)}" for it in found[:OFFERED])
        raise DataError(
            f"table {str(table)!r} has {len(found)} columns of numbers: {_list_ranges(sample, found)}; say which is "
            f"the label: {flags}; or several with commas between, {propose_columns(found[:OFFERED])}"
        )
    if not found:
        return None
    if found[0] in named:
        others = [it for it in named if it != found[0]]
        note = f"the numbers are read from column {found[0]!r}, not from {preview(others)}"
        return NumberColumn(found[0], (note,) if others else ())
    return NumberColumn(found[0], (f"the numbers are read from column {found[0]!r}",))


def _list_ranges(sample: TableSample, columns: Sequence[str]) -> str:
    """Return columns with some of their values."""
    told = []
    for column in columns[:OFFERED]:
        values = list(dict.fromkeys(cell for cell in sample.column(column) if cell))
        told.append(f"{column!r} ({preview(values, most=2)})")
    more = f" and {len(columns) - OFFERED} more" if len(columns) > OFFERED else ""
    return ", ".join(told) + more
