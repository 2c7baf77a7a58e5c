"""Cells of a table that hold items as base64 text, as exports of services and notebooks have them."""

import re
from pathlib import Path

from headstart.data.readers.tables.table_columns import TableRows
from headstart_runtime.errors import DataError

LONGEST_STEP = 255  #: characters of a name that a system holds
LOOK_AT = 20  #: rows
_TEXT = re.compile(r"(?:data:[^,]{0,100},)?[A-Za-z0-9+/=_\r\n\-]+")


def refuse_base64(table: Path, content: TableRows) -> None:
    """Refuse a table most of whose cells are items written as text.

    Raises:
        DataError: they are.
    """
    some = content.rows[:: max(1, len(content.rows) // LOOK_AT)]
    if 2 * sum(is_base64(row.path) for row in some) > len(some):
        raise DataError(
            f"table {str(table)!r}: the cells of column {content.column!r} are {content.modality.noun.many} as base64 "
            "text, which is not read; write each into a file of its own (base64.b64decode in Python) and the file's "
            "path into the cell"
        )


def is_base64(cell: str) -> bool:
    """Return whether a cell holds an item as text, and no path."""
    return len(cell) > LONGEST_STEP and bool(_TEXT.fullmatch(cell[: 4 * LONGEST_STEP]))
