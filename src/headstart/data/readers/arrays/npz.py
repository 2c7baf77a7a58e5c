"""NumPy's own files: ``.npy``, memory-mapped, and ``.npz``, whose arrays are loaded when they are asked for.

A packed file that is large is unpacked into the cache once, so that memory stays bounded. Nothing is unpickled.
"""

import gzip
import math
import shutil
import zipfile
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from tokenize import TokenError
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from headstart.data.readers.arrays.restricted_pickle import load_plain_pickle
from headstart.data.readers.arrays.stored_arrays import LoadedArray, StoredArray
from headstart.data.readers.unpack import unpack_once
from headstart.unpickling import RefusedPickle
from headstart_runtime.errors import DataError

LARGE = 300_000_000  #: bytes of arrays that are not kept in memory
NPY_MAGIC = b"\x93NUMPY"
_ENDING = ".npy"
_GZIP = b"\x1f\x8b"


def holds_arrays(file: Path) -> bool:
    """Return whether a file is a ZIP of ``.npy`` files and nothing else, whatever it is called."""
    try:
        with zipfile.ZipFile(file) as archive:
            names = [member.filename for member in archive.infolist()]
    except (OSError, ValueError, zipfile.BadZipFile, NotImplementedError):
        return False
    return bool(names) and all(name.endswith(_ENDING) for name in names)


def open_npy(file: Path, cache: Path) -> list[StoredArray]:
    """Return the one array of an ``.npy`` file, memory-mapped, under an empty name.

    Raises:
        ValueError: it holds objects or is no such file.
        OSError: it cannot be read.
    """
    return [LoadedArray.from_array("", _map_array(file))]


def open_packed_npy(file: Path, cache: Path) -> list[StoredArray]:
    """Return the one array of a gzipped ``.npy`` file, unpacked into the cache once.

    Raises:
        ValueError: it holds objects or is no such file.
        OSError: it cannot be read.
    """
    folder = unpack_once(file, cache, partial(_gunzip, file), "npy")
    return [LoadedArray.from_array("", _map_array(folder / f"0{_ENDING}"))]


def is_packed_npy(file: Path, head: bytes) -> bool:
    """Return whether a file is gzipped and called like a packed ``.npy`` file."""
    return head.startswith(_GZIP) and file.name.lower().endswith(f"{_ENDING}.gz")


def open_npz(file: Path, cache: Path) -> list[StoredArray]:
    """Return the arrays of an ``.npz`` file.

    Raises:
        DataError: a member says that it is larger than it is.
        ValueError: a member is no array.
        OSError: it cannot be read.
        zipfile.BadZipFile: it is no ZIP, or damaged.
    """
    with zipfile.ZipFile(file) as archive:
        members = [member for member in archive.infolist() if member.filename.endswith(_ENDING)]
        if sum(member.file_size for member in members) > LARGE:
            folder = unpack_once(file, cache, partial(_unpack, file), "npy")
            return list(_map_unpacked(folder, members))
        return [_open_member(archive, member, file) for member in members]


def _open_member(archive: zipfile.ZipFile, member: zipfile.ZipInfo, file: Path) -> StoredArray:
    with archive.open(member) as stream:
        version = np.lib.format.read_magic(stream)
        if version not in ((1, 0), (2, 0)):
            return LoadedArray.from_array(member.filename.removesuffix(_ENDING), _load_member(file, member.filename))
        shape, _, dtype = _read_header(stream, version)
    if not dtype.hasobject and math.prod(shape) * dtype.itemsize > member.file_size:
        raise DataError(f"{str(file)!r}: {member.filename!r} is not as long as its header says; fetch it again")
    return LoadedArray(
        member.filename.removesuffix(_ENDING), shape, dtype, partial(_load_member, file, member.filename)
    )


def _load_member(file: Path, name: str) -> NDArray[Any]:
    with zipfile.ZipFile(file) as archive, archive.open(name) as stream:
        version = np.lib.format.read_magic(stream)
        _, _, dtype = _read_header(stream, version)
        if dtype.hasobject:
            return _read_objects(stream)
    with zipfile.ZipFile(file) as archive, archive.open(name) as stream:
        return np.asarray(np.lib.format.read_array(stream, allow_pickle=False))


def _read_header(stream: IO[bytes], version: tuple[int, int]) -> tuple[tuple[int, ...], bool, "np.dtype[Any]"]:
    """Return shape, order and dtype.

    Raises:
        ValueError: they are damaged.
    """
    read = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
    try:
        return read(stream)
    except (TokenError, SyntaxError, TypeError, KeyError, RecursionError) as error:  # NumPy reads it as Python's text
        raise ValueError(f"the header is damaged: {error}") from None


def _read_objects(stream: IO[bytes]) -> NDArray[Any]:
    """Return text or numbers that were saved as objects; they are pickled, and read by our own reader.

    Raises:
        RefusedPickle: they are something else, or too large.
    """
    content = stream.read(LARGE + 1)
    if len(content) > LARGE:
        raise RefusedPickle("an array of objects that is too large")
    return np.asarray(load_plain_pickle(content))


def _gunzip(file: Path, folder: Path) -> None:
    with gzip.open(file) as packed, (folder / f"0{_ENDING}").open("wb") as out:
        shutil.copyfileobj(packed, out, 1 << 20)


def _unpack(file: Path, folder: Path) -> None:
    """Write every array of a file under its number: names may be anything."""
    with zipfile.ZipFile(file) as archive:
        members = [member for member in archive.infolist() if member.filename.endswith(_ENDING)]
        for number, member in enumerate(members):
            with archive.open(member) as packed, (folder / f"{number}{_ENDING}").open("wb") as out:
                shutil.copyfileobj(packed, out, 1 << 20)


def _map_unpacked(folder: Path, members: list[zipfile.ZipInfo]) -> Iterator[StoredArray]:
    for number, member in enumerate(members):
        array = _map_array(folder / f"{number}{_ENDING}")
        yield LoadedArray.from_array(member.filename.removesuffix(_ENDING), array)


def _map_array(file: Path) -> NDArray[Any]:
    """Return an array, memory-mapped, as a plain view (a memmap costs more at each index); of objects in memory."""
    with file.open("rb") as stream:
        version = np.lib.format.read_magic(stream)
        if version in ((1, 0), (2, 0)) and _read_header(stream, version)[2].hasobject:
            return _read_objects(stream)
    return np.asarray(np.lib.format.open_memmap(file, mode="r"))
