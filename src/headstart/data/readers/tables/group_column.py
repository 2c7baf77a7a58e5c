"""The column of a table whose equal values belong together: of one speaker, one video, one lot.

A column that is called so and whose values make groups is used, as folders of patients are; one that is called so and
has too few of them, and one that only looks so, is named with its flag.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import repeat

from headstart.data.readers.tables.column_evidence import is_wordy
from headstart.data.readers.tables.table_columns import (
    ALIASES,
    LABEL_COLUMNS,
    SPLIT_COLUMNS,
    TableSample,
    match_columns,
    quote_column,
)
from headstart.data.readers.words import names_owner

FEWEST = 8  #: groups that a column has, before it is used without being asked for
FEWEST_OF_CLASS = 3  #: groups in which each class is: for a part of the split each
LARGEST = 0.3  #: share of the rows in one group
OFTEN = 1.5  #: rows of a group on average
FEW = 3  #: groups, before anything is said of a column
PURE = 0.95  #: share of values with one class each that makes a column look like groups, whatever it is called
BY_CHANCE = 0.5  #: share that this may have by chance
OFFERED = 3  #: columns in a note


@dataclass(frozen=True, slots=True)
class GroupStats:
    """The groups that a column would make."""

    column: str
    values: int  #: different cells
    rows: int  #: cells that are not empty
    largest: int  #: rows of the most frequent one
    classes: float  #: of a value that is there more than once, on average
    fewest: int  #: values of the class that is in the fewest
    pure_by_chance: float  #: share of those values that would have one class if labels were dealt anew
    pure: float  #: share that has one class

    @property
    def repeats(self) -> bool:
        """Whether values are there several times and are not a few kinds."""
        return self.values >= FEW and self.rows >= OFTEN * self.values

    @property
    def is_clear(self) -> bool:
        """Whether a split by them can be made, with each class in every part."""
        share = self.largest / max(1, self.rows)
        return self.repeats and self.values >= FEWEST and self.fewest >= FEWEST_OF_CLASS and share <= LARGEST

    def describe(self) -> str:
        """Return their counts, for a person."""
        several = f", with {self.classes:.1f} classes in each on average" if self.classes else ""
        return f"{self.column!r} has {self.values} values in {self.rows} rows{several}"


def find_group(sample: TableSample, label: str, used: Iterable[str]) -> tuple[str, list[str]]:
    """Return the column whose equal cells belong together, "" for none, and notes on it and on others like it.

    Args:
        sample: the table's header and some rows.
        label: its column of labels; "" where each class has a column.
        used: columns that have a role.
    """
    left = [column for column in dict.fromkeys(sample.header) if column.strip() and column not in set(used)]
    left = [column for column in left if column not in sample.contents and len(set(sample.column(column))) >= FEW]
    named = [column for column in left if names_owner(column)]
    stats = [count_groups(column, sample.read_column(column), _read_labels(sample, label)) for column in named]
    stats = [one for one in stats if one.repeats]
    clear = [one for one in stats if one.is_clear]
    best = _find_coarsest(sample, clear)
    if best is not None:
        others = [one.column for one in stats if one is not best]
        beside = f", not of {' or '.join(map(repr, others[:OFFERED]))}" if others else ""
        note = (
            f"rows of one {best.column!r} stay in one part of the split{beside}: {best.describe()}; --group-column "
            "none leaves them apart"
        )
        return best.column, [note]
    if stats:
        return "", [_propose(stats)]
    looking = [one for column in left if label and (one := _find_look(sample, column, label))]
    return "", [_propose(looking)] if looking else []


def count_groups(column: str, cells: Iterable[str], labels: Iterable[str]) -> GroupStats:
    """Return the groups that the cells of a column make.

    Args:
        column: its name.
        cells: of all rows.
        labels: of the same rows.
    """
    classes: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for cell, label in zip(cells, labels, strict=False):
        if cell:
            classes[cell][label] += 1
    sizes = {cell: counts.total() for cell, counts in classes.items()}
    rows = sum(sizes.values())
    repeated = [cell for cell, size in sizes.items() if size > 1]
    total: Counter[str] = Counter()
    groups: Counter[str] = Counter()
    for counts in classes.values():
        total.update(counts)
        groups.update(counts.keys())
    several = len(total) > 1
    chance = [sum((count / rows) ** sizes[cell] for count in total.values()) for cell in repeated] if several else []
    return GroupStats(
        column,
        len(sizes),
        rows,
        max(sizes.values(), default=0),
        sum(len(classes[cell]) for cell in repeated) / len(repeated) if repeated and several else 0.0,
        min(groups.values(), default=0),
        sum(chance) / len(chance) if chance else 1.0,
        sum(len(classes[cell]) == 1 for cell in repeated) / len(repeated) if repeated else 0.0,
    )


def _read_labels(sample: TableSample, label: str) -> Iterable[str]:
    """Return the labels of all rows; one for all where no column has them."""
    return sample.read_column(label) if label else repeat("")


def _find_coarsest(sample: TableSample, clear: Sequence[GroupStats]) -> GroupStats | None:
    """Return the one whose groups hold those of all others whole; None where there is none, or where they cross."""
    for one in sorted(clear, key=lambda one: one.values):
        cells = sample.column(one.column)
        if all(_holds(cells, sample.column(other.column)) for other in clear if other is not one):
            return one
    return None


def _holds(coarse: Sequence[str], fine: Sequence[str]) -> bool:
    """Return whether each value of one column goes with one value of another."""
    pairs = {pair for pair in zip(fine, coarse, strict=False) if all(pair)}
    return len(pairs) == len({value for value, _ in pairs})


def _find_look(sample: TableSample, column: str, label: str) -> GroupStats | None:
    """Return the groups of a column that is called like nothing, where hardly any value has several classes."""
    cells = sample.column(column)
    known = [*ALIASES["path"], *ALIASES["label"], *LABEL_COLUMNS, *ALIASES["split"], *SPLIT_COLUMNS]
    if next(match_columns([column], known), None) or not is_wordy(cells):
        return None
    stats = count_groups(column, cells, sample.column(label))
    pure = stats.pure >= PURE and stats.pure_by_chance <= BY_CHANCE
    return stats if stats.is_clear and pure else None


def _propose(stats: Sequence[GroupStats]) -> str:
    """Return a note on columns that may be groups, which are not used."""
    shown = " and ".join(f"column {one.describe()}" for one in stats[:OFFERED])
    flags = " or ".join(f"--group-column {quote_column(one.column)}" for one in stats[:OFFERED])
    return f"{shown}: where rows of one value belong together, add {flags}; now they may be in several parts"
