"""The choice of a table's columns: by a setting, else by their names and by what their cells hold.

Where names and cells leave a doubt nothing is guessed: the message names the columns with their counts, and the flag.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path

from headstart.data.names import preview
from headstart.data.readers.reader import ReadContext
from headstart.data.readers.tables.column_evidence import MOSTLY, differs_by_row, share_of_files
from headstart.data.readers.tables.corrected_labels import refuse_corrections
from headstart.data.readers.tables.given_columns import find_given_column, find_given_columns, find_label_columns
from headstart.data.readers.tables.group_column import find_group, look_at_group
from headstart.data.readers.tables.label_column import choose_label
from headstart.data.readers.tables.missing_columns import refuse_missing_columns, refuse_without_items
from headstart.data.readers.tables.number_cells import has_fractions
from headstart.data.readers.tables.pair_columns import refuse_pairs
from headstart.data.readers.tables.path_column import (
    choose_most_files,
    find_folder_column,
    is_name_column,
    prefer_names,
    refuse_row_numbers,
)
from headstart.data.readers.tables.row_marks import find_row_marks
from headstart.data.readers.tables.row_shapes import refuse_class_columns, refuse_ranges
from headstart.data.readers.tables.same_names import find_sure_subset
from headstart.data.readers.tables.span_columns import NONE as NO_SPAN
from headstart.data.readers.tables.span_columns import find_span_columns, group_recordings
from headstart.data.readers.tables.split_column import note_no_split, numbers_parts, read_parts, refuse_valid_rows
from headstart.data.readers.tables.table_columns import (
    ALIASES,
    ID_COLUMNS,
    SPLIT_COLUMNS,
    ChosenColumns,
    TableSample,
    match_columns,
    simplify_column,
)
from headstart.data.readers.tables.table_files import FileFinder
from headstart.data.readers.tables.value_columns import find_value_columns, list_value_columns, note_unused_columns
from headstart.data.samples import Subset
from headstart.settings import DataSettings
from headstart_runtime.item_columns import match_known
from headstart_runtime.modalities.given import takes_texts
from headstart_runtime.modalities.modality import Modality

ROLES = ("path", "label", "split", "group")
OPTIONAL = ("split", "group")  #: that a table need not have
MOST_PARTS = 8  #: different cells of a column that is known as the split by them
NONE = "none"  #: says of these that no column is to be taken


class ColumnChoice:
    """The choice of the columns of one table, a role after the other."""

    def __init__(self, table: Path, sample: TableSample, modality: Modality, context: ReadContext) -> None:
        options = context.options
        self.table, self.sample, self.modality = table, sample, modality
        self.header = list(sample.header)
        self.declined = {role for role in OPTIONAL if self._is_declined(role, options)}
        self.label_columns = find_label_columns(table, self.header, options.label_column)
        self.given = {role: column for role in ROLES if (column := self._find_given(role, options)) is not None}
        self.finder = FileFinder(table.parent, modality, part=find_sure_subset(table))
        self.taken: dict[str, str] = dict(self.given)
        self.notes: list[str] = []
        self.values = find_given_columns(table, self.header, "text", options.text_column)
        if not self.values and "path" not in self.given and takes_texts(modality):
            self.values = match_known(self.header, context.known_columns)
        if self.values:
            self.taken["path"] = self.values[0]
        self.split_words: Mapping[str, str] | None = None
        self.proposed: tuple[str, ...] = ()  #: columns that may have groups

    def _is_declined(self, role: str, options: DataSettings) -> bool:
        """Return whether a setting says that no column has a role."""
        given: str = getattr(options, f"{role}_column") or ""
        return given.strip().lower() == NONE and NONE not in map(simplify_column, self.header)

    def _find_given(self, role: str, options: DataSettings) -> str | None:
        """Return the column that a setting names, as the header spells it; None where none is given."""
        given: str | None = getattr(options, f"{role}_column")
        if given is None or role in self.declined or (not given and "" not in self.header):
            return None
        if role == "label" and self.label_columns:
            return None
        return find_given_column(self.table, self.header, role, given)

    def choose_path(self, *, labelled: bool) -> None:
        """Find the column with the items or with the paths or ids of their files."""
        self._choose_values()
        if "path" in self.taken:
            return
        refuse_pairs(self.table, self.sample, self.modality.noun, self._share)
        known = list(match_columns(self.header, [*ALIASES["path"], *self.modality.hints.path_columns]))
        shares = {column: self._share(column) for column in known}
        if known and max(shares.values()) >= MOSTLY:
            best = max(known, key=shares.__getitem__)
            if not is_name_column(best):
                refuse_row_numbers(self.table, self.sample, self._share, best, self.taken.values())
            self._take("path", [best, *(it for it in known if it != best)])
            return
        if not known and labelled:
            refuse_ranges(self.table, self.sample, self.modality.noun, self._share)
            refuse_class_columns(self.table, self.sample, self.modality.noun, self._share)
        others = [column for column in self.header if column not in known and self._may_have_paths(column)]
        leading = [column for column in others if self._share(column) >= MOSTLY]
        ids = list(match_columns(leading, ID_COLUMNS))
        if ids and len(leading) > 1 and (column := prefer_names(self.table, self.sample, self.finder, leading, ids[0])):
            self.taken["path"] = column
            self.notes.append(
                f"the paths are read from column {column!r}, not from {ids[0]!r}, whose numbers lead to other files"
            )
            return
        for column in ids[:1] or leading:
            refuse_row_numbers(self.table, self.sample, self._share, column, self.taken.values())
        if len(leading) > 1 and not ids:
            ids = [choose_most_files(self.table, leading, [self._share(column) for column in leading])]
        loose = [] if leading or known else [column for column in others if self._leads_loosely(column)][:1]
        found = (ids or leading or known or loose or [self._find_endings(others)])[0]
        if not found:
            return
        self.taken["path"] = found
        if found in known:
            self._note_others("path", known)
        elif found not in ids or found in others:
            self.notes.append(f"the paths are read from column {found!r}, whose cells lead to files")

    def _choose_values(self) -> None:
        """Find the columns whose cells are the items themselves."""
        given = self.taken.get("path")
        if given is not None:
            if not self.values and given in list_value_columns(self.sample, self.modality) and not self._share(given):
                self.values = (given,)
            return
        texts = find_value_columns(self.table, self.sample, self.modality, {*self.given.values(), *self.label_columns})
        if texts.columns:
            self.values = texts.columns
            self.taken["path"] = texts.columns[0]
            self.notes += texts.notes

    def choose_folder(self) -> str:
        """Return the column with the folder of each path, where names alone may be of several files; "" for none."""
        path = self.taken.get("path", "")
        column = "" if not path or self.values else find_folder_column(self.sample, self.finder, path)
        if column:
            self.notes.append(f"the path of a row is its folder in column {column!r} and its name in column {path!r}")
        return column

    def choose_split(self) -> None:
        """Find the column with the parts; one that is only called so and has others in it is left alone, and said."""
        if "split" in self.declined:
            return
        given = self.given.get("split")
        plain = [given] if given else list(match_columns(self.header, ALIASES["split"]))
        others = [] if given else list(match_columns(self.header, SPLIT_COLUMNS))
        used = {*self.taken.values(), *self.label_columns} - {given}
        for column in [it for it in plain if it not in used]:
            self._take("split", [column, *(it for it in plain if it != column)])
            cells = {cell for cell in self.sample.read_column(column) if cell}
            self.split_words = read_parts(column, cells, folds=column == given)
            if numbers_parts(column, cells):
                self.notes.append(f"column {column!r} numbers the parts: 0 is train, 1 validation and 2 test")
            return
        for column in [it for it in others if it not in used]:
            cells = set(self.sample.column(column))
            parts = read_parts(column, self.sample.read_column(column), folds=False) if len(cells) > 1 else None
            if parts and len(set(parts.values())) > 1:
                refuse_valid_rows(self.table, column, self.sample, parts)
                self._take("split", [column])
                self.split_words = parts
                return
            if len(cells) > 1 and not differs_by_row(self.sample.column(column)):
                self.notes.append(note_no_split(column, sorted(cells - {""})))
        if not given:
            self._choose_split_by_cells()

    def _choose_split_by_cells(self) -> None:
        """Find a column of any name all of whose cells are parts, train among them."""
        for column in dict.fromkeys(self.header):
            cells = set() if column in self.taken.values() else set(self.sample.column(column))
            parts = (
                read_parts(column, cells, folds=False) if 2 <= len(cells) <= MOST_PARTS and "" not in cells else None
            )
            if parts and len(set(parts.values())) > 1 and str(Subset.TRAIN) in parts.values():
                self._take("split", [column])
                self.split_words = read_parts(column, self.sample.read_column(column), folds=False)
                self.notes.append(f"column {column!r} is taken for the split: it says {preview(sorted(cells))}")
                return

    def choose_group(self) -> None:
        """Find the column with the groups, by its name."""
        if "group" not in self.taken and "group" not in self.declined:
            used = {*self.taken.values(), *self.label_columns}
            if columns := [it for it in match_columns(self.header, ALIASES["group"]) if it not in used]:
                self._take("group", columns)

    def choose_owner(self, label: str, columns: Sequence[str]) -> None:
        """Find a column with groups by what it is called and holds; of one that has the name of groups say so."""
        if "group" in self.taken or "group" in self.declined:
            if not {"group"} & {*self.given, *self.declined}:
                kept, note = look_at_group(self.sample, self.taken, label)
                self.notes.append(note)
                self.taken = self.taken if kept else {role: it for role, it in self.taken.items() if role != "group"}
            return
        found = find_group(self.sample, label, {*self.taken.values(), *columns})
        if found.column:
            self.taken["group"] = found.column
        self.notes += found.notes
        self.proposed = found.proposed

    def _leads_loosely(self, column: str) -> bool:
        cells = dict.fromkeys(cell for cell in self.sample.column(column) if cell)
        return bool(self.finder.find_loosely(cells))

    def _may_have_paths(self, column: str) -> bool:
        return column not in self.sample.contents and differs_by_row(self.sample.column(column))

    def _share(self, column: str) -> float:
        """Return the share of a column's cells that lead to files; 2.0 of one that has them in it."""
        return 2.0 if column in self.sample.contents else share_of_files(self.sample.column(column), self.finder)

    def _find_endings(self, columns: Sequence[str]) -> str:
        """Return the first column whose cells end like files, wherever these are; "" for none."""
        for column in columns:
            cells = [cell for cell in self.sample.column(column) if cell]
            if cells and 2 * sum(cell.lower().endswith(tuple(self.modality.suffixes)) for cell in cells) > len(cells):
                return column
        return ""

    def _take(self, role: str, columns: Sequence[str]) -> None:
        self.taken[role] = columns[0]
        self._note_others(role, columns)

    def _note_others(self, role: str, columns: Sequence[str]) -> None:
        """Note which of several columns was taken."""
        first = self.taken[role]
        others = [column for column in columns if column != first]
        if others:
            self.notes.append(f"the {role} is read from column {first!r}, not from {preview(others)}")


def choose_columns(table: Path, sample: TableSample, modality: Modality, context: ReadContext) -> ChosenColumns:
    """Return the column of each role, and notes where more than one could have it.

    Args:
        table: its folder is where paths begin.
        sample: its header and some rows.
        modality: of its items.
        context: says the columns that are given, whether labels are wanted, and which the task reads.

    Raises:
        DataError: none has the path, or none the label where one is wanted; or several may have it; or a given column
            is not there.
    """
    choice = ColumnChoice(table, sample, modality, context)
    choice.choose_path(labelled=context.labelled)
    if not context.labelled:
        if "path" not in choice.taken:
            refuse_without_items(table, sample, modality)
        taken, values = {"path": choice.taken["path"]}, tuple(choice.values)
        span = NO_SPAN if values else find_span_columns(sample, modality, taken.values())
        return ChosenColumns(taken, (), bool(values), folder=choice.choose_folder(), values=values, span=span)
    folder = choice.choose_folder()
    choice.choose_split()
    choice.choose_group()
    label = choose_label(table, sample, choice.taken, choice.label_columns, context, modality.hints.label_columns)
    found = {*choice.taken, *(["label"] if label.found else [])}
    refuse_missing_columns(table, sample, modality, found, choice.taken.values())
    if label.column:
        choice.taken["label"] = label.column
        if "label" not in choice.given:
            refuse_corrections(table, sample, label.column)
    numbers = context.wants("columns") or (label.column and has_fractions(sample.column(label.column)))
    choice.choose_owner("" if numbers else label.column, label.columns)
    marks, said_of_rows = find_row_marks(sample, choice.taken, (*label.columns, folder))
    notes = [*choice.notes, *label.notes, *said_of_rows]
    for role, column in [*choice.taken.items(), *(("label", column) for column in label.columns)]:
        said = modality.noun.one if choice.values and role == "path" else role
        same = [it for it in choice.header if simplify_column(it) == simplify_column(column)]
        if len(same) > 1:
            notes.append(f"the table has {len(same)} columns called {column!r}; the {said} is read from the first")
    words, values = choice.split_words, tuple(choice.values)
    span = NO_SPAN if values else find_span_columns(sample, modality, {*choice.taken.values(), *label.columns})
    if any(span):
        open_roles = {"group", "split"}.isdisjoint({*choice.taken, *choice.declined})
        kept, told = group_recordings(sample, choice.taken["path"], span, label.column if open_roles else None)
        choice.taken |= {"group": choice.taken["path"]} if kept else {}
        choice.proposed = () if kept else choice.proposed
        notes += told
    used = {*choice.taken.values(), *values, *label.columns, *(mark.column for mark in marks)}
    notes += note_unused_columns(sample, used, modality.noun) if values else []
    return ChosenColumns(
        choice.taken, tuple(notes), bool(values), label.columns, words, folder, marks, values, span, choice.proposed
    )
