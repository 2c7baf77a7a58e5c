"""Limits on the threads of BLAS: found anew where libraries come, given back in a forked child too."""

import sys
import threading
from types import ModuleType

import numpy as np
import pytest
from threadpoolctl import threadpool_info, threadpool_limits

from headstart_runtime.blas import BlasLimits


def blas_threads() -> set[int]:
    np.ones((2, 2)) @ np.ones((2, 2))
    return {it["num_threads"] for it in threadpool_info() if it["user_api"] == "blas"}


def test_libraries_are_looked_for_again_once_a_module_came(monkeypatch: pytest.MonkeyPatch) -> None:
    limits = BlasLimits()
    with threadpool_limits(limits=2, user_api="blas"):
        found: list[object] = []
        for number in range(3):
            if number == 2:
                monkeypatch.setitem(sys.modules, "a_module_that_came", ModuleType("a_module_that_came"))
            with limits(1):
                assert blas_threads() == {1}
            found.append(limits._libraries)
        assert found[0] is found[1] is not found[2]
        assert blas_threads() == {2}


def test_a_child_forked_inside_a_limit_neither_waits_nor_keeps_it() -> None:
    """As after a fork: the thread that held the lock and the limit is not there any more."""
    limits = BlasLimits()
    with threadpool_limits(limits=2, user_api="blas"):
        of_another_thread = limits(1)
        of_another_thread.__enter__()
        held = limits._lock
        held.acquire()
        limits.forget_threads()
        assert not limits._lock.locked()
        assert blas_threads() == {1}
        with limits(1):
            assert blas_threads() == {1}
        assert blas_threads() == {2}
        held.release()
        of_another_thread.__exit__(None, None, None)  # in the child, by the thread that forked
        assert blas_threads() == {2}


def test_any_thread_can_limit() -> None:
    """Newer threadpoolctl lets the first thread that set a limit set others, and ignores the rest in silence."""
    limits, seen = BlasLimits(), list[set[int]]()

    def work() -> None:
        with limits(1):
            seen.append(blas_threads())

    with threadpool_limits(limits=2, user_api="blas"):
        thread = threading.Thread(target=work)
        thread.start()
        thread.join()
        assert blas_threads() == {2}
    assert seen == [{1}]


def test_a_limit_that_others_raised_holds_again() -> None:
    limits = BlasLimits()
    with threadpool_limits(limits=2, user_api="blas"), limits(1):
        threadpool_limits(limits=2, user_api="blas")
        with limits(2):
            assert blas_threads() == {1}
