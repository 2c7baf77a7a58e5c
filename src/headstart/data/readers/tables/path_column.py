"""The column of a table with paths where several may have them: names of files against numbers, a folder and a name."""

from collections.abc import Sequence
from pathlib import Path

from headstart.data.readers.tables.column_evidence import LOOK_AT, MOSTLY
from headstart.data.readers.tables.table_columns import TableSample
from headstart.data.readers.tables.table_files import FileFinder
from headstart.errors import DataError
from headstart.quoting import quote_argument


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
    several = [names[place] for place in rows if len(finder.find_several(names[place])) > 1]
    if not several or finder.count_leading([names[place] for place in rows]) >= MOSTLY * len(rows):
        return ""
    shares: dict[str, float] = {}
    for column in dict.fromkeys(sample.header):
        cells = [] if column == path or column in sample.contents else sample.column(column)
        hits = sum(bool(cells[place] and finder.find_in_folder(cells[place], names[place])) for place in rows if cells)
        shares[column] = hits / len(rows)
    best = max(shares, key=shares.__getitem__)
    return best if shares[best] >= MOSTLY else ""
