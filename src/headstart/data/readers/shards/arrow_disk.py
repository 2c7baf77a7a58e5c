"""Data sets as Hugging Face's ``save_to_disk`` writes them: Arrow files, ``state.json`` and ``dataset_info.json``.

A set of several splits has ``dataset_dict.json`` and a folder for each. The bytes of an item stay where they are: they
are read at their offset in the Arrow file, which is memory-mapped while it is listed. pyarrow is behind an extra.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from headstart.data.choose_modality import choose_only
from headstart.data.decisions import Decision, PlaceKind, Role
from headstart.data.names import preview
from headstart.data.readers.byte_ranges import RangeSource
from headstart.data.readers.evidence import iter_folders
from headstart.data.readers.listing import SourceListing
from headstart.data.readers.reader import ReadContext
from headstart.data.readers.shards.arrow_texts import find_texts
from headstart.data.readers.shards.packed import ItemShard, PackedItem, list_shards
from headstart.data.readers.tables.arrow_cells import read_cells
from headstart.data.readers.tables.table_columns import ALIASES, normalise_column
from headstart.data.readers.walk import FileTree, is_file_there
from headstart.data.sources import FileSource, SampleSource
from headstart.quoting import quote_argument
from headstart_runtime.errors import DataError, refuse_machine_faults
from headstart_runtime.extras import import_extra
from headstart_runtime.modalities.item import CLASS
from headstart_runtime.modalities.modality import all_modalities
from headstart_runtime.parsing import parse_json

if TYPE_CHECKING:
    import pyarrow

STATE, INFO = "state.json", "dataset_info.json"
_STREAM, _FILE = b"\xff\xff\xff\xff", b"ARROW1"  #: how both forms of Arrow's files begin
_MOST_BYTES = 100_000_000  #: of a JSON file


@dataclass(frozen=True, slots=True)
class _Columns:
    """The columns that are read."""

    item: str
    label: str
    names: Sequence[str]  #: of the classes by number; empty where the labels are names


class ArrowDiskReader:
    """The reader of a folder that ``save_to_disk`` wrote, or of one of its Arrow files."""

    suffixes: tuple[str, ...] = (".arrow",)
    label_place: str = "its columns"

    def accepts(self, source: Any, tree: FileTree | None) -> bool:
        """Return whether a folder has Arrow files and their state, or a file is one."""
        if tree is not None:
            return bool(_find_sets(tree))
        return isinstance(source, Path) and source.is_file() and is_arrow(source)

    def list(self, source: Path, tree: FileTree | None, context: ReadContext) -> SourceListing:
        """Return every row.

        Raises:
            DataError: a file is damaged or missing, or has no items or no labels.
            MissingExtra: pyarrow is not installed.
        """
        pyarrow = import_extra("tables", "reading an Arrow file", "pyarrow")
        folders = _find_sets(tree) if tree else [source.parent]
        files = [file for folder in folders for file in _list_files(folder)] if tree else [source]
        shards, columns = [], None
        for file in files:
            try:
                columns, items = _read_items(file, context)
            except (pyarrow.ArrowException, OSError, ValueError) as error:
                refuse_machine_faults(error, f"to read {str(file)!r}")
                raise DataError(f"{str(file)!r} is no whole Arrow file: {error}; save the set again") from None
            shards.append(ItemShard(file, items))
        if columns is None:
            raise DataError(f"{str(source)!r} has no Arrow file that its {STATE} names; save the set again")
        known = choose_only(context.options.modality)
        notes = [f"the {known.noun.one if known else 'item'} is read from column {columns.item!r}"]
        notes += [f"the label is read from column {columns.label!r}"] if columns.label else []
        beside = 0 if tree else len(list(source.parent.glob("*.arrow"))) - 1
        if beside:
            notes.append(
                f"{beside} more files of this set lie beside it; the folder {str(source.parent)!r} is all of them"
            )
        folder = tree.root if tree else source.parent
        return list_shards(str(source), folder, shards, notes, context, _decide_columns(columns, context))


def is_arrow(path: Path) -> bool:
    """Return whether a file begins as one of Arrow's does."""
    try:
        with path.open("rb") as stream:
            return stream.read(8).startswith((_STREAM, _FILE))
    except OSError as error:
        refuse_machine_faults(error, f"to read {str(path)!r}")
        return False


def _find_sets(tree: FileTree) -> list[Path]:
    """Return the folders with Arrow files and their state."""
    found = []
    for folder in iter_folders(tree):
        names = {path.name for path in tree.scan(folder).files}
        if STATE in names and any(name.endswith(".arrow") for name in names):
            found.append(folder)
    return found


def _list_files(folder: Path) -> list[Path]:
    """Return the Arrow files of a set, as its state names them.

    Raises:
        DataError: one is missing.
    """
    entries = _read_json(folder / STATE).get("_data_files")
    named = [one.get("filename") for one in entries if isinstance(one, dict)] if isinstance(entries, list) else []
    files = [folder / Path(name).name for name in named if isinstance(name, str)] or sorted(folder.glob("*.arrow"))
    if missing := [file.name for file in files if not is_file_there(file)]:
        raise DataError(f"{str(folder)!r} has {len(files)} Arrow files and lacks {preview(missing)}; copy it again")
    return files


def _read_json(path: Path) -> Mapping[str, Any]:
    try:
        content = parse_json(path.read_text("utf-8")) if path.stat().st_size < _MOST_BYTES else {}
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}


def _read_items(file: Path, context: ReadContext) -> tuple[_Columns, list[PackedItem]]:
    import pyarrow

    items: list[PackedItem] = []
    with pyarrow.memory_map(str(file)) as mapped:
        start = mapped.read_buffer().address if mapped.size() else 0
        mapped.seek(0)
        columns = None
        for batch in _iter_batches(mapped):
            batch.validate(full=True)  # offsets of a damaged file lead anywhere
            columns = columns or _choose_columns(file, batch, context)
            items += _list_batch(file, batch, columns, start, mapped.size(), len(items))
    if columns is None:
        raise DataError(f"{str(file)!r} has no rows")
    return columns, items


def _iter_batches(mapped: Any) -> Iterator["pyarrow.RecordBatch"]:
    from pyarrow import ipc

    head = mapped.read(6)
    mapped.seek(0)
    if head == _FILE:
        with ipc.open_file(mapped) as file:
            yield from (file.get_batch(number) for number in range(file.num_record_batches))
    else:
        with ipc.open_stream(mapped) as stream:
            yield from stream


def _choose_columns(file: Path, batch: "pyarrow.RecordBatch", context: ReadContext) -> _Columns:
    """Return the columns of items and labels: as the features say, else by what they hold and their names.

    Raises:
        DataError: there is none, or several could be the label.
    """
    options, names = context.options, list(batch.schema.names)
    features = _read_features(file, batch.schema)
    item = next((name for name in names if _find_bytes(batch, name) and _is_item(batch, name, options.modality)), "")
    item = item or find_texts(file, batch, options)
    classes = {name: found for name in names if (found := _list_names(features.get(name)))}
    plain = {normalise_column(name): name for name in reversed(names)}
    called = [plain[alias] for alias in ALIASES["label"] if alias in plain]
    labels = [name for name in called if name in classes] or list(classes) or called
    seen = preview(names, most=8)
    if options.label_column is not None:
        if options.label_column not in names:
            raise DataError(f"{str(file)!r} has the columns {seen} and no {options.label_column!r}")
        labels = [options.label_column]
    if item and not context.labelled:
        return _Columns(item, "", ())
    if not item or not labels:
        lacking = "encoded items" if not item else "labels"
        raise DataError(f"{str(file)!r} has the columns {seen} and none with {lacking}; name one with --label-column")
    if len(labels) > 1 and labels[0] not in called:
        which = " and ".join(f"{name!r} ({CLASS.count(len(classes[name]))})" for name in labels)
        raise DataError(
            f"{str(file)!r} has several labels, {which}; choose one: --label-column {quote_argument(labels[0])}"
        )
    return _Columns(item, labels[0], classes.get(labels[0], ()))


def _decide_columns(columns: _Columns, context: ReadContext) -> Iterator[Decision]:
    """Yield what each column was taken for."""
    yield Decision(PlaceKind.COLUMN, (columns.item,), Role.ITEMS, "told by its bytes")
    if columns.label:
        reason = "asked for" if context.options.label_column else "by its name"
        if columns.names:
            reason = f"{reason}, numbers that the set names: {CLASS.count(len(columns.names))}"
        yield Decision(PlaceKind.COLUMN, (columns.label,), Role.LABELS, reason)


def _read_features(file: Path, schema: "pyarrow.Schema") -> Mapping[str, Any]:
    features = _read_json(file.parent / INFO).get("features")
    if isinstance(features, dict):
        return features
    try:
        features = parse_json((schema.metadata or {})[b"huggingface"])["info"]["features"]
    except (KeyError, TypeError, ValueError):
        return {}
    return features if isinstance(features, dict) else {}


def _list_names(feature: Any) -> list[str]:
    feature = feature[0] if isinstance(feature, list) and feature else feature  # of each in a list
    feature = feature.get("feature", feature) if isinstance(feature, dict) else {}
    names = feature.get("names") if isinstance(feature, dict) else None
    return [str(name) for name in names] if isinstance(names, list) else []


def _find_bytes(batch: "pyarrow.RecordBatch", name: str, *, texts: bool = False) -> Any:
    """Return the array with the bytes of a column: its own, or the field of a structure; None where it has none.

    With ``texts`` those of text count too, which is UTF-8.
    """
    from pyarrow import types

    column = batch.column(batch.schema.get_field_index(name))
    if types.is_struct(column.type):
        index = column.type.get_field_index("bytes")
        column = column.field(index) if index >= 0 else column
    kinds = [types.is_binary, types.is_large_binary, *([types.is_string, types.is_large_string] if texts else [])]
    return column if any(is_kind(column.type) for is_kind in kinds) else None


def _find_paths(batch: "pyarrow.RecordBatch", name: str) -> list[Any]:
    from pyarrow import types

    column = batch.column(batch.schema.get_field_index(name))
    index = column.type.get_field_index("path") if types.is_struct(column.type) else -1
    return read_cells(column.field(index)) if index >= 0 else [None] * batch.num_rows


def _is_item(batch: "pyarrow.RecordBatch", name: str, modality: str) -> bool:
    """Return whether the first values of a column are items, or it has names of files only."""
    only = choose_only(modality)
    modalities = [only] if only else list(all_modalities())
    found = [value for value in _find_bytes(batch, name).slice(0, 3).to_pylist() if value]
    if not found:
        return any(_find_paths(batch, name)[:3])
    return any(one.recognise(value[:4096]) for one in modalities for value in found)


def _list_batch(
    file: Path, batch: "pyarrow.RecordBatch", columns: _Columns, start: int, size: int, first: int
) -> list[PackedItem]:
    content = _find_bytes(batch, columns.item, texts=True)
    if content is None:
        raise DataError(f"{str(file)!r}: the column {columns.item!r} changes its type; save the set again")
    wide = str(content.type).startswith("large")
    _, ends, values = content.buffers()
    offsets = np.frombuffer(ends, np.int64 if wide else np.int32)[content.offset : content.offset + len(content) + 1]
    base = (values.address if values is not None else start) - start
    if values is not None and not 0 <= base <= base + values.size <= size:
        raise DataError(f"{str(file)!r} is compressed inside; save the set again with save_to_disk")
    absent, items = content.is_null().to_pylist(), list[PackedItem]()
    paths = _find_paths(batch, columns.item)
    label_index = batch.schema.get_field_index(columns.label) if columns.label else -1
    labels = read_cells(batch.column(label_index)) if label_index >= 0 else [None] * len(paths)
    for at, (path, value) in enumerate(zip(paths, labels, strict=True)):
        number = first + at
        named = path if isinstance(path, str) else ""
        name = named.replace("\\", "/").rpartition("/")[2] or f"#{number}"
        length = int(offsets[at + 1] - offsets[at])
        source: SampleSource | None = FileSource(file.parent / named) if named and "\0" not in named else None
        if not absent[at] and length:
            source = RangeSource(file, base + int(offsets[at]), length, name)
        found = [_format_label(one, columns.names) for one in (value if isinstance(value, list) else [value])]
        problem = next((why for _, why in found if why), "" if source else "no bytes and no path")
        items.append(PackedItem(name, tuple(label for label, _ in found if label), source, problem))
    return items


def _format_label(value: Any, names: Sequence[str]) -> tuple[str, str]:
    """Return a label as text, and why it cannot be used."""
    if value is None:
        return "", "no label"
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return "", f"its label is a {type(value).__name__}; wanted text or a number"
    if names and isinstance(value, int):
        if not 0 <= value < len(names):  # -1 says that there is none
            return "", f"label {value} has no name: there are {len(names)} classes"
        return names[value], ""
    return str(value), ""
