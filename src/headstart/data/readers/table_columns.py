"""The columns of a table by their roles: path or item, label, split, group, and the names that people give them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from headstart.data.names import preview
from headstart.data.sources import SampleSource
from headstart.errors import DataError
from headstart.modalities.modality import Modality, all_modalities

#: What each column may be called, the plainest name first; in any case, with blanks or hyphens for underscores. A
#: modality has more names for the path, and those of columns whose cells are its items.
ALIASES = {
    "path": ("path", "filepath", "file_path", "file", "filename", "file_name"),
    "label": ("label", "labels", "class", "class_name", "classname", "category", "target"),
    "split": ("split", "part", "subset", "set", "partition"),
    "group": ("group", "group_id", "groups", "patient", "patient_id", "subject", "subject_id"),
}


@dataclass(frozen=True, slots=True)
class TableRow:
    """A row of a table as text; "" where a cell is empty or a column is missing."""

    number: int  #: as a person counts: the header of a text file is row 1
    path: str
    label: str
    split: str
    group: str
    item: SampleSource | None = None  #: of an item that is in the table itself
    problem: str = ""  #: why the row cannot be used


@dataclass(frozen=True, slots=True)
class ChosenColumns:
    """The columns of a table that are read."""

    taken: dict[str, str]  #: role -> column; the role "path" is that of the items, whichever way they are given
    notes: tuple[str, ...]  #: on columns that could have the same role
    holds_values: bool  #: whether the cells of the column "path" are the items themselves


@dataclass(frozen=True, slots=True)
class TableRows:
    """The rows of a table."""

    rows: list[TableRow]
    notes: tuple[str, ...]  #: on its text, columns and modality
    modality: Modality
    column: str = ""  #: the name of that with the paths or the items


def find_key_columns(header: Sequence[str]) -> list[int]:
    """Return the places of the columns that have a known name, the path's first; not those of items, which are text."""
    places: dict[str, int] = {}
    for place, column in enumerate(header):
        places.setdefault(normalise_column(column), place)
    paths = [name for modality in all_modalities() for name in modality.hints.path_columns]
    known = {**ALIASES, "path": (*ALIASES["path"], *paths)}
    found = [next((places[it] for it in aliases if it in places), None) for aliases in known.values()]
    return [place for place in found if place is not None]


def find_path_column(header: Sequence[str]) -> str | None:
    """Return the first column that has paths by a name that no modality owns."""
    seen = {normalise_column(column): column for column in reversed(header)}
    return next((seen[alias] for alias in ALIASES["path"] if alias in seen), None)


def choose_columns(table: Path, header: Iterable[str], modality: Modality, *, labelled: bool = True) -> ChosenColumns:
    """Return the column of each role, and a note where more than one could have it.

    Args:
        table: for an error.
        header: the names of its columns.
        modality: of its items.
        labelled: whether a label is wanted.

    Raises:
        DataError: none has the path, or none the label where one is wanted.
    """
    columns = list(header)
    seen = {normalise_column(column): column for column in reversed(columns)}  # the first of one name
    values = [alias for alias in modality.hints.value_columns if alias in seen]
    known = {**ALIASES, "path": (*values, *ALIASES["path"], *modality.hints.path_columns)}
    taken, notes = {}, []
    for role, aliases in known.items():
        said = modality.noun.one if values and role == "path" else role
        fitting = [seen[alias] for alias in aliases if alias in seen]
        if fitting:
            taken[role] = fitting[0]
        if len(fitting) > 1:
            notes.append(f"the {said} is read from column {fitting[0]!r}, not from {preview(fitting[1:])}")
        elif values and role == "path" and labelled:
            notes.append(f"the {said} is read from column {fitting[0]!r}")
        same = [column for column in columns if fitting and normalise_column(column) == normalise_column(fitting[0])]
        if len(same) > 1:
            notes.append(f"the table has {len(same)} columns called {fitting[0]!r}; the {said} is read from the first")
    missing = [role for role in (("path", "label") if labelled else ("path",)) if role not in taken]
    if missing and not labelled:
        own = preview([*modality.hints.value_columns, *ALIASES["path"], *modality.hints.path_columns], most=8)
        raise DataError(
            f"table {str(table)!r} has the columns {preview(list(dict.fromkeys(columns)), most=8)} and none for "
            f"{modality.noun.many}; call one {own}"
        )
    if missing:
        raise DataError(
            f"table {str(table)!r} has the columns {preview(list(dict.fromkeys(columns)), most=8)} and none for "
            f"{' and '.join(missing)}; name the columns path and label (split and group if you have them)"
        )
    return ChosenColumns(taken, tuple(notes), bool(values))


def describe_empty(modality: Modality) -> str:
    """Return why a row whose cell is to be an item and is empty cannot be used."""
    return f"an empty {modality.noun.one}"


def normalise_column(column: str) -> str:
    """Return the name of a column in lower case, with underscores for blanks and hyphens."""
    return column.strip().lower().replace(" ", "_").replace("-", "_")
