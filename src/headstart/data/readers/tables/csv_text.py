"""Text tables as rows of cells: CSV with commas, semicolons or tabs, as spreadsheets and scripts leave it.

Each line of the file is a row, or part of a row whose cell is quoted and runs over lines (RFC 4180). One quotation mark
too many would make a cell of all lines up to the next one: a line in an open cell that looks like a row of its own is
taken for one, and the row with the mark is told with its line. So no row is lost.
"""

import csv
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, partial
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

from headstart.data.readers.encodings import REMEDY, decode_text
from headstart.data.readers.tables.csv_lines import (
    DELIMITERS,
    FindKeys,
    LineSource,
    OpenQuoteError,
    choose_delimiter,
    split_line,
)
from headstart.data.readers.tables.table_columns import find_path_column
from headstart_runtime.errors import DataError
from headstart_runtime.modalities.modality import all_modalities

ROW_NAMES = "row names"
LONGEST_CELL = 1 << 27  #: characters
LOOK_AT = 200  #: rows by which their width is known
MOST_ABOVE = 12  #: lines in which the header of a table is looked for


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
    delimiter: str = ","

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
            yield from (line.split(self.delimiter) for line in self._lines[step::step] if line.strip())
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
            f"{table.name} is not UTF-8 and was read as {decoded.encoding}; where letters look wrong, say what it is "
            "with --encoding"
        )
    text = decoded.text
    del decoded
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")  # every kind of line end
    lines = text.split("\n")
    plain = '"' not in text and "\0" not in text
    escaped = _count_escaped(text)
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
        else choose_delimiter([line for line in lines[skipped : skipped + 10 * MOST_ABOVE] if line.strip()], find_keys)
    )
    if escaped:
        notes.append(f"quotation marks in the cells of {table.name} have a backslash before them, which is left out")
    form = {"delimiter": delimiter, "escapechar": "\\" if escaped else None, "doublequote": not escaped}
    parse = partial(_parse_rows, lines, skipped, form, find_keys)
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
        return max(len(find_keys(split_line(line, sign))) for sign in DELIMITERS)

    first = next((line for line in lines if line.strip()), "")
    if count_keys(first) > 1:
        return 0
    comments = next((place for place, line in enumerate(lines) if line.strip() and line[0] != "#"), 0)
    for place, line in enumerate(lines[:MOST_ABOVE]):
        if line.strip() and line != first and count_keys(line) > 1:
            return place
    return comments if first.startswith("#") and not count_keys(first) else 0


def _count_escaped(text: str) -> bool:
    """Return whether quotation marks in cells are written with a backslash, and not twice."""
    return '\\"' in text and text.count('\\"') > text.count('""')


def _parse_rows(lines: Sequence[str], skipped: int, form: Mapping[str, Any], find_keys: FindKeys) -> Iterator[TextRow]:
    """Yield every row with anything in it; blank ones are counted, for a person counts them."""
    csv.field_size_limit(max(csv.field_size_limit(), LONGEST_CELL))
    delimiter: str = form["delimiter"]
    blanks = delimiter + " \t\v\f"
    source = LineSource(lines, skipped, form)
    reader = csv.reader(source, **form)
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
        except OpenQuoteError:
            cells, problem = [], "a quotation mark that is not closed"
        if problem:
            source.next = begins + 1
            cells = split_line(lines[begins].replace('"', "").replace("\0", ""), delimiter)
            problem = f"{problem} (line {begins + 1}); remove it or close it"
            if source.is_whole(lines[begins]):  # tabs alone divide it, and marks are what they are
                cells, problem = lines[begins].split(delimiter), ""
            reader = csv.reader(source, **form)
        if not any(map(str.strip, cells)):
            continue
        if source.columns is None:
            source.learn(cells, find_keys(cells))
        yield TextRow(number, begins + 1, cells, problem)


def refuse_damaged_rows(table: Path, rows: Sequence[TextRow]) -> None:
    """Raise an error where a row cannot be trusted: of a table that somebody edited all rows are meant.

    Raises:
        DataError: the first such row, with its line.
    """
    damaged = [row for row in rows if row.problem]
    if damaged:
        more = f"; {len(damaged) - 1} more such lines" if len(damaged) > 1 else ""
        raise DataError(f"table {str(table)!r}: {damaged[0].problem}{more}")
