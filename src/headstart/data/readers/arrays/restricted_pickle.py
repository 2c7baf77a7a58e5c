"""Pickles of arrays, read by a reader that builds arrays, plain values, lists, tuples and dicts and nothing else.

In place of NumPy's functions stand records of ours that keep what these would be given; an array is made of it
afterwards, from its bytes. See ``unpickling`` for what is refused.
"""

import codecs
import io
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from headstart.unpickling import RefusedPickle, read_pickle, refuse_damage

_KINDS = "biufSU"  #: of values that are read; objects are none of them


class _TypeRecord:
    """The record in place of ``numpy.dtype``."""

    def __init__(self, code: Any = "", *_: Any) -> None:
        self.code, self.order = code, "|"

    def __setstate__(self, state: Any) -> None:
        self.order = state[1]

    def resolve(self) -> "np.dtype[Any]":
        code = self.code.decode("ascii") if isinstance(self.code, bytes) else str(self.code)
        dtype = np.dtype(code)
        if dtype.kind not in _KINDS:
            raise RefusedPickle(f"an array of type {code!r}")
        return dtype.newbyteorder(">") if _to_str(self.order) == ">" else dtype


class _ArrayRecord:
    """The record in place of an array: its shape, type and bytes."""

    def __init__(self) -> None:
        self.shape: Any = (0,)
        self.type: Any = None
        self.columns_first: Any = False
        self.values: Any = b""

    def __setstate__(self, state: Any) -> None:
        *_, self.shape, self.type, self.columns_first, self.values = state

    def resolve(self) -> NDArray[Any]:
        if not isinstance(self.type, _TypeRecord):
            raise RefusedPickle("an array of no type")
        if isinstance(self.values, list):
            return _read_objects(self.values).reshape(tuple(int(length) for length in self.shape))
        values = self.values.encode("latin-1") if isinstance(self.values, str) else self.values
        if not isinstance(values, bytes | bytearray):
            raise RefusedPickle("an array of objects")
        shape = tuple(int(length) for length in self.shape)
        order = "F" if self.columns_first in (True, "F") else "C"
        return np.frombuffer(bytes(values), self.type.resolve()).reshape(shape, order=order)  # type: ignore[call-overload,no-any-return]


def _read_objects(values: list[Any]) -> NDArray[Any]:
    """Return the values of an array of objects that are all text or all numbers, as such an array.

    Raises:
        RefusedPickle: they are something else.
    """
    for kinds in ((str,), (bytes,), (bool, int), (int, float)):
        if values and all(type(value) in kinds for value in values):
            return np.asarray(values)
    raise RefusedPickle("an array of objects that are not all text or numbers")


def _reconstruct(*_: Any) -> _ArrayRecord:
    return _ArrayRecord()


def _from_buffer(values: Any, dtype: Any, shape: Any, order: Any = "C", *_: Any) -> _ArrayRecord:
    record = _ArrayRecord()
    record.values, record.type, record.shape, record.columns_first = values, dtype, shape, order
    return record


def _make_scalar(dtype: Any, values: Any = b"", *_: Any) -> Any:
    record = _from_buffer(values, dtype, (1,))
    return record.resolve()[0].item()


def _encode(text: Any, encoding: Any = "latin-1", *_: Any) -> bytes:
    """Return text as the bytes that it stands for, as Python 3 writes bytes in an old protocol."""
    if not isinstance(text, str) or codecs.lookup(str(encoding)).name not in ("iso8859-1", "utf-8"):
        raise RefusedPickle("an encoding")
    return text.encode(str(encoding))


_CORES = ("core", "_core")  #: before and since NumPy 2
_KNOWN: dict[tuple[str, str], Callable[..., Any]] = {
    ("numpy", "dtype"): _TypeRecord,
    ("numpy", "ndarray"): _reconstruct,  # only ever named as a type
    ("_codecs", "encode"): _encode,
    **{(f"numpy.{core}.multiarray", "_reconstruct"): _reconstruct for core in _CORES},
    **{(f"numpy.{core}.multiarray", "scalar"): _make_scalar for core in _CORES},
    **{(f"numpy.{core}.numeric", "_frombuffer"): _from_buffer for core in _CORES},
}


def load_plain_pickle(content: bytes) -> Any:
    """Return what a pickle of arrays and plain values holds, arrays in lists, tuples and dicts up to three deep.

    Text that Python 2 wrote is returned as bytes.

    Raises:
        RefusedPickle: it names anything but what NumPy needs for arrays, or is damaged.
    """
    with refuse_damage():
        return _resolve(read_pickle(io.BytesIO(content), _KNOWN), 3)


def _resolve(value: Any, depth: int) -> Any:
    if isinstance(value, _ArrayRecord | _TypeRecord):
        return value.resolve()
    if depth and isinstance(value, dict):
        return {_to_str(key): _resolve(part, depth - 1) for key, part in value.items()}
    if depth and type(value) in (list, tuple) and any(isinstance(part, _ArrayRecord | tuple | dict) for part in value):
        return [_resolve(part, depth - 1) for part in value]
    return value


def _to_str(text: Any) -> str:
    return text.decode("utf-8", "backslashreplace") if isinstance(text, bytes) else str(text)
