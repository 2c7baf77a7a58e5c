"""NumPy's own files: ``.npy``, memory-mapped, and ``.npz``, whose arrays are loaded when they are asked for.

A packed file that is large is unpacked into the cache once, so that memory stays bounded. Nothing is unpickled.
"""

import math
import shutil
import zipfile
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from headstart.data.readers.arrays.stored_arrays import LoadedArray, StoredArray
from headstart.data.readers.unpack import unpack_once
from headstart.errors import DataError

LARGE = 300_000_000  #: bytes of arrays that are not kept in memory
NPY_MAGIC = b"\x93NUMPY"
_ENDING = ".npy"


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
        read = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
        shape, _, dtype = read(stream)
    if not dtype.hasobject and math.prod(shape) * dtype.itemsize > member.file_size:
        raise DataError(f"{str(file)!r}: {member.filename!r} is not as long as its header says; fetch it again")
    return LoadedArray(
        member.filename.removesuffix(_ENDING), shape, dtype, partial(_load_member, file, member.filename)
    )


def _load_member(file: Path, name: str) -> NDArray[Any]:
    with zipfile.ZipFile(file) as archive, archive.open(name) as stream:
        return np.asarray(np.lib.format.read_array(stream, allow_pickle=False))


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
    """Return an array, memory-mapped, as a plain view: a memmap costs more at each index."""
    return np.asarray(np.lib.format.open_memmap(file, mode="r"))
