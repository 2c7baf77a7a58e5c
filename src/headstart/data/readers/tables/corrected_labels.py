"""A second column of labels that corrects the first: filled in where somebody changed a label, or in every row."""

import re
from pathlib import Path

from headstart.data.readers.tables.table_columns import ALIASES, LABEL_COLUMNS, TableSample, simplify_column
from headstart.quoting import quote_argument
from headstart_runtime.errors import DataError

_WORD = r"corrected|correction|fixed|revised|updated|reviewed|final|new|true|clean|cleaned|relabel(?:l?ed)?"
_CORRECTED = re.compile(rf"(?:{_WORD})(.*)|(.*?)(?:{_WORD})")
_SECOND = r"v2|2nd|second|consensus|expert|override|adjudicated|gold"
_SECOND_LABEL = re.compile(rf"(?:{_SECOND})(.*)|(.*?)(?:{_SECOND})")  #: may correct another, or be about something else
MOST_CHANGED = 0.3  #: share of the rows in which such labels may differ
KNOWN = 0.5  #: share of the corrections that are labels of the other column too


def refuse_corrections(table: Path, sample: TableSample, label: str) -> None:
    """Refuse to take a column of labels that another one corrects, in some rows or in all.

    Args:
        table: for the error.
        sample: its header and some rows.
        label: the column that would be taken, which no setting names.

    Raises:
        DataError: with the counts, and what to do for each reading.
    """
    names = {simplify_column(it) for it in (label, *ALIASES["label"], *LABEL_COLUMNS)} | {""}
    for column in sample.header:
        corrected = _CORRECTED.fullmatch(simplify_column(column))
        match = corrected or _SECOND_LABEL.fullmatch(simplify_column(column))
        if column == label or match is None or (match[1] or match[2] or "") not in names:
            continue
        pairs = list(zip(sample.read_column(label), sample.read_column(column), strict=False))
        filled = [(one, other) for one, other in pairs if other]
        known = {one for one, _ in pairs}
        changed = sum(one != other for one, other in filled)
        if not changed or sum(other in known for _, other in filled) < KNOWN * len(filled):
            continue
        if not corrected and changed > MOST_CHANGED * len(pairs):
            continue
        ways = f"add --label-column {quote_argument(label)} to leave them"
        if len(filled) == len(pairs):
            ways += f", or --label-column {quote_argument(column)} to take them"
        else:
            ways += f", or write them over those in {label!r} first"
        raise DataError(
            f"table {str(table)!r} has labels in column {label!r} and others in column {column!r}, in {changed} of "
            f"{len(pairs)} rows; {ways}"
        )
