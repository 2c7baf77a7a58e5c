"""Tables whose labels stand in another table beside them: a database's, or the two of a Darwin Core archive (GBIF)."""

from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from headstart.data.readers.tables.csv_text import read_text_table
from headstart.data.readers.tables.path_lists import LIST_SUFFIXES
from headstart.data.readers.tables.table_columns import ALIASES, LABEL_COLUMNS, find_key_columns, match_columns
from headstart_runtime.errors import DataError

SUFFIXES = (".csv", ".tsv", *LIST_SUFFIXES)
MOST_TABLES = 20  #: beside it
MOST_BYTES = 50_000_000  #: of one of them


def describe_join(table: Path, beside: Sequence[Path]) -> str:
    """Return which table beside one has labels and a column in common with it, and what to do; "" for none.

    Args:
        table: of items, without labels.
        beside: the files in its folder.
    """
    header = _read_header(table)
    for other in [path for path in beside if path != table and path.suffix.lower() in SUFFIXES][:MOST_TABLES]:
        columns = _read_header(other)
        shared = [name for name in header if name.strip() and name in columns]
        labels = [name for name in match_columns(columns, [*ALIASES["label"], *LABEL_COLUMNS]) if name not in header]
        if shared and labels:
            return (
                f"; {other.name!r} has {labels[0]!r} and the column {shared[0]!r} in common with it: join the two into "
                f"one table, such as with pandas.merge(..., on={shared[0]!r})"
            )
    return ""


def _read_header(table: Path) -> Sequence[str]:
    with suppress(OSError, DataError):
        if table.suffix.lower() in SUFFIXES and table.stat().st_size <= MOST_BYTES:
            return read_text_table(table, find_key_columns).header
    return ()
