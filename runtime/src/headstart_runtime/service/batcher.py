"""Items of many calls, gathered into batches: bounded wait, bounded queue, threads that decode and compute.

A thread takes what is there when nobody else is at work, so a single caller waits for nothing. While other batches are
under way it waits, at most ``wait`` seconds from an item's arrival, for its own batch to fill.
"""

import math
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any

from headstart_runtime.inference.batch_worker import BatchWorker
from headstart_runtime.inference.forking import after_fork, keep_for_ever
from headstart_runtime.tasks.task import OutputRule

SMOOTHING = 0.2  #: of the pace, the share of the last batch


class QueueFull(Exception):
    """There is no room for more items now."""

    def __init__(self, retry_after: int):
        super().__init__(f"the queue is full; come again in {retry_after} s")
        self.retry_after = retry_after  #: seconds


@dataclass(slots=True, eq=False)
class _Entry:
    item: Any
    rule: OutputRule
    future: "Future[Any]" = field(default_factory=Future)
    arrived: float = field(default_factory=time.monotonic)


class Batcher:
    """The queue of one model, and the threads that answer what is in it."""

    def __init__(
        self,
        make_worker: Callable[[], BatchWorker],
        *,
        capacity: int,
        wait: float,
        told: Callable[[int], None] = lambda _: None,
    ):
        """Prepare; threads start with the first item, and once more in a forked child.

        Args:
            make_worker: gives what answers batches; called in each process that answers.
            capacity: items that may wait.
            wait: seconds for which an item is held back at most.
            told: called with the size of each batch, from the threads.
        """
        self._make_worker, self._capacity, self._wait, self._told = make_worker, capacity, wait, told
        self._worker: BatchWorker | None = None
        self._reset()
        after_fork(self, Batcher._abandon)

    def _reset(self) -> None:
        self._entries: deque[_Entry] = deque()
        self._changed = threading.Condition()
        self._gathering = threading.Lock()  #: held by the thread whose batch fills
        self._making = threading.Lock()
        self._threads: list[threading.Thread] = []
        self._busy = 0  #: batches under way
        self._closed = False
        self._pace = 0.0  #: seconds for an item, of late

    def _abandon(self) -> None:
        keep_for_ever(self._worker)
        self._worker = None
        self._reset()

    def __len__(self) -> int:
        """Return how many items wait."""
        return len(self._entries)

    @property
    def worker(self) -> BatchWorker:
        """The worker that answers batches, made when it is first asked for."""
        with self._making:
            if self._worker is None:
                self._worker = self._make_worker()
            return self._worker

    def submit(self, items: Sequence[Any], rule: OutputRule) -> "list[Future[Any]]":
        """Return for each item what its answer will be; one that is cancelled before its turn is left out.

        Args:
            items: of one call; all of them are taken, or none.
            rule: by which they are answered.

        Raises:
            QueueFull: there is no room for them.
        """
        worker = self.worker
        with self._changed:
            if len(self._entries) + len(items) > self._capacity:
                raise QueueFull(min(60, max(1, math.ceil(len(self._entries) * self._pace))))
            entries = [_Entry(item, rule) for item in items]
            self._entries.extend(entries)
            if not self._threads:
                self._start(worker)
            self._changed.notify_all()
        return [entry.future for entry in entries]

    def _start(self, worker: BatchWorker) -> None:
        self._threads = [
            threading.Thread(target=self._work, args=(worker,), name=f"answer-{number}", daemon=True)
            for number in range(worker.threads)
        ]
        for thread in self._threads:
            thread.start()

    def close(self) -> None:
        """Answer all that waits, then end the threads; returns once they have ended. What comes later starts others."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
        for thread in self._threads:
            thread.join()
        with self._changed:
            self._closed, self._threads = False, []
            if self._entries:  # that came while the last thread ended
                self._start(self.worker)

    def _work(self, worker: BatchWorker) -> None:
        while batch := self._gather(worker.size):
            began = time.monotonic()
            self._answer(worker, batch)
            taken = (time.monotonic() - began) / (len(batch) * worker.threads)
            with self._changed:
                self._busy -= 1
                self._pace += SMOOTHING * (taken - self._pace) if self._pace else taken
                self._changed.notify_all()

    def _gather(self, size: int) -> list[_Entry]:
        """Return the next batch, which counts as under way; an empty one once the queue is closed and empty."""
        with self._gathering, self._changed:
            while True:
                while not self._entries and not self._closed:
                    self._changed.wait()
                while 0 < len(self._entries) < size and self._busy and not self._closed:
                    left = self._entries[0].arrived + self._wait - time.monotonic()
                    if left <= 0:
                        break
                    self._changed.wait(left)
                batch: list[_Entry] = []
                while self._entries and len(batch) < size:
                    entry = self._entries.popleft()
                    if entry.future.set_running_or_notify_cancel():
                        batch.append(entry)
                if batch or (self._closed and not self._entries):
                    self._busy += 1
                    return batch

    def _answer(self, worker: BatchWorker, batch: Sequence[_Entry]) -> None:
        self._told(len(batch))
        try:
            answers = worker.predict([entry.rule for entry in batch], [entry.item for entry in batch])
        except Exception as error:  # noqa: BLE001  whoever waits is told, and the thread goes on
            if len(batch) == 1:
                batch[0].future.set_exception(error)
            else:  # one item's fault is not that of its neighbours
                for entry in batch:
                    self._answer(worker, [entry])
            return
        for entry, answer in zip(batch, answers, strict=True):
            entry.future.set_result(answer)
