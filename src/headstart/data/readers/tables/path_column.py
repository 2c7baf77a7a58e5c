"""The column of a table with paths where several may have them: names of files against numbers, a folder and a name."""

from collections.abc import Callable, Collection, Sequence
from itertools import pairwise
from pathlib import Path

from headstart.data.names import preview
from headstart.data.readers.tables.column_evidence import LOOK_AT, MOSTLY, differs_by_row
from headstart.data.readers.tables.table_columns import (
    ALIASES,
    DoubtfulTableError,
    TableSample,
    match_columns,
    simplify_column,
)
from headstart.data.readers.tables.table_files import FileFinder
from headstart.quoting import quote_argument
from headstart_runtime.errors import DataError

NEARLY = 0.9  #: share of the numbers of a column that lead to files, where it may name them and another counts rows
_NAMES = ("file", "path", "name")  #: words of the name of a column whose cells are meant as names


def is_name_column(column: str) -> bool:
    """Return whether a column is called the name of a file, so that its numbers are no rows."""
    return any(word in simplify_column(column) for word in _NAMES)


def choose_most_files(table: Path, columns: Sequence[str], shares: Sequence[float]) -> str:
    """Return the column of which the most cells lead to files.

    Args:
        table: for the error.
        columns: two or more.
        shares: of the cells of each that lead to files.

    Raises:
        DataError: the best two are alike.
    """
    first, second = sorted(shares, reverse=True)[:2]
    if first == second:
        flags = " or ".join(f"--path-column {quote_argument(column)}" for column in columns[:4])
        raise DataError(
            f"table {str(table)!r} has {len(columns)} columns whose cells lead to files, {preview(columns, most=4)}; "
            f"say which: {flags}"
        )
    return columns[shares.index(first)]


def refuse_row_numbers(
    table: Path, sample: TableSample, share_files: Callable[[str], float], column: str, used: Collection[str]
) -> None:
    """Refuse to take numbers that may only count the rows where those of another column lead to files too.

    Args:
        table: for the error.
        sample: its header and some rows.
        share_files: gives the share of a column's cells that lead to a file.
        column: that would be taken.
        used: columns that have another role.

    Raises:
        DoubtfulTableError: with both columns and a row in which they differ.
    """
    if (rows := _read_numbers(sample, column)) is None or not _counts_rows(rows):
        return
    left = {column, *used, *match_columns(sample.header, ALIASES["label"]), *sample.contents}
    for other in dict.fromkeys(sample.header):
        if (
            other in left
            or not differs_by_row(sample.column(other))
            or (numbers := _read_numbers(sample, other)) is None
        ):
            continue
        if numbers == rows or _counts_rows(numbers) or share_files(other) < NEARLY:
            continue
        one, two = next(pair for pair in zip(rows, numbers, strict=False) if pair[0] != pair[1])
        flags = " or ".join(f"--path-column {quote_argument(it)}" for it in (other, column))
        raise DoubtfulTableError(
            f"table {str(table)!r} has two columns whose numbers lead to files: {column!r}, which may only count the "
            f"rows, and {other!r} ('{one}' and '{two}' in one row); say which names the files: {flags}"
        )


def _read_numbers(sample: TableSample, column: str) -> list[int] | None:
    """Return the cells of a column as whole numbers; None where one is none."""
    if column in sample.contents or not all(map(_is_number, sample.column(column))):
        return None
    cells = list(sample.read_column(column))
    return [int(cell) for cell in cells] if all(map(_is_number, cells)) else None


def _is_number(cell: str) -> bool:
    return cell.isascii() and cell.isdigit()


def _counts_rows(numbers: Sequence[int]) -> bool:
    """Return whether numbers go up by one from row to row."""
    return len(numbers) > 1 and all(second - first == 1 for first, second in pairwise(numbers))


def prefer_names(table: Path, sample: TableSample, finder: FileFinder, leading: Sequence[str], first: str) -> str:
    """Return the column of whole names of files that lead to others than a column of ids; "" where none does.

    Args:
        table: for an error.
        sample: its header and some rows.
        finder: of its files.
        leading: the columns whose cells lead to files.
        first: that of the ids.

    Raises:
        DataError: the ids are no numbers.
    """
    cells = sample.column(first)
    for column in leading:
        pairs = list(zip(cells, sample.column(column), strict=True))[:: max(1, len(cells) // LOOK_AT)]
        exact = [(one, file) for one, other in pairs if (file := finder.find_exactly(other))]
        found = [(finder.find_several(one), file) for one, file in exact]
        differ = sum(len(files) == 1 and files[0] != file for files, file in found)
        if column == first or 2 * differ <= len(exact) or len(exact) < MOSTLY * len(pairs):
            continue
        if all(cell.isdigit() for cell in cells if cell):
            return column
        flags = " or ".join(f"--path-column {quote_argument(one)}" for one in (first, column))
        raise DataError(
            f"table {str(table)!r} has the columns {first!r} and {column!r}, whose cells lead to different files "
            f"({pairs[0][0]!r} and {pairs[0][1]!r} in one row); say which: {flags}"
        )
    return ""


def find_folder_column(sample: TableSample, finder: FileFinder, path: str) -> str:
    """Return the column with the folder of each path, where names alone may be of several files; "" for none."""
    if path in sample.contents:
        return ""
    names = sample.column(path)
    rows = [place for place, name in enumerate(names) if name][:: max(1, len(names) // LOOK_AT)]
    several = [names[place] for place in rows if len(finder.find_same(names[place])) > 1]
    if not several or finder.count_leading([names[place] for place in rows], by_name_alone=True) >= MOSTLY * len(rows):
        return ""
    shares: dict[str, float] = {}
    for column in dict.fromkeys(sample.header):
        cells = [] if column == path or column in sample.contents else sample.column(column)
        hits = sum(bool(cells[place] and finder.find_in_folder(cells[place], names[place])) for place in rows if cells)
        shares[column] = hits / len(rows)
    best = max(shares, key=shares.__getitem__)
    return best if shares[best] >= MOSTLY else ""
