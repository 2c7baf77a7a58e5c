"""Limits on the threads of BLAS while heads are solved."""

import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from headstart_runtime.blas import limit_blas
from headstart_runtime.hardware import count_cores

SMALL = 5_000_000  #: numbers of features; with fewer a second thread gains nothing
LOOK = 0.1  #: seconds in which it is seen how busy the cores are
RECENT = 10.0  #: seconds ago from which on what was seen before says nothing
STAT = Path("/proc/stat")


@contextmanager
def limit_threads(numbers: int) -> Iterator[None]:
    """Give BLAS one thread where little is computed, all of them where much is.

    OpenBLAS's threads spin while they wait for each other, so two of them on cores that have other work too took 7.6 s
    for what one does in 0.8 (1,013 rows of 1,280 features, six classes; idle cores: 0.8 s either way). With 8,000
    rows two are 1.5 times as fast as one.

    Args:
        numbers: rows times their width.
    """
    if numbers >= SMALL:
        yield
        return
    with limit_blas(1):
        yield


@contextmanager
def limit_to_idle_threads(numbers: int) -> Iterator[None]:
    """Give BLAS, where much is computed, as many threads as there are cores without other work; one where little is.

    Little may be computed inside what is large as a whole, such as a head on a narrow layer of many rows: 6,500 rows of
    40 and of 320 features in ten classes took two threads on a busy machine 18.6 s of the processor, one 3.7.

    4,099 rows of 1,280 features beside two busy processes on two cores: two threads 29 s, one 5.4; no setting of
    OpenBLAS helps, for one that computes waits for the other within each product.

    Args:
        numbers: rows times their width.
    """
    if numbers < SMALL:
        with limit_blas(1):
            yield
        return
    free = count_idle_cores()
    if free >= count_cores():
        yield
        return
    with limit_blas(free):
        yield


def count_idle_cores() -> int:
    """Return how many of the cores that this process may use do nothing else, one at least."""
    return max(1, int(count_cores() - _watch.find_load() + 0.25))


@contextmanager
def share_threads(workers: int) -> Iterator[None]:
    """Give BLAS the share of the cores that each of some workers has that compute side by side, one at least."""
    with limit_blas(max(1, count_cores() // workers)):
        yield


def measure_other_load(seconds: float) -> float:
    """Return how many of the cores that this process may use other processes keep busy, seen over so many seconds.

    0 where the system does not say (proc(5), /proc/stat).
    """
    before, own = _ticks(), time.process_time()
    if before is None:
        return 0.0
    began = time.perf_counter()
    time.sleep(seconds)
    after = _ticks()
    took = time.perf_counter() - began
    if after is None or took <= 0:
        return 0.0
    return max(0.0, (after - before - (time.process_time() - own)) / took)


class _Watch:
    """The load of other processes since it was asked for before, so that nobody waits while it is measured again."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._seen: tuple[float, float, float] | None = None  #: when, the busy seconds of all, those of this process
        self._load = 0.0

    def find_load(self) -> float:
        """Return how many cores others kept busy since the last call; within ``LOOK`` of that what it gave.

        Where the last call is long ago, or there was none, it is measured for ``LOOK``.
        """
        with self._lock:
            before, now = self._seen, time.perf_counter()
            age = now - before[0] if before else RECENT
            if before is None or age >= RECENT:
                self._load = measure_other_load(LOOK)
            elif age < LOOK:
                return self._load
            elif (busy := _ticks()) is not None:
                self._load = max(0.0, (busy - before[1] - (time.process_time() - before[2])) / age)
            ticks = _ticks()
            self._seen = None if ticks is None else (time.perf_counter(), ticks, time.process_time())
            return self._load


def _ticks() -> float | None:
    """Return the seconds that the cores which this process may use were busy since the machine was started."""
    with suppress(OSError, ValueError, AttributeError):
        allowed = {f"cpu{number}" for number in os.sched_getaffinity(0)}
        hertz, busy = os.sysconf("SC_CLK_TCK"), 0
        for line in STAT.read_text("ascii").splitlines():
            name, *ticks = line.split()
            if name in allowed:
                user, nice, system, _idle, _waiting, *rest = map(int, ticks[:8])
                busy += user + nice + system + sum(rest)
        return busy / hertz
    return None


_watch = _Watch()
