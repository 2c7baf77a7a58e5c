"""Numbers as they are written in labels: read, counted, and told from codes of classes."""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from math import isfinite, nan

import numpy as np

from headstart.label_text import join_cells, split_cells
from headstart.tasks.facets import Claim, LabelSource
from headstart_runtime.arrays import Doubles
from headstart_runtime.errors import DataError
from headstart_runtime.tasks.task import TargetSpace

MOSTLY = 0.95  #: share of the labels that are numbers, where a few are typing errors
FEW_VALUES = 5  #: unlike numbers up to which labels may be codes although they are no whole numbers, as half grades
MANY_VALUES = 15  #: unlike whole numbers from which labels may be meant as numbers
FEWEST_AGAIN, AGAIN = 3, 0.01  #: times, and share of the numbers, that one comes again which may say "not known"
_PLACEHOLDERS = frozenset({-1.0, -9.0, -99.0, -999.0, -9999.0, 99.0, 999.0, 9999.0, 99999.0})
_SHOWN = 2  #: numbers in a reason
_CODE = re.compile(r"[+-]?0\d")  #: 007 is a code
_COMMA = re.compile(r"[+-]?\d+,\d+(?:[eE][+-]?\d+)?")
_UNCLEAR = re.compile(r"[+-]?[1-9]\d{0,2},\d{3}")  #: 1,234 may be a thousand and more
_PLAIN = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?")


def read_number(text: str) -> float | None:
    """Return the number that a text is, "12.5" or "12,5", finite; None where it is none."""
    text = text.strip()
    if _COMMA.fullmatch(text) and not _UNCLEAR.fullmatch(text):
        text = text.replace(",", ".")
    if not _PLAIN.fullmatch(text):
        return None
    number = float(text)
    return number if isfinite(number) else None


def read_numbers(space: TargetSpace, label: str) -> tuple[float, ...]:
    """Return the number of each column of a space, (K,), NaN where the label has none for it.

    Raises:
        DataError: a cell is no number, or there are too many or too few, or none is known.
    """
    cells = split_number_cells(space.facts.get("form", "one"), label)
    if len(cells) != len(space):
        names = join_cells(space.names)
        raise DataError(f"label {label!r} has {len(cells)} numbers; wanted {len(space)}, for {names}")
    numbers = []
    for name, cell in zip(space.names, cells, strict=True):
        number = nan if is_unknown_cell(cell) else read_number(cell)
        if number is None:
            column = f" of {name!r}" if len(space) > 1 else ""
            raise DataError(f"label {cell!r}{column} is not a number; wanted one such as 12.5")
        numbers.append(number)
    if all(number != number for number in numbers):
        raise DataError(f"label {label!r} is not a number; wanted one such as 12.5, or no label")
    return tuple(numbers)


def write_numbers(space: TargetSpace, numbers: Sequence[float]) -> str:
    """Return numbers as ``read_numbers`` reads them, without rounding; unknown ones are empty cells."""
    cells = ["" if number != number else repr(number).removesuffix(".0") for number in numbers]
    return cells[0] if space.facts.get("form", "one") == "one" else join_cells(cells)


def split_number_cells(form: str, label: str) -> tuple[str, ...]:
    """Return the cells of a label, one where the source writes one text for each item.

    Raises:
        DataError: quotes that are not closed.
    """
    if form == "one":
        return (label,)
    try:
        return split_cells(label)
    except ValueError as error:
        raise DataError(str(error)) from None


def is_unknown_cell(cell: str) -> bool:
    """Return whether a cell says that a number is unknown."""
    return cell.strip().lower() in ("", "nan", "na", "n/a", "null", "none", "?")


@dataclass(frozen=True, slots=True)
class _Column:
    """The labels of one column."""

    numbers: tuple[float, ...]  #: those that are
    examples: tuple[str, ...]  #: some of them as they are written, unlike ones
    codes: bool  #: whether some have zeros in front
    share: float  #: of all that say something

    @property
    def fractional(self) -> bool:
        """Whether some are no whole numbers."""
        return any(not number.is_integer() for number in self.numbers)

    @property
    def counts(self) -> Counter[float]:
        """The number of times that each number is there."""
        return Counter(self.numbers)


def find_placeholder(numbers: Doubles) -> tuple[float, int] | None:
    """Return the number that may stand for "not known", with how often it is there; None where none does.

    It is the lowest or the highest, comes again and again where others hardly do, and lies further from the others
    than these are spread.

    Args:
        numbers: (N,), all known.
    """
    for number in {float(numbers.min()), float(numbers.max())} if len(numbers) else ():
        rest = numbers[numbers != number]
        count = len(numbers) - len(rest)
        if len(rest) < FEWEST_AGAIN or count < max(FEWEST_AGAIN, AGAIN * len(numbers)):
            continue
        low, high = float(rest.min()), float(rest.max())
        most = int(np.unique(rest, return_counts=True)[1].max())
        if max(low - number, number - high) > high - low and (count > most or number in _PLACEHOLDERS):
            return number, count
    return None


def claim_numbers(labels: Sequence[str], source: LabelSource) -> Claim | None:
    """Return why labels look like numbers; None where they do not, or are codes of classes.

    Numbers that are not whole are surely meant as such, unless there are very few unlike ones. Many unlike whole
    numbers may be ages or prices, or the codes of many classes: codes run from 0 or 1 without a gap and stand
    for several items each.
    """
    if source.form not in ("one", "columns"):
        return None
    rows = [find_number_cells(source.form, label) for label in labels]
    width = max(map(len, rows), default=0)
    columns = [_read_column([row[at] for row in rows if at < len(row)]) for at in range(width)]
    if not columns or any(column.share < MOSTLY or column.codes or not column.numbers for column in columns):
        return None
    if source.form == "columns":
        varied = [column for column in columns if column.fractional or len(column.counts) >= MANY_VALUES]
        what = f"there are {len(columns)} columns of numbers, such as {', '.join(columns[0].examples)}"
        return Claim(what, certain=True) if varied else None
    return _claim_column(columns[0])


def _claim_column(column: _Column) -> Claim | None:
    counts = column.counts
    examples = " and ".join(column.examples)
    if column.fractional:
        few = len(counts) <= FEW_VALUES and len(column.numbers) >= 3 * len(counts)
        return Claim(f"they are numbers, such as {examples}", certain=not few)
    many = len(counts) >= MANY_VALUES or (len(counts) >= MANY_VALUES // 2 and len(column.numbers) < 3 * len(counts))
    if not many or _are_codes(counts):
        return None
    return Claim(f"they are {len(counts)} unlike whole numbers, such as {examples}", certain=False)


def _are_codes(counts: Counter[float]) -> bool:
    """Return whether whole numbers look like codes of classes: from 0 or 1 on without a gap, each several times."""
    low, high = min(counts), max(counts)
    return low in (0, 1) and high - low + 1 == len(counts) and min(counts.values()) > 1


def _read_column(cells: Sequence[str]) -> _Column:
    known = [cell for cell in cells if not is_unknown_cell(cell)]
    read = [(cell, number) for cell in known if (number := read_number(cell)) is not None]
    examples: dict[float, str] = {}
    for cell, number in read:
        if len(examples) < _SHOWN:
            examples.setdefault(number, cell.strip())
    codes = any(_CODE.match(cell.strip()) for cell, _ in read)
    numbers = tuple(number for _, number in read)
    return _Column(numbers, tuple(examples.values()), codes, len(read) / len(known) if known else 0.0)


def find_number_cells(form: str, label: str) -> tuple[str, ...]:
    """Return the cells of a label; none where they cannot be told apart."""
    try:
        return split_number_cells(form, label)
    except DataError:
        return ()
