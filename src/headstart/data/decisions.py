"""Decisions of a reader about a source: what each folder, column or array was taken for, and why.

A reader puts them into its ``SourceListing``; ``headstart check --explain`` shows them beside the counts of what was
read. Counts of folders, classes and subsets need no decision: they are taken from the samples and the ledger.
"""

from dataclasses import dataclass
from enum import StrEnum

ANY = "*"  #: the last step of a place that stands for every folder of a level


class PlaceKind(StrEnum):
    """The kind of a place in a source."""

    FOLDER = "folder"
    FILE = "file"  #: one of several in a source: a shard, a table, a list of classes
    COLUMN = "column"
    ARRAY = "array"  #: a key of a container of arrays
    FIELD = "field"  #: of each item's record: a member beside it, a feature, a question of a program for labelling
    NAME = "name"  #: a rule by which names of files are read


class Role(StrEnum):
    """The role that a place was given."""

    WRAPPER = "wrapper"  #: only holds what is meant
    SUBSET = "subset"
    CLASS = "class"
    LABELS = "labels"  #: holds the label of each item
    CLASS_NAMES = "class names"
    GROUP = "group"
    ITEMS = "items"  #: holds the items, or the paths of theirs
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True)
class Decision:
    """The role that a reader gave to a place in a source, and why."""

    kind: PlaceKind
    place: tuple[str, ...]  #: the steps from the source to it; of a folder or file each folder, the last may be ``ANY``
    role: Role
    reason: str  #: why, for a person: half a sentence, "" where nothing had to be decided
    value: str = ""  #: which class, subset or group it is; "" where each item says so, or where the role has none
    count: int | None = None  #: of rows, values or items in it; None for a folder, whose items are counted anyway
