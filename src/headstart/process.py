"""Settings of the whole process: changed for a while and given back, or set once by a program that owns the process."""

import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

#: Threads of OpenMP and BLAS that wait for work let go of their core at once: spinning gains microseconds on an idle
#: machine and takes the core from those that work on a busy one. Each library reads its own when it is first loaded.
PASSIVE_WAITING = {
    "OMP_WAIT_POLICY": "PASSIVE",
    "GOMP_SPINCOUNT": "0",  # libgomp, PyTorch's on Linux
    "KMP_BLOCKTIME": "0",  # LLVM's and Intel's, PyTorch's on macOS and Windows
    "OPENBLAS_THREAD_TIMEOUT": "20",  # NumPy's: 2^20 cycles, 0.4 ms, instead of 2^26; products follow each other sooner
}


def set_passive_waiting() -> None:
    """Set ``PASSIVE_WAITING`` for this process and those that it starts, as far as the user did not.

    For a program's entry.

    It has to come before NumPy and PyTorch are imported. A library must not do it: the environment is the user's.
    """
    for name, value in PASSIVE_WAITING.items():
        os.environ.setdefault(name, value)


@contextmanager
def passive_waiting() -> Iterator[None]:
    """Inside, libraries that are loaded find ``PASSIVE_WAITING``; the environment is given back afterwards.

    Around the first import of PyTorch, where headstart is used as a library.
    """
    before = {name: os.environ.get(name) for name in PASSIVE_WAITING}
    set_passive_waiting()
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)


class Override:
    """A change of a setting of the whole process that several may want at once, in threads of their own.

    The first makes it, the last undoes it: were each to give back what it found, one that began inside another and
    ended after it would leave the change for ever.
    """

    def __init__(self, change: Callable[[], Callable[[], object]]):
        """Names the change.

        Args:
            change: makes it, and gives what undoes it.
        """
        self._change = change
        self._lock = threading.Lock()
        self._wanted = 0
        self._undo: Callable[[], object] = lambda: None

    @contextmanager
    def __call__(self) -> Iterator[None]:
        """Inside, the change is made."""
        with self._lock:
            if not self._wanted:
                self._undo = self._change()
            self._wanted += 1
        try:
            yield
        finally:
            with self._lock:
                self._wanted -= 1
                if not self._wanted:
                    self._undo()
