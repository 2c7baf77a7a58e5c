"""Columns with the seconds where an item begins and ends in its file, so that one recording gives many items."""

from collections.abc import Collection, Sequence
from itertools import islice, repeat
from pathlib import Path

from headstart.data.readers.group_stats import count_groups, propose_groups
from headstart.data.readers.tables.number_cells import is_number
from headstart.data.readers.tables.table_columns import TableRow, TableSample, match_columns
from headstart_runtime.errors import DataError
from headstart_runtime.modalities.item import BrokenItem, Excerpt
from headstart_runtime.modalities.modality import Modality

NONE: tuple[str, str] = ("", "")  #: no columns
MOSTLY = 0.5  #: share of the cells that are seconds in such a column, and of the stretches that lie in their files
LOOK_AT = 20  #: rows whose files are asked
_BASE = 60


def find_span_columns(sample: TableSample, modality: Modality, used: Collection[str]) -> tuple[str, str]:
    """Return the columns where items begin and where they end, the second "" for none; ``NONE`` for whole files."""
    starts, ends = (
        [it for it in match_columns(sample.header, names) if it not in used and _holds_seconds(sample.column(it))]
        for names in modality.hints.span_columns
    )
    return (starts[0], ends[0] if ends else "") if starts else NONE


def group_recordings(
    sample: TableSample, path: str, span: tuple[str, str], label: str | None
) -> tuple[bool, list[str]]:
    """Return whether stretches of one file stay together, as they have to where these make groups, and notes.

    Args:
        sample: the table's header and some rows.
        path: the column with the files.
        span: those with the seconds.
        label: that with the labels, "" for several; None where groups or parts are said already.
    """
    last = f" to {span[1]!r}" if span[1] else " to its end"
    notes = [f"each row is a stretch of its file, from {span[0]!r}{last}, in seconds"]
    if label is None:
        return False, notes
    stats = count_groups(path, sample.read_column(path), sample.read_column(label) if label else repeat(""))
    if stats.is_clear:
        return True, [*notes, stats.describe_use()]
    return False, [*notes, propose_groups([stats])] if stats.repeats else notes


def _holds_seconds(cells: Sequence[str]) -> bool:
    filled = [cell for cell in cells if cell]
    return bool(filled) and sum(_parse_seconds(cell) is not None for cell in filled) > MOSTLY * len(filled)


def _parse_seconds(cell: str) -> float | None:
    """Return the seconds that a cell means: "1.5", "1:02.5", "0:01:02"; None where it means none."""
    parts = cell.strip().replace(",", ".").split(":")
    if not 1 <= len(parts) <= 3 or not all(map(is_number, parts)):
        return None
    seconds = 0.0
    for part in parts:
        seconds = _BASE * seconds + float(part)
    return seconds if 0 <= seconds < float("inf") else None


def read_span(start: str, end: str) -> tuple[tuple[float, float | None] | None, str]:
    """Return where a row's item begins and ends, None for the whole file, and why it cannot be used; "" where it can.

    Args:
        start: the cell with the seconds; an empty one is the beginning of the file.
        end: the same for its end.
    """
    if not start.strip() and not end.strip():
        return None, ""
    first = _parse_seconds(start) if start.strip() else 0.0
    last = _parse_seconds(end) if end.strip() else None
    if first is None or (end.strip() and last is None):
        odd = start if first is None else end
        return None, f"{odd.strip()!r} is no time in its file; wanted seconds, such as 1.5"
    if last is not None and last <= first:
        return None, f"it ends at {last:g} s and begins at {first:g} s; wanted an end behind its beginning"
    return (first, last), ""


def lie_outside(rows: Sequence[TableRow], places: Sequence[Path], modality: Modality) -> bool:
    """Return whether most stretches lie outside of files that can be read: they were cut out of others before.

    Args:
        rows: of the table; some that have a stretch are asked.
        places: of each the file.
        modality: of the items.
    """
    asked = [(row, place) for row, place in zip(rows, places, strict=True) if row.span and place.is_file()]
    some = list(islice(asked[:: max(1, len(asked) // LOOK_AT)], LOOK_AT))
    outside = 0
    for row, place in some:
        assert row.span is not None
        try:
            modality.identify(Excerpt(place, 0.0))
        except (BrokenItem, DataError, OSError):
            continue
        try:
            modality.identify(Excerpt(place, *row.span))
        except BrokenItem:
            outside += 1
    return outside > MOSTLY * len(some)
