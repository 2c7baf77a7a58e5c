"""A folder of arrays whose labels stand in a table beside them: ``X.npy`` and ``labels.csv``, a row for each item.

The rows are in the order of the items; a column that numbers them, or a list of names, says it where they are not.
"""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from headstart.data.readers.arrays.array_files import ArrayFolderReader, BesideFile
from headstart.data.readers.arrays.array_names import ArrayRole, list_item_names, parse_array_name
from headstart.data.readers.arrays.stored_arrays import LoadedArray, StoredArray
from headstart.data.readers.reader import ReadContext
from headstart.data.readers.tables.array_row_order import NONE, ItemRows, find_row_order
from headstart.data.readers.tables.column_evidence import holds_labels
from headstart.data.readers.tables.csv_text import TextTable, read_text_table
from headstart.data.readers.tables.table_columns import (
    ALIASES,
    LABEL_COLUMNS,
    find_key_columns,
    match_columns,
    simplify_column,
)
from headstart_runtime.errors import DataError

ENDINGS = (".csv", ".tsv", ".txt")
MOST_BYTES = 50_000_000  #: of a list of names
_NUMBERS = frozenset({"", "index", "idx", "id", "row", "number", "no", "unnamed:0"})  #: columns that number rows


class LabelledArrayFolderReader(ArrayFolderReader):
    """The reader of a folder of files of arrays, the labels of which may stand in a table."""

    def open_beside(
        self, files: Sequence[Path], arrays: Sequence[StoredArray], context: ReadContext
    ) -> Sequence[BesideFile]:
        """Return what the files beside the arrays say of them: labels in a table, names of classes."""
        if not context.labelled:
            return []
        names = list_item_names()
        parsed = [parse_array_name(stored.name, names) for stored in arrays]
        tables = [file for file in files if file.suffix.lower() in ENDINGS]
        found: tuple[BesideFile, ...] = ()
        if not any(one.role is ArrayRole.LABELS for one in parsed):
            items = [it for it, one in zip(arrays, parsed, strict=True) if one.role is ArrayRole.ITEMS]
            for table in tables:
                meaning = parse_array_name(table.stem, names)
                of_part = [it for it in items if parse_array_name(it.name, names).subset_word == meaning.subset_word]
                if len(of_part) == 1 and (meaning.role is ArrayRole.LABELS or len(tables) == len(items) == 1):
                    lists = _read_lists([it for it in files if it not in tables or it != table], arrays, of_part[0])
                    found += _open_labels(table, of_part[0], meaning.subset_word, context, lists)
        rest = [file for file in files if file not in [one.file for one in found]]
        return [*found, *super().open_beside(rest, arrays, context)]


def _read_lists(files: Iterable[Path], arrays: Sequence[StoredArray], items: StoredArray) -> dict[str, list[str]]:
    """Return what lies beside items and has a text or a whole number for each: name -> texts."""
    count = items.shape[0]
    lists: dict[str, list[str]] = {}
    for stored in arrays:
        if stored.shape == (count,) and stored.dtype.kind not in "fbc":
            lists[stored.name] = [_format(value) for value in np.asarray(stored.load()).tolist()]
    for file in files:
        if file.suffix.lower() in (".txt", ".lst") and file.stat().st_size <= MOST_BYTES:
            lines = file.read_bytes().decode("utf-8-sig", "replace").splitlines()
            lists[file.name] = [line.strip() for line in lines if line.strip()]
    return {name: texts for name, texts in lists.items() if len(texts) == count}


def _format(value: Any) -> str:
    return (value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)).strip()


def _open_labels(
    table: Path, items: StoredArray, part: str, context: ReadContext, lists: dict[str, list[str]]
) -> tuple[BesideFile, ...]:
    """Return the labels in a table, where it has one for each row of some items.

    Raises:
        DataError: it has a column of labels, and not as many rows as there are items.
    """
    content = read_text_table(table, find_key_columns, encoding=context.options.encoding)
    lines = [row.cells for row in content.iter_rows(header=True)]
    count = items.shape[0]
    headed = next(match_columns(content.header, [*ALIASES["label"], *LABEL_COLUMNS]), None) is not None
    options = context.options
    used: tuple[str, ...] = ()
    named: tuple[str, ...] = ()
    if lines and len(lines) == count and not headed and {len(cells) for cells in lines} == {1}:
        labels, said = [cells[0].strip() for cells in lines], "its lines, in the order of the rows"
    else:
        column = _find_column(content, context)
        if column is None:
            return ()
        if len(lines) - 1 != count:
            raise DataError(
                f"{table.name!r} has {len(lines) - 1} rows of labels, {items.name!r} has {count} items; wanted one for "
                "each"
            )
        cells = [[cell.strip() for cell in row] for row in lines[1:]]
        rows = ItemRows(table.name, items.name, content.header, cells, column)
        order = find_row_order(rows, lists, options.path_column)
        labels, said = rows.read_column(column), f"its column {content.header[column]!r}, {order.said}"
        labels = [labels[place] for place in order.places]
        named = (order.source,) if order.source else ()
        given = options.path_column or ""
        used = ("path_column",) if given in content.header or given.strip().lower() == NONE else ()
        used += ("label_column",) if options.label_column == content.header[column] else ()
    note = f"the labels of {items.name!r} are read from {table.name}, {said}"
    stored = LoadedArray.from_array("_".join(filter(None, (part, "labels"))), np.array(labels))
    return (BesideFile(table, [stored], note, used, named),)


def _find_column(content: TextTable, context: ReadContext) -> int | None:
    """Return the place of the column with labels: the one that is named, or called so, or alone beside numbers."""
    header = list(content.header)
    if (given := context.options.label_column) and given in header:
        return header.index(given)
    if column := next(match_columns(header, [*ALIASES["label"], *LABEL_COLUMNS]), None):
        return header.index(column)
    left = [place for place, name in enumerate(header) if simplify_column(name) not in _NUMBERS]
    cells = [row.cells[left[0]].strip() for row in content.iter_rows() if left and left[0] < len(row.cells)]
    return left[0] if len(left) == 1 and holds_labels(cells) else None
