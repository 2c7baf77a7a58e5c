"""The files of the rows: append-only, written by one process at a time, read by memory map.

A shard belongs to one space and is a sequence of blocks; a block is what one commit wrote, layer by layer::

    | layer 1 of samples 1..B | layer 2 of samples 1..B | ... | layer 1 of the next block's samples | ...

float32, little-endian. One file, so one fsync a commit; each layer of a block in one piece, so reading one layer
touches only its pages (with 64 samples a block, a layer 16 wide is one page of 4 KiB). Where blocks lie is in the index
only: bytes it does not point to are what a killed writer left, and are written over.
"""

import os
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from itertools import groupby
from pathlib import Path
from typing import NamedTuple

import numpy as np
from filelock import FileLock, Timeout
from numpy.typing import NDArray

from headstart.storage.index import Index, RowLocation, Shard
from headstart.storage.space import FLOAT_BYTES, FeatureSpace
from headstart_runtime.errors import StoreError

SUFFIX = ".rows"
STORED = np.dtype("<f4")


class RowRequest(NamedTuple):
    """A row to read and where it goes."""

    place: RowLocation
    target: int  #: row of the answer


class ShardFolder:
    """The folder of all shards: names and locks."""

    def __init__(self, folder: Path):
        self.folder = folder

    def path(self, shard: int) -> Path:
        """Return the file of a shard."""
        return self.folder / f"{shard:08d}{SUFFIX}"

    def length(self, shard: int) -> int:
        """Return the bytes in the file of a shard; 0 if somebody deleted it."""
        try:
            return self.path(shard).stat().st_size
        except FileNotFoundError:
            return 0

    def lock(self, shard: int) -> FileLock | None:
        """Return the writer's lock on a shard, None while another has it. The system releases it if we are killed."""
        # thread_local=False: the thread that fills a shard is often not the one that took it.
        lock = FileLock(self.path(shard).with_suffix(".lock"), thread_local=False)
        try:
            lock.acquire(blocking=False)
        except Timeout:
            return None
        return lock

    def delete(self, shard: int, lock: FileLock) -> None:
        """Remove the files of a shard that the index has forgotten, and release its lock."""
        # A reader elsewhere may have it mapped: POSIX keeps the bytes for it, Windows refuses; then it is an orphan,
        # and the next pruning tries again.
        with suppress(OSError):
            self.path(shard).unlink(missing_ok=True)
        lock.release()
        # Who opened the lock file before this line locks a file without a name; it then finds that the index knows
        # no such shard (numbers are not used twice) and lets go.
        with suppress(OSError):
            Path(lock.lock_file).unlink(missing_ok=True)

    def numbers(self) -> list[int]:
        """Return the shards that have a file, known to the index or not."""
        return sorted(int(path.stem) for path in self.folder.glob(f"*{SUFFIX}") if path.stem.isdecimal())


class OpenShard:
    """A shard that this process may append to: it has its lock."""

    def __init__(self, folder: ShardFolder, shard: Shard, lock: FileLock):
        self.id = shard.id
        self.committed = shard.committed  #: bytes; the next block starts here
        self._lock = lock
        path = folder.path(shard.id)
        if not shard.committed:
            path.touch()
            _sync_folder(folder.folder)
        # Unbuffered: a buffer would keep what a full disk refused and try again when the file is closed.
        self._file = path.open("r+b", buffering=0)

    def append(self, block: bytes | bytearray) -> int:
        """Write a block behind the last one and wait until it is on disk; return the byte it starts at."""
        status = os.fstat(self._file.fileno())
        if status.st_nlink == 0 or status.st_size < self.committed:
            raise StoreError(f"shard {self.id} was deleted or cut while it was written to; run again to go on")
        start = self.committed
        self._file.seek(start)
        rest = memoryview(block)
        while rest:
            rest = rest[self._file.write(rest) :]
        os.fsync(self._file.fileno())
        self.committed = start + len(block)
        return start

    def close(self) -> None:
        """Leave the shard to the next writer."""
        self._file.close()
        self._lock.release()


def claim_shard(index: Index, folder: ShardFolder, space: FeatureSpace) -> OpenShard:
    """Return an open shard of the space that no writer holds, or a new one.

    Ten runs of ten samples fill one shard, two processes at once fill two.
    """
    while True:
        for listed in index.open_shards(space):
            lock = folder.lock(listed.id)
            if lock is None:
                continue
            # Asked again under the lock: the last holder may have written, filled or pruned it since.
            shard = index.open_shard(listed.id)
            if shard is not None and folder.length(shard.id) >= shard.committed:
                try:
                    return OpenShard(folder, shard, lock)
                except OSError:
                    lock.release()
                    raise
            if shard is not None:
                index.cut(shard.id, folder.length(shard.id))
            lock.release()
        index.add_shard(space)


def pack_rows(
    space: FeatureSpace, batches: Sequence[Mapping[str, NDArray[np.float32]]], picked: Sequence[int]
) -> bytearray:
    """Return a block of the picked rows of some batches, counted through all of them, layer by layer."""
    block = bytearray(len(picked) * space.row_bytes)
    floats, first = np.frombuffer(block, STORED), 0
    whole = len(picked) == sum(len(batch[space.layers[0][0]]) for batch in batches)
    for name, width in space.layers:
        rows = floats[first : first + len(picked) * width].reshape(len(picked), width)
        if whole:
            np.concatenate([batch[name] for batch in batches], out=rows)
        else:
            rows[:] = np.concatenate([batch[name] for batch in batches])[list(picked)]
        first += rows.size
    return block


def gather_rows(
    folder: ShardFolder, space: FeatureSpace, layer: str, requests: Iterable[RowRequest], out: NDArray[np.float32]
) -> int:
    """Copy rows of one layer into ``out``; return how many are lost, for somebody deleted or cut their shard."""
    lost = 0
    for number, of_shard in groupby(sorted(requests), key=lambda row: row.place.shard):
        rows = list(of_shard)
        floats = _map_shard(folder.path(number))
        if _find_end(rows[-1].place, space) > floats.nbytes:  # touching a map behind the file's end kills the process
            there = [row for row in rows if _find_end(row.place, space) <= floats.nbytes]
            lost += len(rows) - len(there)
            rows = there
        _copy_blocks(floats, space, layer, rows, out)
    return lost


def _find_end(place: RowLocation, space: FeatureSpace) -> int:
    return place.start + place.rows * space.row_bytes


def _map_shard(path: Path) -> NDArray[np.float32]:
    """Map a shard's numbers, which are not read yet; none if it is gone."""
    try:
        data = np.asarray(np.memmap(path, np.uint8, "r"))
    except (FileNotFoundError, ValueError):  # deleted; empty, which cannot be mapped
        return np.empty(0, STORED)
    return data[: data.size // FLOAT_BYTES * FLOAT_BYTES].view(STORED)  # a killed writer may leave any length


def _copy_blocks(
    floats: NDArray[np.float32], space: FeatureSpace, layer: str, rows: list[RowRequest], out: NDArray[np.float32]
) -> None:
    width, before = space.width(layer), space.floats_before(layer)
    for (start, count), of_block in groupby(rows, key=lambda row: (row.place.start, row.place.rows)):
        first = start // FLOAT_BYTES + count * before
        block = floats[first : first + count * width].reshape(count, width)
        places, targets = zip(*of_block, strict=True)
        out[list(targets)] = block[[place.position for place in places]]


def _sync_folder(folder: Path) -> None:
    """Make a new file's name safe on disk; fsync of the file alone does not. Windows has no such call and need."""
    if os.name != "posix":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
