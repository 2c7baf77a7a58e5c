"""MATLAB's files up to version 7.2, by SciPy; later ones are HDF5.

Structures are read as ``outer/inner``. A large file is written into the cache once, an array at a time.
"""

import json
import warnings
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from headstart.data.readers.arrays.matlab_elements import check_elements
from headstart.data.readers.arrays.npz import LARGE
from headstart.data.readers.arrays.stored_arrays import COLUMNS, LoadedArray, StoredArray
from headstart.data.readers.unpack import unpack_once
from headstart_runtime.errors import DataError, refuse_machine_faults
from headstart_runtime.extras import import_extra

MAGIC = b"MATLAB 5.0"
DIGITS = 10
_DIGIT_SHAPE = (32, 32, 3)  #: height, width and channels of Street View House Numbers
_CODES = "mapping"  #: of EMNIST: a label and the codes of its characters in each row
_OUTER = "dataset"  #: the structure in which EMNIST has its arrays, each row of which goes down the columns


def open_matlab(file: Path, cache: Path) -> list[StoredArray]:
    """Return the arrays of numbers and text in a MATLAB file.

    Raises:
        DataError: SciPy cannot read it.
        MissingExtra: SciPy is not installed.
        OSError: it cannot be read.
    """
    if file.stat().st_size <= LARGE:
        return [_store(name, value) for name, value in _iter_arrays(file)]
    folder = unpack_once(file, cache, partial(_unpack, file), "npy")
    names = json.loads((folder / "names.json").read_text("utf-8"))
    return [_store(name, np.asarray(np.load(folder / f"{n}.npy", mmap_mode="r"))) for n, name in enumerate(names)]


def find_digit_classes(shape: tuple[int, ...], labels: NDArray[Any]) -> tuple[list[str], str] | None:
    """Return names for the labels 0 to 10 and a note where 10 means the digit 0, as Street View House Numbers have it.

    Args:
        shape: of the items, (32, 32, 3, N) there.
        labels: (N,) numbers; None is returned where they are no digits from 1 to 10.
    """
    if shape[:3] != _DIGIT_SHAPE or labels.ndim != 1 or labels.dtype.kind not in "iuf" or not labels.size:
        return None
    if labels.min() < 1 or labels.max() != DIGITS:
        return None
    names = ["", *(str(digit) for digit in range(1, DIGITS)), "0"]
    return names, "label 10 is read as the digit 0, as in Street View House Numbers (SVHN)"


def _store(name: str, value: NDArray[Any]) -> StoredArray:
    return LoadedArray.from_array(name, value, COLUMNS if name.startswith(f"{_OUTER}/") else "")


def _iter_arrays(file: Path) -> Iterator[tuple[str, NDArray[Any]]]:
    """Yield name and values of every array, one top variable after the other."""
    io = import_extra("matlab", "reading a MATLAB file", "scipy.io")
    try:
        check_elements(file)
        for name in [name for name, *_ in _call_strictly(io.whosmat, file)]:
            content = _call_strictly(io.loadmat, file, variable_names=[name], simplify_cells=True)
            yield from _flatten(name, content.get(name))
    except Exception as error:  # noqa: BLE001 (SciPy raises what it comes across)
        refuse_machine_faults(error, f"to read {str(file)!r}")
        said = " ".join(str(error).split())[:200] or type(error).__name__
        raise DataError(f"{str(file)!r} cannot be read as MATLAB's arrays: {said}; fetch or save it again") from None


def _flatten(name: str, value: Any) -> Iterator[tuple[str, NDArray[Any]]]:
    if isinstance(value, dict):
        for inner, part in value.items():
            yield from _flatten(f"{name}/{inner}", part)
        return
    array = np.asarray(value) if isinstance(value, list | np.ndarray) else None
    if array is None or not array.ndim:
        return
    if array.dtype.kind == "O" and all(isinstance(cell, str) for cell in array.flat):
        array = array.astype(np.str_)
    if name.endswith(f"/{_CODES}") and array.ndim == 2 and array.dtype.kind in "iu":
        yield f"{name.rpartition('/')[0]}/classes", _name_codes(array)
    elif array.dtype.kind in "iufbUS":
        yield name, array


def _name_codes(rows: NDArray[Any]) -> NDArray[Any]:
    """Return a name for each label up to the largest, from rows of a label and the codes of its characters."""
    names = [str(number) for number in range(int(rows[:, 0].max()) + 1)]
    for label, *codes in rows.tolist():
        names[label] = "/".join(dict.fromkeys(chr(code) for code in codes if code)) or names[label]
    return np.array(names)


def _unpack(file: Path, folder: Path) -> None:
    names = []
    for number, (name, value) in enumerate(_iter_arrays(file)):
        np.save(folder / f"{number}.npy", value)
        names.append(name)
    (folder / "names.json").write_text(json.dumps(names), "utf-8")


def _call_strictly(read: Callable[..., Any], file: Path, **options: Any) -> Any:
    """Return what a function of SciPy reads; what it only warns of, such as values that may be corrupt, is an error."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        return read(file, **options)
