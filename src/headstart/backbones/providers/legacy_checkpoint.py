"""State dicts in the stream format that PyTorch wrote before version 1.6, read as NumPy arrays without PyTorch.

The stream is five pickles and the values of the storages: a magic number, the version of the format, facts of the
machine, the state dict with a reference in place of each storage, the keys of the storages in order; then for each
storage the number of its values, int64, and the values, little-endian. Nothing in it is run; see ``unpickling``.
"""

import hashlib
import io
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.lib.stride_tricks import as_strided
from numpy.typing import NDArray

from headstart.unpickling import RefusedPickle, read_pickle, refuse_damage
from headstart_runtime.errors import BackboneError

MAGIC = 0x1950A86A20F9469CFC6C
VERSION = 1001
DTYPES = {"Half": "<f2", "Float": "<f4", "Double": "<f8", "Int": "<i4", "Long": "<i8"}  #: by PyTorch's names


@dataclass(frozen=True, slots=True)
class _Storage:
    """The record of a storage: its values stand further behind in the stream."""

    key: str
    dtype: "np.dtype[Any]"
    length: int


@dataclass(frozen=True, slots=True)
class _Tensor:
    """The record of a tensor: a view of a storage."""

    storage: _Storage
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]


class _Dict(dict[Any, Any]):
    """An ordered dict whose attributes, such as the versions of modules, are left out."""

    def __setstate__(self, state: Any) -> None:
        pass


def _make_dict(*items: Any) -> _Dict:
    return _Dict(*items)


def _make_tensor(storage: Any, offset: Any, shape: Any, strides: Any, *_: Any) -> _Tensor:
    if not isinstance(storage, _Storage):
        raise RefusedPickle("a tensor of no storage")
    return _Tensor(storage, int(offset), tuple(map(int, shape)), tuple(map(int, strides)))


def _name_dtype(code: str) -> Callable[[], "np.dtype[Any]"]:
    return lambda: np.dtype(code)


_KNOWN: Mapping[tuple[str, str], Callable[..., Any]] = {
    ("collections", "OrderedDict"): _make_dict,
    ("torch._utils", "_rebuild_tensor_v2"): _make_tensor,
    **{("torch", f"{name}Storage"): _name_dtype(code) for name, code in DTYPES.items()},
}


def read_legacy_checkpoint(file: Path, sha256: str) -> dict[str, NDArray[Any]]:
    """Return the tensors of a state dict by name, once the file's SHA-256 is seen to be the one that is wanted.

    Raises:
        BackboneError: the file is not there, is another one, or holds something else than tensors.
    """
    try:
        content = file.read_bytes()
    except OSError as error:
        raise BackboneError(f"the weights in {str(file)!r} cannot be read: {error.strerror or error}") from None
    seen = hashlib.sha256(content).hexdigest()
    if seen != sha256:
        raise BackboneError(
            f"the weights in {str(file)!r} have SHA-256 {seen[:12]}…, wanted {sha256[:12]}…; the file is damaged "
            "or changed"
        )
    try:
        return parse_legacy_checkpoint(content)
    except RefusedPickle as error:
        raise BackboneError(f"the weights in {str(file)!r} are not read: {error}; nothing in it was run") from None


def parse_legacy_checkpoint(content: bytes) -> dict[str, NDArray[Any]]:
    """Return the tensors of a stream by name.

    Raises:
        RefusedPickle: it is no such stream, is damaged, or holds something else than a dict of tensors.
    """
    with refuse_damage():
        stream = io.BytesIO(content)
        if (read_pickle(stream, {}), read_pickle(stream, {})) != (MAGIC, VERSION):
            raise RefusedPickle("it is no stream of PyTorch's before version 1.6")
        if read_pickle(stream, {}).get("little_endian") is not True:
            raise RefusedPickle("its values are big-endian")
        storages: dict[str, _Storage] = {}
        state = read_pickle(stream, _KNOWN, lambda reference: _keep_storage(reference, storages))
        values = _read_values(content, stream, storages)
        if not isinstance(state, dict) or not all(
            isinstance(name, str) and isinstance(tensor, _Tensor) for name, tensor in state.items()
        ):
            raise RefusedPickle("it is no dict of tensors by name")
        return {name: _view(tensor, values[tensor.storage.key]) for name, tensor in state.items()}


def _keep_storage(reference: Any, storages: dict[str, _Storage]) -> _Storage:
    """Return the record of the storage that a reference of the pickle means; equal keys mean one storage."""
    kind, make_dtype, key, _, length, view = reference
    if kind != "storage" or view is not None or length < 0:
        raise RefusedPickle("it refers to something else than a storage")
    storage = _Storage(str(key), make_dtype(), int(length))
    if storages.setdefault(storage.key, storage) != storage:
        raise RefusedPickle(f"the storage {key!r} is described in two ways")
    return storage


def _read_values(content: bytes, stream: BinaryIO, storages: Mapping[str, _Storage]) -> dict[str, NDArray[Any]]:
    """Return the values of each storage by key."""
    keys = read_pickle(stream, {})
    if sorted(keys) != sorted(storages):
        raise RefusedPickle("its list of storages is not that of its tensors")
    place, values = stream.tell(), {}
    for key in keys:
        storage = storages[key]
        (length,) = np.frombuffer(content, "<i8", 1, place)
        if length != storage.length:
            raise RefusedPickle(f"the storage {key!r} has {length} values, wanted {storage.length}")
        values[key] = np.frombuffer(content, storage.dtype, storage.length, place + 8)
        place += 8 + values[key].nbytes
    if place != len(content):
        raise RefusedPickle(f"{len(content) - place} bytes follow its last storage")
    return values


def _view(tensor: _Tensor, values: NDArray[Any]) -> NDArray[Any]:
    """Return a tensor as an array of its own; its place in the storage is checked."""
    shape, strides = tensor.shape, tensor.strides
    if len(shape) != len(strides) or min((tensor.offset, *shape, *strides)) < 0 or prod(shape) > values.size:
        raise RefusedPickle("a tensor has no place in its storage")
    last = tensor.offset + sum((length - 1) * stride for length, stride in zip(shape, strides, strict=True))
    if 0 in shape or last >= values.size:
        raise RefusedPickle("a tensor has no place in its storage")
    strided = as_strided(values[tensor.offset :], shape, [stride * values.itemsize for stride in strides])
    return np.array(strided, order="C")  # aligned, which the bytes of the file need not be
