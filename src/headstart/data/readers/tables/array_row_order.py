"""The order in which the rows of a table go with the items of an array: as they stand, or as a column says.

Numbers from 0 or 1 on under the name of an id are places in the array, and a list of names beside it says its order.
Other numbers in another order, and names of files without such a list, leave a doubt, which is asked.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from headstart.data.readers.tables.number_shift import split_number
from headstart.data.readers.tables.table_columns import ALIASES, match_columns, simplify_column
from headstart.quoting import quote_argument
from headstart_runtime.errors import DataError
from headstart_runtime.modalities.modality import all_modalities

NONE = "none"  #: says as the column with the paths that the rows are in the order of the items
_UNNAMED = frozenset({"", "unnamed:0"})  #: columns that a program adds to count rows
_NUMBERS = frozenset({*_UNNAMED, "row", "number", "no", "nr"})  #: columns that number items, ...
_ID_WORDS = frozenset({"id", "ids", "idx", "index"})  #: ... and the last words of the names of such


@dataclass(frozen=True, slots=True)
class ItemRows:
    """The rows of a table, one for each item of an array."""

    table: str  #: name of the file
    items: str  #: name of the array
    header: Sequence[str]
    rows: Sequence[Sequence[str]]  #: without outer blanks
    label: int  #: place of the column with labels

    def read_column(self, place: int) -> list[str]:
        """Return the cells of a column; "" where a row has none."""
        return [row[place] if place < len(row) else "" for row in self.rows]


@dataclass(frozen=True, slots=True)
class RowOrder:
    """The row of each item."""

    places: Sequence[int]  #: of rows, in the order of the items
    said: str  #: what says so, for a note
    source: str = ""  #: the list of names that was used; "" for none


def find_row_order(table: ItemRows, lists: Mapping[str, Sequence[str]], given: str | None) -> RowOrder:
    """Return the order of the rows that is that of the items.

    Args:
        table: with the labels.
        lists: name -> a text for each item, of what lies beside the array.
        given: the column of paths that a setting names, or ``NONE``.

    Raises:
        DataError: a column may say another order; with the setting for each reading.
    """
    as_they_stand = RowOrder(range(len(table.rows)), "in the order of the rows")
    header = list(table.header)
    if given is not None and given in header:
        return _order_by_column(table, header.index(given), lists)
    if given is not None and given.strip().lower() == NONE:
        return as_they_stand
    columns = {place: table.read_column(place) for place in range(len(header)) if place != table.label}
    for cells in columns.values():
        if listed := _find_list(cells, lists):
            return listed
    orders = {place: order for place, cells in columns.items() if (order := _number_places(cells))}
    moved = {place: order for place, order in orders.items() if not _is_in_order(order)}
    counted = [it for it in orders if it not in moved and simplify_column(header[it]) not in _UNNAMED]
    if moved:
        place = next((it for it in moved if _is_id(header[it])), next(iter(moved)))
        if not _is_id(header[place]) or counted or len({tuple(order) for order in moved.values()}) > 1:
            _refuse_numbers(table, place)
        return RowOrder(moved[place], f"in the order of its column {header[place]!r}")
    if not counted and (named := _find_names(header, columns)) is not None:
        _refuse_names(table, named)
    return as_they_stand


def _order_by_column(table: ItemRows, place: int, lists: Mapping[str, Sequence[str]]) -> RowOrder:
    """Return the order that a given column says.

    Raises:
        DataError: it has no numbers from 0 or 1 on, and no list has its cells.
    """
    cells, column = table.read_column(place), table.header[place]
    if listed := _find_list(cells, lists):
        return listed
    order = _number_places(cells) or _number_places(_read_ends(cells))
    if order is None:
        raise DataError(
            f"column {column!r} of {table.table!r} does not number the {len(cells)} items of {table.items!r} from 0 or "
            f"1 on; add --path-column {NONE} to take the rows as they stand"
        )
    return RowOrder(order, f"in the order of its column {column!r}")


def _find_list(cells: Sequence[str], lists: Mapping[str, Sequence[str]]) -> RowOrder | None:
    """Return the order of a list that has the cells of a column, once each; None where none has."""
    rows = {cell: row for row, cell in enumerate(cells)}
    for name, texts in lists.items():
        if len(rows) == len(cells) == len(texts) and rows.keys() == set(texts):
            return RowOrder([rows[text] for text in texts], f"in the order of {name!r}", name)
    return None


def _number_places(cells: Sequence[str]) -> list[int] | None:
    """Return the row of each item where the cells number them from 0 or 1 on; None where they do not."""
    if len(cells) < 2 or not all(cell.isascii() and cell.isdigit() for cell in cells):
        return None
    numbers = [int(cell) for cell in cells]
    first, count = min(numbers), len(numbers)
    if first not in (0, 1) or sorted(numbers) != list(range(first, first + count)):
        return None
    return sorted(range(count), key=numbers.__getitem__)


def _is_in_order(order: Sequence[int]) -> bool:
    return list(order) == list(range(len(order)))


def _is_id(column: str) -> bool:
    """Return whether a column is called like one that numbers items, and not like a group."""
    words = re.split(r"[^0-9A-Za-z]+", re.sub(r"(?<=[a-z])(?=[A-Z])", "_", column.strip()))
    simple = simplify_column(column)
    is_group = next(match_columns([column], ALIASES["group"]), None) is not None
    return simple in _NUMBERS or (words[-1].lower() in _ID_WORDS and not is_group)


def _find_names(header: Sequence[str], columns: Mapping[int, Sequence[str]]) -> int | None:
    """Return the place of a column with a name of a file for each item; None where there is none."""
    suffixes = tuple(suffix for modality in all_modalities() for suffix in modality.suffixes)
    called = [name for modality in all_modalities() for name in modality.hints.path_columns]
    known = set(match_columns(header, [*ALIASES["path"], *called]))
    for place, cells in columns.items():
        if len(set(cells)) < len(cells) or all(cell.isdigit() for cell in cells):
            continue
        if header[place] in known or all(cell.lower().endswith(suffixes) for cell in cells):
            return place
    return None


def _read_ends(cells: Sequence[str]) -> list[str]:
    """Return the numbers at the ends of names that are alike otherwise; nothing where they are not."""
    found = [split_number(cell) for cell in cells]
    ends = [str(it[2]) if it else "" for it in found]
    return ends if len({it[:2] for it in found if it}) == 1 else []


def _refuse_numbers(table: ItemRows, place: int) -> None:
    column, first = table.header[place], table.read_column(place)[0]
    raise DataError(
        f"the column {column!r} of {table.table!r} ({first!r} in the first row) may say which item "
        f"of {table.items!r} a row is about, or the rows may be in the order of the items: add --path-column "
        f"{quote_argument(column)} to go by the column, or --path-column {NONE} to take the rows as they stand"
    )


def _refuse_names(table: ItemRows, place: int) -> None:
    column, cells = table.header[place], table.read_column(place)
    order = _number_places(_read_ends(cells))
    numbers = f"add --path-column {quote_argument(column)} to go by the numbers in the names, "
    by_number = numbers if order and not _is_in_order(order) else ""
    raise DataError(
        f"the rows of {table.table!r} are about files (column {column!r} says {cells[0]!r} in the first row), and "
        f"nothing says which item of {table.items!r} is which file: {by_number}add --path-column {NONE} to take the "
        "rows in the order of the items, or save the names in that order beside it, as filenames.npy"
    )
