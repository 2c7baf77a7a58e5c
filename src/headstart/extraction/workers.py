"""Threads that share a queue of work: batches are handed out, progress is reported, the first error ends it."""

import itertools
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Generic, TypeVar

from headstart import events

REPORT_SECONDS = 0.1  #: between two progress events

T = TypeVar("T")


class WorkQueue(Generic[T]):
    """A queue that hands out batches to threads, counts what is done, and ends when a thread fails."""

    def __init__(self, items: Sequence[T], batch: int, listener: events.Listener, *, stage: str):
        self._items: Iterator[T] = iter(items)
        self._total, self._batch, self._listener, self._stage = len(items), batch, listener, stage
        self._lock = threading.Lock()
        self._done = 0
        self._reported = 0.0
        self.failure: BaseException | None = None

    def take(self) -> list[T]:
        """Return the next batch; empty at the end or once the pass has failed."""
        with self._lock:
            return [] if self.failure else list(itertools.islice(self._items, self._batch))

    def finish(self, count: int) -> None:
        """Count what is done; tell the listener now and then."""
        with self._lock:
            self._done += count
            now = time.perf_counter()
            if now - self._reported < REPORT_SECONDS and self._done < self._total:
                return
            self._reported, done = now, self._done
            self._listener(events.Progress(self._stage, done, self._total))

    def fail(self, error: BaseException) -> None:
        """End the pass: no thread gets another batch."""
        with self._lock:
            self.failure = self.failure or error


def run_in_threads(queue: WorkQueue[T], work: Callable[[list[T]], None], count: int) -> None:
    """Work through a queue in threads; the first error ends the pass and is raised here. So does Ctrl-C."""
    # Not Thread.join: interrupted by Ctrl-C, Python before 3.13 takes the thread for ended while it still runs, and
    # OpenVINO aborts a process that ends under it.
    ended = [threading.Event() for _ in range(count)]

    def loop(end: threading.Event) -> None:
        try:
            while batch := queue.take():
                work(batch)
                queue.finish(len(batch))
        except BaseException as error:  # noqa: BLE001 (raised again below, in the caller's thread)
            queue.fail(error)
        finally:
            end.set()

    for index, end in enumerate(ended):
        threading.Thread(target=loop, args=(end,), name=f"worker-{index}", daemon=True).start()
    try:
        _wait(ended, queue)
        if queue.failure:
            raise queue.failure
    finally:
        queue.failure = None  # it holds the frames it came through, and they hold it: the engine would never be freed


def _wait(ended: Sequence[threading.Event], queue: WorkQueue[T]) -> None:
    """Wait until all threads have ended, which they soon do when Ctrl-C interrupts this."""
    try:
        for end in ended:
            while not end.wait(0.2):  # a wait without end would not let Ctrl-C through on every platform
                pass
    except BaseException as error:
        queue.fail(error)
        for end in ended:
            end.wait()
        raise
