"""Cells of Arrow's columns as Python's values, where some of them are none."""

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
