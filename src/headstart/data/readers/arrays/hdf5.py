"""HDF5 files, also those that MATLAB writes from version 7.3 on: rows are read when asked for, never a whole array.

MATLAB lays arrays out by columns, so in such a file the axes come in reverse; they are turned back.
"""

import os
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from headstart.data.readers.arrays.stored_arrays import StoredArray
from headstart_runtime.errors import DataError
from headstart_runtime.extras import import_extra
from headstart_runtime.whole_files import stamp_version

MAGIC = b"\x89HDF\r\n\x1a\n"
OFFSETS = (0, 512, 1024, 2048)  #: where the magic may stand: MATLAB has a text before it
CACHE_BYTES = 64_000_000  #: of unpacked chunks, for rows of one chunk are read one after the other
_MATLAB = "MATLAB_class"
_OF_NETWORKS = ("model_weights", "layer_names", "model_config", "optimizer_weights", "keras_version")


class Hdf5Array:
    """An array of an HDF5 file. It has no open file in it, so it travels to other processes."""

    flat_order = ""

    def __init__(self, file: Path, place: str, shape: tuple[int, ...], dtype: "np.dtype[Any]", *, reverse: bool):
        self.name, self.dtype = place, dtype  # the name may become longer, the place stays
        self.shape = shape[::-1] if reverse else shape
        self._file, self._place, self._reverse = file, place, reverse

    def load(self) -> NDArray[Any]:
        """Return all of it; text as bytes."""
        values = np.asarray(self._open()[()])
        return values.transpose() if self._reverse else values

    def read_rows(self, start: int, stop: int, axis: int) -> NDArray[Any]:
        """Return some rows along an axis, 0 or -1, which is the first one of what is returned.

        Raises:
            OSError: they cannot be read.
        """
        first = (axis == 0) is not self._reverse
        try:
            values = self._open()[start:stop] if first else np.moveaxis(self._open()[..., start:stop], -1, 0)
        except (RuntimeError, KeyError, ValueError) as error:  # as its library says that a file is damaged
            raise OSError(f"damaged: {error}") from error
        return np.asarray(values.transpose(0, *range(values.ndim - 1, 0, -1)) if self._reverse else values)

    def _open(self) -> Any:
        return _open_dataset(self._file, self._place, stamp_version(self._file.stat()), os.getpid())


def open_hdf5(file: Path, cache: Path) -> list[StoredArray]:
    """Return the arrays of an HDF5 file, under their paths in it.

    Raises:
        DataError: it is a saved network.
        MissingExtra: h5py is not installed.
        OSError: it is damaged.
    """
    h5py = _import_library()
    found: list[StoredArray] = []
    with h5py.File(file, "r") as content:
        if any(name in content or name in content.attrs for name in _OF_NETWORKS):
            raise DataError(f"{str(file)!r} is a saved network, no data; wanted a file with the items and their labels")

        def add(place: str, node: Any) -> None:
            if not isinstance(node, h5py.Dataset) or place.startswith("#") or not node.shape:
                return
            if node.dtype.kind == "O" and h5py.check_string_dtype(node.dtype) is None:
                return  # references to cells, or lists of unequal lengths
            found.append(Hdf5Array(file, place, node.shape, node.dtype, reverse=_MATLAB in node.attrs))

        content.visititems(add)
    return found


@lru_cache(maxsize=32)
def _open_dataset(file: Path, place: str, version: tuple[int, ...], process: int) -> Any:
    """Return an open array, once in each process: a file that was opened before a fork is not used after it."""
    return _import_library().File(file, "r", rdcc_nbytes=CACHE_BYTES)[place]


def _import_library() -> Any:
    return import_extra("hdf5", "reading an HDF5 file", "h5py")
