"""Tables of pairs: two columns of files in each row and a column that says whether they go together."""

import re
from collections.abc import Callable, Sequence
from itertools import combinations
from pathlib import Path

from headstart.data.names import preview
from headstart.data.readers.tables.column_evidence import MOSTLY, differs_by_row
from headstart.data.readers.tables.table_columns import DoubtfulTableError, TableSample, match_columns, simplify_column
from headstart_runtime.modalities.item import Noun

#: Columns that say of two files whether they go together.
_SAME = (
    *("same", "is_same", "match", "is_match", "matching", "matched", "similar", "is_similar", "similarity", "pair"),
    *("duplicate", "is_duplicate", "is_dup", "same_class", "same_person", "same_id", "different", "is_pair"),
)
_WORDS = ({"left", "right"}, {"first", "second"}, {"query", "reference"}, {"anchor", "positive"}, {"a", "b"})
_END = re.compile(r"(?:\d{1,2}|(?<=[a-z]{3})[ab])$")
MOST_COLUMNS = 30  #: that may have files; a table with more, such as of pixels, is not of pairs
LEAST_DIFFERENT = 0.25  #: different cells by rows in a column of files of pairs


def refuse_pairs(table: Path, sample: TableSample, noun: Noun, share: Callable[[str], float]) -> None:
    """Refuse a table whose rows have two files each, as one of the two has no label of its own.

    Args:
        table: for the error.
        sample: its header and some rows.
        noun: of its items.
        share: returns the share of a column's cells that lead to files.

    Raises:
        DoubtfulTableError: with both columns.
    """
    same = next((it for it in match_columns(sample.header, _SAME) if len(set(sample.column(it)) - {""}) == 2), "")
    columns = [it for it in dict.fromkeys(sample.header) if it not in sample.contents and _may_be_files(sample, it)]
    if len(columns) > MOST_COLUMNS:
        return
    for first, second in combinations(columns, 2):
        cells = sample.column(first), sample.column(second)
        alike = _are_called_alike(first, second) and not all(map(differs_by_row, cells))
        if not (same or alike) or _are_same_names(*cells):
            continue
        if share(first) >= MOSTLY and share(second) >= MOSTLY:
            said = f", and column {same!r} says {preview(sorted(set(sample.column(same)) - {''}))}" if same else ""
            raise DoubtfulTableError(
                f"table {str(table)!r} has pairs of {noun.many}: the cells of {first!r} and of {second!r} lead to files"
                f"{said}; a pair is not read as one item; wanted a row for each {noun.one}, with its own label"
            )


def _may_be_files(sample: TableSample, column: str) -> bool:
    cells = [cell for cell in sample.column(column) if cell]
    return len(set(cells)) >= max(3, LEAST_DIFFERENT * len(cells))


def _are_called_alike(first: str, second: str) -> bool:
    """Return whether names differ by a number or a letter at their end only, or are those of a pair."""
    one, other = simplify_column(first), simplify_column(second)
    return {one, other} in _WORDS or (one != other and _END.sub("", one) == _END.sub("", other))


def _are_same_names(first: Sequence[str], second: Sequence[str]) -> bool:
    """Return whether most rows have one name in both columns, such as a file and its whole path."""
    pairs = [(Path(one).stem, Path(other).stem) for one, other in zip(first, second, strict=True)]
    return 2 * sum(one == other for one, other in pairs) > len(pairs)
