"""The store: the features of each sample from a frozen network, computed once per sample and space.

::

    STORE/index.sqlite3         which rows there are and where they lie; decode issues
    STORE/shards/00000001.rows  the rows (shards.py); beside it the lock of its writer
    STORE/networks/             converted networks; the engines' own, here only counted and pruned
    STORE/in-use/               which jobs run (locks.py)
    STORE/results/              what was computed from rows (results.py)
    STORE/activations/          large rows that networks are trained from (extraction/activations.py)

Rows go by the digest of the sample's bytes and a space (space.py). A row is visible once its bytes are safe on disk, so
``kill -9`` or a power cut loses the batch in flight and nothing else. Any number of processes may read and write at
once, on one machine: SQLite's log and file locks need a local disk.
"""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import TracebackType
from typing import Self

import numpy as np
from numpy.typing import NDArray

from headstart.events import Listener, Note, ignore
from headstart.storage.activation_files import ACTIVATIONS
from headstart.storage.index import CHUNK, Index
from headstart.storage.locks import mark_in_use
from headstart.storage.prune import list_entries, prune
from headstart.storage.results import ResultFolder
from headstart.storage.shards import RowRequest, ShardFolder, gather_rows
from headstart.storage.space import DecodeIssue, EntryUsage, FeatureSpace, PruneReport, SpaceUsage, digests_to_bytes
from headstart.storage.writer import COMMIT_ROWS, SHARD_BYTES, Writer
from headstart_runtime.errors import StoreError, refuse_machine_faults

__all__ = ["DecodeIssue", "FeatureSpace", "PruneReport", "SpaceUsage", "Store", "Writer"]


class Store:
    """A folder of computed features. May be used from any thread; not across a fork.

    Args:
        folder: made if it is not there.
        listen: is told when stored rows turn out to be lost.

    Raises:
        StoreError: the folder cannot be made or written, its index is damaged, or a newer headstart wrote it.
    """

    def __init__(self, folder: Path, listen: Listener = ignore):
        self.folder = folder
        self.networks = folder / "networks"
        self.activations = folder / ACTIVATIONS
        self.results = ResultFolder(folder)
        self._listen = listen
        self._shards = ShardFolder(folder / "shards")
        try:
            self._shards.folder.mkdir(parents=True, exist_ok=True)
            self._index = Index(folder / "index.sqlite3")
        except OSError as error:
            refuse_machine_faults(error, f"in the store {folder}")
            raise StoreError(
                f"the store {folder} cannot be made or written: {error.strerror}; "
                "choose another folder with --store or HEADSTART_STORE"
            ) from error

    def find_missing(self, space: FeatureSpace, digests: Sequence[str]) -> list[str]:
        """Return the samples to compute: those neither stored nor known to be broken, once each, in the order given.

        Rows whose shard somebody deleted or cut are dropped from the index here, with a note, and are missing.
        """
        unique = list(dict.fromkeys(digests))
        number = self._index.space_id(space)
        if number is None:
            digests_to_bytes(unique)
            return unique
        self._index.stamp(number)
        self._drop_lost(space, number)
        left = []
        for chunk in _chunks(unique):
            keys = digests_to_bytes(chunk)
            settled = self._index.find_settled(number, keys)
            left += [digest for digest, key in zip(chunk, keys, strict=True) if key not in settled]
        return left

    def writer(self, space: FeatureSpace, *, commit_rows: int = COMMIT_ROWS, shard_bytes: int = SHARD_BYTES) -> Writer:
        """Return a writer that adds rows to a space; a context manager.

        Args:
            space: the space of the rows.
            commit_rows: rows are stored when this many have been added.
            shard_bytes: a shard this long or longer takes no more.

        Raises:
            StoreError: the space's fingerprint was stored with other layers.
        """
        return Writer(self._index, self._shards, space, commit_rows=commit_rows, shard_bytes=shard_bytes)

    def read(
        self, space: FeatureSpace, digests: Sequence[str], layer: str, out: NDArray[np.float32] | None = None
    ) -> NDArray[np.float32]:
        """Return the rows of one layer, (N, width) float32, in the order of the digests, which may repeat.

        Args:
            space: of the rows.
            digests: of N samples.
            layer: its name.
            out: (N, width) float32 that is filled and returned, such as some columns of an array; None: a new one.

        Raises:
            StoreError: rows are not there; says how many.
            KeyError: the space has no such layer.
        """
        if out is None:
            out = np.empty((len(digests), space.width(layer)), np.float32)
        number = self._index.space_id(space)
        absent = lost = first = 0
        if number is None:
            absent = len(digests)
        else:
            self._index.stamp(number)
            for chunk in _chunks(digests):
                keys = digests_to_bytes(chunk)
                places = self._index.places(number, keys)
                wanted = [RowRequest(places[key], first + row) for row, key in enumerate(keys) if key in places]
                lost += gather_rows(self._shards, space, layer, wanted, out)
                absent += len(keys) - len(wanted)
                first += len(keys)
        if absent or lost:
            raise StoreError(
                f"{absent + lost} of {len(digests)} rows of layer {layer!r} are not in the store for {space}"
                f"{f' ({lost} were deleted or cut outside headstart)' if lost else ''}; compute what is missing first"
            )
        return out

    def issues(self, space: FeatureSpace, digests: Sequence[str]) -> dict[str, DecodeIssue]:
        """Return the decode issues of samples, by digest; most samples have none."""
        number = self._index.space_id(space)
        if number is None:
            return {}
        return {
            found.digest: found
            for chunk in _chunks(digests)
            for found in self._index.issues(number, digests_to_bytes(chunk))
        }

    def usage(self) -> tuple[SpaceUsage, ...]:
        """Return what each space takes, least recently used first."""
        return tuple(self._index.usage())

    def list_entries(self) -> tuple[EntryUsage, ...]:
        """Return what each network and unpacked archive takes, least recently used first."""
        return tuple(list_entries(self.folder, self.networks))

    @contextmanager
    def mark_in_use(self) -> Iterator[None]:
        """Keep all that is used from now on from being pruned, for as long as the block runs; see ``storage.locks``.

        Raises:
            StoreError: the mark of that cannot be made.
        """
        with ExitStack() as stack:
            try:
                stack.enter_context(mark_in_use(self.folder))
            except OSError as error:
                raise StoreError(f"the store {self.folder} cannot be written: {error.strerror or error}") from error
            yield

    def prune(self, budget_bytes: int) -> PruneReport:
        """Remove what was not used for longest until the folder takes no more than the budget."""
        return prune(self._index, self._shards, self.networks, budget_bytes)

    def close(self) -> None:
        """End the connection to the index; close writers first."""
        self._index.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _drop_lost(self, space: FeatureSpace, number: int) -> None:
        """Forget rows whose bytes are gone; the index is never ahead of the disk unless somebody touched the files."""
        dropped = 0
        for shard in self._index.shards(number):
            length = self._shards.length(shard.id)
            if length < shard.committed:
                dropped += self._index.cut(shard.id, length)
        if dropped:
            self._listen(
                Note(f"{dropped} stored rows of {space} were deleted or cut outside headstart; they are computed again")
            )


def _chunks(digests: Sequence[str]) -> Iterator[Sequence[str]]:
    for first in range(0, len(digests), CHUNK):
        yield digests[first : first + CHUNK]
