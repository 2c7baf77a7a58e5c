"""The files of cached activations.

::

    STORE/activations/KEY/manifest.json   schema, shape and kind of a row, description
    STORE/activations/KEY/values          the rows, one behind the other
    STORE/activations/KEY/index           which row lies where: a block for each commit
    STORE/activations/KEY.lock            held by the process that writes

A block of the index is its first row's place, its count of rows, a CRC-32, and as many keys of 22 bytes. It is written
when its rows are on disk; one that is torn, or that tells of rows which are not there, ends what is read of the index.
"""

import json
import os
import shutil
import struct
import threading
import zlib
from contextlib import ExitStack, suppress
from dataclasses import asdict, dataclass
from io import FileIO
from operator import attrgetter
from pathlib import Path
from typing import Any, Literal

import numpy as np
from filelock import FileLock
from numpy.typing import NDArray

from headstart.errors import StoreError, refuse_machine_faults
from headstart.storage.atomic import new_folder
from headstart.storage.usage import get_disk_usage

ValueKind = Literal["bf16", "u8"]

ACTIVATIONS = "activations"  # the folder in the store
SCHEMA = 1
KEY_BYTES = 22  # 20 of the photo's digest, 2 of the view's number
MANIFEST, VALUES, INDEX = "manifest.json", "values", "index"
HEADER = struct.Struct("<QII")  # place of the first row, rows, CRC-32 of these two and the keys


@dataclass(frozen=True, slots=True)
class Manifest:
    """The description of the rows of a key."""

    shape: tuple[int, ...]  #: of one row
    kind: ValueKind
    description: str
    schema: int = SCHEMA


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

    def __init__(self, home: Path, row_bytes: int):
        self.row_bytes = row_bytes
        self.places: dict[bytes, int] = {}  #: key -> place, of the rows that are committed
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
        return same and status.st_size >= len(self.places) * self.row_bytes

    def refresh(self) -> bool:
        """Read what was committed since the last time, by any process; return whether there was anything."""
        self._refuse_closed()
        self._index.seek(self._index_end)
        content, rows = self._index.read(), os.fstat(self._values.fileno()).st_size // self.row_bytes
        keys, length = parse_keys(content, len(self.places), rows)
        self.places.update(zip(keys, range(len(self.places), len(self.places) + len(keys)), strict=True))
        self._index_end += length
        return bool(keys)

    def drop_loose_ends(self) -> None:
        """Cut off what was never committed: for the writer only."""
        self._values.truncate(len(self.places) * self.row_bytes)
        self._index.truncate(self._index_end)

    def write(self, place: int, rows: NDArray[Any]) -> None:
        """Write rows from a place on; they are not safe and not visible yet."""
        self._values.seek(place * self.row_bytes)
        _write_all(self._values, rows.reshape(-1).view(np.uint8).data)

    def commit(self, keys: list[bytes]) -> None:
        """Wait until the rows written behind the committed ones are on disk, then make them visible to others."""
        os.fsync(self._values.fileno())
        self._index.seek(self._index_end)
        _write_all(self._index, memoryview(_pack_block(len(self.places), keys)))
        os.fsync(self._index.fileno())

    def read(self, places: NDArray[np.int64], out: NDArray[Any]) -> None:
        """Copy rows into ``out``, whose rows lie one behind the other.

        By reads instead of a memory map: touching a row of a map makes up to 2 MB around it part of this process, so
        that it soon holds the whole file; and touching what somebody cut off kills the process. Measured, random rows
        of 63 kB from the page cache, GB/s: reads 8; a map 11, but 5 where it is given back in time to stay small.

        Raises:
            StoreError: a place is not there, or somebody cut the file.
        """
        self._refuse_closed()
        if int(places.min()) < 0 or int(places.max()) >= len(self.places):
            raise StoreError(
                f"places {places.min()} to {places.max()} of {len(self.places)} rows; ask for them with find_places()"
            )
        rest = out.reshape(-1).view(np.uint8).data
        with self._reading:
            for number, place in enumerate(places.tolist()):
                self._source.seek(place * self.row_bytes)
                row = rest[number * self.row_bytes : (number + 1) * self.row_bytes]
                if self._source.readinto(row) < self.row_bytes:
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
            rows = 0 if manifest is None else len(parse_keys((home / INDEX).read_bytes(), 0, 2**62)[0])
            description = manifest.description if manifest else ""
            used = home.stat().st_mtime
            found.append(ActivationsUsage(home.name, description or home.name, rows, get_disk_usage(home), used))
    return tuple(sorted(found, key=attrgetter("last_used")))


def parse_keys(content: bytes, first: int, rows: int) -> tuple[list[bytes], int]:
    """Return the keys of an index, or of its end, and the bytes they take; a torn block and all behind it is left.

    Args:
        content: of the index from a block on.
        first: place of that block's first row.
        rows: rows in the file of values.
    """
    keys: list[bytes] = []
    start = 0
    while (begin := start + HEADER.size) <= len(content):
        place, count, check = HEADER.unpack_from(content, start)
        end = begin + count * KEY_BYTES
        if not count or place != first + len(keys) or place + count > rows or end > len(content):
            break
        if check != _compute_crc(place, count, content[begin:end]):
            break
        keys += [content[key : key + KEY_BYTES] for key in range(begin, end, KEY_BYTES)]
        start = end
    return keys, start


def _pack_block(first: int, keys: list[bytes]) -> bytes:
    packed = b"".join(keys)
    return HEADER.pack(first, len(keys), _compute_crc(first, len(keys), packed)) + packed


def _compute_crc(first: int, count: int, packed: bytes) -> int:
    return zlib.crc32(packed, zlib.crc32(struct.pack("<QI", first, count)))


def _write_all(file: FileIO, rest: memoryview) -> None:
    while rest:
        rest = rest[file.write(rest) :]


def _open_existing(home: Path, wanted: Manifest, row_bytes: int) -> ActivationFiles | None:
    seen = _read_manifest(home)
    if seen is None:
        return None
    if (seen.shape, seen.kind) != (wanted.shape, wanted.kind):
        raise StoreError(
            f"the activations {home} hold {seen.kind} rows of shape {seen.shape}; wanted {wanted.kind} "
            f"{wanted.shape}: their key does not tell the two apart; delete that folder"
        )
    try:
        return ActivationFiles(home, row_bytes)
    except FileNotFoundError:
        return None


def _create(home: Path, manifest: Manifest, row_bytes: int) -> ActivationFiles:
    shutil.rmtree(home, ignore_errors=True)
    with new_folder(home) as draft:
        (draft / MANIFEST).write_text(json.dumps(asdict(manifest)), "utf-8")
        (draft / VALUES).touch()
        (draft / INDEX).touch()
    return ActivationFiles(home, row_bytes)


def _read_manifest(home: Path) -> Manifest | None:
    """Return a manifest; None where there is none that this headstart can read."""
    try:
        seen = json.loads((home / MANIFEST).read_text("utf-8"))
        if seen["schema"] != SCHEMA:
            return None
        return Manifest(tuple(seen["shape"]), seen["kind"], seen["description"])
    except (FileNotFoundError, NotADirectoryError, ValueError, KeyError, TypeError):
        return None
