"""The column of a table that says the part of each row: by name, true or false, or numbers of folds."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from headstart.data.names import preview
from headstart.data.readers.tables.column_evidence import is_on
from headstart.data.readers.tables.table_columns import TableRow, TableSample, simplify_column
from headstart.data.samples import Subset
from headstart.data.subsets import KNOWN, parse_subset, resolve_subsets
from headstart.quoting import quote_argument
from headstart_runtime.errors import DataError
from headstart_runtime.modalities.item import Noun

_MORE_NAMES = {
    "publictest": Subset.VALIDATION,
    "privatetest": Subset.TEST,
    "dev": Subset.VALIDATION,
    "trainset": Subset.TRAIN,
    "trainingset": Subset.TRAIN,
    "validset": Subset.VALIDATION,
    "validationset": Subset.VALIDATION,
    "valset": Subset.VALIDATION,
    "testset": Subset.TEST,
    "trainingsdaten": Subset.TRAIN,
    "validierung": Subset.VALIDATION,
    "testdaten": Subset.TEST,
    "entrenamiento": Subset.TRAIN,
    "validación": Subset.VALIDATION,
    "prueba": Subset.TEST,
    "apprentissage": Subset.TRAIN,
    "entraînement": Subset.TRAIN,
}
#: A column of true and false -> the part where it is true, and where it is false.
_FLAGS = {
    "isvalid": (Subset.VALIDATION, Subset.TRAIN),
    "isval": (Subset.VALIDATION, Subset.TRAIN),
    "isvalidation": (Subset.VALIDATION, Subset.TRAIN),
    "valid": (Subset.VALIDATION, Subset.TRAIN),
    "validation": (Subset.VALIDATION, Subset.TRAIN),
    "istest": (Subset.TEST, Subset.TRAIN),
    "test": (Subset.TEST, Subset.TRAIN),
    "istrain": (Subset.TRAIN, Subset.TEST),
    "istraining": (Subset.TRAIN, Subset.TEST),
    "istrainingimage": (Subset.TRAIN, Subset.TEST),
    "train": (Subset.TRAIN, Subset.TEST),
    "intrain": (Subset.TRAIN, Subset.TEST),
    "intraining": (Subset.TRAIN, Subset.TEST),
    "intrainset": (Subset.TRAIN, Subset.TEST),
    "intest": (Subset.TEST, Subset.TRAIN),
    "intestset": (Subset.TEST, Subset.TRAIN),
    "inval": (Subset.VALIDATION, Subset.TRAIN),
    "invalidation": (Subset.VALIDATION, Subset.TRAIN),
}
_NUMBERED = ("partition", "evalpartition")  #: columns whose numbers are those of CelebA's parts
_NUMBERS = {"0": Subset.TRAIN, "1": Subset.VALIDATION, "2": Subset.TEST}
_VALID = ("valid", "isvalid")  #: of these true may mean too that a row is good
MOST_FOLDS = 20


def read_parts(column: str, cells: Iterable[str], *, folds: bool) -> Mapping[str, str] | None:
    """Return the part that each cell of a column names; None where one names none.

    Args:
        column: its name, which says what is true of the cells of true and false.
        cells: all different ones that are not empty.
        folds: whether numbers are folds: the last one is the test part, the one before it validation.
    """
    different = set(cells)
    parts: dict[str, str] = {}
    flag = _FLAGS.get(simplify_column(column))
    numbered = numbers_parts(column, different)
    for cell in different:
        subset = parse_subset(cell) or _MORE_NAMES.get(simplify_column(cell))
        if subset is None and flag is not None and (on := is_on(cell)) is not None:
            subset = flag[0] if on else flag[1]
        if subset is None and numbered:
            subset = _NUMBERS[cell]
        if subset is not None:
            parts[cell] = str(subset)
    if len(parts) == len(different):
        return parts
    return _read_folds(different) if folds else None


def numbers_parts(column: str, cells: Iterable[str]) -> bool:
    """Return whether a column numbers the parts as CelebA has them: 0 is train, 1 validation and 2 test."""
    return simplify_column(column) in _NUMBERED and set(cells) == set(_NUMBERS)


def refuse_valid_rows(table: Path, column: str, sample: TableSample, parts: Mapping[str, str]) -> None:
    """Refuse to take a column such as ``valid`` for the split where it is true of most rows: these may be good ones.

    Raises:
        DataError: with the counts, and the flag for each reading.
    """
    if simplify_column(column) not in _VALID:
        return
    counts = Counter(sample.read_column(column))
    held = sum(count for cell, count in counts.items() if parts.get(cell) == Subset.VALIDATION)
    if 2 * held > counts.total():
        flag = f"--split-column {quote_argument(column)}"
        raise DataError(
            f"table {str(table)!r}: column {column!r} is true in {held} of {counts.total()} rows; where these are the "
            f"validation part, add {flag}; where they are the rows that are to be used, take out the others and add "
            "--split-column none"
        )


def are_folds(cells: Iterable[str]) -> bool:
    """Return whether cells number folds."""
    return bool(_read_folds(set(cells)))


def note_no_split(column: str, cells: Sequence[str]) -> str:
    """Return a note that a column that is called like the split is not taken for it.

    Args:
        column: its name.
        cells: what it says, in order.
    """
    if not are_folds(cells):
        return f"column {column!r} is not taken for the split: it says {preview(cells)}"
    return (
        f"column {column!r} numbers {len(cells)} folds, which are not used: a split is made; with "
        f"--split-column {quote_argument(column)} the last fold is the test part, the one before it validation"
    )


def _read_folds(cells: set[str]) -> dict[str, str] | None:
    if not 2 <= len(cells) <= MOST_FOLDS or not all(cell.isascii() and cell.isdigit() for cell in cells):
        return None
    ordered = sorted(cells, key=int)
    parts = dict.fromkeys(ordered, str(Subset.TRAIN))
    if len(ordered) > 2:
        parts[ordered[-2]] = str(Subset.VALIDATION)
    parts[ordered[-1]] = str(Subset.TEST)
    return parts


def resolve_split_cells(table: Path, rows: Sequence[TableRow], noun: Noun) -> tuple[dict[str, Subset | None], str]:
    """Return the subset that each cell of the split column means, and a note.

    Raises:
        DataError: some rows have none, or one that is not known.
    """
    rows = [row for row in rows if not row.problem]
    cells = {row.split for row in rows}
    if cells <= {""}:
        return {"": None}, ""
    empty = sum(not row.split for row in rows)
    if empty:
        raise DataError(
            f"table {str(table)!r}: {empty} of {len(rows)} rows have no split; fill the split column in every row, "
            "or drop it and a split is made"
        )
    meant = {cell: parse_subset(cell) for cell in cells}
    unknown = sorted(cell for cell, subset in meant.items() if subset is None)
    if unknown:
        raise DataError(
            f"table {str(table)!r}: the split column says {preview(unknown)}; wanted {KNOWN}; to leave the column "
            "alone and have a split made, add --split-column none"
        )
    given = resolve_subsets((subset for subset in meant.values() if subset), noun)
    if given.problem:
        raise DataError(f"table {str(table)!r}: {given.problem}")
    return {cell: given.used_as[subset] for cell, subset in meant.items() if subset}, given.note
