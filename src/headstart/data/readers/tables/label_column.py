"""The columns of a table that have the labels: one, or several of 0 and 1 or of numbers.

A column is known by its name; of two that are one to one the names win over the numbers. Where no column is called like
labels those that hold some are offered, for a person to choose: only one that is alone beside the path is taken.
"""

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from headstart.data.names import preview
from headstart.data.readers.reader import ReadContext
from headstart.data.readers.tables.column_evidence import (
    differs_by_row,
    holds_labels,
    is_wordy,
    says_the_same,
)
from headstart.data.readers.tables.indicator_columns import find_indicators
from headstart.data.readers.tables.label_columns import is_indicator
from headstart.data.readers.tables.number_cells import has_fractions
from headstart.data.readers.tables.number_columns import find_numbers, holds_measures, propose_columns
from headstart.data.readers.tables.split_column import read_parts
from headstart.data.readers.tables.table_columns import (
    ALIASES,
    LABEL_COLUMNS,
    SPLIT_COLUMNS,
    TableSample,
    match_columns,
    simplify_column,
)
from headstart.data.readers.words import names_owner
from headstart.quoting import quote_argument
from headstart_runtime.errors import DataError

OFFERED = 4  #: columns in a message
_PLAIN = ("label", "labels")  #: names that win over all others


@dataclass(frozen=True, slots=True)
class LabelColumns:
    """The place of a table's labels."""

    column: str = ""  #: the column with the labels; "" where there is none
    columns: tuple[str, ...] = ()  #: or several, with a cell of the label each
    notes: tuple[str, ...] = ()

    @property
    def found(self) -> bool:
        """Whether there are labels."""
        return bool(self.column or self.columns)


def choose_label(
    table: Path,
    sample: TableSample,
    taken: Mapping[str, str],
    given: Sequence[str],
    context: ReadContext,
    names: Sequence[str] = (),
) -> LabelColumns:
    """Return where a table has its labels.

    Args:
        table: for an error.
        sample: its header and some rows.
        taken: role -> column, of those that are known.
        given: several columns that a setting names; none where it does not.
        context: says the forms of labels that are read.
        names: more that the label may be called, where no column has a name that any table has.

    Raises:
        DataError: several columns may have them; or no name says so, and there are columns that hold some.
    """
    if given:
        return LabelColumns(columns=tuple(given))
    if "label" in taken:
        return LabelColumns(taken["label"])
    used = set(taken.values())
    named = [it for it in match_columns(sample.header, [*ALIASES["label"], *LABEL_COLUMNS]) if it not in used]
    named = named or [it for it in match_columns(sample.header, names) if it not in used]
    rest = [it for it in dict.fromkeys(sample.header) if it not in {*used, *sample.contents} and it.strip()]
    if context.wants("columns") and "path" in taken and (numbers := find_numbers(table, sample, named, rest)):
        return LabelColumns(numbers.column, notes=numbers.notes)
    of_marks = context.wants("indicators") and all(
        map(is_indicator, {cell for it in named for cell in sample.column(it)})
    )
    indicators = find_indicators(sample, rest, context) if "path" in taken and (of_marks or not named) else None
    numbered = find_numbered(named or [it for it in rest if holds_labels(sample.column(it))])
    if numbered and "path" in taken and indicators is None and context.wants("several"):
        note = f"the labels are read from the columns {preview(numbered)}"
        return LabelColumns(columns=tuple(numbered), notes=(note,))
    if named and indicators is None:
        chosen = _choose_named(table, sample, named)
        note = _note_words(sample, chosen.column, used | set(named))
        return replace(chosen, notes=(*chosen.notes, note)) if note else chosen
    if indicators is not None:
        return LabelColumns(columns=indicators.columns, notes=indicators.notes)
    only = _find_only(sample, rest) if "path" in taken else ""
    if only:
        count = len(set(sample.column(only)) - {""})
        return LabelColumns(only, notes=(f"the label is read from column {only!r}, which has {count} values",))
    if "path" in taken:
        _offer(table, sample, rest)
    return LabelColumns()


def find_numbered(columns: Sequence[str]) -> list[str]:
    """Return columns whose names differ in a number at their end alone, such as ``label1`` and ``label2``."""
    stems = [re.fullmatch(r"(.*?)[ _.-]?\d{1,2}", name.strip().lower()) for name in columns]
    alike = {stem[1] for stem in stems if stem is not None}
    return list(columns) if len(columns) > 1 and None not in stems and len(alike) == 1 else []


def _note_words(sample: TableSample, column: str, used: Collection[str]) -> str:
    """Return a note on columns with names that come again, where the labels are numbers: one may have the labels.

    A column called ``label`` is none such, and neither is one that says the same as the labels, a part or a group.
    """
    cells = sample.column(column)
    if simplify_column(column) in _PLAIN or is_wordy(cells):
        return ""
    apart = {*used, *sample.contents, *match_columns(sample.header, [*SPLIT_COLUMNS, *ALIASES["split"]])}
    left = [name for name in dict.fromkeys(sample.header) if name.strip() and name not in apart]
    found = [name for name in left if not names_owner(name) and _is_other_label(sample.column(name), cells)]
    if not found:
        return ""
    return (
        f"the label is read from column {column!r}, whose cells are numbers; {_count(sample, found)} may be meant too: "
        f"{_flag(found[0])}"
    )


def _is_other_label(cells: Sequence[str], labels: Sequence[str]) -> bool:
    return is_wordy(cells) and holds_labels(cells) and not says_the_same(labels, cells)


def _find_only(sample: TableSample, columns: Sequence[str]) -> str:
    """Return the column that must be the label: the only one beside the path, or without a header the only fitting."""
    fitting = [it for it in columns if holds_labels(sample.column(it))]
    fitting = fitting or [it for it in columns if holds_measures(sample.column(it))]
    alone = len(columns) == 1 or (
        sample.headless and all(differs_by_row(sample.column(column)) for column in columns if column not in fitting)
    )
    if not alone or len(fitting) != 1:
        return ""
    called_split = any(match_columns(fitting, [*ALIASES["split"], *SPLIT_COLUMNS]))
    has_parts = called_split and read_parts(fitting[0], set(sample.column(fitting[0])) - {""}, folds=False)
    return "" if has_parts else fitting[0]


def _choose_named(table: Path, sample: TableSample, named: Sequence[str]) -> LabelColumns:
    """Return the label's column among those that are called so."""
    several = [it for it in named if len(set(sample.column(it)) - {""}) > 1]
    repeated = [it for it in several if holds_labels(sample.column(it))]
    fitting = repeated or several or list(named)
    kinds: list[list[str]] = []  # columns that are one to one
    for column in fitting:
        cells = sample.column(column)
        kind = next((it for it in kinds if says_the_same(sample.column(it[0]), cells)), None)
        kinds.append([column]) if kind is None else kind.append(column)
    plain = [kind for kind in kinds if any(simplify_column(it) in _PLAIN for it in kind)]
    if len(kinds) > 1 and not plain:
        best = [max(kind, key=lambda column: is_wordy(sample.column(column))) for kind in kinds]
        numbered = find_numbered(best)
        together = f"; if they hold several labels of a row, {propose_columns(numbered)}" if numbered else ""
        raise DataError(
            f"table {str(table)!r} has {len(best)} columns that may be the label: {_count(sample, best)}; say which: "
            + " or ".join(map(_flag, best[:OFFERED]))
            + together
        )
    kind = (plain or kinds)[0]
    column = next((it for it in kind if is_wordy(sample.column(it))), kind[0])
    others = [it for it in named if it != column]
    if column != kind[0]:
        note = f"the label is read from column {column!r}, which has the names of what {kind[0]!r} numbers"
        return LabelColumns(column, notes=(note,))
    note = f"the label is read from column {column!r}, not from {preview(others)}"
    return LabelColumns(column, notes=(note,) if others else ())


def _offer(table: Path, sample: TableSample, columns: Sequence[str]) -> None:
    """Refuse to guess among the columns that hold labels, where there are any."""
    labels = [it for it in columns if holds_labels(sample.column(it))]
    measures = [it for it in columns if it not in labels and holds_measures(sample.column(it))]
    fitting = [*labels, *(it for it in measures if not labels or has_fractions(sample.column(it)))]
    if not fitting:
        return
    fitting.sort(key=lambda column: not is_wordy(sample.column(column)))
    if len(fitting) == 1:
        count = len({cell for cell in sample.read_column(fitting[0]) if cell})
        raise DataError(
            f"table {str(table)!r} has the columns {preview(list(sample.header), most=8)} and none called label; "
            f"column {fitting[0]!r} has {count} values: is it the label? {_flag(fitting[0])}"
        )
    flags = " or ".join(map(_flag, fitting[:OFFERED]))
    numbers = [it for it in columns if it in fitting and holds_measures(sample.column(it))]
    together = f"; several numbers with {propose_columns(numbers[:OFFERED])}" if len(numbers) > 1 else ""
    if not numbers and (numbered := find_numbered(sorted(fitting, key=list(columns).index))):
        together = f"; several labels of a row with {propose_columns(numbered)}"
    raise DataError(
        f"table {str(table)!r} has no column called label; which of these is it? {_count(sample, fitting)}; say it "
        f"with {flags}{together}"
    )


def _count(sample: TableSample, columns: Sequence[str]) -> str:
    """Return columns with how many values they have, and some of them."""
    told = []
    for column in columns[:OFFERED]:
        values = list(dict.fromkeys(cell for cell in sample.read_column(column) if cell))
        told.append(f"{column!r} with {len(values)} values ({preview(values, most=2)})")
    more = f" and {len(columns) - OFFERED} more" if len(columns) > OFFERED else ""
    return ", ".join(told) + more


def _flag(column: str) -> str:
    return f"--label-column {quote_argument(column)}"
