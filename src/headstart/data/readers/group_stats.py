"""The groups that equal values of a column or an array would make, counted, and what is said of them."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from headstart.quoting import quote_argument

FEWEST = 8  #: groups that a column has, before it is used without being asked for
FEWEST_OF_CLASS = 3  #: groups in which each class is: for a part of the split each
LARGEST = 0.3  #: share of the rows in one group
OFTEN = 1.5  #: rows of a group on average
FEW = 3  #: groups, before anything is said of a column
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

    def describe_use(self, others: Sequence[str] = ()) -> str:
        """Return a note that rows are kept together by this column and not by others."""
        beside = f", not of {' or '.join(map(repr, others[:OFFERED]))}" if others else ""
        return (
            f"rows of one {self.column!r} stay in one part of the split{beside}: {self.describe()}; --group-column "
            "none leaves them apart"
        )


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


def propose_groups(stats: Sequence[GroupStats]) -> str:
    """Return a note on columns that may be groups, which are not used."""
    shown = " and ".join(one.describe() for one in stats[:OFFERED])
    flags = " or ".join(f"--group-column {quote_argument(one.column)}" for one in stats[:OFFERED])
    return f"{shown}: where rows of one value belong together, add {flags}; now they may be in several parts"
