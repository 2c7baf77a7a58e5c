"""Rows of a table with their labels, read in one form."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from headstart.data.readers.tables.table_columns import TableRow
from headstart.label_text import LabelForm

SINGLE = 0.8  #: share of rows with one label that makes them rows of one label each; the others are skipped
#: What programs and people write for a label that is missing, in lower case.
MISSING = frozenset("na n/a #n/a <na> n.a. nan null nil none ? ?? - -- #ref! #value!".split())  # noqa: SIM905
EMPTY = "empty label"  #: begins the reason of a row without a label


@dataclass(frozen=True, slots=True)
class RowLabels:
    """The rows of a table with labels of one form."""

    rows: Sequence[TableRow]
    form: LabelForm
    columns: tuple[str, ...]  #: that the labels are read from
    notes: tuple[str, ...] = ()
    reason: str = ""  #: why they are of that form, for a person; "" where nothing had to be decided
    names: frozenset[str] | None = None  #: of the labels, where the texts of the rows are not these


def is_missing(cell: str) -> bool:
    """Return whether a cell says that there is no label."""
    return not cell or cell.strip().lower() in MISSING


def replace_labels(
    rows: Sequence[TableRow], labels: Mapping[str, str], problems: Mapping[str, str] | None = None
) -> list[TableRow]:
    """Return rows with other labels; those that have a problem are kept.

    Args:
        rows: of a table.
        labels: label as it stands -> as it is read.
        problems: label as it stands -> why it cannot be read.
    """
    problems = problems or {}
    changed = []
    for row in rows:
        if row.problem:
            changed.append(row)
        elif row.label in problems:
            changed.append(row._replace(label="", problem=problems[row.label]))
        else:
            changed.append(row._replace(label=labels[row.label]) if row.label in labels else row)
    return changed
