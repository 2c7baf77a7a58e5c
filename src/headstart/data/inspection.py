"""A first look at every file: its bytes are read once, for their digest and the photo's header.

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
from headstart.modalities.image.decoding.decode import BrokenPhoto, identify, measure_depth
from headstart.modalities.image.decoding.depth import describe_depth

MAX_BYTES = 1_000_000_000  #: a larger file is a film or an archive; it is not read

_CHUNK = 64  #: files per task, so that handing tasks out costs little

Thing = TypeVar("Thing")
Answer = TypeVar("Answer")


@dataclass(frozen=True, slots=True)
class Inspected:
    """A found file and what its bytes say."""

    raw: RawSample
    entry: LedgerEntry  #: accepted so far, or skipped


def inspect(found: Sequence[RawSample], listener: Listener) -> list[Inspected]:
    """Looks at every file, in several threads; answers in the order given."""
    return list(map_in_threads(_inspect, found, stage="read", workers=default_workers(), listener=listener))


def map_in_threads(
    work: Callable[[Thing], Answer], things: Sequence[Thing], *, stage: str, workers: int, listener: Listener
) -> Iterator[Answer]:
    """``work`` of every thing, in order, with progress reported."""
    chunks = [things[start : start + _CHUNK] for start in range(0, len(things), _CHUNK)]
    done = 0
    listener(Progress(stage, 0, len(things)))
    pool = ThreadPoolExecutor(workers, thread_name_prefix=f"headstart-{stage}")
    try:
        for answers in pool.map(lambda chunk: [work(thing) for thing in chunk], chunks):
            yield from answers
            done += len(answers)
            listener(Progress(stage, done, len(things)))
    finally:
        pool.shutdown(cancel_futures=True)


def default_workers() -> int:
    """Threads for reading files: two at least, since one waits for the disk while the other looks."""
    return min(8, max(2, os.cpu_count() or 2))


def why_unreadable(error: OSError) -> str:
    """Return an error of the file system as the reason why a file was skipped.

    Raises:
        HeadstartError: the machine is short of something, which is no fault of the file's.
    """
    refuse_machine_faults(error, "to read photos")
    return "missing file" if isinstance(error, FileNotFoundError) else f"unreadable: {error.strerror or error}"


def _inspect(found: RawSample) -> Inspected:
    if isinstance(found.source, FileSource):
        return Inspected(found, _look_at_file(found, found.source))
    return Inspected(found, _look_at_array(found, found.source))


def _look_at_file(found: RawSample, source: FileSource) -> LedgerEntry:
    try:
        status = source.path.stat()
        if not stat.S_ISREG(status.st_mode):  # reading a pipe would wait for ever
            return LedgerEntry(found.name, FileStatus.SKIPPED, "not a file", found.label)
        if status.st_size > MAX_BYTES:
            reason = f"{status.st_size / 1e9:.1f} GB; files of more than {MAX_BYTES / 1e9:g} GB are not read"
            return LedgerEntry(found.name, FileStatus.SKIPPED, reason, found.label)
        content = source.read()
    except OSError as error:
        return LedgerEntry(found.name, FileStatus.SKIPPED, why_unreadable(error), found.label)
    digest = compute_digest(content)
    if is_own_picture(content):
        return LedgerEntry(found.name, FileStatus.SKIPPED, "a picture that headstart drew", found.label, digest)
    try:
        header = identify(content)
    except BrokenPhoto as error:
        return LedgerEntry(found.name, FileStatus.SKIPPED, str(error), found.label, digest)
    facts = header.format, header.width, header.height, header.camera
    depth = measure_depth(content) if header.deep else None
    note = "; ".join(filter(None, (header.note, describe_depth(depth) if depth else "")))
    return LedgerEntry(found.name, FileStatus.ACCEPTED, "", found.label, digest, *facts, note=note, depth=depth)


def _look_at_array(found: RawSample, source: ArraySource) -> LedgerEntry:
    pixels = source.read()
    height, width = pixels.shape[:2]
    return LedgerEntry(found.name, FileStatus.ACCEPTED, "", found.label, compute_digest(pixels), "array", width, height)
