"""Cells of a column of labels that are no class: words for a missing label, and several labels in one cell.

Whether a sign or a blank separates labels is seen by the other cells: their parts come again, alone or in other
combinations. A name that has a comma or a blank in it, such as ``crane, bird``, has parts that do not.
"""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from headstart.data.names import preview
from headstart.data.readers.tables.label_column import SEVERAL, SINGLE
from headstart.data.readers.tables.table_columns import TableRow
from headstart.errors import DataError

#: What programs and people write for a label that is missing, in lower case.
MISSING = frozenset("na n/a #n/a <na> n.a. nan null nil none ? ?? - -- #ref! #value!".split())  # noqa: SIM905
_NAMES = frozenset({"none", "null", "nil"})  #: words of these that a class may be called
SEPARATORS = "|;,+ "
WHOLE = "--label-cells whole"  #: takes each cell as it is for a class
_LIST = re.compile(r"[\[({].*[\])}]")
_SIZES = 3  #: different numbers of parts that names of classes do not have, where there are many
_PER_PART = 2  #: labels for each part, which names of classes do not make either
MOST_COMPARED = 500  #: labels of which each is held against all others
_OWN_SHARE = 0.5  #: of the rows of the smallest other class, which a class that is called ``none`` has at least


@dataclass(frozen=True, slots=True)
class SeveralLabels:
    """The cells with several labels in a column."""

    separator: str  #: between them; "[]" where cells are lists
    cells: dict[str, tuple[str, ...]]  #: cell -> its labels


def read_label_cells(
    table: Path, rows: Sequence[TableRow], column: str, *, whole: bool
) -> tuple[list[TableRow], list[str]]:
    """Return rows without those whose label is missing or several, which have a problem instead, and notes.

    Args:
        table: for an error.
        rows: of the table.
        column: that of the labels.
        whole: whether each cell is a class as it is.

    Raises:
        DataError: more than a fifth of the rows have several labels in a cell.
    """
    counts = Counter(row.label for row in rows if row.label and not row.problem)
    if whole or len(counts) < 2:
        return list(rows), []
    missing, notes = _find_missing(counts)
    kept = Counter({label: count for label, count in counts.items() if label not in missing})
    several = find_several_labels(kept)
    problems = {label: f"empty label: {label!r}" for label in missing}
    if several is None:
        notes += _note_words(kept)
    else:
        problems |= {
            label: f"{' and '.join(map(repr, parts[:3]))} in one cell: {SEVERAL}"
            for label, parts in several.cells.items()
        }
        notes.append(_describe_several(table, column, kept, several))
    if not problems:
        return list(rows), notes
    return [
        row._replace(label="", problem=problems[row.label]) if row.label in problems and not row.problem else row
        for row in rows
    ], notes


def _find_missing(counts: Counter[str]) -> tuple[list[str], list[str]]:
    """Return the labels that stand for none, and notes on them and on those that look so and are classes."""
    looking = [label for label in counts if label.strip().lower() in MISSING]
    others = {label: count for label, count in counts.items() if label not in looking}
    if not looking or not others:
        return [], []
    classes = [label for label in looking if _is_class(label, counts[label], others, alone=len(looking) == 1)]
    missing = [label for label in looking if label not in classes]
    notes = [
        f"the label {label!r} ({counts[label]} rows) is read as a class, since it is like the others"
        for label in classes
    ]
    if missing:
        shown = ", ".join(f"{label!r} ({counts[label]})" for label in missing)
        total = sum(counts[label] for label in missing)
        notes.append(
            f"{total} rows whose label is {shown} are skipped as rows without a label; where these are classes, add "
            f"{WHOLE}"
        )
    return missing, notes


def _is_class(label: str, count: int, others: dict[str, int], *, alone: bool) -> bool:
    """Return whether a word for nothing is the name of a class, beside others of its kind: ``None``, ``Mild``."""
    if not any(sign.isalpha() for sign in label):
        return not any(sign.isalnum() for other in others for sign in other)
    if label.lower() in _NAMES:
        alike = all(_find_style(other) == _find_style(label) for other in others)
        return alone and alike and count >= _OWN_SHARE * min(others.values())
    return label == "NA" and all(other.isupper() and len(other) <= 3 for other in others)


def _find_style(label: str) -> str:
    """Return whether a label is written in small letters, in capitals or with one at its beginning."""
    return "small" if label.islower() else "capitals" if label.isupper() else "title" if label[:1].isupper() else ""


def find_several_labels(counts: Iterable[str]) -> SeveralLabels | None:
    """Return the cells that have several labels, among all different ones of a column; None where none has."""
    labels = list(dict.fromkeys(counts))
    lists = {label: parts for label in labels if len(parts := _read_list(label)) > 1}
    if lists:
        return SeveralLabels("[]", lists)
    for separator in SEPARATORS:
        split = {label: _split(label, separator) for label in labels}
        if any(len(found) > 1 for found in split.values()) and (cells := _find_combined(split, separator)):
            return SeveralLabels(separator, cells)
    return None


def _split(label: str, separator: str) -> tuple[str, ...]:
    return tuple(part for piece in label.split(separator) if (part := piece.strip()))


def _read_list(label: str) -> tuple[str, ...]:
    """Return the items of a list as Python writes one; nothing for another label."""
    if not _LIST.fullmatch(label.strip()):
        return ()
    inner = label.strip()[1:-1]
    quoted = [one or other for one, other in re.findall(r"'([^']+)'|\"([^\"]+)\"", inner)]
    return tuple(quoted) if quoted else _split(inner, ",") if re.fullmatch(r"[\d\s,]+", inner) else ()


def _find_combined(parts: dict[str, tuple[str, ...]], separator: str) -> dict[str, tuple[str, ...]]:
    """Return the labels that are combinations of others by their parts; nothing where that is not clear."""
    several = {label: found for label, found in parts.items() if len(found) > 1}
    numbers = all(part.isdecimal() for found in parts.values() for part in found)
    if numbers:
        decimals = separator == "," and all(len(found) == 2 and ", " not in label for label, found in several.items())
        return {} if decimals or separator == "+" else several
    single = {found[0] for found in parts.values() if len(found) == 1}
    again = Counter(part for found in parts.values() for part in set(found))
    combined = {
        label: found
        for label, found in several.items()
        if all(again[part] > 1 for part in found)
        and (single.issuperset(found) or (separator != " " and not single.isdisjoint(found)))
    }
    in_order = {tuple(sorted(found)) for found in several.values()}
    many = len(parts) >= _PER_PART * len(again) and len({len(found) for found in parts.values()}) >= _SIZES
    joined = separator == " " and any("_" in label and not single.isdisjoint(found) for label, found in several.items())
    if len(in_order) < len(several) or many or joined:
        return several
    return combined


def _note_words(labels: Iterable[str]) -> list[str]:
    """Return a note where labels of several words begin with others whose words come again elsewhere."""
    parts = {label: tuple(label.split()) for label in labels if label.islower()}
    for label, words in parts.items() if len(parts) <= MOST_COMPARED else ():
        longer = [
            other for other, found in parts.items() if len(found) > len(words) > 1 and found[: len(words)] == words
        ]
        apart = [found for other, found in parts.items() if other != label and other not in longer]
        if len(longer) > 1 and any(not set(words).isdisjoint(found) for found in apart):
            shown = f"labels such as {longer[0]!r} begin with {label!r}: each cell is read as one class"
            return [f"{shown}; where each word is a label of its own, {SEVERAL}"]
    return []


def _describe_several(table: Path, column: str, counts: Counter[str], several: SeveralLabels) -> str:
    """Return a note on rows with several labels, which are skipped.

    Raises:
        DataError: there are more than a fifth.
    """
    held, total = sum(counts[label] for label in several.cells), counts.total()
    kinds = {part for parts in several.cells.values() for part in parts}
    sign = {" ": "a blank", "[]": "the commas of a list"}.get(several.separator, repr(several.separator))
    if total - held >= SINGLE * total:
        return (
            f"{held} rows have several labels in one cell, such as {preview(list(several.cells))}, which are not read "
            f"yet; they are skipped; where each is one class, add {WHOLE}"
        )
    raise DataError(
        f"table {str(table)!r} has several labels in one cell of column {column!r}: {held} of {total} rows, such as "
        f"{preview(list(several.cells))}, have some of {len(kinds)} labels with {sign} between; several labels for one "
        "item are not read yet; leave one label in each row, or leave out those with several; if each cell is one "
        f"class ({len(counts)} classes), add {WHOLE}"
    )
