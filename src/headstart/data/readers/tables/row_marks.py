"""Columns that say which rows are to be used: deleted, excluded, rejected, or with a label that is denied.

Such a column is no label, part or group, and to read its rows like the others would be wrong without a word. Where it
can say one thing only, the rows are left out, each with its line; any other column of such a name is said with counts.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence

from headstart.data.names import preview
from headstart.data.readers.tables.table_columns import RowMark, TableSample, match_columns, simplify_column

_YES = frozenset({"1", "1.0", "true", "t", "yes", "y", "x", "ja", "j", "si", "sí", "oui"})
_NO = frozenset({"0", "0.0", "false", "f", "no", "n", "nein", "non"})
#: A row is not to be used where one of these says yes, ...
_OUT = ("deleted", "is_deleted", "exclude", "excluded", "is_excluded", "discard", "discarded", "is_discarded")
#: ... or one of these no.
_IN = ("use", "use_it", "keep", "include", "included", "is_included")
#: Columns that may mean such a thing, or another.
_MAYBE = (
    *("is_correct", "correct", "label_correct", "label_ok", "verified", "is_verified", "approved", "accepted"),
    *("rejected", "is_rejected", "removed", "is_removed", "ignore", "ignored", "skip", "used", "usable", "is_usable"),
    *("active", "is_active", "confidence", "valid", "is_valid", "validated", "is_good", "quality_ok", "is_bad"),
    *("drop", "dropped", "remove", "invalid", "is_invalid", "in_study", "in_use", "unusable"),
)
#: Columns that may say of each row whether it is good, where one of their few cells is a word that denies it.
_VERDICTS = ("status", "qc", "qc_status", "review", "review_status", "quality", "state")
_DENYING = frozenset(
    {
        *("rejected", "reject", "fail", "failed", "declined", "denied", "unusable", "invalid", "discarded", "removed"),
        *("excluded", "deleted", "not ok", "unreadable"),
    }
)
_MOST_VERDICTS = 5  #: different cells of such a column
_ANSWER = "answer"  #: of Prodigy, where each row is a question about its label
_ANSWERS = frozenset({"accept", "reject", "ignore"})
_DENIED = "confidence"  #: of Open Images: 0 where people saw that the class is not there
_DENIED_BESIDE = ("source", "label_name")
LEAST_KEPT = 0.5  #: share of the rows; where a column would leave out more, its rows are used and counted


def find_row_marks(
    sample: TableSample, taken: Mapping[str, str], used: Collection[str] = ()
) -> tuple[tuple[RowMark, ...], list[str]]:
    """Return the columns that leave rows out, and a note on each and on those that may.

    Args:
        sample: the header and the columns of a table.
        taken: role -> column.
        used: other columns that are read.
    """
    free = [it for it in sample.header if it not in {*taken.values(), *used, *sample.contents}]
    marks: list[RowMark] = []
    notes: list[str] = []
    label = taken.get("label", "")
    for column in match_columns(free, [_ANSWER, *_OUT, *_IN, *_MAYBE, *_VERDICTS]):
        if not any(sample.column(column)):
            continue
        cells = list(sample.read_column(column))
        counts = Counter(cells)
        denied = _find_denied(column, counts, sample.header)
        out = denied or _find_out(column, counts)
        labels = list(sample.read_column(label)) if out and label and not denied else []
        if out and (denied or _keeps_enough(cells, labels, out)):
            marks.append(RowMark(column, frozenset(out)))
            notes.append(_describe_left(column, counts, out))
        elif _is_flag(column, counts):
            notes.append(_describe_flag(column, counts))
    return tuple(marks), notes


def find_left_out(marks: Sequence[RowMark], cells: Iterable[str]) -> str:
    """Return why a row is left out by the cells in the columns of some marks, in their order; "" where it is not."""
    found = (mark.describe(cell) for mark, cell in zip(marks, cells, strict=True) if cell in mark.cells)
    return next(found, "")


def _find_denied(column: str, counts: Mapping[str, int], header: Sequence[str]) -> set[str]:
    """Return the cells of rows whose label is denied, in the two formats that have such rows."""
    name = simplify_column(column)
    if name == _ANSWER and {cell.lower() for cell in counts if cell} <= _ANSWERS:
        return {cell for cell in counts if cell.lower() in ("reject", "ignore")}
    known = {simplify_column(it) for it in _DENIED_BESIDE} <= {simplify_column(it) for it in header}
    if name == _DENIED and known and set(counts) <= {"0", "1", "0.0", "1.0"}:
        return {cell for cell in counts if cell in _NO}
    return set()


def _find_out(column: str, counts: Mapping[str, int]) -> set[str]:
    """Return the cells of a column that leave rows out by its name; nothing where it says other things than yes and no.

    An empty cell is the other one: ``x`` and nothing, ``no`` and nothing.
    """
    name = simplify_column(column)
    words = {cell.strip().lower() for cell in counts}
    if len(words) != 2 or not words <= {"", *_YES, *_NO}:
        return set()
    if name in map(simplify_column, _OUT):
        out = words & _YES or (words - {""} if "" in words and not words & _NO else set())
    elif name in map(simplify_column, _IN):
        out = words & _NO or ({""} if words & _YES else set())
    else:
        return set()
    return {cell for cell in counts if cell.strip().lower() in out}


def _keeps_enough(cells: Sequence[str], labels: Sequence[str], out: Collection[str]) -> bool:
    """Return whether most rows are left, and some of each class: a column that says the class is no such mark."""
    kept = sum(cell not in out for cell in cells)
    classes = {label for label in labels if label}
    left = {label for label, cell in zip(labels, cells, strict=False) if label and cell not in out}
    return kept >= LEAST_KEPT * len(cells) and classes == left


def _is_flag(column: str, counts: Mapping[str, int]) -> bool:
    """Return whether a column has two different cells, yes and no or the like, or a few that say what is rejected."""
    words = {cell.strip().lower() for cell in counts}
    if simplify_column(column) in map(simplify_column, _VERDICTS) and words & _DENYING:
        return 2 <= len(words) <= _MOST_VERDICTS
    return len(words) == 2 and (words <= {"", *_YES, *_NO} or simplify_column(column) == _ANSWER)


def _describe_left(column: str, counts: Mapping[str, int], out: Collection[str]) -> str:
    left, others = sum(counts[cell] for cell in out), [cell for cell in counts if cell not in out]
    rest = f" ({sum(counts[cell] for cell in others)} say {preview(others)})" if others else ""
    return (
        f"{left} rows are left out, for column {column!r} says {preview(sorted(out))}{rest}; to use them too, give the "
        "table without this column"
    )


def _describe_flag(column: str, counts: Mapping[str, int]) -> str:
    said = " and ".join(f"{cell!r} in {count} rows" for cell, count in sorted(counts.items()))
    return (
        f"column {column!r} says {said}, and all are used: where it marks rows that are not to be, take these out of "
        "the table"
    )
