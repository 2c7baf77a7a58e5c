"""Cells of Arrow's columns as Python's values, where some of them are none."""

import math
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pyarrow

UNREADABLE = b"\xff"  #: stands for a cell that has no value in Python: bytes that are no text


def read_cells(column: "pyarrow.Array") -> list[Any]:
    """Return the values of a column: of text that is no UTF-8 its bytes, of a time that cannot be, ``UNREADABLE``."""
    try:
        return list(column.to_pylist())
    except (ValueError, OverflowError):
        return [read_cell(cell) for cell in column]


def read_cell(cell: "pyarrow.Scalar") -> Any:
    """Return the value of a cell, as ``read_cells`` does."""
    try:
        return cell.as_py()
    except (ValueError, OverflowError):
        pass
    if hasattr(cell, "as_buffer"):
        return cell.as_buffer().to_pybytes()
    return {key: read_cell(cell[key]) for key in cell} if hasattr(cell, "keys") else UNREADABLE


def format_cell(cell: Any) -> str:
    """Return a typed cell as text: nothing for a missing one, a whole number that became a float as whole.

    Raises:
        TypeError: it is a list or a structure.
        UnicodeDecodeError: it is bytes that are no text.
    """
    if cell is None:
        return ""
    if isinstance(cell, float):
        return "" if math.isnan(cell) else str(int(cell)) if cell.is_integer() else str(cell)
    if isinstance(cell, bytes):
        return cell.decode("utf-8").strip()
    if isinstance(cell, list | tuple | dict):
        raise TypeError
    return str(cell).strip()


def format_plain(cell: Any) -> str:
    """Return a typed cell as ``format_cell`` does; nothing for a list, a structure or bytes that are no text."""
    try:
        return format_cell(cell)
    except (TypeError, UnicodeDecodeError):
        return ""


def format_text(cell: Any) -> str:
    """Return a cell as the text it is, with its blanks; a list of words or lines as one."""
    if isinstance(cell, list) and all(isinstance(one, str) for one in cell):
        return " ".join(cell)
    return cell if isinstance(cell, str) else format_plain(cell)
