"""Items as callers give them, the same for every modality: which texts are items, and paths that lead to no file.

A path is a ``pathlib.Path``, or anything with ``__fspath__``. What a str is, the modality says: an item itself where
cells of tables or arrays of text are its items, else the path of a file.
"""

import os
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from headstart_runtime.errors import DataError
from headstart_runtime.modalities.batch import AnySpec, Part
from headstart_runtime.modalities.item import BrokenItem, Excerpt, NamedItem, OpenedItem, UnreadableItem
from headstart_runtime.modalities.modality import Modality

_URLS = ("http:/", "https:/", "file:/", "ftp:/", "s3:/", "gs:/")  # as a path has them, which joins two slashes


def takes_texts(modality: Modality) -> bool:
    """Return whether a str is an item of a modality itself, and not the path of a file."""
    if modality.hints.value_columns:
        return True
    return any(modality.accepts_array(np.array(["a"], dtype=kind)) for kind in (np.str_, object))


def accepts_rows(modality: Modality, array: NDArray[Any]) -> bool:
    """Return whether the rows of an array look like items of a modality; of text also where a str is one."""
    text = array.ndim == 1 and array.dtype.kind in "UT"
    return (text and takes_texts(modality)) or modality.accepts_array(array)


def is_path(modality: Modality, value: object) -> bool:
    """Return whether what a caller gave as one item of a modality is the path of a file."""
    return isinstance(value, os.PathLike) or (isinstance(value, str) and not takes_texts(modality))


def check_several(modality: Modality, given: Any) -> None:
    """Check what a caller gave that is no item: it is to be a collection, and of an array the rows are to be items.

    Raises:
        DataError: it is not.
    """
    if not isinstance(given, Iterable) and not hasattr(type(given), "__getitem__"):
        raise DataError(f"{modality.noun.a_one} cannot be of type {type(given).__name__}")
    if not isinstance(given, np.ndarray) or given.dtype.kind not in "biufc":
        return
    if given.ndim == 0 or (len(given) and not modality.accepts(given[0])):
        noun, form = modality.noun, modality.hints.array_form
        raise DataError(
            f"an array of {given.dtype} {given.shape} is neither {noun.a_one} nor has {noun.many} for rows; wanted "
            f"{form or 'one as the model was fitted on'}, or one row of it"
        )


def open_item(modality: Modality, given: Any) -> OpenedItem:
    """Return an item as a caller gave it, under its name where it has one; nothing is read yet.

    A path that leads to no file says so when it is loaded.
    """
    if not isinstance(given, NamedItem):
        if isinstance(given, os.PathLike):
            error = _find_error(given, os.fsdecode(given))
            return UnusableItem(os.fsdecode(given), error) if error else modality.open(given)
        what = type(given).__name__
        if isinstance(given, bytes | np.ndarray | Excerpt) or modality.accepts(given):  # stored items are such
            return modality.open(given)
        return UnusableItem(what, BrokenItem(f"{modality.noun.a_one} cannot be of type {what}"))
    error = given.value if isinstance(given.value, BrokenItem) else None
    if isinstance(given.value, os.PathLike):
        error = _find_error(given.value, given.name)
    if error is not None:
        return UnusableItem(given.name, error)
    opened = modality.open(given.value)
    opened.name = given.name
    return opened


def _find_error(path: "os.PathLike[str]", name: str) -> BrokenItem | None:
    """Return why nothing is at a path; None where something is."""
    if not name:
        return BrokenItem("an empty path; wanted the path of a file")
    try:
        os.stat(path)  # noqa: PTH116  a path may be no ``pathlib.Path``
    except (OSError, ValueError) as error:  # ValueError: a null byte
        if name.startswith(_URLS):
            return BrokenItem("is a URL, and nothing is fetched; wanted the bytes, or the path of a file")
        return UnreadableItem(f"cannot be read: {getattr(error, 'strerror', None) or error}")
    return None


class UnusableItem:
    """An item of which it is known before it is opened that it cannot be loaded."""

    repaired: str | None = None
    note = ""

    def __init__(self, name: str, error: BrokenItem):
        self.name = name
        self._error = error

    def load(self, spec: AnySpec) -> Any:
        """Raise the error.

        Raises:
            BrokenItem: always.
        """
        raise self._error

    def load_for_specs(self, specs: Sequence[AnySpec]) -> dict[Any, list[Part]]:
        """Raise the error.

        Raises:
            BrokenItem: always.
        """
        raise self._error

    def forget(self) -> None:
        """Do nothing: nothing was read."""
