"""Few numbers are worked through by one thread, many by all."""

from contextlib import ExitStack
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from threadpoolctl import threadpool_info, threadpool_limits

from headstart.heads import class_problems, threads
from headstart.heads import logistic as linear
from headstart.heads.crossfit import cross_val_predict
from headstart.heads.head import FitResult
from headstart.heads.lda import fit_lda
from headstart.heads.threads import SMALL, limit_threads, limit_to_idle_threads
from headstart.settings import HeadSettings
from headstart_runtime.blas import limit_blas
from tests.heads.drawn import draw


def blas_threads() -> list[int]:
    np.ones((2, 2)) @ np.ones((2, 2))
    return [it["num_threads"] for it in threadpool_info() if it["user_api"] == "blas"]


@pytest.mark.parametrize(("numbers", "wanted"), [(SMALL - 1, 1), (SMALL, 2)])
def test_threads_follow_the_size_and_are_put_back(numbers: int, wanted: int) -> None:
    with threadpool_limits(limits=2, user_api="blas"):
        before = blas_threads()
        with limit_threads(numbers):
            assert set(blas_threads()) == {wanted}
        assert blas_threads() == before == [2] * len(before)


def test_they_are_put_back_after_an_error() -> None:
    with threadpool_limits(limits=2, user_api="blas"):
        with pytest.raises(RuntimeError, match="in between"), limit_threads(1):
            raise RuntimeError("in between")
        assert set(blas_threads()) == {2}


@pytest.mark.parametrize(("numbers", "busy", "wanted"), [(SMALL - 1, 0.1, 1), (SMALL, 1.0, 1), (SMALL, 0.1, 2)])
def test_large_work_takes_the_cores_that_others_leave(
    numbers: int, busy: float, wanted: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(threads, "_watch", threads._Watch())
    monkeypatch.setattr(threads, "measure_other_load", lambda seconds: busy)
    monkeypatch.setattr(threads, "count_cores", lambda: 2)
    with threadpool_limits(limits=2, user_api="blas"):
        with limit_to_idle_threads(numbers):
            assert set(blas_threads()) == {wanted}
        assert set(blas_threads()) == {2}


@pytest.mark.parametrize(("cores", "wanted"), [(4, 2), (2, 1), (1, 1)])
def test_workers_side_by_side_share_the_cores(cores: int, wanted: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(threads, "count_cores", lambda: cores)
    with threadpool_limits(limits=2, user_api="blas"):
        with threads.share_threads(2):
            assert set(blas_threads()) == {wanted}
        assert set(blas_threads()) == {2}


def test_what_is_held_out_is_solved_on_idle_cores_too(monkeypatch: pytest.MonkeyPatch) -> None:
    """Beside one busy process on two cores, a fit on one thread; the heads of the folds are not left to spin."""
    seen: list[set[int]] = []
    monkeypatch.setattr(threads, "SMALL", 1)
    monkeypatch.setattr(threads, "_watch", threads._Watch())
    monkeypatch.setattr(threads, "measure_other_load", lambda seconds: 1.0)
    monkeypatch.setattr(threads, "count_cores", lambda: 2)
    training_set, solve = draw(40), linear.minimise

    def seen_fit(*given: Any) -> FitResult:
        seen.append(set(blas_threads()))
        return fit_lda(*given)

    def seen_minimise(*given: Any) -> None:
        seen.append(set(blas_threads()))
        solve(*given)

    for module in (linear, class_problems):
        monkeypatch.setattr(module, "minimise", seen_minimise)
    with threadpool_limits(limits=2, user_api="blas"):
        cross_val_predict(training_set, seen_fit, HeadSettings.model_validate({}), None, folds=3)
        linear.predict_held_out_path(training_set, np.arange(40) % 3, [1.0])
    assert len(seen) > 4
    assert all(it == {1} for it in seen)


def test_two_fits_that_overlap_give_back_what_was() -> None:
    with threadpool_limits(limits=2, user_api="blas"):
        first, second = ExitStack(), ExitStack()
        first.enter_context(limit_threads(1))
        second.enter_context(limit_threads(1))
        first.close()
        second.close()
        assert set(blas_threads()) == {2}


def test_limits_of_several_numbers_that_overlap_are_given_back() -> None:
    """The lowest of them holds, and what was before the first comes back whatever ends last."""
    with threadpool_limits(limits=2, user_api="blas"):
        for first, second in ((1, 3), (3, 1)):
            low, high = ExitStack(), ExitStack()
            low.enter_context(limit_blas(first))
            high.enter_context(limit_blas(second))
            assert set(blas_threads()) == {1}
            low.close()
            assert set(blas_threads()) == {second}
            high.close()
            assert set(blas_threads()) == {2}


def test_what_others_take_is_all_but_ones_own(monkeypatch: pytest.MonkeyPatch) -> None:
    """2 s of the cores in 1 s, 0.5 s of them ours."""
    ticks, wall, own = iter([10.0, 12.0]), iter([0.0, 1.0]), iter([3.0, 3.5])
    monkeypatch.setattr(threads, "_ticks", lambda: next(ticks))
    clock = SimpleNamespace(perf_counter=lambda: next(wall), process_time=lambda: next(own), sleep=lambda seconds: None)
    monkeypatch.setattr(threads, "time", clock)
    assert threads.measure_other_load(1.0) == 1.5


def test_load_is_seen_since_the_last_look(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody waits for it again: the busy seconds since then are told, and for a moment what was told before."""
    clock = SimpleNamespace(perf_counter=lambda: now[0], process_time=lambda: now[1])
    now, busy = [0.0, 0.0], [0.0]
    monkeypatch.setattr(threads, "time", clock)
    monkeypatch.setattr(threads, "_ticks", lambda: busy[0])
    monkeypatch.setattr(threads, "measure_other_load", lambda seconds: 0.25)
    watch = threads._Watch()
    assert watch.find_load() == 0.25
    now[:], busy[0] = [0.05, 0.0], 3.0
    assert watch.find_load() == 0.25
    now[:], busy[0] = [4.0, 1.0], 7.0
    assert watch.find_load() == pytest.approx(1.5)
    now[0] = 4.0 + threads.RECENT
    assert watch.find_load() == 0.25


def test_ticks_of_the_cores_that_may_be_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stat = tmp_path / "stat"
    stat.write_text("cpu  9 9 9 9 9 9 9 9 9 9\ncpu0 100 20 30 999 999 5 5 40 7 7\ncpu1 1 0 0 0 0 0 0 0 0 0\nintr 5\n")
    monkeypatch.setattr(threads, "STAT", stat)
    monkeypatch.setattr(threads.os, "sched_getaffinity", lambda process: {0}, raising=False)
    monkeypatch.setattr(threads.os, "sysconf", lambda name: 100, raising=False)
    assert threads._ticks() == 2.0
    stat.unlink()
    assert threads._ticks() is None
    assert threads.measure_other_load(0.001) == 0.0
