"""The writer of rows: collected, written a block at a time, visible once they are safe on disk."""

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

import numpy as np
from numpy.typing import NDArray

from headstart.storage.index import CHUNK, Index, RowBlock
from headstart.storage.shards import OpenShard, ShardFolder, claim_shard, pack_rows
from headstart.storage.space import DecodeIssue, FeatureSpace, digests_to_bytes
from headstart_runtime.errors import StoreError

COMMIT_ROWS = 64  # a kill loses less than this plus one call of add, 0.2 s of work; writing them takes 2 ms
SHARD_BYTES = 256 * 2**20


@dataclass(slots=True)
class _Batch:
    """Rows and issues that were added since the last commit."""

    keys: list[bytes] = field(default_factory=list)
    rows: list[Mapping[str, NDArray[np.float32]]] = field(default_factory=list)
    issues: list[DecodeIssue] = field(default_factory=list)


class Writer:
    """A writer of the rows of one space. Every method may be called from any thread.

    Leaving the ``with`` block commits what is left, also when an exception leaves it: those rows are right.
    """

    def __init__(
        self,
        index: Index,
        folder: ShardFolder,
        space: FeatureSpace,
        *,
        commit_rows: int = COMMIT_ROWS,
        shard_bytes: int = SHARD_BYTES,
    ):
        index.space_id(space)  # refuses other layers under the same fingerprint before anything is computed
        self.space = space
        self._index, self._folder = index, folder
        self._commit_rows, self._shard_bytes = commit_rows, shard_bytes
        self._batch = _Batch()
        self._batch_turn = threading.Lock()  # held for microseconds: others add while one thread commits
        self._commit_turn = threading.Lock()
        self._shard: OpenShard | None = None
        self._ended: str = ""  #: why nothing more is taken

    def add(self, digests: Sequence[str], rows: Mapping[str, NDArray[np.float32]]) -> None:
        """Take the rows of some samples; copied, so the arrays may be used again.

        Args:
            digests: (B,) ``Sample.digest``.
            rows: (B, width) float32 for each layer of the space, in the order of the digests.

        Raises:
            StoreError: a layer is missing or unknown, a shape or type is wrong, a number is not finite (nothing of the
                call is taken); or the disk refused an earlier or this batch.
        """
        self._check(digests, rows)
        keys = digests_to_bytes(digests)
        copies = {name: np.array(rows[name], order="C") for name in self.space.widths}
        with self._batch_turn:
            self._refuse_after_end()
            self._batch.keys.extend(keys)
            self._batch.rows.append(copies)
            full = len(self._batch.keys) >= self._commit_rows
        if full:
            self.commit()

    def add_issue(self, issue: DecodeIssue) -> None:
        """Take a decode issue; it is stored with the next commit."""
        digests_to_bytes([issue.digest])
        with self._batch_turn:
            self._refuse_after_end()
            self._batch.issues.append(issue)

    def commit(self) -> None:
        """Store everything added before this call; it is on disk and visible to other processes afterwards.

        Raises:
            StoreError: the disk refused. Rows of earlier commits are kept; this batch is lost, the writer is done for.
        """
        with self._commit_turn:
            with self._batch_turn:
                self._refuse_after_end()
                batch, self._batch = self._batch, _Batch()
            try:
                self._write(batch)
            except StoreError as error:
                self._ended = str(error)
                raise
            except OSError as error:
                # Not tried again: after a failed fsync the system may take the lost pages for written ones.
                self._ended = (
                    f"{self._folder.folder} could not be written: {error.strerror}; free some space and run again, "
                    "what was stored is kept"
                )
                raise StoreError(self._ended) from error

    def close(self) -> None:
        """Commit, and leave the shard to the next writer."""
        try:
            if not self._ended:
                self.commit()
        finally:
            self._end()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            self.close()
        except StoreError:
            if error is None:
                raise  # otherwise the first trouble is the one to tell

    def _end(self) -> None:
        with self._commit_turn:
            self._ended = self._ended or "this writer is closed; open another one"
            if self._shard is not None:
                self._shard.close()
                self._shard = None

    def _refuse_after_end(self) -> None:
        if self._ended:
            raise StoreError(self._ended)

    def _write(self, batch: _Batch) -> None:
        fresh = self._find_new(batch.keys)
        if not fresh:
            if batch.issues:
                self._index.commit(self.space, None, batch.issues)
            return
        block = pack_rows(self.space, batch.rows, list(fresh.values()))
        if self._shard is None:
            self._shard = claim_shard(self._index, self._folder, self.space)
        start = self._shard.append(block)
        end = self._shard.committed
        fills = end >= self._shard_bytes
        self._index.commit(self.space, RowBlock(self._shard.id, start, end, list(fresh), fills), batch.issues)
        if fills:
            self._shard.close()
            self._shard = None

    def _find_new(self, keys: Sequence[bytes]) -> dict[bytes, int]:
        """Return the keys that are not stored yet, once each, and their place in the batch.

        A second process on the same samples is often one batch behind: what it computed twice need not be kept twice.
        """
        places: dict[bytes, int] = {}
        for place, key in enumerate(keys):
            places.setdefault(key, place)
        number = self._index.space_id(self.space)
        if number is None:
            return places
        unique = list(places)
        for first in range(0, len(unique), CHUNK):
            for key in self._index.places(number, unique[first : first + CHUNK]):
                del places[key]
        return places

    def _check(self, digests: Sequence[str], rows: Mapping[str, NDArray[np.float32]]) -> None:
        if set(rows) != set(self.space.widths):
            raise StoreError(f"rows of the layers {', '.join(rows)}; {self.space} has {', '.join(self.space.widths)}")
        for name, width in self.space.layers:
            seen = rows[name]
            if seen.shape != (len(digests), width) or seen.dtype != np.float32:
                raise StoreError(
                    f"layer {name!r}: {seen.dtype} rows of shape {seen.shape}; wanted float32 ({len(digests)}, {width})"
                )
            finite = np.isfinite(seen).all(axis=1)
            if not finite.all():
                raise StoreError(
                    f"layer {name!r} of {int((~finite).sum())} of {len(digests)} samples holds numbers that are not "
                    f"finite, first {digests[int(finite.argmin())]}; nothing of them was stored, try --precision f32"
                )
