"""Limits on the threads of NumPy's BLAS, a setting of the whole process that several threads may want at once.

OpenBLAS's threads spin for some 20 ms after each product in case another follows. Between two batches of items they so
take a core from those that decode and compute: EfficientNet-Lite0 with two threads on two cores, 89 to 99 items a
second in float32 where 141 to 156 are answered with BLAS on one thread, 157 to 167 where 242 to 248 are in bf16.
"""

import os
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


class BlasLimits:
    """Limits that are wanted in several threads at once: the lowest of them holds.

    Each sets the limit of all of BLAS: were each to give back what it found, one that began inside another and ended
    after it would leave its limit for ever.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._wanted: list[int] = []
        self._original: Any = None  #: what was before the first limit
        self._owed: Any = None  #: what was before a limit that a forked child began with
        self._libraries: Any = None
        self._modules = 0  #: that were imported when the libraries were looked for

    @contextmanager
    def __call__(self, threads: int) -> Iterator[None]:
        """Let BLAS have as many threads at most, inside."""
        with self._lock:
            made = self._limit(min([threads, *self._wanted]))  # another library may have raised it meanwhile
            if not self._wanted:
                self._original, self._owed = self._owed or made, None
            self._wanted.append(threads)
        try:
            yield
        finally:
            with self._lock:
                if threads in self._wanted:  # else the process was forked in between
                    self._give_back(threads)

    def _give_back(self, threads: int) -> None:
        held = min(self._wanted)
        self._wanted.remove(threads)
        if not self._wanted:
            self._release()
            self._original.restore_original_limits()
            self._release()
        elif min(self._wanted) > held:
            self._limit(min(self._wanted))

    def forget_threads(self) -> None:
        """In a forked child, which has none of the threads that wanted limits: the next limit gives back for them."""
        self._lock = threading.Lock()
        self._owed = self._original if self._wanted else self._owed
        self._wanted = []

    def _limit(self, threads: int) -> Any:
        self._find_libraries()
        self._release()
        made = self._libraries.limit(limits=threads)
        self._release()
        return made

    def _release(self) -> None:
        """Let this thread set limits: newer threadpoolctl silently lets one thread only, the first that set one."""
        for library in self._libraries.lib_controllers:
            if hasattr(library, "clear_controlling_thread"):
                library.clear_controlling_thread(force=True)

    def _find_libraries(self) -> Any:
        """Return the loaded libraries of BLAS; looking takes milliseconds, so only once more modules are imported."""
        from threadpoolctl import ThreadpoolController

        if self._libraries is None or len(sys.modules) != self._modules:
            self._libraries, self._modules = ThreadpoolController().select(user_api="blas"), len(sys.modules)
        return self._libraries


limit_blas = BlasLimits()  #: the one of this process: two would give back each other's limits
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=limit_blas.forget_threads)
