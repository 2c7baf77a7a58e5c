"""Pickles of arrays: the batches of CIFAR-10 and CIFAR-100, and any dict or tuples of arrays, plain or gzipped.

They are read by ``restricted_pickle``, which runs nothing.
"""

import gzip
import re
import zlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from headstart.data.readers.arrays.restricted_pickle import load_plain_pickle
from headstart.data.readers.arrays.stored_arrays import PLANES, LoadedArray, StoredArray
from headstart.unpickling import RefusedPickle
from headstart_runtime.errors import DataError

LARGEST = 2_000_000_000  #: bytes; a pickle is read whole
ENDINGS = (".pkl", ".pickle", ".p", ".pk", ".pkl.gz", ".pickle.gz")
GZIP = b"\x1f\x8b"
_BATCH = re.compile(r"(data_batch_\d+|test_batch|batches\.meta|train|test|meta)")  #: names without an ending
_PARTS = ("train", "valid", "test")  #: of a tuple of three pairs, as Theano's tutorial has digits
_ROW = 3072  #: values of a row of CIFAR


def is_pickle(file: Path, head: bytes) -> bool:
    """Return whether a file begins like a pickle and is called like one, or like a batch of CIFAR."""
    called = file.name.lower().endswith(ENDINGS)
    begins = len(head) > 1 and head[0] == 0x80 and head[1] <= 5  # the opcode that says the protocol
    return (begins and (called or is_batch(file))) or (called and head.startswith((GZIP, b"(d", b"(l")))


def is_batch(file: Path) -> bool:
    """Return whether a file is called like a batch of CIFAR or its names of classes."""
    return _BATCH.fullmatch(file.name) is not None


def open_pickle(file: Path, cache: Path) -> list[StoredArray]:
    """Return the arrays of a pickle, and the lists in it of one value for each row.

    Raises:
        DataError: it holds something else than arrays, is damaged or too large.
        OSError: it cannot be read.
    """
    try:
        content = load_plain_pickle(_read(file))
    except (RefusedPickle, EOFError, zlib.error) as error:
        raise DataError(
            f"{str(file)!r} is a pickle that is not read: {error}; nothing in it was run; save its arrays with "
            "numpy.savez(x=..., y=...)"
        ) from None
    batch = "train_" if file.name.startswith("data_batch_") else ""
    found: list[StoredArray] = []
    for name, value in _flatten("", content):
        planes = PLANES if name == "data" and value.ndim == 2 and value.shape[1] == _ROW else ""
        found.append(LoadedArray.from_array(f"{batch}{name}", value, planes))
    return found


def _read(file: Path) -> bytes:
    if file.stat().st_size > LARGEST:
        raise DataError(f"{str(file)!r} is a pickle of more than {LARGEST / 1e9:g} GB; save its arrays as .npy files")
    with file.open("rb") as stream:
        packed = stream.read(2) == GZIP
    if not packed:
        return file.read_bytes()
    with gzip.open(file) as unpacked:
        content = unpacked.read(LARGEST + 1)
    if len(content) > LARGEST:
        raise DataError(f"{str(file)!r} unpacks to more than {LARGEST / 1e9:g} GB; save its arrays as .npy files")
    return content


def _flatten(name: str, value: Any) -> Iterator[tuple[str, NDArray[Any]]]:
    """Yield name and values of every array, and of every list of numbers or text, but names of files."""
    if isinstance(value, Mapping):
        for key, part in value.items():
            yield from _flatten(f"{name}/{key}" if name else str(key), part)
    elif isinstance(value, np.ndarray):
        yield name, value
    elif isinstance(value, list | tuple):
        if len(value) in (2, 3) and all(isinstance(part, list | tuple) and len(part) == 2 for part in value):
            names = _PARTS if len(value) == len(_PARTS) else (_PARTS[0], _PARTS[-1])
            for part, pair in zip(names, value, strict=True):
                yield from _flatten(f"{name}/{part}/x".strip("/"), pair[0])
                yield from _flatten(f"{name}/{part}/y".strip("/"), pair[1])
        elif len(value) == 2 and all(isinstance(part, np.ndarray) for part in value):
            yield from _flatten(f"{name}/x".strip("/"), value[0])
            yield from _flatten(f"{name}/y".strip("/"), value[1])
        elif name != "filenames" and value and all(isinstance(part, int | str | bytes) for part in value):
            yield name, np.asarray(value)
