"""Plain tables for the terminal."""

import re
import textwrap
from collections.abc import Iterable, Sequence

#: What stands to the right: a count, a share, a size, a difference, a p, or nothing.
NUMBER = re.compile(r"[-+<]?[\d.,-]*\d ?(%|[kMGT]?B)?|-?")


def format_table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Columns two spaces apart; numbers to the right, text to the left."""
    cells = [list(head), *([_text(cell) for cell in row] for row in rows)]
    widths = [max(len(row[column]) for row in cells) for column in range(len(head))]
    right = [all(_is_number(row[column]) for row in cells[1:]) for column in range(len(head))]
    lines = [
        "  ".join(
            cell.rjust(width) if to_right else cell.ljust(width)
            for cell, width, to_right in zip(row, widths, right, strict=True)
        ).rstrip()
        for row in cells
    ]
    return "\n".join(lines)


def format_size(count: float) -> str:
    """Bytes for a person."""
    for unit in ("B", "kB", "MB", "GB"):
        if count < 1000:
            return f"{count:.0f} {unit}" if unit == "B" else f"{count:.1f} {unit}"
        count /= 1000
    return f"{count:.1f} TB"


def wrap_paragraph(text: str, width: int, indent: str = "") -> str:
    """Text in lines of so many columns; all but the first are indented."""
    return textwrap.fill(text, width, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False)


def _text(cell: object) -> str:
    return f"{cell:,}" if isinstance(cell, int) and not isinstance(cell, bool) else str(cell)


def _is_number(cell: str) -> bool:
    return NUMBER.fullmatch(cell) is not None
