"""Executors: they do the shards of a pass, several at a time. Which one does a pass is its caller's choice."""

import queue
import threading
import time
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

from headstart import events
from headstart_runtime.errors import Cancelled

REPORT_SECONDS = 0.1  #: between two progress events
AHEAD = 8  #: results of each thread that may wait to be taken: their taker may be waiting for a disk

S = TypeVar("S")
R = TypeVar("R")


class Executor(Protocol):
    """Does the shards of a pass. Work is a function of its shard alone, so it may be done anywhere."""

    def map(
        self, work: Callable[[S], R], shards: Iterable[S], cancel: events.CancelToken | None = None
    ) -> Generator[R, None, None]:
        """Yield what work gives for each shard, as it is done, in any order.

        The first error ends the pass: what is done by then is still yielded, and the error raised. A caller that does
        not take all of it closes the generator (``contextlib.closing``): nothing works any more afterwards.

        Raises:
            Cancelled: the token says so; it is asked between shards.
        """
        ...


@dataclass(frozen=True, slots=True)
class ThreadExecutor:
    """Threads of this process, for work that leaves Python's lock alone: decoders and engines do."""

    threads: int
    ahead: int = AHEAD  #: fewer where results are large

    def map(
        self, work: Callable[[S], R], shards: Iterable[S], cancel: events.CancelToken | None = None
    ) -> Generator[R, None, None]:
        """See ``Executor.map``; Ctrl-C ends it too."""
        run = _Pass(work, shards, cancel, self.threads, self.ahead)
        # Not Thread.join: interrupted by Ctrl-C, Python before 3.13 takes the thread for ended while it still runs, and
        # OpenVINO aborts a process that ends under it.
        ended = [threading.Event() for _ in range(self.threads)]
        for index, end in enumerate(ended):
            threading.Thread(target=run.loop, args=(end,), name=f"worker-{index}", daemon=True).start()
        try:
            yield from run.take_results()
            if run.failure:
                raise run.failure
        finally:
            run.stopped = True
            for end in ended:
                end.wait()
            run.failure = None  # it holds the frames it came through, and they hold it: the engine would never be freed


class _Pass(Generic[S, R]):
    """A pass that threads share: it hands out shards, takes results, and ends when a thread fails."""

    def __init__(
        self,
        work: Callable[[S], R],
        shards: Iterable[S],
        cancel: events.CancelToken | None,
        threads: int,
        ahead: int,
    ):
        self._work, self._shards, self._cancel, self._threads = work, iter(shards), cancel, threads
        self._lock = threading.Lock()
        self._results: queue.SimpleQueue[tuple[R] | None] = queue.SimpleQueue()  # None: a thread has ended
        # Results do not pile up where their taker is slower than the work.
        self._room = threading.Semaphore(ahead * threads)
        self.failure: BaseException | None = None
        self.stopped = False

    def loop(self, end: threading.Event) -> None:
        """Work through shards until there are no more."""
        try:
            for shard in iter(self._take_shard, None):
                self._put(self._work(shard[0]))
        except BaseException as error:  # noqa: BLE001 (raised again in the caller's thread)
            self.failure = self.failure or error
        finally:
            self._results.put(None)
            end.set()

    def take_results(self) -> Iterator[R]:
        """Yield results until all threads have ended."""
        running = self._threads
        while running:
            try:  # a wait without end would not let Ctrl-C through on every platform
                result = self._results.get(timeout=0.2)
            except queue.Empty:
                continue
            if result is None:
                running -= 1
                continue
            self._room.release()
            yield result[0]

    def _take_shard(self) -> tuple[S] | None:
        with self._lock:
            if self.stopped or self.failure is not None:
                return None
            if self._cancel is not None and self._cancel.is_cancelled:
                raise Cancelled("cancelled; what was computed is kept: the same call goes on from there")
            return next(((shard,) for shard in self._shards), None)

    def _put(self, result: R) -> None:
        while not self._room.acquire(timeout=0.2):
            if self.stopped:
                return
        self._results.put((result,))


class ProgressMeter:
    """Tells a listener of what is done, not too often."""

    def __init__(self, stage: str, total: int, unit: str, listener: events.Listener):
        self._stage, self._total, self._unit, self._listener = stage, total, unit, listener
        self._done = 0
        self._reported = 0.0

    def add(self, count: int) -> None:
        """Count what is done; tell the listener now and then, and at the end."""
        self._done += count
        now = time.perf_counter()
        if now - self._reported >= REPORT_SECONDS or self._done >= self._total:
            self._reported = now
            self._listener(events.Progress(self._stage, self._done, self._total, self._unit))


def cut_heavy_shards(items: Sequence[S], weights: Sequence[float], least: int, most: int) -> Iterator[Sequence[S]]:
    """Yield items, about as heavy together each time.

    Args:
        items: the heaviest first.
        weights: of each, in any unit.
        least: how many of the heaviest are taken at a time.
        most: how many of any.
    """
    start, limit = 0, least * weights[0] if len(weights) else 0.0
    while start < len(items):
        count = int(limit / weights[start]) if weights[start] > 0 else most
        end = start + max(least, min(count, most))
        yield items[start:end]
        start = end


def cut_shards(items: Sequence[S], size: int) -> Iterator[Sequence[S]]:
    """Yield items, so many at a time."""
    for start in range(0, len(items), size):
        yield items[start : start + size]
