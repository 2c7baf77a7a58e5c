"""The rows of a table, and the columns that they are read from, by the names that people give them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from headstart.data.names import preview
from headstart.data.samples import FileSource
from headstart.errors import DataError

#: What each column may be called, the plainest name first; in any case, with blanks or hyphens for underscores.
ALIASES = {
    "path": (
        *("path", "filepath", "file_path", "file", "filename", "file_name"),
        *("image", "image_path", "image_file", "image_name", "img", "img_path", "photo", "image_id"),
    ),
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
    photo: FileSource | None = None  #: of a photo that was in the table itself
    problem: str = ""  #: why the row cannot be used


def find_key_columns(header: Sequence[str]) -> list[int]:
    """Return the places of the columns that have a known name, the path's first."""
    places: dict[str, int] = {}
    for place, column in enumerate(header):
        places.setdefault(_normalise(column), place)
    found = [next((places[it] for it in aliases if it in places), None) for aliases in ALIASES.values()]
    return [place for place in found if place is not None]


def choose_columns(table: Path, header: Iterable[str]) -> tuple[dict[str, str], list[str]]:
    """Return the column of each role, and a note where more than one could have it.

    Raises:
        DataError: none has the path, or none the label.
    """
    columns = list(header)
    seen = {_normalise(column): column for column in reversed(columns)}  # the first of one name
    taken, notes = {}, []
    for role, aliases in ALIASES.items():
        fitting = [seen[alias] for alias in aliases if alias in seen]
        if fitting:
            taken[role] = fitting[0]
        if len(fitting) > 1:
            notes.append(f"the {role} is read from column {fitting[0]!r}, not from {preview(fitting[1:])}")
        same = [column for column in columns if fitting and _normalise(column) == _normalise(fitting[0])]
        if len(same) > 1:
            notes.append(f"the table has {len(same)} columns called {fitting[0]!r}; the {role} is read from the first")
    missing = [role for role in ("path", "label") if role not in taken]
    if missing:
        raise DataError(
            f"table {str(table)!r} has the columns {preview(list(dict.fromkeys(columns)), most=8)} and none for "
            f"{' and '.join(missing)}; name the columns path and label (split and group if you have them)"
        )
    return taken, notes


def _normalise(column: str) -> str:
    return column.strip().lower().replace(" ", "_").replace("-", "_")
