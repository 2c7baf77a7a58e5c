"""The column of a table whose equal values belong together: of one speaker, one video, one lot.

A column that is called so and whose values make groups is used, as folders of patients are; one that is called so and
has too few of them, and one that only looks so, is named with its flag.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import repeat
from pathlib import PurePosixPath

from headstart.data.readers.group_stats import FEW, OFFERED, GroupStats, count_groups, propose_groups
from headstart.data.readers.owner_names import LIKELY_FORMS, SURE_FORMS, read_owners
from headstart.data.readers.tables.column_evidence import is_wordy
from headstart.data.readers.tables.table_columns import (
    ALIASES,
    LABEL_COLUMNS,
    SPLIT_COLUMNS,
    TableSample,
    match_columns,
)
from headstart.data.readers.words import TRACK, names_owner
from headstart.quoting import quote_argument

INSIDE = 0.9  #: share of the rows whose files have the number of a thing in their names
EACH = 3  #: rows of such a thing on average
PURE = 0.95  #: share of values with one class each that makes a column look like groups, whatever it is called
KINDS = 2  #: values of a column of kinds
BY_CHANCE = 0.5  #: share that this may have by chance
#: Names of groups that two kinds of rows may have too: young and old, maths and art.
_OF_KINDS = frozenset({"group", "groups", "subject", "subjects"})


def look_at_group(sample: TableSample, taken: Mapping[str, str], label: str) -> tuple[bool, str]:
    """Return whether the column with the name of groups is used, and a note on it.

    Two values that all classes have are no groups, where the name may mean kinds: no split could be made by them.

    Args:
        sample: the table's header and some rows.
        taken: role -> column, that of groups among them.
        label: its column of labels; "" where each class has a column.
    """
    column = taken["group"]
    if column.strip().lower() in _OF_KINDS and label and "split" not in taken and is_wordy(sample.column(column)):
        kinds = list(dict.fromkeys(cell for cell in sample.column(column) if cell))
        stats = count_groups(column, sample.read_column(column), sample.read_column(label))
        if len(kinds) == stats.values == stats.fewest == KINDS:
            return False, (
                f"column {column!r} says {kinds[0]!r} or {kinds[1]!r} in all classes and is not used; where rows of "
                f"one belong together, as of one person, add --group-column {quote_argument(column)}"
            )
    return True, f"rows of one {column!r} stay in one part of the split; --group-column none leaves them apart"


@dataclass(frozen=True, slots=True)
class FoundGroup:
    """The column whose equal cells belong together, and those of which it is only proposed."""

    column: str = ""  #: that is used; "" for none
    notes: tuple[str, ...] = ()
    proposed: tuple[str, ...] = ()  #: columns that may have groups, where none is used


def find_group(sample: TableSample, label: str, used: Iterable[str]) -> FoundGroup:
    """Return the column whose equal cells belong together, and notes on it and on others like it.

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
        return FoundGroup(best.column, (best.describe_use(others),))
    looking = stats or [one for column in left if label and (one := _find_look(sample, column, label))]
    if not looking:
        return FoundGroup()
    return FoundGroup("", (propose_groups(looking),), tuple(one.column for one in looking[:OFFERED]))


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


def describe_tracks(paths: Sequence[str], labels: Sequence[str], many: str) -> str:
    """Return a note where names of files say whose items they are, as ``P03_2`` or ``10_left``; "" elsewhere.

    Args:
        paths: of the rows.
        labels: of the same rows.
        many: the word for the items.
    """
    stems = [PurePosixPath(path.replace("\\", "/")).stem for path in paths]
    add = f"add a column group with it to the table, since {many} of one in train and in test make the score too good"
    if sure := read_owners(stems, labels, SURE_FORMS):
        return f"{sure.note}, {add}"
    found = [match for stem in stems if (match := TRACK.fullmatch(stem))]
    tracks = len({match[1] for match in found})
    few = tracks < FEW * len(set(labels)) or len(found) < EACH * tracks
    if not found or len(found) < INSIDE * len(stems) or few:
        likely = read_owners(stems, labels, LIKELY_FORMS)
        return f"{likely.note}, {add}" if likely else ""
    return (
        f"the names of the files begin with {tracks} numbers that several share, such as {found[0][1]!r} in "
        f"{found[0][0]!r}: if each is one patient, video or thing, {add}"
    )
