"""Tables as CSV that a spreadsheet may open: no cell of text is taken for a formula there (CSV injection, CWE-1236).

The name of a file or a class may begin with ``=``, ``+``, ``-`` or ``@``, and a spreadsheet runs such a cell, also one
that comes to be at a semicolon, a tab or a line break where it splits there. An apostrophe in front makes it text, as
OWASP advises. ``unescape_cell`` takes it away again, and a cell that had one from the start gets it back.
"""

import csv
import io
import re
from collections.abc import Iterable, Sequence

_STARTS = r"=+\-@\t\r\uff1d\uff0b\uff0d\uff20"  # the last four are the first four as wide letters of East Asia
_FORMULA = re.compile(rf"(^|[;\t\r\n])('*)(?=[{_STARTS}])")
_ESCAPED = re.compile(rf"(^|[;\t\r\n])'('*)(?=[{_STARTS}])")
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")


def format_csv(rows: Iterable[Sequence[object]]) -> str:
    """Return rows as comma-separated lines that end in a line feed.

    Text is escaped, but for what is a number as it stands (``-0.5``); None is an empty cell.
    """
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerows([escape_cell(cell) if isinstance(cell, str) else cell for cell in row] for row in rows)
    return text.getvalue()


def join_names(names: Iterable[str]) -> str:
    """Return names as one cell, a ``|`` between them; in a name, it and a backslash have a backslash before."""
    return "|".join(name.replace("\\", r"\\").replace("|", r"\|") for name in names)


def escape_cell(text: str) -> str:
    """Return text that no spreadsheet takes for a formula; what can't be taken for one, and numbers, as they are."""
    return text if _NUMBER.fullmatch(text) else _FORMULA.sub(r"\1'\2", text)


def unescape_cell(text: str) -> str:
    """Return the text that ``escape_cell`` was given."""
    return _ESCAPED.sub(r"\1\2", text)
