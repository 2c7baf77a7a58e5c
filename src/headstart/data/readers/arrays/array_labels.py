"""Labels in arrays: integers, text or one column a class, read as names of classes."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from headstart.data.names import normalise_class_name
from headstart.errors import DataError
from headstart.modalities.item import Noun


def format_labels(labels: Any, classes: Sequence[str] | None, noun: Noun, count: int, name: str = "") -> list[str]:
    """Return labels as names of classes; "" for a row of a one-hot array in which no class is marked.

    Args:
        labels: (N,) integers, whole numbers or text, with any further axes of length 1; or one-hot, (N, K) of 0 and 1.
        classes: a name for each label, which is then an index; None names a class after its label.
        noun: of the items.
        count: how many items there are, N.
        name: of the items, in an error.

    Raises:
        DataError: another shape or type, several classes in a row, or not one label for each item.
    """
    texts = _name_classes(labels, classes, noun)
    if len(texts) != count:
        raise DataError(f"{count} {name or noun.form(count)} and {len(texts)} labels; wanted one label for each")
    return texts


def is_one_hot(labels: NDArray[Any]) -> bool:
    """Return whether labels are an array (N, K) of zeros and ones with at most one 1 in most rows.

    Raises:
        DataError: they are zeros and ones, but some rows have several ones.
    """
    if labels.ndim != 2 or labels.shape[1] < 2 or labels.dtype.kind not in "iufb" or not len(labels):
        return False
    if not np.isin(labels, (0, 1)).all():
        return False
    marked = (labels != 0).sum(axis=1)
    if not marked.any():
        return False
    if several := int((marked > 1).sum()):
        raise DataError(
            f"the labels are {labels.shape[1]} columns of 0 and 1, and {several} of {len(labels)} rows have several "
            "ones; several labels for one row are not read yet: wanted one class for each row"
        )
    return True


def are_whole(values: NDArray[Any]) -> bool:
    """Return whether numbers of floating point are all finite and whole."""
    return bool(np.isfinite(values).all() and (values == np.rint(values)).all())


def _name_classes(labels: Any, classes: Sequence[str] | None, noun: Noun) -> list[str]:
    array = np.asarray(labels)
    if array.size == 0:
        return []
    if array.ndim > 1 and array.size == len(array):
        array = array.reshape(-1)
    empty: frozenset[int] = frozenset()
    if is_one_hot(array):
        empty = frozenset(np.flatnonzero((array != 0).sum(axis=1) == 0).tolist())
        array = array.argmax(axis=1)
    if array.ndim == 1 and array.dtype.kind == "f" and are_whole(array):
        array = array.astype(np.int64)
    if array.ndim != 1 or array.dtype.kind not in "iuUSbOT":
        raise DataError(
            f"the labels have shape {array.shape} and type {array.dtype}; wanted (N,) of integers or text, one a "
            f"{noun.one}"
        )
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
