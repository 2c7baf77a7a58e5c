"""Tables: a row per item with its path and label, perhaps its subset and group. CSV, TSV or Parquet.

Paths are relative to the table; the items may stand in the table themselves. A row that cannot be used is skipped,
and every row has its line in the ledger; a column that is missing is an error.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from headstart.data.decisions import Decision, PlaceKind, Role
from headstart.data.load import try_item
from headstart.data.names import normalise_class_name
from headstart.data.readers.arrays.array_blocks import UNKNOWN
from headstart.data.readers.file_kinds import describe_unread, find_archive_kind, is_parquet, is_text
from headstart.data.readers.listing import RawSample, SourceListing
from headstart.data.readers.reader import ReadContext
from headstart.data.readers.tables.base64_cells import is_base64, refuse_base64
from headstart.data.readers.tables.group_column import describe_tracks
from headstart.data.readers.tables.json_rows import LINES, is_json_table, is_path_array
from headstart.data.readers.tables.label_rows import RowLabels
from headstart.data.readers.tables.number_cells import has_fractions
from headstart.data.readers.tables.number_shift import NumberShift, shift_number
from headstart.data.readers.tables.parquet import holds_items, read_parquet_rows
from headstart.data.readers.tables.path_lists import LIST_SUFFIXES
from headstart.data.readers.tables.row_labels import read_row_labels
from headstart.data.readers.tables.same_names import find_sure_subset
from headstart.data.readers.tables.span_columns import lie_outside
from headstart.data.readers.tables.split_column import resolve_split_cells
from headstart.data.readers.tables.table_columns import DoubtfulTableError, TableRow, TableRows
from headstart.data.readers.tables.table_files import LocatedFiles, locate_files
from headstart.data.readers.tables.table_looks import looks_like_table, note_sibling_shards
from headstart.data.readers.tables.text_rows import read_text_rows
from headstart.data.readers.walk import FileTree, is_file_there
from headstart.data.samples import FileStatus, LedgerEntry, Subset
from headstart.data.sources import BrokenSource, ExcerptSource, FileSource, SampleSource
from headstart.quoting import quote_argument
from headstart.settings import DataSettings
from headstart_runtime.errors import DataError, bounded, refuse_machine_faults
from headstart_runtime.item_columns import describe_read
from headstart_runtime.modalities.item import BrokenItem, Excerpt, NamedItem, Noun
from headstart_runtime.modalities.modality import Modality

TABLE_SUFFIXES = (".csv", ".tsv", ".parquet", *LINES)
LONGEST_NAME = 1000  #: characters of a path that are kept as a sample's name


class TableReader:
    """The reader of a table."""

    suffixes: tuple[str, ...] = (*TABLE_SUFFIXES, *LIST_SUFFIXES)
    label_place: str = "its columns label and group"

    def accepts(self, source: Any, tree: FileTree | None) -> bool:
        """Return whether a file is text or Parquet, or is called like a table and is nothing else."""
        if not isinstance(source, Path) or tree is not None or not source.is_file():
            return False
        called_so = source.suffix.lower() in self.suffixes
        if is_json_table(source) or is_path_array(source) or is_parquet(source):
            return True
        if is_text(source) and (called_so or looks_like_table(source)):
            return True
        return called_so and not (find_archive_kind(source) or describe_unread(source))

    def list(self, source: Path, tree: FileTree | None, context: ReadContext) -> SourceListing:
        """Return every row of a table.

        Raises:
            DataError: it cannot be read, lacks a column, or its split column cannot be used.
            MissingExtra: it is a Parquet file and pyarrow is not installed.
        """
        listing = list_table(source, context)
        return replace(listing, notes=(*listing.notes, *note_sibling_shards(source)))


def list_table(table: Path, context: ReadContext) -> SourceListing:
    """Return every row of a table.

    Raises:
        DataError: it cannot be read, lacks a column, or its split column cannot be used.
        MissingExtra: it is a Parquet file and pyarrow is not installed.
    """
    content = read_rows(table, context)
    modality = content.modality
    labels = read_row_labels(table, content, context)
    rows = list(labels.rows)
    subsets, subset_note = resolve_split_cells(table, rows, modality.noun)
    if not context.labelled:
        rows = [row._replace(label=UNKNOWN) for row in rows]
    if by := context.options.number_shift:
        rows = [row._replace(path=shift_number(row.path, by)) if row.item is None else row for row in rows]
    paths = [row.path for row in rows if row.item is None and not _find_problem(row, row.label, 0)]
    located = locate_files(table, paths, modality, part=_find_part(table, content))
    if located.conflict and context.labelled and context.options.path_column is None:
        flag = f"--path-column {quote_argument(content.column)}"
        raise DataError(
            f"table {str(table)!r} may be about other {modality.noun.many}: {located.conflict}; if they are the same, "
            f"add {flag}; else give the folder or the table that goes with it"
        )
    if located.shift and context.labelled and context.options.number_shift is None:
        raise DoubtfulTableError(f"table {str(table)!r}: {_describe_shift(located.shift, modality.noun)}")
    if outside := _lie_outside(rows, located, modality):
        rows = [row._replace(span=None) for row in rows]
    samples: list[RawSample] = []
    entries: list[LedgerEntry] = []
    first: dict[tuple[object, ...], int] = {}
    for name, row in _name_rows(rows):
        label = normalise_class_name(row.label)
        again = first.setdefault((row.path, label, row.span), row.number) if row.item is None else row.number
        again = again if context.labelled else row.number
        reason = _find_problem(row, label, again) or located.reasons.get(row.path, "")
        if reason and not context.labelled:
            samples.append(RawSample(name, label, BrokenSource(reason)))
        elif reason:
            entries.append(LedgerEntry(name, FileStatus.SKIPPED, reason, label))
        else:
            source = _find_source(row, located)
            subset = subsets[row.split]
            samples.append(RawSample(name, label, source, subset, row.group, row.number, row.proposed))
    notes = [*content.notes, *labels.notes, *located.notes, *([subset_note] if subset_note else [])]
    if outside:
        notes.append(
            f"most stretches lie outside of their files, which seem to be cut out: whole {modality.noun.many} are read"
        )
    classes = frozenset(sample.label for sample in samples) if labels.names is None else labels.names
    if context.labelled and not {"split", "group"} & set(content.taken or {}) and not _names_groups(context.options):
        named = labels.form == "one" and not context.wants("columns") and not has_fractions(classes)
        files = [(it.name, it.label if named else "") for it in samples if isinstance(it.source, FileSource)]
        note = describe_tracks([name for name, _ in files], [label for _, label in files], modality.noun.many)
        notes += [note] if note else []
    return SourceListing(
        str(table),
        tuple(samples),
        classes,
        tuple(entries),
        notes=tuple(notes),
        modality=modality.name,
        column=content.column,
        in_rows=True,
        form=labels.form,
        form_reason=labels.reason,
        label_columns=labels.columns,
        decisions=tuple(_decide(content, labels)),
        proposed=content.proposed,
        item_columns=content.values,
    )


def _find_source(row: TableRow, located: LocatedFiles) -> SampleSource:
    """Return where the item of a row is: in the table, in a file, or a stretch of one."""
    if row.item is not None:
        return row.item
    file = located.find(row.path)
    return ExcerptSource(Excerpt(file.path, *row.span)) if row.span else file


def _lie_outside(rows: Sequence[TableRow], located: LocatedFiles, modality: Modality) -> bool:
    """Return whether most stretches that rows name lie outside of their files."""
    cut = [row for row in rows if row.span and not row.problem and row.path]
    return bool(cut) and lie_outside(cut, [located.find(row.path).path for row in cut], modality)


def _names_groups(options: DataSettings) -> bool:
    """Return whether the settings say what the groups are, or that there are none."""
    return bool(options.group_column or options.group_pattern)


def _find_part(table: Path, content: TableRows) -> Subset | None:
    """Return the part that all rows are of, by the table's name; None where a column says the parts."""
    return None if "split" in (content.taken or {}) else find_sure_subset(table)


def _describe_shift(shift: NumberShift, noun: Noun) -> str:
    """Return what says that rows may be one off their files, and the flag for each reading."""
    return (
        f"{shift.describe()}, so that each label may be that of the {noun.one} beside it; if {shift.other_row!r} is "
        f"{shift.shifted!r}, add --number-shift {shift.by}; if it is {shift.same!r}, add --number-shift 0"
    )


def _decide(content: TableRows, labels: RowLabels) -> Iterator[Decision]:
    """Yield what each column was taken for."""
    roles = {"path": Role.ITEMS, "label": Role.LABELS, "split": Role.SUBSET, "group": Role.GROUP}
    for role, column in (content.taken or {}).items():
        said = [note for note in content.notes if repr(column) in note]
        yield Decision(PlaceKind.COLUMN, (column,), roles[role], said[0] if said else "")
    for column in content.label_columns:
        if labels.form in ("columns", "several"):
            yield Decision(PlaceKind.COLUMN, (column,), Role.LABELS, labels.reason)
        else:
            yield Decision(PlaceKind.COLUMN, (column,), Role.CLASS, "a 1 where a row is of it", column.strip())


@dataclass(frozen=True, slots=True)
class ItemTable:
    """The items of a table, of which nobody wants a label."""

    items: Iterable[NamedItem]  #: one for each row, in their order, under the name that it has among samples
    notes: tuple[str, ...]  #: for a person; the first one says what column was read


def list_table_items(table: Path, context: ReadContext) -> ItemTable:
    """Return an item for every row of a table; what is in a cell is read when it is asked for.

    Raises:
        DataError: it cannot be read, or lacks a column.
        MissingExtra: it is a Parquet file and pyarrow is not installed.
    """
    content = read_rows(table, context)
    paths = [row.path for row in content.rows if row.item is None and not _find_row_problem(row)]
    located = locate_files(table, paths, content.modality, urls_found=1.0, part=_find_part(table, content))
    items = _RowItems(content.rows, located)
    known = () if context.options.text_column or context.options.path_column else context.known_columns
    told = describe_read(content.values or (content.column,), known)
    read = f"{content.modality.noun.count(len(content.rows))} read from {told}"
    doubt = located.conflict or (located.shift.describe() if located.shift else "")
    conflict = [f"these may be other {content.modality.noun.many}: {doubt}"] if doubt else []
    return ItemTable(items, (read, *content.notes, *located.notes, *conflict))


@dataclass(frozen=True, slots=True)
class _RowItems:
    """The items of rows, one after the other."""

    rows: Sequence[TableRow]
    located: LocatedFiles

    def __iter__(self) -> Iterator[NamedItem]:
        for name, row in _name_rows(self.rows):
            reason = _find_row_problem(row) or self.located.reasons.get(row.path, "")
            value = BrokenItem(reason) if reason else try_item(_find_source(row, self.located))
            yield NamedItem(name, value)


def read_rows(table: Path, context: ReadContext) -> TableRows:
    """Return the rows of a table, the modality of its items, and notes on which of several columns were taken.

    Raises:
        DataError: it cannot be read or lacks a column.
        MissingExtra: it is a Parquet file and pyarrow is not installed.
    """
    try:
        content = (read_parquet_rows if _is_parquet(table) else read_text_rows)(table, context)
        refuse_base64(table, content)
        return content
    except OSError as error:
        refuse_machine_faults(error, f"to read the table {str(table)!r}")
        raise DataError(f"table {str(table)!r} cannot be read: {error.strerror or error}; check the file") from None


def _is_parquet(table: Path) -> bool:
    return is_parquet(table) or (table.suffix.lower() == ".parquet" and not looks_like_table(table))


def items_exist(table: Path, context: ReadContext, look_at: int = 100) -> bool:
    """Return whether a file is a table whose items are there: most of its first paths exist, or it holds items."""
    try:
        if _is_parquet(table) and holds_items(table, context):
            return True
        content = read_rows(table, context)
    except DataError:
        return False
    paths = [row.path for row in content.rows[:look_at] if not row.problem]
    if any(row.item for row in content.rows):
        return True
    located = locate_files(table, paths, content.modality, part=_find_part(table, content))
    return 2 * sum(is_file_there(located.find(path).path) for path in paths) > len(paths)


def _name_rows(rows: Iterable[TableRow]) -> Iterator[tuple[str, TableRow]]:
    """Yield each row with a name that no other has."""
    names: set[str] = set()
    for row in rows:
        name = "" if is_base64(row.path) else bounded(row.path, LONGEST_NAME)
        if row.span and name:
            name = f"{name} {Excerpt(Path(name), *row.span).limits}"
        name = name if name and name not in names else f"{name or 'row'} (row {row.number})"
        names.add(name)
        yield name, row


def _find_row_problem(row: TableRow) -> str:
    """Return why a row has no item; "" where it has one."""
    if row.problem:
        return row.problem
    if not row.path and row.item is None:
        return "empty path"
    if is_base64(row.path):
        return "base64 text in the cell, not a path; write it into a file"
    return "a null byte in its path" if "\0" in row.path else ""


def _find_problem(row: TableRow, label: str, first: int) -> str:
    if problem := _find_row_problem(row):
        return problem
    if not label:
        return "empty label"
    return f"listed before, in row {first}" if 0 < first != row.number else ""
