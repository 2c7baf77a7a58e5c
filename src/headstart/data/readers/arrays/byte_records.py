"""Files of bytes without a header, of the sets that are published so: STL-10, and CIFAR's "binary version".

Their names and sizes say what they are; rows are memory-mapped.
"""

import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from headstart.data.readers.arrays.stored_arrays import PLANES, PLANES_OF_COLUMNS, LoadedArray, StoredArray

_STL_ROW, _CIFAR_ROW = 3 * 96 * 96, 3 * 32 * 32
#: Files beside arrays that name the classes, a line each.
_CLASS_FILES = ("class_names.txt", "classes.txt", "batches.meta.txt", "fine_label_names.txt", "label_names.txt")


@dataclass(frozen=True, slots=True)
class _Form:
    """The form of a file of records."""

    name: re.Pattern[str]
    labels: int  #: bytes before the values of a row
    row: int  #: values of a row


_FORMS = (
    _Form(re.compile(r"(train|test|unlabeled)_X\.bin"), 0, _STL_ROW),
    _Form(re.compile(r"(train|test)_y\.bin"), 1, 0),
    _Form(re.compile(r"data_batch_\d+\.bin|test_batch\.bin"), 1, _CIFAR_ROW),
    _Form(re.compile(r"(train|test)\.bin"), 2, _CIFAR_ROW),
)


def is_records(file: Path) -> bool:
    """Return whether a file is called like one of these and has a whole number of rows."""
    return _find_form(file) is not None


def open_records(file: Path, cache: Path) -> list[StoredArray]:
    """Return the items and labels of a file of records; of CIFAR-100 the fine labels.

    Raises:
        OSError: it cannot be read.
    """
    form = _find_form(file)
    assert form is not None
    values = np.asarray(np.memmap(file, np.uint8, "r")).reshape(-1, form.labels + form.row)
    word = "train_" if file.name.startswith("data_batch_") else ""
    order = PLANES_OF_COLUMNS if form.row == _STL_ROW else PLANES
    found: list[StoredArray] = []
    if form.row:
        found.append(LoadedArray.from_array(f"{word}x", values[:, form.labels :], order))
    if form.labels:
        found.append(LoadedArray.from_array(f"{word}y", values[:, form.labels - 1]))
    return found


def is_class_file(file: Path) -> bool:
    """Return whether a text file beside arrays names the classes."""
    return file.name.lower() in _CLASS_FILES


def open_class_file(file: Path, cache: Path) -> list[StoredArray]:
    """Return the names of the classes in a text file, one a line.

    Raises:
        OSError: it cannot be read.
    """
    lines = file.read_text("utf-8", "backslashreplace").splitlines()
    names = [line.strip() for line in lines if line.strip()]
    return [LoadedArray.from_array("classes", np.array(names, np.str_))]


def _find_form(file: Path) -> _Form | None:
    form = next((form for form in _FORMS if form.name.fullmatch(file.name)), None)
    if form is None or file.stat().st_size % (form.labels + form.row):
        return None
    return form
