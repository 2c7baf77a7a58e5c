"""Marks of the jobs that have a store in use, so that pruning leaves what they need.

::

    STORE/in-use/BEGAN-ID.lock   locked by a job from its beginning, nanoseconds since 1970, to its end
    STORE/in-use/gate            locked while a job begins, and while the store is pruned

A job stamps all that it takes up: networks, archives, activations and trainings by their folder's time, rows by the
index. What has a stamp from after the beginning of a running job is taken to be in use by it. The locks are the
system's: those of a process that was killed are free.
"""

import time
import uuid
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from filelock import FileLock, Timeout

FOLDER, GATE, ENDING = "in-use", "gate", ".lock"
SLACK = 2.0  #: seconds by which clocks and times of files may differ


@contextmanager
def mark_in_use(store: Path) -> Iterator[None]:
    """Mark a store as in use by a job for as long as the block runs; wait while it is pruned.

    Raises:
        OSError: the mark cannot be made.
    """
    folder = store / FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    with FileLock(folder / GATE, thread_local=False):
        mark = folder / f"{time.time_ns()}-{uuid.uuid4().hex[:12]}{ENDING}"
        lock = FileLock(mark, thread_local=False)
        lock.acquire()
    try:
        yield
    finally:
        lock.release()
        with suppress(OSError):  # who prunes is just looking at it, on Windows
            mark.unlink(missing_ok=True)


@contextmanager
def try_mark_in_use(store: Path) -> Iterator[None]:
    """Mark a store as ``mark_in_use`` does, for a job that may unpack samples into it and wants nothing else of it.

    Where it cannot be marked nothing is: a folder of samples needs no store, and an archive says so when it is
    unpacked.
    """
    with ExitStack() as stack:
        with suppress(OSError):
            stack.enter_context(mark_in_use(store))
        yield


@contextmanager
def lock_for_pruning(store: Path) -> Iterator[float]:
    """Keep jobs from beginning; yield the time from which on stamps are of running jobs, infinity where none runs.

    Seconds since 1970. Marks of jobs that are no more are removed.
    """
    folder = store / FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    with FileLock(folder / GATE, thread_local=False):
        yield min(
            (began for mark in folder.glob(f"*{ENDING}") if (began := _read_beginning(mark)) is not None),
            default=float("inf"),
        )


def _read_beginning(mark: Path) -> float | None:
    """Return when the job of a mark began, less the slack; None where it runs no more."""
    try:
        with FileLock(mark, thread_local=False).acquire(blocking=False):
            pass
    except Timeout:
        with suppress(ValueError):
            return int(mark.name.partition("-")[0]) / 1e9 - SLACK
        return 0.0  # a mark of another kind: all is in use
    with suppress(OSError):
        mark.unlink(missing_ok=True)
    return None
