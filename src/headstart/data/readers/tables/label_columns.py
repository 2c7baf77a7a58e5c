"""Labels in several columns of a table: 0 and 1 for each label, numbers, or names that stand side by side."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from operator import itemgetter
from pathlib import Path

from headstart.data.names import normalise_class_name, preview
from headstart.data.readers.label_forms import propose_reading, propose_tasks
from headstart.data.readers.reader import ReadContext
from headstart.data.readers.tables.column_evidence import is_on
from headstart.data.readers.tables.label_rows import EMPTY, SINGLE, RowLabels, is_missing, replace_labels
from headstart.data.readers.tables.number_cells import are_numbers, read_number_cells
from headstart.data.readers.tables.table_columns import TableRow
from headstart.label_text import SEPARATOR, LabelForm, join_cells, split_cells
from headstart.quoting import quote_argument
from headstart_runtime.errors import DataError

UNSURE = frozenset({"-1", "-1.0"})  #: in columns of 0 and 1: that it is not known
MOSTLY = 0.95  #: share of the rows that say nothing but 0 and 1 in such columns; the others are refused by their rows
FEWEST = 3  #: columns of 0 and 1 that are labels and nothing else, where nobody names them or the task


@dataclass(frozen=True, slots=True)
class _Cells:
    """The different rows of some columns."""

    columns: tuple[str, ...]
    rows: Mapping[str, tuple[str, ...]]  #: label as it stands -> its cells
    counts: Counter[str]  #: rows of each
    different: frozenset[str]  #: all cells
    missing: frozenset[str]  #: of these, those that say nothing
    ones: Mapping[str, int]  #: label as it stands -> how many cells of it say yes

    def column(self, place: int) -> list[str]:
        """Return the different filled cells of a column."""
        return [cell for cell in dict.fromkeys(map(itemgetter(place), self.rows.values())) if cell not in self.missing]

    def count(self, cells: frozenset[str], places: Sequence[int] | None = None) -> int:
        """Return how many cells of all rows, or of some columns, are one of some."""
        if not cells & self.different:
            return 0
        pick = (lambda row: row) if places is None else lambda row: [row[place] for place in places]
        return sum(self.counts[label] * sum(map(cells.__contains__, pick(row))) for label, row in self.rows.items())


def read_label_columns(
    table: Path, rows: Sequence[TableRow], columns: Sequence[str], context: ReadContext
) -> RowLabels:
    """Return rows whose labels stand in several columns, in the richest form that the task reads.

    Args:
        table: for an error.
        rows: of the table, each with the cells of the columns, joined, as its label.
        columns: that have them.
        context: says the forms that can be read.

    Raises:
        DataError: the columns cannot be read as labels of the task, or numbers in them are in doubt.
    """
    cells = _collect_cells(rows, columns)
    form = _choose_form(table, cells, context)
    if form == "one":
        return _read_single(table, rows, cells)
    if form == "indicators":
        return _read_indicators(rows, cells)
    if form == "columns":
        return _read_values(table, rows, cells)
    return _read_names(rows, cells)


def _collect_cells(rows: Sequence[TableRow], columns: Sequence[str]) -> _Cells:
    counts = Counter(row.label for row in rows if not row.problem)
    split = {label: split_cells(label) for label in counts}
    different = frozenset[str]().union(*split.values())
    on = frozenset(cell for cell in different if is_on(cell))
    ones = {label: sum(map(on.__contains__, row)) for label, row in split.items()}
    return _Cells(tuple(columns), split, counts, different, frozenset(filter(is_missing, different)), ones)


def is_indicator(cell: str) -> bool:
    """Return whether a cell says of a label whether it is there, is not, or that nobody knows."""
    return is_on(cell) is not None or cell.strip() in UNSURE or is_missing(cell)


def are_indicators(counts: Mapping[str, int], rows: Mapping[str, Sequence[str]], *, exact: bool) -> bool:
    """Return whether all rows have nothing but indicators, or nearly all where a few odd cells may be mistakes.

    Args:
        counts: of rows, by their labels as these stand.
        rows: label as it stands -> its cells.
        exact: whether it has to be all.
    """
    right = sum(count for label, count in counts.items() if all(map(is_indicator, rows[label])))
    return right == sum(counts.values()) or (not exact and right >= MOSTLY * sum(counts.values()))


def _choose_form(table: Path, cells: _Cells, context: ReadContext) -> LabelForm:
    columns = [cells.column(place) for place in range(len(cells.columns))]
    binary = are_indicators(cells.counts, cells.rows, exact=not context.wants("indicators"))
    single, _, _ = _count_kinds(cells)
    many = single < SINGLE * cells.counts.total()
    sure = many and (len(columns) >= FEWEST or context.options.label_column is not None)
    if binary and context.may_read("indicators") and (sure or context.forms is not None):
        return "indicators"
    if binary and context.may_read("one") and not context.wants("columns"):
        return "one"
    if context.wants("columns") or (context.forms is None and all(map(are_numbers, columns))):
        return "columns"
    if context.may_read("several"):
        return "several"
    raise DataError(
        f"table {str(table)!r}: the labels are said to be in the columns {preview(cells.columns)}, and one label for "
        f"each row is wanted here; name one, such as --label-column {quote_argument(cells.columns[0])}, or "
        f"{propose_reading('columns')}"
    )


def _read_single(table: Path, rows: Sequence[TableRow], cells: _Cells) -> RowLabels:
    """Return rows with the one column that has a 1 as their class.

    Raises:
        DataError: more than a fifth of the rows have several 1 or none.
    """
    labels, problems = dict[str, str](), dict[str, str]()
    for label, row in cells.rows.items():
        on = [column for column, cell in zip(cells.columns, row, strict=True) if is_on(cell)]
        if len(on) == 1:
            labels[label] = on[0].strip()
        else:
            names = " and ".join(repr(name.strip()) for name in on[:3])
            problems[label] = f"{names} have a 1: several labels" if on else "no column of a class has a 1"
    single, several, none = _count_kinds(cells)
    flags = propose_tasks("indicators")
    if single < SINGLE * cells.counts.total():
        raise DataError(
            f"table {str(table)!r} has {len(cells.columns)} columns of 0 and 1 ({preview(cells.columns)}); {single} "
            f"rows have one 1, {several} several and {none} none: {propose_reading('indicators')}; else choose the one "
            f"that is meant with --label-column {quote_argument(cells.columns[0])} or another, or leave only rows with "
            "one 1"
        )
    notes = []
    if several or none:
        ways = f"; {flags} reads them" if flags else ""
        notes = [f"{several} rows have several labels and {none} none, which are skipped as no class is theirs{ways}"]
    return RowLabels(replace_labels(rows, labels, problems), "one", (), tuple(notes))


def _count_kinds(cells: _Cells) -> tuple[int, int, int]:
    """Return how many rows have a 1 in one column, in several and in none."""
    kinds = Counter[int]()
    for label, count in cells.counts.items():
        kinds[min(cells.ones[label], 2)] += count
    return kinds[1], kinds[2], kinds[0]


def _read_indicators(rows: Sequence[TableRow], cells: _Cells) -> RowLabels:
    """Return rows with a cell of 1, 0 or nothing for each column."""
    said = [set(map(is_on, cells.column(place))) for place in range(len(cells.columns))]
    unsure = cells.count(UNSURE)
    negative = bool(unsure) and not any(False in it for it in said)  # -1 stands for 0
    full = [True in it and False not in it and not negative for it in said]  # the column says nothing but 1
    plain, filled = ({cell: _read_cell(cell, negative, absent) for cell in cells.different} for absent in (False, True))
    meanings = [filled if absent else plain for absent in full]
    empty = cells.count(cells.missing, [place for place, absent in enumerate(full) if not absent])
    labels, problems = dict[str, str](), dict[str, str]()
    names = tuple(normalise_class_name(column) for column in cells.columns)
    for label, row in cells.rows.items():
        read = [meaning[cell] for meaning, cell in zip(meanings, row, strict=True)]
        labels[label] = SEPARATOR.join(read)  # none of these needs quotes
        odd = next(((name, cell) for name, cell in zip(names, row, strict=True) if not is_indicator(cell)), None)
        if odd is not None:
            problems[label] = f"column {odd[0]!r} says {odd[1]!r}; wanted 1, 0 or nothing"
        elif not any(read):
            problems[label] = f"{EMPTY}: none of its columns says anything"
    single, several, none = _count_kinds(cells)
    reason = (
        f"{len(names)} columns say with 0 and 1 what a row has ({preview(names)}): {single} rows have one 1, {several} "
        f"several and {none} none"
    )
    notes = [*_note_unknown(0 if negative else unsure, empty)]
    if negative:
        notes.append("the columns of labels have -1 and 1 and no 0: -1 is read as absent")
    if alone := [name for name, absent in zip(names, full, strict=True) if absent]:
        notes.append(f"{preview(alone)} has no 0: empty cells in it are read as absent")
    return RowLabels(
        replace_labels(rows, labels, problems), "indicators", names, tuple(notes), reason, frozenset(names)
    )


def _read_cell(cell: str, negative: bool, absent: bool) -> str:
    """Return a cell of 0 and 1 as "1", "0" or, where it is not known, nothing."""
    if cell.strip() in UNSURE:
        return "0" if negative else ""
    on = is_on(cell)
    return "1" if on else "0" if on is False or absent else ""


def _note_unknown(unsure: int, empty: int) -> list[str]:
    """Return a note on cells of which it is not known whether a label is there."""
    said = [f"{unsure} are -1" if unsure else "", f"{empty} are empty" if empty else ""]
    if not any(said):
        return []
    known = " and ".join(filter(None, said))
    return [
        (
            f"of the cells of the labels {known}: read as unknown, which is neither there nor absent; where an empty "
            "cell or -1 means another thing (such as not mentioned, in CheXpert), write 0 or 1 there"
        )
    ]


def _read_values(table: Path, rows: Sequence[TableRow], cells: _Cells) -> RowLabels:
    """Return rows with the cells as they stand, numbers as Python reads them and nothing for a missing one.

    Raises:
        DataError: it cannot be told what sign in numbers is that of decimals.
    """
    read = [read_number_cells(cells.column(place)) for place in range(len(cells.columns))]
    for column, found in zip(cells.columns, read, strict=True):
        if found.doubt:
            raise DataError(describe_doubt(table, column, found.doubt))
    labels, problems = dict[str, str](), dict[str, str]()
    for label, row in cells.rows.items():
        texts = ["" if is_missing(cell) else it.plain.get(cell, cell) for cell, it in zip(row, read, strict=True)]
        labels[label] = join_cells(texts)
        if not any(texts):
            problems[label] = EMPTY
    names = tuple(normalise_class_name(column) for column in cells.columns)
    reason = f"{len(names)} columns are its labels ({preview(names)})"
    notes = tuple(f"column {name!r}: {it.note}" for name, it in zip(names, read, strict=True) if it.note)
    return RowLabels(replace_labels(rows, labels, problems), "columns", names, notes, reason, frozenset())


def describe_doubt(table: Path, column: str, doubt: str) -> str:
    """Return that it cannot be told what the numbers in a column are."""
    return (
        f"table {str(table)!r} has numbers in column {column!r} that can be read in two ways: {doubt}; write them with "
        "a point for decimals and nothing between thousands"
    )


def _read_names(rows: Sequence[TableRow], cells: _Cells) -> RowLabels:
    """Return rows with the names in all columns as their labels."""
    labels = {
        label: join_cells(dict.fromkeys(normalise_class_name(cell) for cell in row if not is_missing(cell)))
        for label, row in cells.rows.items()
    }
    names = frozenset(name for text in labels.values() for name in split_cells(text))
    reason = f"the names of its labels stand in {len(cells.columns)} columns ({preview(cells.columns)})"
    return RowLabels(replace_labels(rows, labels), "several", tuple(cells.columns), (), reason, names)
