"""The lines of a text table for a CSV reader: what divides their cells, and which of them begin a row."""

import csv
import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from itertools import chain, islice
from pathlib import Path
from typing import Any

from headstart.data.readers.tables.table_columns import ALIASES, match_columns
from headstart_runtime.modalities.modality import all_modalities

DELIMITERS = ",;\t|"
LOOK_AT = 20  #: lines by which it is known what divides cells, where no header has known names
MOST_LINES = 200  #: in a cell that runs over lines, where some of them look like rows

#: Which columns of a header tell a row, by their place: those of the path and the label.
FindKeys = Callable[[Sequence[str]], Sequence[int]]


def split_line(line: str, delimiter: str) -> list[str]:
    """Return the cells of a line of CSV."""
    return next(csv.reader([line], delimiter=delimiter), [])


def choose_delimiter(lines: Sequence[str], find_keys: FindKeys) -> str:
    """Return what separates the columns: by which a header has the most known ones, then the most frequent one.

    Where it has none that is known, that counts by which most lines have as many cells as the first.

    Args:
        lines: of the table, the header first.
        find_keys: returns the columns of a header that have a known name.
    """
    header = lines[0] if lines else ""
    known = {sign: len(find_keys(split_line(header, sign))) for sign in DELIMITERS}
    if any(known.values()) or len(lines) < 2:
        return max(DELIMITERS, key=lambda sign: (known[sign], header.count(sign)))
    return max(DELIMITERS, key=lambda sign: (_share_alike(lines[:LOOK_AT], sign), sign == "\t", header.count(sign)))


def _share_alike(lines: Sequence[str], sign: str) -> float:
    """Return the share of lines that have as many cells as the first one, which has two at least; else 0."""
    counts = [len(split_line(line, sign)) for line in lines]
    return Counter(counts)[counts[0]] / len(counts) if counts[0] > 1 else 0.0


class OpenQuoteError(Exception):
    """A cell is open at the end of the file, or where the next row begins."""


class LineSource:
    """The lines of a table for a CSV reader, which asks for one more where a quoted cell is open at its end."""

    def __init__(self, lines: Sequence[str], start: int, form: Mapping[str, Any]) -> None:
        self._lines, self._form = lines, form
        self._delimiter: str = form["delimiter"]
        self.next = start
        self.columns: int | None = None
        self._keys: Sequence[int] = ()
        self._runs_on = False  # whether cells may run over lines, as texts do: no column has paths
        self._suffixes = {suffix for modality in all_modalities() for suffix in modality.suffixes}
        self._open: list[str] = []  # the lines of the row so far

    def learn(self, header: Sequence[str], keys: Sequence[int]) -> None:
        """Remember the columns of the table."""
        self.columns, self._keys = len(header), keys
        paths = chain(ALIASES["path"], *(modality.hints.path_columns for modality in all_modalities()))
        self._runs_on = next(match_columns(header, paths), None) is None

    def begin(self) -> None:
        """Begin a new row with the next line."""
        self._open = []

    def is_whole(self, line: str) -> bool:
        """Return whether a line with tabs has as many cells as the header, whatever marks are in them."""
        return self._delimiter == "\t" and self.columns is not None and line.count("\t") == self.columns - 1 > 0

    def __iter__(self) -> "LineSource":
        return self

    def __next__(self) -> str:
        last = self.next >= len(self._lines)
        if self._open and (last or self._is_row(self._lines[self.next])):
            raise OpenQuoteError
        if last:
            raise StopIteration
        line = self._lines[self.next]
        self.next += 1
        self._open.append(line)
        return line + "\n"

    def _is_row(self, line: str) -> bool:
        """Return whether a line inside an open cell is the next row."""
        if self.is_whole(line) and len(self._open) == 1 and self.is_whole(self._open[0]):
            return True
        return self._looks_like_row(line) and not (self._runs_on and self._closes_well())

    def _closes_well(self) -> bool:
        """Return whether the open cell ends a few lines on, in a row of all cells, and few lines in it look like rows.

        Half of them may: a text may have lines of its own that have the sign in them which divides cells.
        """
        inside = list(islice(self._lines, self.next, self.next + MOST_LINES))
        reader = csv.reader((f"{line}\n" for line in chain(self._open, inside)), strict=True, **self._form)
        try:
            cells = next(reader)
        except (csv.Error, StopIteration):
            return False
        taken = inside[: max(0, reader.line_num - len(self._open))]
        alike = sum(map(self._looks_like_row, taken[:-1]))
        return len(cells) == self.columns and 2 * alike <= len(taken)

    def _looks_like_row(self, line: str) -> bool:
        """Return whether a line inside an open cell looks like a row: text may run over lines, a path does not."""
        if self.columns is None or self.columns < 2:
            return False
        so_far = split_line(self._open[0], self._delimiter)
        place, left = len(so_far) - 1, self.columns - len(so_far)
        whole = line.partition('"')[0].count(self._delimiter) >= self.columns - 1
        if so_far[-1].count(self._delimiter) < left or not (whole or (left and len(self._open) == 1 and '"' in line)):
            return False  # the row with the mark has cells that this one would lack
        if place in self._keys:
            return True
        cells = split_line(line.replace('"', ""), self._delimiter)
        path = self._keys[0] if self._keys else 0
        if len(cells) != self.columns or path >= len(so_far):
            return False
        suffix = Path(cells[path].strip()).suffix.lower()
        return suffix in self._suffixes or _get_pattern(cells[path]) == _get_pattern(so_far[path])


def _get_pattern(cell: str) -> str:
    """Return the pattern of a cell: digits as 0, letters as a."""
    return re.sub(r"[^\W\d_]+", "a", re.sub(r"\d+", "0", cell.strip()))
