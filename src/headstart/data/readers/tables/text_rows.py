"""The rows of a text table by their roles: CSV, TSV, and lists of paths and labels."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from headstart.data.choose_modality import find_source_noun
from headstart.data.readers.class_names import read_class_list
from headstart.data.readers.reader import ReadContext
from headstart.data.readers.tables.column_choice import choose_columns
from headstart.data.readers.tables.column_evidence import MOSTLY, holds_labels, share_of_files
from headstart.data.readers.tables.csv_text import TextTable, read_text_table
from headstart.data.readers.tables.json_rows import is_json_table, is_path_array, read_json_table, read_path_array
from headstart.data.readers.tables.path_lists import read_path_list
from headstart.data.readers.tables.prefixed_lines import has_prefixed_lines, read_prefixed_lines
from headstart.data.readers.tables.row_marks import find_left_out
from headstart.data.readers.tables.same_names import find_sure_subset
from headstart.data.readers.tables.span_columns import read_span
from headstart.data.readers.tables.table_columns import (
    ChosenColumns,
    TableRow,
    TableRows,
    TableSample,
    describe_empty,
    find_key_columns,
    match_columns,
)
from headstart.data.readers.tables.table_files import FileFinder
from headstart.data.readers.tables.table_modality import choose_table_modality
from headstart.data.readers.tables.text_cells import holds_running_text
from headstart.data.sources import ValueSource
from headstart.data.subsets import parse_subset
from headstart.label_text import join_cells
from headstart_runtime.csv_cells import unescape_cell
from headstart_runtime.errors import DataError
from headstart_runtime.item_columns import join_texts
from headstart_runtime.modalities.given import takes_texts
from headstart_runtime.modalities.modality import Modality, all_modalities

SAMPLED = 50_000  #: rows of a longer table, by which its columns are known


def read_text_rows(table: Path, context: ReadContext) -> TableRows:
    """Return the rows of a text table.

    Raises:
        OSError: it cannot be read.
        DataError: it is empty or no text, or its columns cannot be told.
    """
    options = context.options
    content = read_json_table(table) if is_json_table(table) else None
    content = content or (read_path_array(table) if is_path_array(table) else None)
    content = content or (read_prefixed_lines(table, options.encoding) if has_prefixed_lines(table) else None)
    content = content or read_path_list(table, find_key_columns, encoding=options.encoding)
    content = content or read_text_table(table, find_key_columns, encoding=options.encoding)
    if not content.header:
        noun = find_source_noun(options.modality).one
        raise DataError(f"table {str(table)!r} is empty; wanted a header with path and label, and a row per {noun}")
    sample = _sample_rows(content)
    header = list(content.header)

    choice = choose_table_modality(table, sample, options)
    headless = _lacks_header(table, sample, choice.modality)
    notes = [*content.notes, *choice.notes]
    if headless:
        sample = _name_columns(sample, content)
        header = list(sample.header)
        notes = [re.sub("^the header of ", "the first row of ", note) for note in notes]
        notes.append(
            f"{table.name} has no header: its first row is one like the others, its columns are {_list(header)}"
        )
    columns = choose_columns(table, sample, choice.modality, context)
    rows = list(_make_rows(content, header, columns, choice.modality, headless=headless))
    notes += columns.notes
    if context.labelled and "label" in columns.taken and not context.wants("columns"):
        named, note = read_class_list(table, {row.label for row in rows if not row.problem})
        if named:
            rows = [row._replace(label=named.get(row.label, row.label)) for row in rows]
        notes += [note] if note else []
    taken = columns.taken
    column = ", ".join(columns.values) or taken["path"]
    said = columns.label_columns, columns.proposed, columns.values
    return TableRows(rows, tuple(notes), choice.modality, column, taken, *said)


def _list(names: Sequence[str]) -> str:
    return ", ".join(names[:4]) + (", ..." if len(names) > 4 else "")


def _sample_rows(content: TextTable) -> TableSample:
    """Return the cells of each column in some rows, spread evenly."""
    kept = list(content.iter_some(SAMPLED))
    width = len(content.header)
    cells = [[row[place].strip() if place < len(row) else "" for row in kept] for place in range(width)]

    def read_column(column: str) -> Iterator[str]:
        return _read_cells(content, list(content.header).index(column), header=False)

    return TableSample(content.header, cells, read_column)


def _read_cells(content: TextTable, place: int, *, header: bool) -> Iterator[str]:
    rows = content.iter_rows(header=header)
    return (row.cells[place].strip() if place < len(row.cells) else "" for row in rows if not row.problem)


def _lacks_header(table: Path, sample: TableSample, modality: Modality) -> bool:
    """Return whether the first row is an item like the others: a cell ends like a file, or leads to one."""
    suffixes = tuple(suffix for one in all_modalities() for suffix in one.suffixes)
    if any(cell.strip().lower().endswith(suffixes) for cell in sample.header):
        return True
    known = [place for place in find_key_columns(sample.header) if not _comes_again(sample, place)]
    if known or not any(sample.cells):
        return False
    if takes_texts(modality) and _begins_with_text(sample, modality):
        return True
    finder = FileFinder(table.parent, modality, part=find_sure_subset(table))
    cells = zip(sample.header, sample.cells, strict=True)
    return any(
        cell.strip() and finder.count_leading([cell.strip()]) and share_of_files(column, finder) >= MOSTLY
        for cell, column in cells
    )


def _begins_with_text(sample: TableSample, modality: Modality) -> bool:
    """Return whether the first row is a text with its label: the label stands in its column again."""
    texts = [it for it in sample.header if holds_running_text(sample.column(it))]
    if not texts or any(match_columns(sample.header, modality.hints.value_columns)):
        return False
    return any(
        holds_labels(column) and _comes_again(sample, place)
        for place, column in enumerate(sample.cells)
        if sample.header[place].strip()
    )


def _comes_again(sample: TableSample, place: int) -> bool:
    """Return whether the name of a column stands among its cells too, as ``train`` does where there is no header."""
    return sample.header[place].strip() in sample.cells[place]


def _name_columns(sample: TableSample, content: TextTable) -> TableSample:
    """Return a table without a header with its first row among the others, and numbers as names of its columns."""
    cells = [[first.strip(), *column] for first, column in zip(sample.header, sample.cells, strict=True)]
    names = [f"column {number}" for number in range(1, len(cells) + 1)]
    for place, column in enumerate(cells):
        different = set(column)
        if 2 <= len(different) <= 3 and all(parse_subset(cell) for cell in different) and "split" not in names:
            names[place] = "split"

    def read_column(column: str) -> Iterator[str]:
        return _read_cells(content, names.index(column), header=True)

    return replace(sample, header=names, cells=cells, read_column=read_column, headless=True)


def _make_rows(
    content: TextTable, header: list[str], columns: ChosenColumns, modality: Modality, *, headless: bool
) -> Iterator[TableRow]:
    places = {role: header.index(column) for role, column in columns.taken.items()}
    path_at, label_at, split_at, group_at = (places.get(role, -1) for role in ("path", "label", "split", "group"))
    start_at, end_at = (header.index(it) if it else -1 for it in columns.span)
    values_at = [header.index(column) for column in columns.values]
    proposed_at = [header.index(column) for column in columns.proposed]
    labels_at = [header.index(column) for column in columns.label_columns]
    words = columns.split_words or {}
    marks = columns.marks
    marked = [header.index(mark.column) for mark in marks]
    folder_at = header.index(columns.folder) if columns.folder else -1
    known: dict[str, str] = {"": ""}  # equal labels, splits and groups are one text in memory
    width, first = len(header), header[path_at].strip()
    for row in content.iter_rows(header=headless):
        number, _, cells, problem = row
        item, size = None, len(cells)
        path = _read_plain(cells[path_at]) if path_at < size else ""
        if path and 0 <= folder_at < size and (folder := cells[folder_at].strip().replace("\\", "/").strip("/")):
            path = f"{known.setdefault(folder, folder)}/{path}"
        label = _read_plain(cells[label_at]) if 0 <= label_at < size else ""
        split = _read_plain(cells[split_at]) if 0 <= split_at < size else ""
        group = _read_plain(cells[group_at]) if 0 <= group_at < size else ""
        if path == first and not problem and not headless and size == width and list(cells) == header:
            problem = "the header again"  # files were put together
        if columns.holds_values:
            if text := join_texts(columns.values, [cells[at] if at < size else "" for at in values_at]):
                item = ValueSource(text.encode("utf-8", "surrogatepass"))
            problem = problem or ("" if text else describe_empty(modality, path))
            path = f"row {number}"
        if marks and not problem:
            problem = find_left_out(marks, [cells[at].strip() if at < size else "" for at in marked])
        span = None
        if start_at >= 0 and not problem:
            span, problem = read_span(*(cells[at] if 0 <= at < size else "" for at in (start_at, end_at)))
        if labels_at and not problem:
            label = join_cells(_read_plain(cells[at]) if at < size else "" for at in labels_at)
        label, group = known.setdefault(label, label), known.setdefault(group, group)
        split = words.get(split, known.setdefault(split, split))
        beside = tuple(_read_plain(cells[at]) if at < size else "" for at in proposed_at)
        beside = tuple(known.setdefault(cell, cell) for cell in beside)
        yield TableRow(number, path, label, split, group, item, problem, span, beside)


def _read_plain(cell: str) -> str:
    """Return a cell without outer blanks, and without what keeps spreadsheets from taking it for a formula."""
    text = cell.strip()
    return unescape_cell(text) if "'" in text else text
