"""Labels in arrays: one for each item, as integers, numbers or text; a column for each; lists of several."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from headstart.data.names import normalise_class_name, preview
from headstart.data.readers.label_forms import propose_reading, propose_tasks
from headstart.data.readers.reader import ReadContext
from headstart.label_text import LabelForm, join_cells
from headstart_runtime.arrays import Bools
from headstart_runtime.errors import DataError
from headstart_runtime.modalities.item import Noun

_NUMBERS = "iufb"  #: kinds of NumPy's types


@dataclass(frozen=True, slots=True)
class ArrayLabels:
    """The labels of the rows of an array, as texts of one form."""

    texts: list[str]  #: N; "" for a row without a label
    form: LabelForm = "one"
    columns: tuple[str, ...] = ()  #: names of the columns of labels, or of the one that has a name
    names: frozenset[str] | None = None  #: of the labels, where the texts are not these
    reason: str = ""  #: why they have that form, for a person


def read_array_labels(
    labels: Any, classes: Sequence[str] | None, noun: Noun, count: int, context: ReadContext, name: str = ""
) -> ArrayLabels:
    """Return labels as texts, in the richest form that the task reads.

    Args:
        labels: (N,) integers, numbers or text, with any further axes of length 1; (N, K) of 0 and 1, where -1 and NaN
            are unknown, or of numbers; or N lists or sets of names. A data frame names its columns.
        classes: a name for each label, which is then an index or a column; None names a class after its label.
        noun: of the items.
        count: how many items there are, N.
        context: says the forms that can be read.
        name: of the items, in an error.

    Raises:
        DataError: another shape or type, a form that the task does not read, or not one label for each item.
    """
    sets = _list_sets(labels)
    found = _read_array(labels, classes, noun, context) if sets is None else _read_sets(sets, classes, context)
    if len(found.texts) != count:
        raise DataError(f"{count} {name or noun.form(count)} and {len(found.texts)} labels; wanted one label for each")
    return found


def is_one_hot(labels: NDArray[Any]) -> bool:
    """Return whether labels are an array (N, K) of zeros and ones with at most one 1 in each row."""
    if labels.ndim != 2 or labels.shape[1] < 2 or labels.dtype.kind not in _NUMBERS or not len(labels):
        return False
    marked = (labels != 0).sum(axis=1)
    return bool(np.isin(labels, (0, 1)).all() and marked.any() and marked.max() == 1)


def are_whole(values: NDArray[Any]) -> bool:
    """Return whether numbers of floating point are all finite and whole."""
    return bool(np.isfinite(values).all() and (values == np.rint(values)).all())


def _list_sets(labels: Any) -> list[list[Any]] | None:
    """Return the labels of each item where they are lists or sets of texts, or of numbers of unequal lengths."""
    if hasattr(labels, "dtype") and getattr(labels.dtype, "kind", "O") not in "UTO":
        return None
    if hasattr(labels, "columns") or isinstance(labels, str | bytes) or not isinstance(labels, Iterable):
        return None
    rows = list(labels)
    if not rows or not all(isinstance(row, list | tuple | set | frozenset | np.ndarray) for row in rows):
        return None
    listed = [sorted(row, key=str) if isinstance(row, set | frozenset) else list(row) for row in rows]
    if any(isinstance(one, list | tuple | np.ndarray) for row in listed for one in row):
        return None
    texts = all(isinstance(one, str) for row in listed for one in row)
    unequal = len({len(row) for row in listed}) > 1 or any(isinstance(row, set | frozenset) for row in rows)
    return listed if texts or unequal else None


def _read_sets(sets: Sequence[Sequence[Any]], classes: Sequence[str] | None, context: ReadContext) -> ArrayLabels:
    """Return lists of labels of each item."""
    single = all(len(row) == 1 for row in sets)
    several = [row for row in sets if len(row) > 1]
    if not context.may_read("several") and not single:
        raise DataError(
            f"the labels are lists, of which {len(several)} of {len(sets)} have several; {propose_reading('several')}; "
            "or give one label for each"
        )
    rows = [[_name_label(one, classes) for one in row if one != ""] for row in sets]
    if single and not context.wants("several"):
        return ArrayLabels([row[0] if row else "" for row in rows])
    names = frozenset(name for row in rows for name in row)
    reason = f"the labels are lists, of which {len(several)} of {len(sets)} have several"
    return ArrayLabels([join_cells(dict.fromkeys(row)) for row in rows], "several", (), names, reason)


def _name_label(value: Any, classes: Sequence[str] | None) -> str:
    if classes is not None and isinstance(value, int | np.integer):
        if not 0 <= value < len(classes):
            raise DataError(f"label {value} has no name: {len(classes)} class names are given")
        return normalise_class_name(classes[int(value)])
    return normalise_class_name(str(value))


def _read_array(labels: Any, classes: Sequence[str] | None, noun: Noun, context: ReadContext) -> ArrayLabels:
    array = np.asarray(labels)
    if array.size == 0:
        return ArrayLabels([])
    columns = _find_columns(labels, classes, array)
    if array.dtype.kind == "O" and array.ndim == 2:
        array = _to_numbers(array)
    if array.ndim > 1 and array.size == len(array):
        array = array.reshape(-1)
    if array.ndim == 2 and array.shape[1] > 1 and array.dtype.kind in _NUMBERS:
        found = _read_columns(array, columns, context)
        if found is not None:
            return found
    empty: frozenset[int] = frozenset()
    if is_one_hot(array):
        empty = frozenset(np.flatnonzero((array != 0).sum(axis=1) == 0).tolist())
        classes = classes or (columns if hasattr(labels, "columns") else None)
        array = array.argmax(axis=1)
    elif array.ndim == 1 and array.dtype.kind == "f":
        missing = np.isnan(array)
        if not are_whole(array[~missing]):
            return _read_fractions(array, columns, context)
        empty = frozenset(np.flatnonzero(missing).tolist())
        array = np.where(missing, 0, array).astype(np.int64)
    if array.ndim != 1 or array.dtype.kind not in "iuUSbOT":
        raise DataError(
            f"the labels have shape {array.shape} and type {array.dtype}; wanted (N,) of integers or text, one a "
            f"{noun.one}"
        )
    return ArrayLabels(_name_classes(array, classes, empty), "one", columns if len(columns) == 1 else ())


def _find_columns(labels: Any, classes: Sequence[str] | None, array: NDArray[Any]) -> tuple[str, ...]:
    """Return the names of the columns of labels: those of a table, of classes, or their numbers."""
    width = array.shape[1] if array.ndim == 2 else 1
    if hasattr(labels, "columns"):
        return tuple(normalise_class_name(str(name)) for name in labels.columns)
    if width == 1:
        return (own,) if isinstance(own := getattr(labels, "name", None), str) and own else ()
    if classes is not None and len(classes) == width:
        return tuple(map(normalise_class_name, classes))
    return tuple(map(str, range(width)))


def _to_numbers(array: NDArray[Any]) -> NDArray[Any]:
    """Return objects as numbers, None as NaN; as they are where one is neither."""
    try:
        return np.array([[np.nan if cell is None else cell for cell in row] for row in array], np.float64)
    except (TypeError, ValueError):
        return array


def _read_columns(array: NDArray[Any], columns: tuple[str, ...], context: ReadContext) -> ArrayLabels | None:
    """Return a column for each label, (N, K); None where they are one class for each row.

    Raises:
        DataError: the task reads one label for each item, and some rows have several.
    """
    values = array.astype(np.float64)
    unknown = np.isnan(values)
    marked = values == 1
    binary = bool((marked | (values == 0) | (values == -1) | unknown).all() and marked.any())
    several, none = int((marked.sum(axis=1) > 1).sum()), int((marked.sum(axis=1) == 0).sum())
    if binary and context.may_read("indicators") and not (context.forms is None and is_one_hot(array)):
        cells = np.where(marked, "1", np.where(values == 0, "0", ""))
        texts = ["" if not any(row) else join_cells(row) for row in cells.tolist()]
        reason = (
            f"{len(columns)} columns say with 0 and 1 what a row has: {len(array) - several - none} rows have one 1, "
            f"{several} several and {none} none"
        )
        return ArrayLabels(texts, "indicators", columns, frozenset(columns), reason)
    if is_one_hot(array) and not context.wants("columns"):
        return None
    if not context.may_read("columns"):
        if binary:
            raise DataError(
                f"the labels are {len(columns)} columns of 0 and 1, and {several} of {len(array)} rows have several "
                f"ones; {propose_reading('indicators')}; or give one class for each row"
            )
        return None
    if np.isinf(values).any():
        raise DataError(f"the labels have an infinite value in row {int(np.isinf(values).any(axis=1).argmax())}")
    texts = ["" if all(np.isnan(row)) else join_cells(map(_format_number, row)) for row in array]
    reason = f"the labels are {len(columns)} columns of numbers ({preview(columns)})"
    return ArrayLabels(texts, "columns", columns, frozenset(), reason)


def _read_fractions(array: NDArray[Any], columns: tuple[str, ...], context: ReadContext) -> ArrayLabels:
    """Return numbers (N,) that are not whole; NaN is no label.

    Raises:
        DataError: the task reads none, or one is infinite.
    """
    if not context.may_read("columns"):
        flags = propose_tasks("columns")
        ways = f", or add {flags} to learn the numbers" if flags else ""
        raise DataError(
            f"the labels have shape {array.shape} and type {array.dtype} and are not whole; wanted integers or text"
            f"{ways}"
        )
    infinite: Bools = np.isinf(array.astype(np.float64))
    if infinite.any():
        raise DataError(f"the labels have an infinite value in row {int(infinite.argmax())}")
    return ArrayLabels([_format_number(value) for value in array], "one", columns)


def _format_number(value: Any) -> str:
    """Return a number of NumPy's as text that gives it again; nothing for NaN."""
    number = float(value)
    if np.isnan(number):
        return ""
    return str(int(number)) if number.is_integer() else str(value)


def _name_classes(array: NDArray[Any], classes: Sequence[str] | None, empty: frozenset[int]) -> list[str]:
    """Return labels (N,) of integers or text as names of classes; nothing for the rows without one."""
    values = [_to_text(value) if isinstance(value, bytes) else value for value in array.tolist()]
    if classes is None:
        return ["" if row in empty else normalise_class_name(str(value)) for row, value in enumerate(values)]
    indices = [value for value in values if isinstance(value, int) and 0 <= value < len(classes)]
    if len(indices) < len(values):
        if all(isinstance(value, str) and value in classes for value in values):
            return [normalise_class_name(value) for value in values]
        raise DataError(
            f"{len(classes)} class names are given; wanted labels that are integers from 0 up to below that"
        )
    return ["" if row in empty else normalise_class_name(classes[index]) for row, index in enumerate(indices)]


def _to_text(value: bytes) -> str:
    return value.decode("utf-8", "backslashreplace")
