"""Evidence that cells are texts: words with blanks between them, or signs of scripts that have no blanks."""

import re
from collections.abc import Callable, Sequence
from itertools import islice

from headstart.data.readers.tables.base64_cells import is_base64
from headstart_runtime.item_columns import is_missing_text

FEWEST_WORDS = 3  #: of a cell that is running text
LOOK_AT = 400  #: different cells of a column
MOSTLY = 0.5  #: share of a column's cells
DIFFERENT = 0.3  #: share of a column's cells that differ; names of kinds come again and again
LONGEST_WORD = 120  #: characters without a blank, as of keys and encoded bytes
_LOOKED = 2000  #: characters of a cell
_WORD = re.compile(r"[^\W\d_]{2,}")
_UNSPACED = re.compile("[\\u0e00-\\u0eff\\u1000-\\u109f\\u1780-\\u17ff\\u3040-\\u30ff\\u3400-\\u9fff\\uf900-\\ufaff]")
_STRUCTURE = ("[", "{", "<?xml", "data:")


def estimate_words(cell: str) -> int:
    """Return about how many words a cell has: pieces with two letters; of scripts without blanks half the signs."""
    unspaced = len(_UNSPACED.findall(cell))
    return sum(_WORD.search(piece) is not None for piece in cell.split()) + unspaced // 2


def is_running_text(cell: str) -> bool:
    """Return whether a cell is a sentence or more: a few words, mostly letters, no path, list or encoded bytes."""
    looked = cell[:_LOOKED].strip()
    if looked.startswith(_STRUCTURE) or estimate_words(looked) < FEWEST_WORDS:
        return False
    plain = sum(map(str.isalpha, looked))
    return 2 * plain >= len(looked) - looked.count(" ") and may_be_text(looked)


def may_be_text(cell: str) -> bool:
    """Return whether a cell could be a text of a word or two: it has a letter and is no code of a machine's."""
    looked = cell[:_LOOKED]
    if not any(map(str.isalpha, looked)) or is_base64(looked) or "\0" in looked:
        return False
    longest = max(map(len, looked.split()), default=0)
    return longest <= LONGEST_WORD or _UNSPACED.search(looked) is not None


def holds_running_text(cells: Sequence[str]) -> bool:
    """Return whether most cells of a column are running text, and differ."""
    return _hold_mostly(cells, is_running_text) and differ(cells)


def may_hold_texts(cells: Sequence[str]) -> bool:
    """Return whether most cells of a column that is called like texts could be some."""
    return _hold_mostly(cells, may_be_text)


def differ(cells: Sequence[str]) -> bool:
    """Return whether many cells of a column are there once only."""
    filled = [cell for cell in cells if not is_missing_text(cell)]
    return len(set(filled)) >= DIFFERENT * len(filled)


def measure_length(cells: Sequence[str]) -> float:
    """Return how many characters the filled cells of a column have on average."""
    some = _take_some(cells)
    return sum(map(len, some)) / max(1, len(some))


def _take_some(cells: Sequence[str]) -> list[str]:
    """Return different filled cells, spread evenly."""
    step = max(1, len(cells) // (4 * LOOK_AT))
    return list(islice(dict.fromkeys(cell for cell in cells[::step] if not is_missing_text(cell)), LOOK_AT))


def _hold_mostly(cells: Sequence[str], fits: Callable[[str], bool]) -> bool:
    some = _take_some(cells)
    return bool(some) and sum(map(fits, some)) >= MOSTLY * len(some)
