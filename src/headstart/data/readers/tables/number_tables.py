"""Tables whose cells are the numbers of items: a column for each value, or all values in one cell with blanks between.

``label,v0,...,v783``, the same without a header, and a column with 2304 numbers in each cell are such. A table is
parsed once, line by line, into a file of values in the cache, so that memory stays bounded; a row that does not parse
is kept with the reason.
"""

import csv
import json
import math
import re
import warnings
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from headstart.data.readers.unpack import unpack_once
from headstart_runtime.errors import bounded

ENDINGS = (".csv", ".tsv")
HEAD = 400_000  #: characters that say whether a table is one of numbers
LOOK_AT = 100  #: rows
SMALLEST_ROW = 16  #: values
CHANNELS = 3
_NOTHING = np.zeros(0, np.uint8)
_DELIMITERS = ",;\t"
_NUMBER = re.compile(r"-?\d+(\.\d*)?(e-?\d+)?", re.I)
_NUMBERED = re.compile(r"(\D*?)[-_ ]?\d+(?:[-_x]\d+)?")  #: names of columns such as pixel0, pixel_0_7 and 28x28


@dataclass(frozen=True, slots=True)
class NumberTable:
    """A table of numbers, as its first lines say it is laid out."""

    file: Path
    header: tuple[str, ...]  #: of all columns; empty where there is none
    delimiter: str
    first: int  #: column of values
    last: int  #: the column behind the last one of values
    behind: int  #: columns behind them
    size: int  #: values of a row
    whole: bool  #: whether they are whole numbers from 0 to 255

    @property
    def in_one_cell(self) -> bool:
        """Whether all values of a row stand in one cell."""
        return self.last == self.first + 1

    @property
    def other_columns(self) -> tuple[str, ...]:
        """The names of the columns that are no values."""
        return (*self.header[: self.first], *self.header[self.last :])


@dataclass(frozen=True, slots=True)
class NumberRow:
    """A row of a table of numbers."""

    number: int  #: as a person counts: the header is row 1
    others: tuple[str, ...]  #: its cells that are no values
    place: int  #: among the rows of values; -1 where it has none
    problem: str = ""  #: why it cannot be used


def find_number_table(file: Path) -> NumberTable | None:
    """Return how a table of numbers is laid out; None for any other file."""
    if file.suffix.lower() not in ENDINGS:
        return None
    try:
        with file.open(encoding="utf-8-sig", errors="backslashreplace", newline="") as stream:
            text = stream.read(HEAD)
    except OSError:
        return None
    lines = [line for line in text.splitlines()[: LOOK_AT + 1] if line.strip()]
    if len(text) == HEAD and len(lines) > 1:
        lines.pop()  # it may not be whole
    if len(lines) < 2 or "\0" in text:
        return None
    delimiter = max(_DELIMITERS, key=lines[1].count)
    rows = list(csv.reader(lines, delimiter=delimiter))
    header = () if _is_numeric(rows[0]) else tuple(cell.strip() for cell in rows[0])
    rows = [row for row in rows[1 if header else 0 :] if len(row) == len(rows[0])]
    span = _find_span(header, rows) if rows else None
    if span is None:
        return None
    first, last = span
    values = [value for row in rows for value in (row[first].split() if last == first + 1 else row[first:last])]
    size = len(rows[0][first].split()) if last == first + 1 else last - first
    texts = [value.strip() for value in values]
    whole = all(text.isdecimal() and len(text) <= 3 and int(text) <= 255 for text in texts)
    return NumberTable(file, header, delimiter, first, last, len(rows[0]) - last, size, whole)


def read_number_rows(table: NumberTable, cache: Path) -> tuple[NDArray[np.generic], list[NumberRow]]:
    """Return the values of a table, memory-mapped (N, size), uint8 or float32, and all of its rows.

    Raises:
        OSError: it cannot be read.
        StoreError: the cache has no room.
    """
    variant = f"numbers-{table.first}-{table.last}"
    folder = unpack_once(table.file, cache, partial(_write_rows, table), variant)
    dtype = np.uint8 if table.whole else np.float32
    file = folder / "values"
    values = np.memmap(file, dtype, "r") if file.stat().st_size else np.zeros(0, dtype)
    rows = json.loads((folder / "rows.json").read_text("utf-8"))
    return np.asarray(values.reshape(-1, table.size)), [
        NumberRow(number, tuple(others), place, problem) for number, others, place, problem in rows
    ]


def _is_numeric(cells: Sequence[str]) -> bool:
    """Return whether most cells of a line are numbers, so that it is no header."""
    return 2 * sum(_NUMBER.fullmatch(cell.strip()) is not None for cell in cells) > len(cells)


def _find_span(header: tuple[str, ...], rows: Sequence[Sequence[str]]) -> tuple[int, int] | None:
    """Return the columns of the values, from and to."""
    width = len(rows[0])
    if width <= SMALLEST_ROW:
        long = [at for at in range(width) if all(_is_row_of_numbers(row[at]) for row in rows)]
        return (long[0], long[0] + 1) if len(long) == 1 else None
    if not header:
        if not all(_is_numeric(row) for row in rows) or not _is_item_size(width - 1):
            return None
        return (0, width - 1) if _is_last_the_label(rows) else (1, width)
    prefixes = [match[1].lower() if (match := _NUMBERED.fullmatch(name)) else None for name in header]
    prefix, count = (
        Counter(prefix for prefix in prefixes if prefix is not None).most_common(1)[0]
        if any(prefix is not None for prefix in prefixes)
        else ("", 0)
    )
    places = [at for at, own in enumerate(prefixes) if own == prefix]
    if not _is_item_size(count) or places[-1] - places[0] + 1 != count:
        return None
    if not all(_NUMBER.fullmatch(cell.strip()) for row in rows[:20] for cell in row[places[0] : places[-1] + 1]):
        return None
    return places[0], places[-1] + 1


def _is_item_size(size: int) -> bool:
    return size >= SMALLEST_ROW and any(
        size == channels * math.isqrt(size // channels) ** 2 for channels in (1, CHANNELS)
    )


def _is_row_of_numbers(cell: str) -> bool:
    values = cell.split()
    return _is_item_size(len(values)) and all(_NUMBER.fullmatch(value) for value in values)


def _is_last_the_label(rows: Sequence[Sequence[str]]) -> bool:
    """Return whether the last column and not the first looks like labels: it has two values or more, and fewer."""
    first, last = ({row[at].strip() for row in rows} for at in (0, -1))
    if len(first) < 2:
        return len(last) >= 2
    return 1 < len(last) < len(first) and len(first) > len(rows) // 2


def _write_rows(table: NumberTable, folder: Path) -> None:
    rows: list[tuple[int, tuple[str, ...], int, str]] = []
    place = 0
    with (
        table.file.open(encoding="utf-8-sig", errors="backslashreplace", newline="") as stream,
        (folder / "values").open("wb") as out,
        warnings.catch_warnings(),
    ):
        warnings.simplefilter("error")  # NumPy warns of text that is no number
        for number, line in enumerate(stream, 1):
            text = line.rstrip("\r\n")
            if not text.strip(f"{table.delimiter} ") or (number == 1 and table.header):
                continue
            others, values, problem = _parse_line(table, text)
            rows.append((number, others, -1 if problem else place, problem))
            if not problem:
                out.write(values.tobytes())
                place += 1
    (folder / "rows.json").write_text(json.dumps(rows), "utf-8")


def _parse_line(table: NumberTable, line: str) -> tuple[tuple[str, ...], NDArray[np.generic], str]:
    """Return the cells of a line that are no values, its values (size,), and "" or why they cannot be used."""
    if '"' in line:
        cells = next(csv.reader([line], delimiter=table.delimiter))
        front, middle = cells[: table.first], table.delimiter.join(cells[table.first : table.last])
        back = cells[table.last :]
    else:
        *front, rest = line.split(table.delimiter, table.first)
        middle, *back = rest.rsplit(table.delimiter, table.behind) if table.behind else [rest]
    others = (*front, *back)
    sign = " " if table.in_one_cell else table.delimiter
    try:
        values = np.fromstring(middle, np.int64 if table.whole else np.float32, sep=sign)  # whole ones are faster
    except (ValueError, DeprecationWarning):
        return others, _NOTHING, f"{bounded(middle, 40)!r} are no {'whole numbers' if table.whole else 'numbers'} alone"
    if len(values) != table.size or len(others) != table.first + table.behind:
        return others, _NOTHING, f"{len(values)} values, where other rows have {table.size}"
    if not table.whole:
        return others, values, ""
    if values.min() < 0 or values.max() > 255:
        return others, _NOTHING, "a value that is not from 0 to 255"
    return others, values.astype(np.uint8), ""
