"""The columns of a table by their roles: path or item, label, split, group, and the names that people give them."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from headstart.data.sources import SampleSource
from headstart_runtime.errors import DataError
from headstart_runtime.modalities.modality import Modality, all_modalities

#: What each column may be called, the plainest name first; in any case, with blanks, hyphens or nothing for
#: underscores. A modality has more names for the path, and those of columns whose cells are its items.
ALIASES = {
    "path": (
        *("path", "filepath", "file_path", "file", "filename", "file_name"),
        *("filepaths", "filenames", "paths", "files", "full_path", "relative_path"),
    ),
    "label": ("label", "labels", "class", "class_name", "classname", "category", "target"),
    "split": ("split", "part", "subset", "partition"),
    "group": (
        *("group", "group_id", "groups", "patient", "patient_id", "subject", "subject_id"),
        *(
            "participant",
            "participant_id",
            "person_id",
            "case_id",
            "study_id",
            "lesion_id",
            "specimen_id",
            "animal_id",
            "plant_id",
        ),
    ),
}
#: What the path may be called too, where the cells lead to files.
ID_COLUMNS = ("id", "ids", "name", "uid", "uuid", "key", "fname", "fn", "item", "item_id", "sample", "sample_id")
#: What the label may be called too; of two of these neither is the plainer one.
LABEL_COLUMNS = (
    *("label_name", "label_names", "class_id", "class_label", "category_name", "category_id", "label_id", "label_text"),
    *("species", "breed", "variety", "dx", "diagnosis", "disease", "finding", "subclass", "sub_class", "superclass"),
    *(
        "scientific_name",
        "taxon",
        "taxon_name",
        "fine_label",
        "coarse_label",
        "ground_truth",
        "gt",
        "y",
        "emotion",
        "grade",
        "cell_type",
        "genus",
        "family",
    ),
    *("target_name", "class_names", "class_idx", "class_index", "benign_malignant", "landmark_id", "individual_id"),
)
#: What the split may be called too, where all of its cells are parts.
SPLIT_COLUMNS = (
    *("set", "data_set", "dataset", "usage", "phase", "is_valid", "is_val", "is_validation", "is_test", "is_train"),
    *("valid", "validation", "test", "train", "is_training", "fold", "folds", "kfold"),
    *("in_train", "in_training", "in_train_set", "in_test", "in_test_set", "in_val", "in_validation"),
)


class DoubtfulTableError(DataError):
    """A table whose rows lead to files and may not mean them as they stand, so that nothing is read instead of it."""


class TableRow(NamedTuple):
    """A row of a table as text; "" where a cell is empty or a column is missing."""

    number: int  #: as a person counts: the header of a text file is row 1
    path: str
    label: str
    split: str
    group: str
    item: SampleSource | None = None  #: of an item that is in the table itself
    problem: str = ""  #: why the row cannot be used
    span: tuple[float, float | None] | None = None  #: seconds where it begins and ends in its file; None for all of it
    proposed: tuple[str, ...] = ()  #: its cells of the columns that may have groups


@dataclass(frozen=True, slots=True)
class RowMark:
    """A column whose cells leave rows out."""

    column: str
    cells: frozenset[str]  #: of the rows that are left out, as they stand

    def describe(self, cell: str) -> str:
        """Return why a row with this cell is left out."""
        return f"column {self.column!r} says {cell!r}"


@dataclass(frozen=True, slots=True)
class ChosenColumns:
    """The columns of a table that are read."""

    taken: dict[str, str]  #: role -> column; the role "path" is that of the items, whichever way they are given
    notes: tuple[str, ...]  #: on columns that could have the same role
    holds_values: bool  #: whether the cells of the column "path" are the items themselves
    label_columns: tuple[str, ...] = ()  #: columns with a cell of the label each; then none is "label"
    split_words: Mapping[str, str] | None = None  #: cell of the split column -> the part's name, where it is no name
    folder: str = ""  #: the column with the folder of each path; "" where paths are whole
    marks: tuple[RowMark, ...] = ()  #: columns whose cells leave rows out
    values: tuple[str, ...] = ()  #: columns whose cells are the items together; "path" is the first of them
    span: tuple[str, str] = ("", "")  #: columns with the seconds where an item begins and ends in its file; "" for none
    proposed: tuple[str, ...] = ()  #: columns that may have groups, which are not used


@dataclass(frozen=True, slots=True)
class TableRows:
    """The rows of a table."""

    rows: list[TableRow]
    notes: tuple[str, ...]  #: on its text, columns and modality
    modality: Modality
    column: str = ""  #: the name of that with the paths or the items
    taken: Mapping[str, str] | None = None  #: role -> column
    label_columns: tuple[str, ...] = ()  #: with a cell of the label each, joined in the rows; then none is "label"
    proposed: tuple[str, ...] = ()  #: columns that may have groups, whose cells rows have beside
    values: tuple[str, ...] = ()  #: columns whose cells are the items together; none where these are paths


@dataclass(frozen=True)
class TableSample:
    """The header of a table and some of its rows, spread evenly, by which its columns are known."""

    header: Sequence[str]
    cells: Sequence[Sequence[str]]  #: of each column of the header, without outer blanks
    read_column: Callable[[str], Iterable[str]]  #: gives all cells of a column, for counts in a message
    contents: frozenset[str] = frozenset()  #: columns whose cells are files, as bytes
    headless: bool = False  #: whether the names of the columns are only their numbers

    def column(self, name: str) -> Sequence[str]:
        """Return the cells of the first column of a name."""
        return self.cells[list(self.header).index(name)]


def find_key_columns(header: Sequence[str]) -> list[int]:
    """Return the places of the columns that have a known name, the path's first; not those of items, which are text."""
    places: dict[str, int] = {}
    for place, column in enumerate(header):
        places.setdefault(simplify_column(column), place)
    paths = [name for modality in all_modalities() for name in modality.hints.path_columns]
    known = {
        "path": (*ALIASES["path"], *paths, *ID_COLUMNS),
        "label": (*ALIASES["label"], *LABEL_COLUMNS),
        "split": (*ALIASES["split"], *SPLIT_COLUMNS),
        "group": ALIASES["group"],
    }
    found = [
        next((places[it] for it in map(simplify_column, aliases) if it in places), None) for aliases in known.values()
    ]
    return [place for place in found if place is not None]


def find_path_column(header: Sequence[str]) -> str | None:
    """Return the first column that has paths by a name that no modality owns."""
    return next(match_columns(header, ALIASES["path"]), None)


def match_columns(header: Iterable[str], aliases: Iterable[str]) -> Iterator[str]:
    """Yield the columns that have one of some names, in the order of the names; the first of one name."""
    seen: dict[str, str] = {}
    for column in header:
        seen.setdefault(simplify_column(column), column)
    for name in dict.fromkeys(map(simplify_column, aliases)):
        if name in seen:
            yield seen[name]


def describe_empty(modality: Modality, cell: str = "") -> str:
    """Return why a row whose cell is to be an item and is empty, or says that it is, cannot be used."""
    said = f": its cell says {cell.strip()!r}" if cell.strip() else ""
    return f"an empty {modality.noun.one}{said}"


def normalise_column(column: str) -> str:
    """Return the name of a column in lower case, with underscores for blanks and hyphens."""
    return column.strip().lower().replace(" ", "_").replace("-", "_")


def simplify_column(column: str) -> str:
    """Return the name of a column in lower case, without what separates its words: "Class-ID" is "classid"."""
    return normalise_column(column).replace("_", "").replace(".", "")
