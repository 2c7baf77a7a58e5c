"""Evidence of the role of a table's column in its cells: whether they lead to files, repeat, or are 0 and 1."""

import re
from collections import Counter
from collections.abc import Iterable, Sequence

from headstart.data.readers.tables.table_files import FileFinder

LOOK_AT = 50  #: cells of which it is asked whether a file is there
MOSTLY = 0.5  #: the share of these that makes a column of paths
OFTEN = 2  #: rows of one label at least, on average, in a column that is known by its cells only
MOST_LABELS = 0.34  #: different cells by rows in such a column, of a long table
FEW = 20  #: different cells that need no such share
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?", re.IGNORECASE)
_FRACTION = re.compile(r"[+-]?\d*\.\d*[1-9]\d*(e[+-]?\d+)?|[+-]?\d[\d.]*e[+-]?\d+", re.IGNORECASE)
#: What says of a label that an item has it, and that it has not, in small letters.
_ON = frozenset("1 1.0 true yes y t x ✓ ✔ ja j si sí oui present pos positive + 100%".split())  # noqa: SIM905
_OFF = frozenset("0 0.0 false no n f nein non absent neg negative 0%".split())  # noqa: SIM905


def share_of_files(cells: Sequence[str], finder: FileFinder) -> float:
    """Return the share of some cells, spread evenly, that lead to one file each; 0.0 of a column without any."""
    different = list(dict.fromkeys(cell for cell in cells if cell))
    looked = different[:: max(1, len(different) // LOOK_AT)]
    return finder.count_leading(looked) / len(looked) if looked else 0.0


def differs_by_row(cells: Sequence[str]) -> bool:
    """Return whether hardly any cell is there twice, as of ids."""
    filled = [cell for cell in cells if cell]
    return len(set(filled)) >= max(1, 0.8 * len(filled))


def holds_labels(cells: Sequence[str]) -> bool:
    """Return whether a column has few different cells, each of them several times, and no measurements."""
    filled = [cell for cell in cells if cell]
    different = set(filled)
    if len(different) < 2 or len(filled) < OFTEN * len(different):
        return False
    if any(_FRACTION.fullmatch(cell) for cell in different):
        return False
    return len(different) <= max(FEW, MOST_LABELS * len(filled))


def is_wordy(cells: Iterable[str]) -> bool:
    """Return whether cells are names and not numbers."""
    filled = {cell for cell in cells if cell}
    return 2 * sum(not _NUMBER.fullmatch(cell) for cell in filled) > len(filled)


def says_the_same(first: Sequence[str], second: Sequence[str]) -> bool:
    """Return whether two columns are one to one: a cell of one goes with one cell of the other."""
    pairs = {pair for pair in zip(first, second, strict=False) if all(pair)}
    return bool(pairs) and len({one for one, _ in pairs}) == len(pairs) == len({other for _, other in pairs})


def is_on(cell: str) -> bool | None:
    """Return what a cell of a column of 0 and 1, or of yes and no, says; None where it says neither."""
    text = cell.strip().lower()
    return True if text in _ON else False if text in _OFF else None


def is_binary(cells: Sequence[str]) -> bool:
    """Return whether all cells are 0 or 1, or yes or no."""
    return bool(cells) and all(is_on(cell) is not None for cell in Counter(cells))
