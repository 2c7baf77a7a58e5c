"""Work on batches of items in threads, in the order in which the items come.

What comes slowly is never held back for a batch to fill, nor for answers that are under way.
"""

import os
import queue
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sized
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice
from typing import Generic, TypeVar

from headstart_runtime.errors import HeadstartError

In = TypeVar("In")
Out = TypeVar("Out")

PREFETCH = 4  #: batches per core that may be under way or wait for an earlier one, so that memory stays bounded
PATIENCE = 0.05  #: seconds; an item that took longer to come was waited for, and answers are not held back for more
_POLL = 0.5  #: seconds between two looks for Ctrl-C, which a wait without end does not notice on Windows


class Arrivals(Iterator[In], Generic[In]):
    """The items of a slow source, taken from it by a thread, so that one can tell whether more are there already.

    For a pipe or a queue that another program feeds. The source must not mind the thread.
    """

    def __init__(self, source: Iterable[In], most: int = 256):
        self._queue: queue.Queue[tuple[str, In | BaseException | None]] = queue.Queue(most)
        self._over = False
        threading.Thread(target=self._take, args=(source,), name="arrivals", daemon=True).start()

    def is_ready(self) -> bool:
        """Return whether ``next`` would not wait."""
        return self._over or not self._queue.empty()

    def __next__(self) -> In:
        while not self._over:
            try:
                kind, value = self._queue.get(timeout=_POLL)
            except queue.Empty:
                continue
            if kind == "item":
                return value  # type: ignore[return-value]
            self._over = True
            if isinstance(value, BaseException):
                raise value
        raise StopIteration

    def _take(self, source: Iterable[In]) -> None:
        try:
            for item in source:
                self._queue.put(("item", item))
        except BaseException as error:  # noqa: BLE001  it is raised where the items are used
            self._queue.put(("error", error))
        else:
            self._queue.put(("end", None))


class Prefetchable(Iterator[In], Generic[In]):
    """The items of a source that does not wait for answers, such as a folder: they may be taken in advance."""

    def __init__(self, source: Iterable[In]):
        self._items = iter(source)

    def __next__(self) -> In:
        return next(self._items)


class _UpToFailure(Iterator[In], Generic[In]):
    """Items up to where their source fails; what it raised is kept until those that came before are answered."""

    def __init__(self, items: Iterable[In]):
        self._items = iter(items)
        self.failure: Exception | None = None

    def __next__(self) -> In:
        if self.failure is None:
            try:
                return next(self._items)
            except StopIteration:
                raise
            except Exception as error:  # noqa: BLE001  whatever the caller's iterator raises
                self.failure = error
        raise StopIteration


@dataclass(frozen=True, slots=True)
class _Batch(Generic[In]):
    items: list[In]
    last_for_now: bool  #: what is under way is to be given before more is waited for


def map_in_order(
    work: Callable[[list[In]], list[Out]], items: Iterable[In], *, size: int, threads: int
) -> Iterator[Out]:
    """Yield what ``work`` makes of batches of items, in order.

    Args:
        work: gives an answer for each item of a batch; called from several threads.
        items: taken from in this thread. Of a list all are there. Of ``Arrivals`` those that are there are batched, and
            answered before another is waited for. Any other iterator is tried: its first item is answered before the
            second is taken, then 2, 4 and 8 are taken at once, and so on while none of them takes longer than
            ``PATIENCE``; if one does, all that was taken is answered first.
        size: items in a batch.
        threads: batches that are worked on at the same time; ``PREFETCH`` times as many are taken in advance.

    Raises:
        Exception: what ``items`` raises, once all that it gave before is answered.
    """
    process = os.getpid()
    with ThreadPoolExecutor(threads, thread_name_prefix="predict") as pool:
        waiting: deque[Future[list[Out]]] = deque()
        try:
            source = _UpToFailure(items)
            for batch in _batches(items, source, size):
                waiting.append(pool.submit(work, batch.items))
                while waiting and (batch.last_for_now or len(waiting) >= threads * PREFETCH or waiting[0].done()):
                    yield from waiting.popleft().result()
                    _refuse_fork(process)
            while waiting:
                yield from waiting.popleft().result()
                _refuse_fork(process)
            if source.failure is not None:
                raise source.failure
        finally:
            for future in waiting:
                future.cancel()


def _refuse_fork(process: int) -> None:
    if os.getpid() != process:
        raise HeadstartError("a stream was forked, and its threads were not; begin one in the child")


def _batches(items: Iterable[In], source: Iterator[In], size: int) -> Iterator[_Batch[In]]:
    if isinstance(items, Sized):
        while taken := list(islice(source, size)):
            yield _Batch(taken, last_for_now=False)
    elif isinstance(items, Arrivals):
        yield from _batch_arrivals(items, source, size)
    else:
        yield from _batch_by_pace(source, size)


def _batch_arrivals(arrivals: Arrivals[In], source: Iterator[In], size: int) -> Iterator[_Batch[In]]:
    for first in source:
        taken = [first]
        while len(taken) < size and arrivals.is_ready():
            try:
                taken.append(next(source))
            except StopIteration:
                break
        yield _Batch(taken, last_for_now=not arrivals.is_ready())


def _batch_by_pace(items: Iterator[In], size: int) -> Iterator[_Batch[In]]:
    """Yield batches that grow while items come quickly."""
    trust = 1
    while True:
        taken: list[In] = []
        slow = False
        while len(taken) < min(trust, size) and not slow:
            began = time.monotonic()
            try:
                taken.append(next(items))
            except StopIteration:
                if taken:
                    yield _Batch(taken, last_for_now=True)
                return
            slow = time.monotonic() - began > PATIENCE
        yield _Batch(taken, last_for_now=slow or trust <= size)
        trust = 1 if slow else 2 * trust
