"""Tables that lack a column: the error, with the columns that there are and the flags by which one is said."""

from collections.abc import Collection
from pathlib import Path

from headstart.data.choose_modality import list_textual
from headstart.data.names import preview
from headstart.data.readers.tables.table_columns import ALIASES, TableSample, match_columns
from headstart.data.readers.tables.text_cells import may_hold_texts
from headstart.quoting import quote_argument
from headstart_runtime.errors import DataError
from headstart_runtime.modalities.given import takes_texts
from headstart_runtime.modalities.modality import Modality

SHOWN = 3  #: columns of which it is told what they hold


def refuse_missing_columns(
    table: Path, sample: TableSample, modality: Modality, found: Collection[str], taken: Collection[str]
) -> None:
    """Refuse a table without a column for its items or their labels.

    Args:
        table: for the error.
        sample: its header and some rows.
        modality: of its items.
        found: the roles for which there is a column.
        taken: the columns that have a role.

    Raises:
        DataError: there is none for one of the two.
    """
    missing = [role for role in ("path", "label") if role not in found]
    if not missing:
        return
    item = "text" if takes_texts(modality) else "path"
    roles = [item if role == "path" else role for role in missing]
    columns = preview(list(dict.fromkeys(sample.header)), most=8)
    others = [it for it in dict.fromkeys(sample.header) if it not in {*taken, *sample.contents}]
    seen = "".join(f"; {_describe_cells(sample, it)}" for it in others[:SHOWN]) if missing == ["label"] else ""
    if "path" in missing and (called := _find_wordless(sample, taken)):
        raise DataError(
            f"table {str(table)!r} has a column {called!r}, but no words in it: its cells are such as "
            f"{preview(list(dict.fromkeys(cell for cell in sample.column(called) if cell)), most=2)}; if these are the "
            f"texts, add --text-column {quote_argument(called)}; else name the column with the texts or the paths"
        )
    flags = " and ".join(f"--{role}-column" for role in roles)
    raise DataError(
        f"table {str(table)!r} has the columns {columns} and none for {' and '.join(roles)}{seen}; name the columns "
        f"{item} and label (split and group if you have them), or say which they are with {flags}"
    )


def _find_wordless(sample: TableSample, taken: Collection[str]) -> str:
    """Return a column that is called like texts and has cells without a letter, as numbers are; "" for none."""
    names = [name for modality in list_textual() for name in modality.hints.value_columns]
    left = [it for it in sample.header if it not in taken and it not in sample.contents and any(sample.column(it))]
    return next((it for it in match_columns(left, names) if not may_hold_texts(sample.column(it))), "")


def _describe_cells(sample: TableSample, column: str) -> str:
    """Return what stands in a column, in a few words."""
    values = list(dict.fromkeys(cell for cell in sample.column(column) if cell))
    if len(values) < 2:
        return f"column {column!r} is {values[0]!r} in every row" if values else f"column {column!r} is empty"
    return f"column {column!r} has such as {preview(values, most=2)}"


def refuse_without_items(table: Path, sample: TableSample, modality: Modality) -> None:
    """Refuse a table without a column for items of which nobody wants a label.

    Raises:
        DataError: always.
    """
    names = [*modality.hints.value_columns, *ALIASES["path"], *modality.hints.path_columns]
    columns = preview(list(dict.fromkeys(sample.header)), most=8)
    raise DataError(
        f"table {str(table)!r} has the columns {columns} and none for {modality.noun.many}; call one "
        f"{preview(names, most=8)}"
    )
