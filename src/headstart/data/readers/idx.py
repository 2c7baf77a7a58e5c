"""IDX files: images and labels in parts, as MNIST, Fashion-MNIST and their kin are published, plain or gzipped.

A file is two zero bytes, 8 (the values are unsigned bytes), the number of dimensions, each dimension as a big-endian
32-bit number, then the values (LeCun, Cortes and Burges, *The MNIST database of handwritten digits*). Values are
memory-mapped, so 60,000 images take no memory of their own; a gzipped file is unpacked into the cache for that, once.
"""

import gzip
import math
import re
import zlib
from dataclasses import dataclass, replace
from hashlib import blake2b, file_digest
from io import BufferedIOBase
from pathlib import Path

import numpy as np
from filelock import FileLock
from numpy.typing import NDArray

from headstart.data.names import preview
from headstart.data.readers import arrays
from headstart.data.readers.listing import SourceListing
from headstart.data.readers.unpack import refuse_full_store
from headstart.data.samples import FileStatus, LedgerEntry, Subset
from headstart.data.subsets import parse_subset
from headstart.errors import DataError
from headstart.storage.atomic import new_folder, stamp

_NAME = re.compile(
    r"(?P<part>train|t10k|test|val|valid|validation)[-_.](?P<what>images|labels)[-_.]idx[134][-_.]ubyte(\.gz)?", re.I
)
_UNSIGNED_BYTES = b"\x00\x00\x08"
_WANTED = {"images": (3, 4), "labels": (1,)}  # numbers of dimensions
_CONTENT = "values.idx"  # in a folder of the cache
_DEEPEST = 8  # folders that only wrap another


@dataclass(frozen=True, slots=True)
class _File:
    """An IDX file, by its name."""

    path: Path
    stem: str  #: the part in the file's own word, "t10k"
    what: str  #: "images" or "labels"

    @property
    def packed(self) -> bool:
        """Whether it is gzipped."""
        return self.path.suffix.lower() == ".gz"


def is_idx(path: Path) -> bool:
    """Whether a file is named as an IDX file is published: ``train-images-idx3-ubyte``, perhaps ``.gz``."""
    return _NAME.fullmatch(path.name) is not None


def find_idx_folder(folder: Path) -> Path | None:
    """The folder in which IDX files lie: this one, or one that it only wraps, as in ``MNIST/raw``; None if none do."""
    for _ in range(_DEEPEST):
        try:
            inside = [path for path in folder.iterdir() if not _hidden(path)]
        except OSError:
            return None  # the reader of folders says why
        if any(is_idx(path) and path.is_file() for path in inside):
            return folder
        if len(inside) != 1 or not inside[0].is_dir():
            return None
        folder = inside[0]
    return None


def list_idx(root: Path, folder: Path, cache: Path) -> SourceListing:
    """Every image of the IDX files in a folder; a class is called after its number.

    Args:
        root: what the user gave.
        folder: where the files lie, from ``find_idx_folder``.
        cache: where gzipped files are unpacked.

    Raises:
        DataError: a file is missing, damaged or no IDX file, or the parts make no split.
    """
    files, others = _files_in(folder)
    stems = sorted({file.stem for file in files})
    blocks = [_block(folder, stem, [file for file in files if file.stem == stem], cache) for stem in stems]
    listing = arrays.list_blocks(str(root), blocks)
    used = {(file.stem, file.what): file for file in reversed(files)}.values()
    twice = tuple(
        f"{file.path.name!r} was not read: another form of it lies beside it" for file in files if file not in used
    )
    aside = tuple(LedgerEntry(name, FileStatus.SKIPPED, "no IDX file of images or labels") for name in others)
    ignored = sum(_hidden(path) for path in folder.iterdir())
    return replace(listing, entries=listing.entries + aside, ignored=ignored, notes=listing.notes + twice)


def _files_in(folder: Path) -> tuple[list[_File], list[str]]:
    """The IDX files, plain ones before gzipped ones, and the names of what else lies there.

    A folder beside them could mean a class, unless it is what some unpackers make around a file, under its name.
    """
    files, others, folders = [], [], []
    for path in sorted(folder.iterdir()):
        named = _NAME.fullmatch(path.name)
        if named and path.is_file():
            files.append(_File(path, named["part"].lower(), named["what"].lower()))
        elif path.is_dir() and not named and not _hidden(path):
            folders.append(path.name)
        elif not _hidden(path):
            others.append(path.name)
    if folders:
        raise DataError(
            f"{str(folder)!r} has IDX files ({preview([file.path.name for file in files], most=1)}) and the folders "
            f"{preview(folders)}; wanted one or the other; move the IDX files into a folder of their own"
        )
    return sorted(files, key=lambda file: file.packed), others


def _hidden(path: Path) -> bool:
    return path.name.startswith((".", "__MACOSX"))


def _block(folder: Path, stem: str, files: list[_File], cache: Path) -> arrays.ArrayBlock:
    """The images and labels of one part."""
    first = {file.what: file for file in reversed(files)}
    for what, dimensions in _WANTED.items():
        if what not in first:
            raise DataError(
                f"{str(folder)!r} has {files[0].path.name!r} but no {what} for it; wanted "
                f"'{stem}-{what}-idx{dimensions[0]}-ubyte' (or .gz) beside it"
            )
    images, labels = (_values(first[what], cache) for what in _WANTED)
    try:
        return arrays.make_block("images", images, labels, None, _part(stem), stem)
    except DataError as error:
        raise DataError(f"{str(folder)!r}, {stem}: {error}") from None


def _part(stem: str) -> Subset | None:
    return Subset.TEST if stem == "t10k" else parse_subset(stem)


def _values(file: _File, cache: Path) -> NDArray[np.uint8]:
    """The values of a file, (N, ...), memory-mapped."""
    path = file.path
    try:
        with _opened(file) as stream:
            shape = _shape(file, stream)
        start = 4 + 4 * len(shape)
        if file.packed:
            path = _unpacked(path, cache, start + math.prod(shape))
        _check_size(file, path.stat().st_size, start + math.prod(shape))
        return np.asarray(np.memmap(path, np.uint8, "r", start, shape))  # a memmap costs more at each index
    except (OSError, EOFError, zlib.error) as error:
        refuse_full_store(error, file.path, cache)
        reason = getattr(error, "strerror", None) or error
        raise DataError(f"{str(file.path)!r} cannot be read: {reason}; fetch it again") from None


def _opened(file: _File) -> BufferedIOBase:
    return gzip.open(file.path) if file.packed else file.path.open("rb")


def _shape(file: _File, stream: BufferedIOBase) -> tuple[int, ...]:
    """The dimensions in the header."""
    head = stream.read(4)
    wanted = _WANTED[file.what]
    if head[:3] != _UNSIGNED_BYTES or len(head) < 4 or head[3] not in wanted:
        raise DataError(
            f"{str(file.path)!r} begins with the bytes {head.hex(' ') or 'of an empty file'}; wanted 00 00 08 "
            f"{wanted[0]:02x}, an IDX file of {file.what} in unsigned bytes; fetch it again"
        )
    sizes = stream.read(4 * head[3])
    if len(sizes) < 4 * head[3]:
        raise DataError(f"{str(file.path)!r} ends inside its header; fetch it again")
    return tuple(int(size) for size in np.frombuffer(sizes, ">u4"))


def _check_size(file: _File, seen: int, wanted: int) -> None:
    if seen < wanted:
        raise DataError(
            f"{str(file.path)!r} is truncated: {seen:,} bytes of the {wanted:,} that its header says; fetch it again"
        )
    if seen > wanted:
        raise DataError(f"{str(file.path)!r} is longer than the {wanted:,} bytes that its header says; fetch it again")


def _unpacked(packed: Path, cache: Path, size: int) -> Path:
    """A gzipped file's content in the cache, unpacked now or earlier; one byte more than wanted shows what is wrong."""
    with packed.open("rb") as file:
        digest = file_digest(file, lambda: blake2b(digest_size=20)).hexdigest()
    home = cache / digest
    if home.is_dir():
        stamp(home)  # pruning goes by it
        return home / _CONTENT
    cache.mkdir(parents=True, exist_ok=True)
    with FileLock(cache / f"{digest}.lock"):
        if not home.is_dir():
            with gzip.open(packed) as content, new_folder(home) as draft, (draft / _CONTENT).open("wb") as out:
                left = size + 1
                while left and (chunk := content.read(min(left, 1 << 20))):
                    out.write(chunk)
                    left -= len(chunk)
    return home / _CONTENT
