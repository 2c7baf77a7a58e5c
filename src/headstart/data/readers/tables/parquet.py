"""Parquet tables, read in batches: paths to items, or the items themselves as the Hugging Face hub keeps them.

There an item is a cell with its bytes and the name of the file they came from, a label is a number, and the names of
the classes stand in the schema's metadata. Such items are written into the cache once, a file each, so that memory
stays bounded however large the table is and everything that reads items reads these.
"""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from headstart.data.choose_modality import ModalityChoice, choose_by_contents
from headstart.data.readers.reader import ReadContext
from headstart.data.readers.tables.arrow_cells import format_cell, format_plain, format_text, read_cell, read_cells
from headstart.data.readers.tables.column_choice import choose_columns
from headstart.data.readers.tables.row_marks import find_left_out
from headstart.data.readers.tables.span_columns import read_span
from headstart.data.readers.tables.table_columns import (
    ALIASES,
    ChosenColumns,
    TableRow,
    TableRows,
    TableSample,
    describe_empty,
    find_path_column,
)
from headstart.data.readers.tables.table_modality import choose_table_modality
from headstart.data.readers.unpack import unpack_once
from headstart.data.sources import FileSource, SampleSource, ValueSource
from headstart.label_text import join_cells
from headstart_runtime.errors import DataError, refuse_machine_faults
from headstart_runtime.extras import import_extra
from headstart_runtime.item_columns import join_texts
from headstart_runtime.modalities.item import CLASS
from headstart_runtime.modalities.modality import Modality
from headstart_runtime.parsing import parse_json

if TYPE_CHECKING:
    import pyarrow
    from pyarrow.parquet import ParquetFile

BATCH, BATCH_OF_ITEMS = 65_536, 32  #: rows in memory at once; where these have items in them
PURPOSE = "reading a Parquet table"  #: what needs pyarrow
IN_A_FOLDER = 10_000  #: items
SAMPLED_GROUPS, SAMPLED_ROWS = 20, 2500  #: groups of rows at least, and rows of each, by which columns are known
LOOK_AT = 20  #: items by which their modality is chosen


def read_parquet_rows(table: Path, context: ReadContext) -> TableRows:
    """Return the rows of a Parquet table; items that it has as bytes are written under the cache.

    Raises:
        DataError: it is no Parquet file, lacks a column, or may have items of several modalities.
        MissingExtra: pyarrow is not installed.
    """
    with _ParquetTable(table) as file:
        sample = _sample_columns(file)
        choice = _choose_modality(table, file, context, sample)
        columns = choose_columns(table, sample, choice.modality, context)
        names = _read_class_names(file.schema_arrow, columns.taken.get("label", ""))
        column, modality = columns.taken["path"], choice.modality
        notes, shown = (*choice.notes, *columns.notes), ", ".join(columns.values) or column
        if not _holds_bytes(file.schema_arrow, column):
            rows = list(_iter_rows(file, columns, names, None, modality))
            said = columns.label_columns, columns.proposed, columns.values
            return TableRows(rows, notes, modality, shown, columns.taken, *said)
        folder = unpack_once(table, context.cache, lambda draft: _write_items(file, column, draft))
        rows = list(_iter_rows(file, columns, names, folder, modality))
        return TableRows(rows, notes, modality, column, columns.taken, columns.label_columns, columns.proposed)


def holds_items(table: Path, context: ReadContext) -> bool:
    """Return whether a Parquet table has the items in it, and labels.

    Raises:
        DataError: it is no Parquet file, or lacks a column.
        MissingExtra: pyarrow is not installed.
    """
    with _ParquetTable(table) as file:
        sample = _sample_columns(file)
        modality = _choose_modality(table, file, context, sample).modality
        columns = choose_columns(table, sample, modality, context)
        return columns.holds_values or _holds_bytes(file.schema_arrow, columns.taken["path"])


class _ParquetTable:
    """An open Parquet file; errors of its library are turned into ours."""

    def __init__(self, table: Path) -> None:
        self._table = table

    def __enter__(self) -> "ParquetFile":
        pyarrow = import_extra("tables", PURPOSE, "pyarrow")
        parquet = import_extra("tables", PURPOSE, "pyarrow.parquet")
        self._errors = (pyarrow.ArrowException, OSError, UnicodeDecodeError)
        try:
            self._file = parquet.ParquetFile(self._table)
            _ = self._file.schema_arrow.names  # text of the file's own, which may be none
        except self._errors as error:
            raise self._error(error) from None
        return self._file

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        self._file.close()
        if isinstance(error, self._errors):
            raise self._error(error) from None

    def _error(self, error: BaseException) -> DataError:
        refuse_machine_faults(error, f"to read {self._table.name}")
        return DataError(f"table {str(self._table)!r} is not a Parquet file: {error}; re-export it")


def _choose_modality(table: Path, file: "ParquetFile", context: ReadContext, sample: TableSample) -> ModalityChoice:
    setting = context.options.modality
    column = next(iter(_list_contents(file.schema_arrow)), None)
    if column is not None:
        contents = (cell.get("bytes") if isinstance(cell, dict) else cell for cell in _read_first_cells(file, column))
        return choose_by_contents(setting, (content for content in contents if content), f"table {str(table)!r}")
    return choose_table_modality(table, sample, context.options)


def _list_contents(schema: "pyarrow.Schema") -> list[str]:
    """Return the columns whose cells are files, as bytes, that called like a path in front."""
    contents = [name for name in schema.names if _holds_bytes(schema, name)]
    path = find_path_column(schema.names)
    return [path, *contents] if path is not None and path in contents else contents


def _read_first_cells(file: "ParquetFile", column: str) -> Iterator[Any]:
    for batch in _iter_batches(file, LOOK_AT, [column]):
        yield from read_cells(batch.column(0))
        return


def _sample_columns(file: "ParquetFile") -> TableSample:
    """Return the columns with the first rows of some groups of rows, without what is a file or a list."""
    from pyarrow import types

    schema = file.schema_arrow
    contents = frozenset(name for name in schema.names if _holds_bytes(schema, name))
    plain = [name for name in dict.fromkeys(schema.names) if not types.is_nested(schema.field(name).type)]
    plain = [name for name in plain if name not in contents]
    step = max(1, file.num_row_groups // SAMPLED_GROUPS)
    cells: dict[str, list[str]] = {name: [] for name in schema.names}
    for group in range(0, file.num_row_groups, step) if plain else ():
        for batch in file.iter_batches(SAMPLED_ROWS, row_groups=[group], columns=plain, use_threads=False):
            for index, name in enumerate(batch.schema.names):
                cells[name] += map(format_plain, read_cells(batch.column(index)))
            break
    rows = max(map(len, cells.values()), default=0)

    def read_column(column: str) -> Iterator[str]:
        for batch in _iter_batches(file, BATCH, [column] if column in plain else []):
            yield from map(format_plain, read_cells(batch.column(0)))

    return TableSample(schema.names, [cells[name] or [""] * rows for name in schema.names], read_column, contents)


def _holds_bytes(schema: "pyarrow.Schema", column: str) -> bool:
    from pyarrow import types

    kind = schema.field(column).type
    if types.is_struct(kind):
        return any(kind.field(index).name == "bytes" for index in range(kind.num_fields))
    return bool(types.is_binary(kind) or types.is_large_binary(kind))


def _read_class_names(schema: "pyarrow.Schema", column: str) -> list[str]:
    """Return the names of the classes by number, as ``datasets`` writes them beside the schema; empty where not."""
    try:
        told = parse_json((schema.metadata or {})[b"huggingface"])
        feature = told["info"]["features"][column]
        feature = feature[0] if isinstance(feature, list) else feature.get("feature", feature)  # of each in a list
        names = feature["names"]
    except (AttributeError, IndexError, KeyError, TypeError, ValueError):
        return []
    return [str(name) for name in names] if isinstance(names, list) else []


def _write_items(file: "ParquetFile", column: str, folder: Path) -> None:
    """Write every item as a file named after its row."""
    number = 0
    for batch in _iter_batches(file, BATCH_OF_ITEMS, [column]):
        for cell in batch.column(0):
            number += 1
            value = read_cell(cell)
            content = value.get("bytes") if isinstance(value, dict) else value
            if content:
                place = _locate_item(folder, number)
                place.parent.mkdir(exist_ok=True)
                place.write_bytes(content)


def _iter_batches(file: "ParquetFile", rows: int, columns: list[str]) -> Iterator["pyarrow.RecordBatch"]:
    """Yield the rows in batches, a row group after the other: read in one go, the groups behind are kept in memory."""
    for group in range(file.num_row_groups):
        yield from file.iter_batches(rows, row_groups=[group], columns=columns, use_threads=False)


def _locate_item(folder: Path, number: int) -> Path:
    return folder / f"{number // IN_A_FOLDER:05d}" / f"{number:08d}"


def _iter_rows(
    file: "ParquetFile", chosen: ChosenColumns, names: Sequence[str], folder: Path | None, modality: Modality
) -> Iterator[TableRow]:
    """Yield the rows; of items that were written into a folder the name only."""
    taken = chosen.taken
    columns = [column for role, column in taken.items() if folder is None or role != "path"]
    columns += [
        *filter(None, chosen.span),
        *chosen.values[1:],
        *chosen.label_columns,
        *(mark.column for mark in chosen.marks),
        *chosen.proposed,
    ]
    if folder is not None and _has_path(file.schema_arrow, taken["path"]):
        columns.append(f"{taken['path']}.path")
    number = 0
    for batch in _iter_batches(file, BATCH, columns):
        cells = {name: read_cells(batch.column(index)) for index, name in enumerate(batch.schema.names)}
        for at in range(batch.num_rows):
            number += 1
            of_role = {role: cells[column][at] if column in cells else None for role, column in taken.items()}
            if folder is not None and isinstance(of_role["path"], dict):
                of_role["path"] = of_role["path"].get("path")
            item: SampleSource | None = None
            problem = ""
            if folder is not None:
                item = FileSource(place) if (place := _locate_item(folder, number)).is_file() else None
            elif chosen.holds_values:
                if text := join_texts(chosen.values, [format_text(cells[name][at]) for name in chosen.values]):
                    item = ValueSource(text.encode("utf-8", "surrogatepass"))
                else:
                    problem = describe_empty(modality, format_text(of_role["path"]))
                of_role["path"] = f"row {number}"
            marked = [format_plain(cells[mark.column][at]) for mark in chosen.marks]
            problem = problem or find_left_out(chosen.marks, marked)
            span = None
            if any(chosen.span) and not problem:
                span, problem = read_span(*(format_plain(cells[it][at]) if it else "" for it in chosen.span))
            if chosen.label_columns:
                of_role["label"] = join_cells(format_plain(cells[name][at]) for name in chosen.label_columns)
            if chosen.split_words:
                split = format_plain(of_role.get("split"))
                of_role["split"] = chosen.split_words.get(split, split)
            beside = tuple(format_plain(cells[column][at]) for column in chosen.proposed)
            yield _make_row(number, of_role, names, item, problem)._replace(span=span, proposed=beside)


def _has_path(schema: "pyarrow.Schema", column: str) -> bool:
    from pyarrow import types

    kind = schema.field(column).type
    return types.is_struct(kind) and any(kind.field(index).name == "path" for index in range(kind.num_fields))


def _make_row(
    number: int, cells: dict[str, Any], names: Sequence[str], item: SampleSource | None, problem: str
) -> TableRow:
    label = _read_label(cells.get("label"), names)
    if names and isinstance(label, int):
        if 0 <= label < len(names):
            label = names[label]
        else:  # -1 is how the hub says that there is none
            problem = problem or f"label {label} has no name: the table names {CLASS.count(len(names))}"
    texts = {}
    for role in ALIASES:
        try:
            texts[role] = format_cell(label if role == "label" else cells.get(role))
        except (TypeError, UnicodeDecodeError):
            texts[role] = ""
            problem = problem or f"its {role} is a {type(cells[role]).__name__}; wanted text or a number"
    texts["label"] = _format_label(label, texts["label"])
    return TableRow(number, texts["path"], texts["label"], texts["split"], texts["group"], item, problem)


def _read_label(label: Any, names: Sequence[str]) -> Any:
    """Return the label in a cell; a list of several as JSON writes it, with the names of classes for their numbers."""
    if not isinstance(label, list | tuple) or not all(isinstance(one, str | int | float) for one in label):
        return label
    if len(label) == 1:
        return label[0]
    known = dict(enumerate(names))
    return json.dumps([known.get(one, one) if isinstance(one, int) else one for one in label], ensure_ascii=False)


def _format_label(label: Any, text: str) -> str:
    return label if isinstance(label, str) else text
