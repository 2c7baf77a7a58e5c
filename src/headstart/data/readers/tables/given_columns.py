"""Columns that a setting names, as the header of a table spells them."""

import csv
from collections.abc import Sequence
from difflib import get_close_matches
from pathlib import Path

from headstart.data.names import preview
from headstart.data.readers.tables.table_columns import simplify_column
from headstart_runtime.errors import DataError


def find_given_column(table: Path, header: Sequence[str], role: str, given: str) -> str:
    """Return the column that a setting names.

    Args:
        table: for an error.
        header: its columns.
        role: of the column: its setting is called after it.
        given: the setting.

    Raises:
        DataError: there is none.
    """
    found = _match(header, given)
    if found is not None:
        return found
    near = get_close_matches(given, header, 1)
    meant = f"; {near[0]!r} is nearest" if near else ""
    raise DataError(
        f"table {str(table)!r} has no column {given!r} (--{role}-column) but "
        f"{preview(list(dict.fromkeys(header)), most=8)}{meant}"
    )


def find_label_columns(table: Path, header: Sequence[str], given: str | None) -> tuple[str, ...]:
    """Return the columns of labels that a setting names with commas between; none where it names one.

    A name with a comma in it is one column, where there is such a one, or stands in quotes.

    Raises:
        DataError: one is not there, or is named twice.
    """
    found = find_given_columns(table, header, "label", given)
    return found if len(found) > 1 else ()


def find_given_columns(table: Path, header: Sequence[str], role: str, given: str | None) -> tuple[str, ...]:
    """Return the columns that a setting names with commas between; none where it names none.

    A name with a comma in it is one column, where there is such a one, or stands in quotes.

    Raises:
        DataError: one is not there, or is named twice.
    """
    if not given:
        return ()
    whole = _match(header, given)
    names = [] if whole is not None else next(csv.reader([given], skipinitialspace=True), [])
    if len(names) < 2:
        return (find_given_column(table, header, role, given),) if whole is not None or role != "label" else ()
    found = tuple(find_given_column(table, header, role, name) for name in names)
    again = next((name for name in found if found.count(name) > 1), None)
    if again is not None:
        raise DataError(f"--{role}-column names column {again!r} of table {str(table)!r} twice; name each once")
    return found


def _match(header: Sequence[str], given: str) -> str | None:
    """Return the column of a name, or one that is spelt almost so; None for none."""
    same = [column for column in header if column.strip() == given.strip()]
    alike = [column for column in header if simplify_column(column) == simplify_column(given)]
    return next(iter([*same, *alike]), None)
