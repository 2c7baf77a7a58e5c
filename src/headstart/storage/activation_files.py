"""The files of cached activations.

::

    STORE/activations/KEY/manifest.json   schema, shape and kind of a row, description
    STORE/activations/KEY/values          the rows, one behind the other
    STORE/activations/KEY/index           which row lies where: a block for each commit
    STORE/activations/KEY.lock            held by the process that writes

How an index is written stands in ``storage.activation_index``.
"""

import json
import os
import shutil
import threading
from collections.abc import Sequence
from contextlib import ExitStack, suppress
from dataclasses import asdict, dataclass
from io import FileIO
from operator import attrgetter
from pathlib import Path
from typing import Any, Literal

import numpy as np
from filelock import FileLock
from numpy.typing import NDArray

from headstart.storage.activation_index import pack_block, parse_keys
from headstart.storage.atomic import new_folder
from headstart.storage.usage import get_disk_usage
from headstart_runtime.errors import StoreError, refuse_machine_faults

ValueKind = Literal["bf16", "u8"]

ACTIVATIONS = "activations"  # the folder in the store
SCHEMA = 1
MANIFEST, VALUES, INDEX = "manifest.json", "values", "index"


@dataclass(frozen=True, slots=True)
class Manifest:
    """The description of the rows of a key."""

    shape: tuple[int, ...]  #: of one row
    kind: ValueKind
    description: str
    schema: int = SCHEMA
    ragged: bool = False  #: a key has any number of rows, which lie one behind the other


@dataclass(frozen=True, slots=True)
class ActivationsUsage:
    """The disk space that the activations of a key take."""

    key: str
    description: str
    rows: int  #: views of samples
    bytes: int
    last_used: float  #: seconds since 1970


class ActivationFiles:
    """The values and the index of one key, open. The caller sees to it that one thread at a time changes them.

    Raises:
        FileNotFoundError: they are not there, not all, or were replaced while they were opened.
    """

    def __init__(self, home: Path, row_bytes: int, *, ragged: bool = False):
        self.row_bytes, self._ragged = row_bytes, ragged
        self.places: dict[bytes, int] = {}  #: key -> place of its first row, of those that are committed
        self.counts: dict[bytes, int] = {}  #: key -> its rows, where a key may have several
        self.rows = 0  #: that are committed
        self._index_end = 0  #: bytes of the index that were read
        self._reading = threading.Lock()  # over the position of _source
        with ExitStack() as stack:
            # Unbuffered: a buffer would keep what a full disk refused and try again when the file is closed.
            self._values = stack.enter_context((home / VALUES).open("r+b", buffering=0))
            self._source = stack.enter_context((home / VALUES).open("rb", buffering=0))
            self._index = stack.enter_context((home / INDEX).open("r+b", buffering=0))
            self.refresh()
            if not self.are_at(home):  # an old index beside new values would tell of wrong rows
                raise FileNotFoundError(home)
            stack.pop_all()

    def are_at(self, home: Path) -> bool:
        """Return whether these are still the files of that folder, with all committed rows in them."""
        try:
            status = os.fstat(self._values.fileno())
            same = os.path.samestat(status, (home / VALUES).stat())
        except OSError:
            return False
        return same and status.st_size >= self.rows * self.row_bytes

    def refresh(self) -> bool:
        """Read what was committed since the last time, by any process; return whether there was anything."""
        self._refuse_closed()
        self._index.seek(self._index_end)
        content, rows = self._index.read(), os.fstat(self._values.fileno()).st_size // self.row_bytes
        keys, length = parse_keys(content, self.rows, rows, ragged=self._ragged)
        for key, count in keys:
            self.places[key] = self.rows
            self.rows += count
        if self._ragged:
            self.counts.update(keys)
        self._index_end += length
        return bool(keys)

    def drop_loose_ends(self) -> None:
        """Cut off what was never committed: for the writer only."""
        self._values.truncate(self.rows * self.row_bytes)
        self._index.truncate(self._index_end)

    def write(self, place: int, rows: NDArray[Any]) -> None:
        """Write rows from a place on; they are not safe and not visible yet."""
        self._values.seek(place * self.row_bytes)
        _write_all(self._values, rows.reshape(-1).view(np.uint8).data)

    def commit(self, keys: Sequence[tuple[bytes, int]]) -> None:
        """Wait until the rows written behind the committed ones are on disk, then make them visible to others.

        Args:
            keys: each with the number of its rows, in their order.
        """
        os.fsync(self._values.fileno())
        self._index.seek(self._index_end)
        _write_all(self._index, memoryview(pack_block(self.rows, keys, ragged=self._ragged)))
        os.fsync(self._index.fileno())

    def read(self, places: NDArray[np.int64], out: NDArray[Any]) -> None:
        """Copy rows into ``out``, whose rows lie one behind the other.

        By reads instead of a memory map: touching a row of a map makes up to 2 MB around it part of this process, so
        that it soon holds the whole file; and touching what somebody cut off kills the process. Measured, random rows
        of 63 kB from the page cache, GB/s: reads 8; a map 11, but 5 where it is given back in time to stay small.

        Raises:
            StoreError: a place is not there, or somebody cut the file.
        """
        self._read(places, np.ones(len(places), np.int64), out, self.row_bytes)

    def read_spans(self, places: NDArray[np.int64], counts: NDArray[np.int64], out: NDArray[Any]) -> None:
        """Copy so many rows from each place on into ``out``, (B, T, ...): the first of each of its rows.

        Raises:
            StoreError: as of ``read``.
        """
        self._read(places, counts, out, out.shape[1] * self.row_bytes)

    def _read(self, places: NDArray[np.int64], counts: NDArray[np.int64], out: NDArray[Any], step: int) -> None:
        """Copies; where each place's rows go is ``step`` bytes behind where those of the place before went."""
        self._refuse_closed()
        if int(places.min()) < 0 or int((places + counts).max()) > self.rows:
            raise StoreError(
                f"places {places.min()} to {places.max()} of {self.rows} rows; ask for them with find_places()"
            )
        rest = out.reshape(-1).view(np.uint8).data
        with self._reading:
            for number, (place, count) in enumerate(zip(places.tolist(), counts.tolist(), strict=True)):
                self._source.seek(place * self.row_bytes)
                if self._source.readinto(rest[number * step : number * step + count * self.row_bytes]) < (
                    count * self.row_bytes
                ):
                    raise StoreError("stored activations were cut outside headstart; run again to compute them anew")

    def close(self) -> None:
        """Close the files, after the reads that are under way."""
        with self._reading:
            for file in (self._values, self._source, self._index):
                file.close()

    def _refuse_closed(self) -> None:
        if self._values.closed:
            raise StoreError("these activations are closed; open them again")


def open_activation_files(home: Path, manifest: Manifest, lock: FileLock) -> ActivationFiles:
    """Return the files of a key, made where they are not there, not whole or of another schema.

    Raises:
        StoreError: the key was stored with another shape or kind, or the folder cannot be made.
    """
    row_bytes = int(np.prod(manifest.shape)) * (2 if manifest.kind == "bf16" else 1)
    try:
        home.parent.mkdir(parents=True, exist_ok=True)
        files = _open_existing(home, manifest, row_bytes)
        if files is None:
            with lock:  # asked again: another process may just have made them
                files = _open_existing(home, manifest, row_bytes) or _create(home, manifest, row_bytes)
    except OSError as error:
        refuse_machine_faults(error, f"in the store for the activations {home}")
        raise StoreError(
            f"the activations {home} cannot be made or read: {error.strerror}; "
            "choose another folder with --store or HEADSTART_STORE"
        ) from error
    return files


def get_activation_lock(home: Path) -> FileLock:
    """Return the lock of who writes or removes the activations in a folder; it lies beside the folder and stays."""
    # thread_local=False: the thread that leaves is not always the one that came.
    return FileLock(home.with_name(f"{home.name}.lock"), thread_local=False)


def list_activations(folder: Path) -> tuple[ActivationsUsage, ...]:
    """Return what each key in the store's folder ``activations`` takes, least recently used first."""
    found = []
    for home in folder.glob("[!.]*/"):
        with suppress(OSError):  # pruned meanwhile
            manifest = _read_manifest(home)
            content, ragged = (home / INDEX).read_bytes(), manifest is not None and manifest.ragged
            rows = 0 if manifest is None else len(parse_keys(content, 0, 2**62, ragged=ragged)[0])
            description = manifest.description if manifest else ""
            used = home.stat().st_mtime
            found.append(ActivationsUsage(home.name, description or home.name, rows, get_disk_usage(home), used))
    return tuple(sorted(found, key=attrgetter("last_used")))


def _write_all(file: FileIO, rest: memoryview) -> None:
    while rest:
        rest = rest[file.write(rest) :]


def _open_existing(home: Path, wanted: Manifest, row_bytes: int) -> ActivationFiles | None:
    seen = _read_manifest(home)
    if seen is None:
        return None
    if (seen.shape, seen.kind, seen.ragged) != (wanted.shape, wanted.kind, wanted.ragged):
        raise StoreError(
            f"the activations {home} hold {seen.kind} rows of shape {seen.shape}; wanted {wanted.kind} "
            f"{wanted.shape}: their key does not tell the two apart; delete that folder"
        )
    try:
        return ActivationFiles(home, row_bytes, ragged=wanted.ragged)
    except FileNotFoundError:
        return None


def _create(home: Path, manifest: Manifest, row_bytes: int) -> ActivationFiles:
    shutil.rmtree(home, ignore_errors=True)
    with new_folder(home) as draft:
        facts = {name: value for name, value in asdict(manifest).items() if name != "ragged" or value}
        (draft / MANIFEST).write_text(json.dumps(facts), "utf-8")
        (draft / VALUES).touch()
        (draft / INDEX).touch()
    return ActivationFiles(home, row_bytes, ragged=manifest.ragged)


def _read_manifest(home: Path) -> Manifest | None:
    """Return a manifest; None where there is none that this headstart can read."""
    try:
        seen = json.loads((home / MANIFEST).read_text("utf-8"))
        if seen["schema"] != SCHEMA:
            return None
        return Manifest(tuple(seen["shape"]), seen["kind"], seen["description"], ragged=seen.get("ragged", False))
    except (FileNotFoundError, NotADirectoryError, ValueError, KeyError, TypeError):
        return None
