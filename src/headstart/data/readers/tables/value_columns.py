"""Columns of a table whose cells are the items themselves: texts, found by names and by what the cells hold."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

from headstart.data.choose_modality import list_clear_suffixes
from headstart.data.names import preview
from headstart.data.readers.tables.column_evidence import holds_labels
from headstart.data.readers.tables.number_cells import are_numbers
from headstart.data.readers.tables.table_columns import TableSample, match_columns, simplify_column
from headstart.data.readers.tables.text_cells import holds_running_text, may_hold_texts, measure_length
from headstart.quoting import quote_argument
from headstart_runtime.errors import DataError
from headstart_runtime.modalities.given import takes_texts
from headstart_runtime.modalities.item import Noun
from headstart_runtime.modalities.modality import Modality

LONGER = 1.5  #: times as long as the next one is the column that is taken, where no name says which
LOOK_AT = 100  #: cells
MOST_NAMED = 6  #: columns in a note
#: Pairs of columns that mean something together only, by their simple names.
_PAIRS = (("premise", "hypothesis"), ("sentencea", "sentenceb"), ("texta", "textb"), ("left", "right"))
_COUNTERS = frozenset({"", "id", "ids", "index", "unnamed0", "unnamed:0", "rownumber", "uid", "key", "rownames"})


@dataclass(frozen=True, slots=True)
class ValueColumns:
    """The columns whose cells are the items."""

    columns: tuple[str, ...] = ()  #: joined with their names, where there are several; none where no column is such
    notes: tuple[str, ...] = ()


def find_value_columns(table: Path, sample: TableSample, modality: Modality, used: Collection[str]) -> ValueColumns:
    """Return the column of a table whose cells are items of a modality; none where there is none.

    Args:
        table: for an error.
        sample: its header and some rows.
        modality: of the items.
        used: columns that have another role.

    Raises:
        DataError: several may be meant.
    """
    found = list_value_columns(sample, modality, used)
    named = list(match_columns(found, modality.hints.value_columns))
    if not found:
        return ValueColumns()
    one = modality.noun.one
    if named:
        column, why = named[0], ""
    elif len(found) == 1:
        column, why = found[0], ", whose cells are running text"
    else:
        column, why = _choose_longest(table, sample, found, modality.noun), ", which has the longest ones"
    others = [it for it in found if it != column]
    note = f"the {one} is read from column {column!r}{why}"
    if others:
        joined = ",".join(sorted(found, key=list(sample.header).index))
        note += f", not from {preview(others)}; --text-column {_quote(joined)} joins them"
    return ValueColumns((column,), (note,))


def list_value_columns(sample: TableSample, modality: Modality, used: Collection[str] = ()) -> list[str]:
    """Return the columns that may have items in their cells: called so, else with running text in most of them."""
    left = [it for it in dict.fromkeys(sample.header) if it not in used and it not in sample.contents]
    named = [it for it in match_columns(left, modality.hints.value_columns) if may_hold_texts(sample.column(it))]
    if not takes_texts(modality):
        return named
    running = [it for it in left if holds_running_text(sample.column(it)) and not _name_files(sample.column(it))]
    plain = [it for it in named if it in running or not holds_labels(sample.column(it))]
    empty = [it for it in match_columns(left, modality.hints.value_columns) if not any(sample.column(it))]
    return list(dict.fromkeys([*(plain or named), *running])) or empty  # rows of empty texts are told one by one


def _choose_longest(table: Path, sample: TableSample, found: Sequence[str], noun: Noun) -> str:
    """Return the column with the longest cells.

    Raises:
        DataError: the next one's are nearly as long, or both mean something together only.
    """
    order = sorted(found, key=lambda column: -measure_length(sample.column(column)))
    first, second = order[:2]
    if not _is_pair(first, second) and measure_length(sample.column(first)) >= LONGER * measure_length(
        sample.column(second)
    ):
        return first
    joined = ",".join(sorted((first, second), key=list(sample.header).index))
    flags = " or ".join(f"--text-column {_quote(it)}" for it in (joined, first, second))
    raise DataError(
        f"table {str(table)!r} has {len(found)} columns with {noun.many}, {preview(found, most=4)}; say which, or join "
        f"them: {flags}"
    )


def _quote(columns: str) -> str:
    """Return names of columns as an argument, in quotes where there are several, so that it is seen to be one."""
    return f'"{columns}"' if "," in columns and '"' not in columns else quote_argument(columns)


def _is_pair(first: str, second: str) -> bool:
    """Return whether two columns are the halves of pairs: "question1" and "question2", "premise" and "hypothesis"."""
    one, two = sorted((simplify_column(first), simplify_column(second)))
    return (one[:-1] == two[:-1] and (one[-1:], two[-1:]) in (("1", "2"), ("a", "b"))) or any(
        {one, two} == set(pair) for pair in _PAIRS
    )


def _name_files(cells: Sequence[str]) -> bool:
    """Return whether most cells name a file among other words, as lines of lists do."""
    suffixes = tuple(list_clear_suffixes())
    some = [cell for cell in cells if cell][:LOOK_AT]
    naming = sum(any(word.strip("\"',;").lower().endswith(suffixes) for word in cell.split()) for cell in some)
    return bool(suffixes) and 2 * naming > len(some)


def note_unused_columns(sample: TableSample, used: Collection[str], noun: Noun) -> list[str]:
    """Return a note on the columns beside the items that are not used, where there are any."""
    told = []
    for column in dict.fromkeys(sample.header):
        cells = [cell for cell in sample.column(column) if cell]
        if column in used or simplify_column(column) in _COUNTERS or not cells or holds_running_text(cells):
            continue
        numbers = len(set(cells)) > 1 and are_numbers(cells)
        what = " (numbers)" if numbers else f" ({len(set(cells))} values)" if holds_labels(cells) else ""
        told.append(f"{column!r}{what}")
    if not told:
        return []
    verb = "column {} is" if len(told) == 1 else "columns {} are"
    listed = preview(told, show=str, most=MOST_NAMED)
    return [f"{verb.format(listed)} not used: only the {noun.many} are learnt from"]
