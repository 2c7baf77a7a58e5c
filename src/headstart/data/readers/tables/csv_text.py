"""Text tables as rows of cells: CSV with commas, semicolons or tabs, as spreadsheets and scripts leave it.

Each line of the file is a row, or part of a row whose cell is quoted and runs over lines (RFC 4180). One quotation mark
too many would make a cell of all lines up to the next one: a line in an open cell that looks like a row of its own is
taken for one, and the row with the mark is told with its line. So no row is lost.
"""

import csv
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, partial
from itertools import islice
from pathlib import Path
from typing import NamedTuple

from headstart.data.readers.encodings import REMEDY, decode_text
from headstart.data.readers.tables.table_columns import find_path_column
from headstart.errors import DataError
from headstart.modalities.modality import all_modalities

DELIMITERS = ",;\t|"
ROW_NAMES = "row names"
LOOK_AT = 200  #: rows by which their width is known
MOST_ABOVE = 12  #: lines in which the header of a table is looked for

#: Which columns of a header tell a row, by their place: those of the path and the label.
FindKeys = Callable[[Sequence[str]], Sequence[int]]


class TextRow(NamedTuple):
    """A row of a table."""

    number: int  #: as a person counts: the header is row 1
    line: int  #: of the file, where it begins
    cells: Sequence[str]
    problem: str = ""  #: why its cells cannot be trusted


@dataclass(frozen=True)
class TextTable:
    """A table of text: its header and every row with anything in it."""

    header: Sequence[str]  #: empty for an empty file
    notes: tuple[str, ...]
    _parse: Callable[[], Iterator[TextRow]]  #: of all rows, the header too
    _lines: Sequence[str] = ()  #: of the file, where each of them is a row; else nothing
    _delimiter: str = ","

    def iter_rows(self, *, header: bool = False) -> Iterator[TextRow]:
        """Yield the rows, parsed anew, so that only those are in memory that are wanted.

        Args:
            header: whether the first row is one like the others.
        """
        rows = self._parse()
        if not header:
            next(rows, None)
        return rows

    def iter_some(self, most: int) -> Iterator[Sequence[str]]:
        """Yield the cells of up to about so many rows, spread evenly, without the first one."""
        step = max(1, len(self._lines) // most)
        if step > 1:  # nobody has to look at the lines between
            yield from (line.split(self._delimiter) for line in self._lines[step::step] if line.strip())
            return
        step, kept = 1, list[Sequence[str]]()
        for number, row in enumerate(self.iter_rows()):
            if number % step or row.problem:
                continue
            kept.append(row.cells)
            if len(kept) >= 2 * most:
                del kept[1::2]
                step *= 2
        yield from kept

    @cached_property
    def rows(self) -> Sequence[TextRow]:
        """All rows, in memory."""
        return list(self.iter_rows())


def read_text_table(
    table: Path, find_keys: FindKeys, *, encoding: str | None = None, remedy: str = REMEDY
) -> TextTable:
    """Return the cells of a text table.

    Args:
        table: the file; one that ends in .tsv has tabs, whatever its header looks like, if there are any.
        find_keys: returns the columns of a header that tell a row, the path's first.
        encoding: of the text; None finds it.
        remedy: what to do where none is found, for an error.

    Raises:
        OSError: it cannot be read.
        DataError: it is no text.
    """
    decoded = decode_text(table.read_bytes(), encoding, f"table {str(table)!r}", remedy)
    notes = []
    if decoded.guessed:
        notes.append(
            f"{table.name} is not UTF-8 and was read as {decoded.encoding}; where names look wrong, say what it is "
            "with --encoding"
        )
    text = decoded.text
    del decoded
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")  # every kind of line end
    lines = text.split("\n")
    plain = '"' not in text and "\0" not in text
    del text
    separator = re.fullmatch(r"sep=(.)", lines[0].strip())  # a line that Excel writes and reads
    skipped = 1 if separator else _find_header(lines, find_keys)
    if skipped and not separator:
        notes.append(f"the header of {table.name} is line {skipped + 1}; what stands above it is no row")
    first = next((line for line in lines[skipped:] if line.strip()), "")
    delimiter = (
        separator[1]
        if separator
        else "\t"
        if table.suffix.lower() == ".tsv" and "\t" in first
        else _choose_delimiter(first, find_keys)
    )
    parse = partial(_parse_rows, lines, skipped, delimiter, find_keys)
    content = TextTable((), tuple(notes), parse, lines if plain else (), delimiter)
    header = next(content.iter_rows(header=True), None)
    if header is None:
        return content
    quoted = not plain and next((line for line in lines[skipped:][1:] if line.strip()), "").startswith('"')
    return name_row_names(replace(content, header=header.cells), quoted=quoted)


def name_row_names(content: TextTable, *, quoted: bool) -> TextTable:
    """Return a table with a name for its first column where the header lacks one, as R writes the names of rows.

    Each row then has one cell more than the header, and the first cells are all different.

    Args:
        content: of the file.
        quoted: whether its rows begin with a quotation mark; where not, a cell behind the first has to end like a file.
    """
    some = [row.cells for row in islice(content.iter_rows(), LOOK_AT) if not row.problem]
    width = len(content.header) + 1
    if len(some) < 2 or any(len(cells) != width or not cells[0].strip() for cells in some):
        return content
    suffixes = tuple(suffix for modality in all_modalities() for suffix in modality.suffixes)
    ends = [sum(cells[place].strip().lower().endswith(suffixes) for cells in some) for place in range(width)]
    if len({cells[0] for cells in some}) < len(some) or not any(cells[-1].strip() for cells in some):
        return content
    if not quoted and (2 * max(ends[1:]) <= len(some) or ends[0]):
        return content
    headless = any(cell.strip().lower().endswith(suffixes) for cell in content.header)
    if headless or (2 * ends[0] > len(some) and find_path_column(content.header)):
        return content  # a cell with the sign that divides cells in it
    note = f"the header has one cell less than the rows: the first column is taken for {ROW_NAMES}, as R writes them"
    return replace(content, header=[ROW_NAMES, *content.header], notes=(*content.notes, note))


def _find_header(lines: Sequence[str], find_keys: FindKeys) -> int:
    """Return how many lines stand above the header: titles, comments, names of groups of columns."""

    def count_keys(line: str) -> int:
        return max(len(find_keys(_split_cells(line, sign))) for sign in DELIMITERS)

    first = next((line for line in lines if line.strip()), "")
    if count_keys(first) > 1:
        return 0
    comments = next((place for place, line in enumerate(lines) if line.strip() and line[0] != "#"), 0)
    for place, line in enumerate(lines[:MOST_ABOVE]):
        if line.strip() and line != first and count_keys(line) > 1:
            return place
    return comments if first.startswith("#") and not count_keys(first) else 0


def _choose_delimiter(header: str, find_keys: FindKeys) -> str:
    """Return what separates the columns: by which a header has the most known ones, then the most frequent one."""
    return max(DELIMITERS, key=lambda sign: (len(find_keys(_split_cells(header, sign))), header.count(sign)))


def _split_cells(line: str, delimiter: str) -> list[str]:
    return next(csv.reader([line], delimiter=delimiter), [])


def _parse_rows(lines: Sequence[str], skipped: int, delimiter: str, find_keys: FindKeys) -> Iterator[TextRow]:
    """Yield every row with anything in it; blank ones are counted, for a person counts them."""
    blanks = delimiter + " \t\v\f"
    source = _LineSource(lines, skipped, delimiter)
    reader = csv.reader(source, delimiter=delimiter)
    number = skipped
    while source.next < len(lines):
        number += 1
        begins = source.next
        line = lines[begins]
        if source.columns is not None and '"' not in line and "\0" not in line:  # most rows of most tables
            source.next = begins + 1
            if line.strip(blanks):
                yield TextRow(number, source.next, line.split(delimiter))
            continue
        source.begin()
        try:
            cells = next(reader)
            over_lines = source.next > begins + 1 and source.columns is not None
            problem = "a quotation mark too many" if over_lines and len(cells) > (source.columns or 0) else ""
        except csv.Error as error:
            cells, problem = [], str(error)
        except _OpenQuoteError:
            cells, problem = [], "a quotation mark that is not closed"
        if problem:
            source.next = begins + 1
            cells = _split_cells(lines[begins].replace('"', "").replace("\0", ""), delimiter)
            problem = f"{problem} (line {begins + 1}); remove it or close it"
            reader = csv.reader(source, delimiter=delimiter)
        if not any(map(str.strip, cells)):
            continue
        if source.columns is None:
            source.learn(cells, find_keys(cells))
        yield TextRow(number, begins + 1, cells, problem)


class _OpenQuoteError(Exception):
    """A cell is open at the end of the file, or where the next row begins."""


class _LineSource:
    """The lines of a table for a CSV reader, which asks for one more where a quoted cell is open at its end."""

    def __init__(self, lines: Sequence[str], start: int, delimiter: str) -> None:
        self._lines, self._delimiter = lines, delimiter
        self.next = start
        self.columns: int | None = None
        self._keys: Sequence[int] = ()
        self._suffixes = {suffix for modality in all_modalities() for suffix in modality.suffixes}
        self._open: list[str] = []  # the lines of the row so far

    def learn(self, header: Sequence[str], keys: Sequence[int]) -> None:
        """Remember the columns of the table."""
        self.columns, self._keys = len(header), keys

    def begin(self) -> None:
        """Begin a new row with the next line."""
        self._open = []

    def __iter__(self) -> "_LineSource":
        return self

    def __next__(self) -> str:
        last = self.next >= len(self._lines)
        if self._open and (last or self._is_row(self._lines[self.next])):
            raise _OpenQuoteError
        if last:
            raise StopIteration
        line = self._lines[self.next]
        self.next += 1
        self._open.append(line)
        return line + "\n"

    def _is_row(self, line: str) -> bool:
        """Return whether a line inside an open cell is the next row: text may run over lines, a path does not."""
        if self.columns is None or self.columns < 2:
            return False
        so_far = _split_cells(self._open[0], self._delimiter)
        place, left = len(so_far) - 1, self.columns - len(so_far)
        whole = line.partition('"')[0].count(self._delimiter) >= self.columns - 1
        if so_far[-1].count(self._delimiter) < left or not (whole or (left and len(self._open) == 1 and '"' in line)):
            return False  # the row with the mark has cells that this one would lack
        if place in self._keys:
            return True
        cells = _split_cells(line.replace('"', ""), self._delimiter)
        path = self._keys[0] if self._keys else 0
        if len(cells) != self.columns or path >= len(so_far):
            return False
        suffix = Path(cells[path].strip()).suffix.lower()
        return suffix in self._suffixes or _get_pattern(cells[path]) == _get_pattern(so_far[path])


def _get_pattern(cell: str) -> str:
    """Return the pattern of a cell: digits as 0, letters as a."""
    return re.sub(r"[^\W\d_]+", "a", re.sub(r"\d+", "0", cell.strip()))


def refuse_damaged_rows(table: Path, rows: Sequence[TextRow]) -> None:
    """Raise an error where a row cannot be trusted: of a table that somebody edited all rows are meant.

    Raises:
        DataError: the first such row, with its line.
    """
    damaged = [row for row in rows if row.problem]
    if damaged:
        more = f"; {len(damaged) - 1} more such lines" if len(damaged) > 1 else ""
        raise DataError(f"table {str(table)!r}: {damaged[0].problem}{more}")
