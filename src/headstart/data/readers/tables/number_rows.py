"""Items whose values stand in the cells of a table, or of a table for each subset in one folder."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from headstart.data.choose_modality import choose_by_array
from headstart.data.decisions import Decision, PlaceKind, Role
from headstart.data.names import normalise_class_name, preview
from headstart.data.readers.arrays.array_blocks import UNKNOWN
from headstart.data.readers.arrays.array_layout import ChosenLayout, choose_layouts
from headstart.data.readers.arrays.array_names import parse_array_name, refuse_several_sets
from headstart.data.readers.arrays.stored_arrays import LoadedArray, RowSource
from headstart.data.readers.listing import RawSample, SourceListing
from headstart.data.readers.reader import ReadContext
from headstart.data.readers.tables.column_choice import NONE
from headstart.data.readers.tables.group_column import find_group
from headstart.data.readers.tables.number_tables import (
    ENDINGS,
    NumberRow,
    NumberTable,
    find_number_table,
    read_number_rows,
)
from headstart.data.readers.tables.split_column import read_parts
from headstart.data.readers.tables.table_columns import ALIASES, TableSample, find_path_column, match_columns
from headstart.data.readers.walk import FileTree
from headstart.data.samples import FileStatus, LedgerEntry, Subset
from headstart.data.sources import BrokenSource
from headstart.data.subsets import resolve_subsets
from headstart.quoting import quote_argument
from headstart_runtime.errors import DataError, refuse_machine_faults
from headstart_runtime.modalities.modality import Modality, all_modalities, get_modality

MOST_FILES = 20  #: in a folder of such tables
_SPLITS = (*ALIASES["split"], "usage")
_COUNTERS = ("", "id", "index", "unnamed: 0")  #: columns that number the rows


@dataclass(frozen=True, slots=True)
class _LabelledTable:
    """A table of numbers and the places of what is no value, among ``NumberRow.others``."""

    table: NumberTable
    label: int | None  #: None where no column has labels
    split: int | None
    group: str  #: the column that a setting names; "" for none
    prefix: str  #: before the name of a row
    subset: Subset | None  #: that the name of the file says


class NumberTableReader:
    """The reader of a table whose cells are the values of items, or of a folder of such tables."""

    suffixes: tuple[str, ...] = ()
    label_place: str = "its column of labels"

    def accepts(self, source: Any, tree: FileTree | None) -> bool:
        """Return whether the first lines of a file, or of one in a folder, are rows of numbers that make an item."""
        if tree is not None:
            return bool(_find_tables(tree))
        return isinstance(source, Path) and _find_table(source) is not None

    def list(self, source: Path, tree: FileTree | None, context: ReadContext) -> SourceListing:
        """Return every row.

        Raises:
            DataError: no column has labels, several may, or the values make no items.
        """
        tables = _find_tables(tree) if tree else {source: _find_table(source)}
        choose = _choose_columns if context.labelled else _leave_columns
        labelled = [
            choose(table, context, f"{file.stem}/" if len(tables) > 1 else "")
            for file, table in tables.items()
            if table is not None
        ]
        without = [one for one in labelled if one.label is None]
        kept = [one for one in labelled if one.label is not None or not context.labelled]
        if not kept:
            names = preview(without[0].table.other_columns) or "none"
            raise DataError(
                f"{str(source)!r} has rows of {without[0].table.size} values and no label (other columns: {names}); "
                "name the column with --label-column"
            )
        if len(kept) > 1:
            refuse_several_sets(str(source), [parse_array_name(one.table.file.stem, ()).scope for one in kept])
        try:
            listing = _list_tables(str(source), kept, context)
        except OSError as error:
            refuse_machine_faults(error, f"to read the table {str(source)!r}")
            raise DataError(f"table {str(source)!r} cannot be read: {error.strerror or error}") from None
        if not context.labelled:
            noun, size = get_modality(listing.modality).noun, kept[0].table.size
            read = f"{noun.count(len(listing.samples))} read from rows of {size} values"
            return replace(listing, notes=(read, *listing.notes))
        left = [f"{one.table.file.name!r} has no labels and is left for predict" for one in without]
        beside = [path for path in tree.files_under(tree.root) if path not in tables] if tree else []
        entries = tuple(LedgerEntry(path.name, FileStatus.SKIPPED, "no table of numbers") for path in beside)
        return replace(listing, entries=(*listing.entries, *entries), notes=(*listing.notes, *left))


@dataclass(frozen=True, slots=True)
class _ReadTable:
    """A table of numbers with its values and rows."""

    labelled: _LabelledTable
    values: NDArray[Any]  #: (N, size), memory-mapped
    rows: Sequence[NumberRow]


def _read_tables(tables: Sequence[_LabelledTable], context: ReadContext) -> list[_ReadTable]:
    return [_ReadTable(one, *read_number_rows(one.table, context.cache)) for one in tables]


def _choose_layouts(tables: Sequence[_ReadTable], context: ReadContext) -> tuple[list[ChosenLayout], Modality]:
    """Return how rows of values become items, those of all tables alike, and of which modality.

    Raises:
        DataError: they make none.
    """
    if empty := next((one for one in tables if not len(one.values)), None):
        raise DataError(
            f"{str(empty.labelled.table.file)!r} has no row that can be read; wanted rows of numbers of one length"
        )
    first = tables[0]
    root = str(first.labelled.table.file)
    try:
        modality = choose_by_array(context.options.modality, first.values[:1], repr(root))
        arrays = [(LoadedArray.from_array("the values", one.values), 0) for one in tables]
        chosen = choose_layouts(arrays, modality, typed=False, labelled=context.labelled)
        for one, layout in zip(tables, chosen, strict=True):
            modality.decode(layout.layout.arrange(one.values[0]), modality.default_spec)
    except DataError as error:
        raise DataError(f"{root!r}: {error}") from None
    return chosen, modality


def _find_table(file: Path) -> NumberTable | None:
    """Return how a file is laid out as a table of numbers that has no paths of files."""
    table = find_number_table(file) if file.suffix.lower() in ENDINGS and file.is_file() else None
    if table is None:
        return None
    paths = [name for modality in all_modalities() for name in modality.hints.path_columns]
    if find_path_column(table.other_columns) or next(match_columns(table.other_columns, paths), None):
        return None
    return table


def _find_tables(tree: FileTree) -> dict[Path, NumberTable | None]:
    content = tree.scan(tree.root)
    if content.folders or not 0 < len(content.files) <= MOST_FILES:
        return {}
    tables = {file: _find_table(file) for file in content.files if file.suffix.lower() in ENDINGS}
    return {file: table for file, table in tables.items() if table is not None}


def _choose_columns(table: NumberTable, context: ReadContext, prefix: str) -> _LabelledTable:
    """Return which of the other columns has labels and which says the subset.

    Raises:
        DataError: several may have labels.
    """
    names = list(table.other_columns)
    subset = parse_array_name(table.file.stem, ()).subset if prefix else None
    if not table.header:
        return _LabelledTable(table, 0, None, "", prefix, subset)
    options = context.options
    split = options.split_column or next(match_columns(names, _SPLITS), None)
    label = options.label_column or next(match_columns(names, ALIASES["label"]), None)
    if label is None:
        left = [name for name in names if name != split and name.strip().lower() not in _COUNTERS]
        if len(left) > 1:
            raise DataError(
                f"table {str(table.file)!r} has the columns {preview(left, most=8)} beside its values; name that of "
                f"the labels, such as --label-column {quote_argument(left[0])}"
            )
        label = left[0] if left else None
    given = (options.label_column, options.split_column, options.group_column if options.group_column != NONE else None)
    for column in filter(None, given):
        if column not in names:
            raise DataError(f"table {str(table.file)!r} has no column {column!r}; there are {preview(names, most=8)}")
    places = [names.index(column) if column in names else None for column in (label, split)]
    return _LabelledTable(table, places[0], places[1], options.group_column or "", prefix, subset)


def _leave_columns(table: NumberTable, context: ReadContext, prefix: str) -> _LabelledTable:
    """Return a table of which nobody wants labels."""
    return _LabelledTable(table, None, None, "", prefix, None)


def _list_tables(root: str, tables: Sequence[_LabelledTable], context: ReadContext) -> SourceListing:
    samples: list[RawSample] = []
    entries: list[LedgerEntry] = []
    notes: list[str] = []
    decisions: list[Decision] = []
    read = _read_tables(tables, context)
    layouts, modality = _choose_layouts(read, context)
    for content, chosen in zip(read, layouts, strict=True):
        one, rows = content.labelled, content.rows
        source = partial(RowSource, LoadedArray.from_array("values", content.values), chosen.layout)
        subsets = _read_subsets(one, rows) if context.labelled else dict.fromkeys(row.number for row in rows)
        group, of_group = _find_group(one, rows) if context.labelled else (None, [])
        said = [*_note_column(one), *of_group] if context.labelled else []
        notes += [note for note in (*chosen.notes, *said) if note not in notes]
        for row in rows:
            name = f"{one.prefix}row {row.number}"
            label = _get_cell(row, one.label) if context.labelled else UNKNOWN
            if row.problem and not context.labelled:
                samples.append(RawSample(name, label, BrokenSource(row.problem)))
            elif row.problem or not label:
                entries.append(LedgerEntry(name, FileStatus.SKIPPED, row.problem or "empty label"))
            else:
                samples.append(RawSample(name, label, source(row.place), subsets[row.number], _get_cell(row, group)))
        decisions += _decide(one, group)
    given = resolve_subsets((sample.subset for sample in samples if sample.subset), modality.noun)
    if given.problem:
        raise DataError(f"{root!r}: {given.problem}")
    if any(sample.subset is None for sample in samples) and given.used_as:
        raise DataError(f"{root!r} has rows of a part and others of none; name the part of all, or of none")
    notes += [given.note] if given.note else []
    used = tuple(replace(it, subset=given.used_as[it.subset] if it.subset else None) for it in samples)
    return SourceListing(
        root,
        used,
        frozenset(sample.label for sample in samples),
        tuple(entries),
        notes=tuple(notes),
        modality=modality.name,
        in_rows=True,
        decisions=tuple(decisions),
    )


def _get_cell(row: NumberRow, place: int | None) -> str:
    if place is None or place >= len(row.others):
        return ""
    cell = row.others[place].strip()
    return normalise_class_name(cell[:-2] if cell.endswith(".0") and cell[:-2].isdecimal() else cell)


def _read_subsets(one: _LabelledTable, rows: Sequence[NumberRow]) -> dict[int, Subset | None]:
    """Return the subset of each row: the column's, else the file's.

    Raises:
        DataError: a cell names none.
    """
    if one.split is None:
        return {row.number: one.subset for row in rows}
    column = one.table.other_columns[one.split]
    cells = {row.number: row.others[one.split].strip() for row in rows if not row.problem}
    parts = read_parts(column, cells.values(), folds=False)
    if parts is None:
        raise DataError(
            f"table {str(one.table.file)!r}: the column {column!r} says {preview(sorted(set(cells.values())))}, which "
            "name no parts; drop it, or name another with --split-column"
        )
    return {row.number: Subset(parts[cells[row.number]]) if row.number in cells else None for row in rows}


def _find_group(one: _LabelledTable, rows: Sequence[NumberRow]) -> tuple[int | None, list[str]]:
    """Return the column of groups, as tables of paths have it, and notes on it."""
    names = list(one.table.other_columns) if one.table.header else []
    if one.group == NONE or not names:
        return None, []
    used = {names[place] for place in (one.label, one.split) if place is not None}
    known = [column for column in match_columns(names, ALIASES["group"]) if column not in used]
    if one.group or known:
        return names.index(one.group or known[0]), []
    cells = {name: [_get_cell(row, place) for row in rows if not row.problem] for place, name in enumerate(names)}
    counters = {name for name in names if name.strip().lower() in _COUNTERS}
    sample = TableSample(names, [cells[name] for name in names], cells.__getitem__)
    found = find_group(sample, names[one.label or 0], {*used, *counters})
    return names.index(found.column) if found.column else None, list(found.notes)


def _note_column(one: _LabelledTable) -> list[str]:
    """Return what was taken for the labels where nothing said so."""
    if not one.table.header:
        which = "first" if one.table.first else "last"
        return [f"{one.table.file.name!r} has no header; its {which} column is read as the labels"]
    column = one.table.other_columns[one.label or 0]
    if next(match_columns([column], ALIASES["label"]), None):
        return []
    return [f"the label is read from column {column!r}"]


def _decide(one: _LabelledTable, group: int | None) -> list[Decision]:
    if not one.table.header:
        return []
    names, table = one.table.other_columns, one.table
    found = [Decision(PlaceKind.COLUMN, (table.header[table.first],), Role.ITEMS, f"{table.size} values", "", None)]
    for place, role in ((one.label, Role.LABELS), (one.split, Role.SUBSET), (group, Role.GROUP)):
        if place is not None:
            found.append(Decision(PlaceKind.COLUMN, (names[place],), role, "by its name"))
    return found
