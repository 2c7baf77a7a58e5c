"""Activations at a boundary: the output of the frozen layers of a network for each view of a sample, for training.

The rows are large and every epoch reads them all in random order, so they lie apart from the features
(activation_files.py): bfloat16 bits instead of float32, one file for each key, no database between. A commit puts rows
on disk first and makes them known behind that, so a kill costs what was not committed and never makes a wrong row.
"""

import os
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import Any, ClassVar, Self, get_args

import numpy as np
from filelock import Timeout
from numpy.typing import NDArray

from headstart.events import Listener, Note, ignore
from headstart.extraction.bfloat16 import all_finite, to_bfloat16_bits
from headstart.storage.activation_files import (
    Manifest,
    ValueKind,
    get_activation_lock,
    open_activation_files,
)
from headstart.storage.space import digest_to_bytes
from headstart_runtime.arrays import Ints
from headstart_runtime.errors import StoreError

__all__ = ["Activations", "ValueKind", "ViewKey"]

ViewKey = tuple[str, int]  # digest of a sample, 40 hexadecimal digits; number of its view, 0..65535

COMMIT_BYTES = 64 * 2**20  # a kill loses less than this plus one call of add for each thread, about 2 s of work
OUTSIDE = "rows are added inside lock_for_writing() only"


class Activations:
    """The rows of one key: one network up to one boundary, one way of making views.

    Any thread may call any method. Any number of processes read; one at a time writes, in ``lock_for_writing``.

    Args:
        folder: the store's folder ``activations``.
        key: 40 hexadecimal digits over all that the numbers depend on.
        shape: of one row.
        kind: "bf16" for numbers, kept as the uint16 bits of bfloat16; "u8" for bytes.
        description: for people.

    Raises:
        ValueError: key, shape or kind is none.
        StoreError: the key was stored with another shape or kind, or the folder cannot be made.
    """

    ragged: ClassVar[bool] = False  #: a view has any number of rows, such as one for each token of a text

    def __init__(self, folder: Path, key: str, shape: tuple[int, ...], kind: ValueKind = "bf16", description: str = ""):
        digest_to_bytes(key)
        if kind not in get_args(ValueKind) or not shape or min(shape) < 1:
            raise ValueError(f"kind {kind!r}, shape {shape}: wanted bf16 or u8, and one or more sizes of 1 or more")
        self.home = folder / key.lower()
        self.dtype: np.dtype[Any] = np.dtype(np.uint16 if kind == "bf16" else np.uint8)  #: of what is gathered
        self._manifest = Manifest(tuple(shape), kind, description, ragged=self.ragged)
        self._lock = get_activation_lock(self.home)
        self._turn = threading.Lock()  # over the end of the values and what waits for a commit
        self._commit_turn = threading.Lock()  # over the index; taken before _turn
        self._waiting: dict[bytes, int] = {}  # rows of keys that are not committed, in the order of their places
        self._writes = False
        self._refusal = OUTSIDE  # why nothing is taken now
        self._files = open_activation_files(self.home, self._manifest, self._lock)
        self._stamp()

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of a row."""
        return self._manifest.shape

    @property
    def row_bytes(self) -> int:
        """Bytes of a row in the file of values."""
        return self._files.row_bytes

    @contextmanager
    def lock_for_writing(self, listen: Listener = ignore) -> Iterator[Self]:
        """Make this process the one that adds rows, after waiting for another that is; ask for ``find_missing`` inside.

        Leaving commits what was added, also when an exception leaves: those rows are right. Should the rows have been
        pruned since they were opened, places asked for earlier are void.

        Raises:
            StoreError: the disk refused (rows of earlier commits are kept), or this object writes already.
        """
        self._claim(listen)
        try:
            yield self
        except BaseException:
            with suppress(StoreError):  # the first trouble is the one to tell
                self.flush()
            raise
        else:
            self.flush()
        finally:
            self._leave()

    def find_missing(self, rows: Sequence[ViewKey]) -> list[ViewKey]:
        """Return the rows that are neither stored nor added, once each, in the order given."""
        keys = {row: encode_key(row) for row in rows}
        left = [row for row, key in keys.items() if not self._has(key)]
        return [row for row in left if not self._has(keys[row])] if left and self._refresh() else left

    def add(self, rows: Sequence[ViewKey], values: NDArray[Any]) -> None:
        """Take rows; one that is known already is left as it is. They can be gathered after the next commit.

        Args:
            rows: (B,) of digest and view.
            values: (B, *shape) in the order of the rows; of kind bf16 float32, rounded to nearest, ties to even, or
                uint16 bits; of kind u8 uint8.

        Raises:
            StoreError: shape or type is wrong, a number is not finite in bfloat16 (nothing of the call is taken), the
                disk refused this or an earlier call, or this is not inside ``lock_for_writing``.
        """
        self._add(rows, values, np.ones(len(rows), np.int64))

    def _add(self, rows: Sequence[ViewKey], values: NDArray[Any], own: Ints) -> None:
        keys = [encode_key(row) for row in rows]
        bits = self._to_bits(rows, own, values)
        with self._turn:
            self._refuse()
            fresh: dict[bytes, int] = {}
            for number, key in enumerate(keys):
                if not self._has(key):
                    fresh.setdefault(key, number)
            place = self._files.rows + sum(self._waiting.values())
            taken = np.isin(np.arange(len(rows)), list(fresh.values()))
            try:
                self._files.write(place, bits if taken.all() else bits[np.repeat(taken, own)])
            except OSError as error:
                raise self._end(error) from error
            self._waiting.update((key, int(own[number])) for key, number in fresh.items())
        self._commit(COMMIT_BYTES)

    def flush(self) -> None:
        """Commit what was added; it is on disk and visible to other processes afterwards.

        Raises:
            StoreError: the disk refused. Rows of earlier commits are kept; what was added since is lost.
        """
        self._commit(1)

    def find_places(self, rows: Sequence[ViewKey]) -> NDArray[np.int64]:
        """Return the places of rows, (N,), for ``gather``; rows may repeat.

        Raises:
            StoreError: rows are not there; says how many.
        """
        keys = [encode_key(row) for row in rows]
        absent = sum(key not in self._files.places for key in keys)
        if absent and self._refresh():
            absent = sum(key not in self._files.places for key in keys)
        if absent:
            raise StoreError(
                f"{absent} of {len(keys)} rows are not among the activations {self}; compute what is missing first"
            )
        return np.array([self._files.places[key] for key in keys], np.int64)

    def gather(self, places: NDArray[np.int64], out: NDArray[Any] | None = None) -> NDArray[Any]:
        """Copy rows, (B, *shape) uint16 bits or uint8, in the order of the places, which may repeat.

        Args:
            places: (B,) from ``find_places``.
            out: filled and returned where given, so that a loop need not ask for memory again.

        Raises:
            ValueError: ``out`` has another shape, type or order.
            StoreError: a place is not there, or somebody cut the file.
        """
        wanted = (len(places), *self.shape)
        if out is None:
            out = np.empty(wanted, self.dtype)
        if out.shape != wanted or out.dtype != self.dtype or not out.flags.c_contiguous:
            raise ValueError(f"out is {out.dtype} {out.shape}; wanted {self.dtype} {wanted}, in C order")
        if len(places):
            self._files.read(np.asarray(places), out)
        return out

    def close(self) -> None:
        """Close the files."""
        self._stamp()
        self._files.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __str__(self) -> str:
        return self._manifest.description or self.home.name

    def _claim(self, listen: Listener) -> None:
        with self._turn:
            if self._writes:
                raise StoreError(f"the activations {self} are being written by this process already; end that first")
            self._writes = True
        try:
            self._wait_for_lock(listen)
            if not self._files.are_at(self.home):  # pruned, or cut by somebody
                self._files.close()
                self._files = open_activation_files(self.home, self._manifest, self._lock)
            self._refresh()
            self._files.drop_loose_ends()
        except BaseException:
            self._lock.release()
            self._writes = False
            raise
        self._refusal = ""

    def _wait_for_lock(self, listen: Listener) -> None:
        try:
            self._lock.acquire(blocking=False)
        except Timeout:
            listen(Note(f"another process writes the activations {self}; waiting for it, to use what it made"))
            self._lock.acquire()

    def _leave(self) -> None:
        with self._commit_turn, self._turn:
            self._refusal = OUTSIDE
            self._waiting.clear()
            with suppress(OSError):  # gives back what a full disk took of the last rows
                self._files.refresh()  # a block whose fsync failed: others may have read it, so it must stay
                self._files.drop_loose_ends()
            self._stamp()
            self._lock.release()
            self._writes = False

    def _commit(self, least: int) -> None:
        """Commit if so many bytes wait. Other threads add while the disk writes; all wait where it falls behind."""
        with self._commit_turn:
            with self._turn:
                if sum(self._waiting.values()) * self.row_bytes < least:
                    return
                self._refuse()
                batch = list(self._waiting.items())
            try:
                self._files.commit(batch)
            except OSError as error:
                raise self._end(error) from error
            with self._turn:
                self._files.refresh()
                for key, _ in batch:
                    del self._waiting[key]

    def _end(self, error: OSError) -> StoreError:
        # Not tried again: after a failed fsync the system may take the lost pages for written ones.
        self._refusal = (
            f"{self.home} could not be written: {error.strerror}; free some space on that disk, for one with headstart "
            "cache --prune-to, and run again: what was stored is kept"
        )
        return StoreError(self._refusal)

    def _refuse(self) -> None:
        if self._refusal:
            raise StoreError(self._refusal)

    def _has(self, key: bytes) -> bool:
        return key in self._waiting or key in self._files.places

    def _refresh(self) -> bool:
        with self._commit_turn, self._turn:
            return self._files.refresh()

    def _stamp(self) -> None:
        with suppress(OSError):  # pruned; Path.touch would make a file in its place
            os.utime(self.home)

    def _to_bits(self, rows: Sequence[ViewKey], counts: Ints, values: NDArray[Any]) -> NDArray[Any]:
        wanted = (int(counts.sum()), *self.shape)
        types = ("float32", "uint16") if self._manifest.kind == "bf16" else ("uint8",)
        if values.shape != wanted or values.dtype.name not in types:
            raise StoreError(f"{values.dtype} {values.shape} for the activations {self}; wanted {types[0]} {wanted}")
        if self._manifest.kind == "bf16" and not all_finite(values):
            each = [all_finite(own) for own in np.split(values, np.cumsum(counts)[:-1])]
            raise StoreError(
                f"activations of {each.count(False)} of {len(rows)} views hold numbers that are not finite in "
                f"bfloat16, first of sample {rows[each.index(False)][0]}; nothing of them was stored"
            )
        return to_bfloat16_bits(values) if values.dtype == np.float32 else np.ascontiguousarray(values)


def encode_key(row: ViewKey) -> bytes:
    """Return a view's key as bytes."""
    digest, view = row
    if not 0 <= view < 2**16:
        raise ValueError(f"view {view} of sample {digest}; wanted 0 to 65535")
    return digest_to_bytes(digest) + view.to_bytes(2, "little")
