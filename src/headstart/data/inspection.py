"""Inspection of every file: its bytes are read once, for their digest and the photo's header.

Nothing is decoded but photos with more than 8 bits, whose values are measured.
"""

import os
import stat
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TypeVar

from headstart.data.own_output import is_own_picture
from headstart.data.readers.listing import RawSample
from headstart.data.samples import ArraySource, FileSource, FileStatus, LedgerEntry, compute_digest
from headstart.errors import refuse_machine_faults
from headstart.events import Listener, Progress
from headstart.modalities.image.decode import identify, measure_depth
from headstart.modalities.image.decoding.depth import describe_depth
from headstart.modalities.modality import BrokenItem

MAX_BYTES = 1_000_000_000  #: a larger file is a film or an archive; it is not read

_CHUNK = 64  #: files per task, so that handing tasks out costs little

Item = TypeVar("Item")
Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class Inspected:
    """A listed file and the ledger entry that its bytes give."""

    raw: RawSample
    entry: LedgerEntry  #: accepted so far, or skipped


def inspect(samples: Sequence[RawSample], listener: Listener) -> list[Inspected]:
    """Return every file inspected, in the order given; several threads read."""
    return list(map_in_threads(_inspect, samples, stage="read", workers=default_workers(), listener=listener))


def map_in_threads(
    work: Callable[[Item], Result], items: Sequence[Item], *, stage: str, workers: int, listener: Listener
) -> Iterator[Result]:
    """Yield ``work`` of every item, in order, and report the progress."""
    chunks = [items[start : start + _CHUNK] for start in range(0, len(items), _CHUNK)]
    done = 0
    listener(Progress(stage, 0, len(items)))
    pool = ThreadPoolExecutor(workers, thread_name_prefix=f"headstart-{stage}")
    try:
        for results in pool.map(lambda chunk: [work(item) for item in chunk], chunks):
            yield from results
            done += len(results)
            listener(Progress(stage, done, len(items)))
    finally:
        pool.shutdown(cancel_futures=True)


def default_workers() -> int:
    """Return the number of threads that read files: two at least, since one waits for the disk."""
    return min(8, max(2, os.cpu_count() or 2))


def describe_read_error(error: OSError) -> str:
    """Return an error of the file system as the reason why a file was skipped.

    Raises:
        HeadstartError: the machine is short of something, which is no fault of the file's.
    """
    refuse_machine_faults(error, "to read photos")
    return "missing file" if isinstance(error, FileNotFoundError) else f"unreadable: {error.strerror or error}"


def _inspect(raw: RawSample) -> Inspected:
    if isinstance(raw.source, FileSource):
        return Inspected(raw, _inspect_file(raw, raw.source))
    return Inspected(raw, _inspect_array(raw, raw.source))


def _inspect_file(raw: RawSample, source: FileSource) -> LedgerEntry:
    try:
        status = source.path.stat()
        if not stat.S_ISREG(status.st_mode):  # reading a pipe would wait for ever
            return LedgerEntry(raw.name, FileStatus.SKIPPED, "not a file", raw.label)
        if status.st_size > MAX_BYTES:
            reason = f"{status.st_size / 1e9:.1f} GB; files of more than {MAX_BYTES / 1e9:g} GB are not read"
            return LedgerEntry(raw.name, FileStatus.SKIPPED, reason, raw.label)
        content = source.read()
    except OSError as error:
        return LedgerEntry(raw.name, FileStatus.SKIPPED, describe_read_error(error), raw.label)
    digest = compute_digest(content)
    if is_own_picture(content):
        return LedgerEntry(raw.name, FileStatus.SKIPPED, "a picture that headstart drew", raw.label, digest)
    try:
        header = identify(content)
    except BrokenItem as error:
        return LedgerEntry(raw.name, FileStatus.SKIPPED, str(error), raw.label, digest)
    facts = header.format, header.width, header.height, header.camera
    depth = measure_depth(content) if header.deep else None
    note = "; ".join(filter(None, (header.note, describe_depth(depth) if depth else "")))
    return LedgerEntry(raw.name, FileStatus.ACCEPTED, "", raw.label, digest, *facts, note=note, depth=depth)


def _inspect_array(raw: RawSample, source: ArraySource) -> LedgerEntry:
    pixels = source.read()
    height, width = pixels.shape[:2]
    return LedgerEntry(raw.name, FileStatus.ACCEPTED, "", raw.label, compute_digest(pixels), "array", width, height)
