"""IDX files: items and labels, as MNIST, Fashion-MNIST and their kin are published, plain or gzipped.

A file is two zero bytes, 8 (the values are unsigned bytes), the number of dimensions, each dimension as a big-endian
32-bit number, then the values (LeCun, Cortes and Burges, *The MNIST database of handwritten digits*). Values are
memory-mapped; a gzipped file is unpacked into the cache for that, once.
"""

import gzip
import math
import re
import zlib
from dataclasses import replace
from io import BufferedIOBase
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from headstart.data.names import preview
from headstart.data.readers.arrays.array_blocks import UNKNOWN
from headstart.data.readers.arrays.arrays import list_blocks, make_block
from headstart.data.readers.listing import SourceListing
from headstart.data.readers.reader import ReadContext
from headstart.data.readers.unpack import unpack_once
from headstart.data.readers.walk import FileTree
from headstart.data.samples import FileStatus, LedgerEntry, Subset
from headstart.data.subsets import parse_subset
from headstart_runtime.errors import DataError

_NAME = re.compile(r"(train|t10k|test|val|valid|validation)[-_.](\w+?)[-_.]idx[134][-_.]ubyte(\.gz)?", re.I)
_LABELS = "labels"  #: what the files of labels are called, the others being of items


class IdxReader:
    """The reader of a folder of IDX files, or of one that only wraps such a folder, as ``MNIST/raw``."""

    suffixes: tuple[str, ...] = ()
    label_place: str = "its labels"

    def accepts(self, source: Any, tree: FileTree | None) -> bool:
        """Return whether IDX files lie in a folder, or a file is one."""
        if tree is not None:
            return _find_folder(tree) is not None
        return isinstance(source, Path) and _NAME.fullmatch(source.name) is not None

    def list(self, source: Path, tree: FileTree | None, context: ReadContext) -> SourceListing:
        """Return every item; a class is called after its number, a subset after the files.

        Raises:
            DataError: a file is missing, damaged or no IDX file, or the subsets make no split.
        """
        if tree is None and not context.labelled:
            return _list_file(source, context)
        folder = _find_folder(tree) if tree else None
        if tree is None or folder is None:
            raise DataError(
                f"{str(source)!r} is one file of a set; wanted the folder with its items and labels: {source.parent}"
            )
        content = tree.scan(folder)
        if folders := [it.name for it in content.folders if not _NAME.fullmatch(it.name)]:
            raise DataError(f"{str(folder)!r} has IDX files and the folders {preview(folders)}; wanted one or other")
        named = {path: match for path in content.files if (match := _NAME.fullmatch(path.name))}
        # Backwards, for a plain file is sorted before its gzipped form, and the last of a stem and kind stays.
        files = {(match[1].lower(), match[2].lower()): path for path, match in reversed(named.items())}
        doubles = [path.name for path in named if path not in files.values()]
        others = sorted({*content.files, *content.folders} - named.keys())  # some unpackers make a folder of each file
        blocks = []
        for stem in sorted({stem for stem, _ in files}):
            kinds = [kind for other, kind in files if other == stem and kind != _LABELS]
            if not context.labelled and not kinds:
                continue
            if len(kinds) != 1 or ((stem, _LABELS) not in files and context.labelled):
                missing = _LABELS if kinds else next((kind for _, kind in files if kind != _LABELS), "items")
                raise DataError(f"{str(folder)!r} has IDX files of {stem!r} but no {missing}; put these beside them")
            items = _map_values(files[stem, kinds[0]], context.cache)
            labels = _map_values(files[stem, _LABELS], context.cache) if context.labelled else [UNKNOWN] * len(items)
            subset = _parse_stem(stem) if context.labelled else None
            try:
                blocks.append(make_block(kinds[0], items, labels, None, subset, stem, context))
            except DataError as error:
                raise DataError(f"{str(folder)!r}, {stem}: {error}") from None
        listing = list_blocks(str(source), blocks)
        entries = tuple(LedgerEntry(it.name, FileStatus.SKIPPED, "no IDX file of items or labels") for it in others)
        notes = (*listing.notes, *(f"{name!r} was not read: another form of it lies beside it" for name in doubles))
        return replace(listing, entries=entries, ignored=content.ignored, notes=notes)


def _list_file(file: Path, context: ReadContext) -> SourceListing:
    """Return the items of one file, of which nobody wants labels.

    Raises:
        DataError: it is of labels, damaged or no IDX file.
    """
    match = _NAME.fullmatch(file.name)
    assert match is not None
    stem, kind = match[1].lower(), match[2].lower()
    if kind == _LABELS:
        raise DataError(f"{str(file)!r} is a file of labels; wanted the one of items beside it")
    items = _map_values(file, context.cache)
    block = make_block(kind, items, [UNKNOWN] * len(items), None, None, stem, context)
    return list_blocks(str(file), [block])


def _parse_stem(stem: str) -> Subset | None:
    return Subset.TEST if stem == "t10k" else parse_subset(stem)


def _find_folder(tree: FileTree) -> Path | None:
    content = tree.scan(tree.root)
    while not content.files and len(content.folders) == 1:
        content = tree.scan(content.folders[0])
    first = next((path for path in content.files if _NAME.fullmatch(path.name)), None)
    return first.parent if first else None


def _map_values(path: Path, cache: Path) -> NDArray[np.uint8]:
    """Return the values of a file, (N, ...), memory-mapped."""
    try:
        plain = path
        if path.suffix.lower() == ".gz":
            plain = unpack_once(path, cache, lambda folder: _gunzip(path, folder)) / "values.idx"
        with plain.open("rb") as stream:
            shape, start = _read_header(path, stream), stream.tell()
        if plain.stat().st_size != start + math.prod(shape):
            raise DataError(f"{str(path)!r} is not as long as its header says; fetch it again")
        return np.asarray(np.memmap(plain, np.uint8, "r", start, shape))  # a memmap costs more at each index
    except (OSError, EOFError, zlib.error) as error:
        raise DataError(
            f"{str(path)!r} cannot be read: {getattr(error, 'strerror', None) or error}; fetch it again"
        ) from None


def _read_header(path: Path, stream: BufferedIOBase) -> tuple[int, ...]:
    head = stream.read(4)
    sizes = stream.read(4 * head[3]) if len(head) == 4 else b""
    if head[:3] != b"\0\0\x08" or not sizes or len(sizes) < 4 * head[3]:
        raise DataError(f"{str(path)!r} is no IDX file of unsigned bytes; fetch it again")
    return tuple(int(size) for size in np.frombuffer(sizes, ">u4"))


def _gunzip(path: Path, folder: Path) -> None:
    """Unpack a file, or as much more than its header says as tells that it is too long."""
    with gzip.open(path) as stream, (folder / "values.idx").open("wb") as out:
        size = math.prod(_read_header(path, stream)) + stream.tell()
        stream.seek(0)
        while out.tell() <= size and (chunk := stream.read(1 << 20)):
            out.write(chunk)
