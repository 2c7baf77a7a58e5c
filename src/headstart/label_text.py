"""Labels as they are written: one text for each item, also where it stands for several cells of a table.

Several cells are written as one line of comma-separated values with ``;`` between them, and quotes where a cell has one
of its own, so that a person can write and read them: ``cat;dog``, ``1;0;;1``, ``12.5;3``. No cell at all is ``[]``, for
an empty text is a label that is missing.
"""

import csv
import io
import re
from collections.abc import Iterable
from typing import Literal, TypeAlias

SEPARATOR = ";"
_SPECIAL = re.compile(r'[;"\r\n]')  #: signs of which a cell with one is quoted
NONE = "[]"  #: no cell: an item that is of none of several labels

#: What the label of an item is, as a source writes it. "one": one text, such as the name of a class or a number.
#: "several": the names of all classes that the item is of, joined by ``join_cells``. "indicators": a cell for each
#: column, 1 where the item is of the column's class, 0 where not, empty where that is unknown. "columns": a cell for
#: each column, whatever stands there; empty where it is unknown.
LabelForm: TypeAlias = Literal["one", "several", "indicators", "columns"]


def join_cells(cells: Iterable[str]) -> str:
    """Return cells as one text, which ``split_cells`` reads; ``NONE`` for none."""
    cells = list(cells)
    if not cells:
        return NONE
    if cells == [NONE]:
        return f'"{NONE}"'
    if cells == [""]:
        return '""'
    return SEPARATOR.join(_quote(cell) for cell in cells)


def _quote(cell: str) -> str:
    """Return a cell, in quotes where it could not be read back without them."""
    plain = not _SPECIAL.search(cell) and cell == cell.strip()
    return cell if plain else '"' + cell.replace('"', '""') + '"'


def split_cells(text: str) -> tuple[str, ...]:
    """Return the cells of a text that ``join_cells`` wrote, or a person; without outer blanks.

    Returns:
        No cell for an empty text and for ``NONE``.

    Raises:
        ValueError: quotes that are not closed, or a line break outside of quotes.
    """
    if text.strip() == NONE:
        return ()
    try:
        rows = list(csv.reader(io.StringIO(text, newline=""), delimiter=SEPARATOR, skipinitialspace=True, strict=True))
    except csv.Error as error:
        raise ValueError(f"{text!r} is no list with {SEPARATOR!r} between its values: {error}") from None
    if len(rows) > 1:
        raise ValueError(f"{text!r} has several lines; wanted one, with {SEPARATOR!r} between its values")
    return tuple(cell.strip() for cell in rows[0]) if rows else ()
