"""Answers in order, none held back while more is waited for, and bounded memory."""

import itertools
import os
import subprocess
import sys
import threading
from collections.abc import Iterator

import pytest

from headstart_runtime.inference import streaming
from headstart_runtime.inference.streaming import PREFETCH, Arrivals, map_in_order

SIZE, THREADS = 4, 2


def doubled(batch: list[int]) -> list[int]:
    return [2 * item for item in batch]


def answers(items: object) -> Iterator[int]:
    return map_in_order(doubled, items, size=SIZE, threads=THREADS)  # type: ignore[arg-type]


@pytest.mark.parametrize("count", [0, 1, 3, 4, 5, 100])
@pytest.mark.parametrize("made", [list, iter, lambda it: Arrivals(iter(it))])
def test_every_item_is_done_once_and_in_order(made: object, count: int) -> None:
    assert list(answers(made(range(count)))) == [2 * item for item in range(count)]  # type: ignore[operator]


def test_the_first_is_done_before_the_second_is_taken() -> None:
    def one_then_nothing() -> Iterator[int]:
        yield 1
        raise AssertionError("the second was taken")

    assert next(answers(one_then_nothing())) == 2


def test_where_items_come_slowly_each_is_done_before_the_next_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every one, however many there are: who asks may wait for the answer before it asks again."""
    monkeypatch.setattr(streaming, "PATIENCE", -1.0)  # every item came slowly
    given = 0

    def asked() -> Iterator[int]:
        for item in range(30):
            assert given == item
            yield item

    for given, answer in enumerate(answers(asked()), 1):
        assert answer == 2 * (given - 1)


def test_where_items_come_quickly_only_so_many_are_taken_in_advance(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streaming, "PATIENCE", float("inf"))
    taken = itertools.count()
    stream = answers(taken)
    for _ in range(100):
        next(stream)
    stream.close()  # type: ignore[attr-defined]
    assert next(taken) <= 100 + SIZE * (THREADS * PREFETCH + 1)


def test_batches_fill_where_items_come_quickly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streaming, "PATIENCE", float("inf"))
    sizes: list[int] = []

    def counted(batch: list[int]) -> list[int]:
        sizes.append(len(batch))
        return batch

    list(map_in_order(counted, iter(range(100)), size=SIZE, threads=1))
    assert sizes[:3] == [1, 2, 4]
    assert set(sizes[3:-1]) == {SIZE}


def test_of_arrivals_all_that_is_there_is_done_before_more_is_waited_for() -> None:
    """A burst of nine, then nothing until all of it is answered: an ordinary iterator could not tell."""
    answered = threading.Event()

    def burst() -> Iterator[int]:
        yield from range(9)
        assert answered.wait(60), "the answers were held back"
        yield 9

    stream = answers(Arrivals(burst()))
    assert list(itertools.islice(stream, 9)) == [2 * item for item in range(9)]
    answered.set()
    assert list(stream) == [18]


def test_what_goes_wrong_in_a_source_is_raised_where_it_is_used() -> None:
    def broken() -> Iterator[int]:
        yield 1
        raise OSError("the pipe is gone")

    arrivals = Arrivals(broken())
    assert next(arrivals) == 1
    with pytest.raises(OSError, match="the pipe is gone"):
        next(arrivals)
    assert arrivals.is_ready()
    assert list(arrivals) == []


class _ListThatFails(list[int]):
    """It has a length, as a sequence that reads what it gives, and fails at the 18th."""

    def __iter__(self) -> Iterator[int]:
        yield from range(17)
        raise OSError("the drive is gone")


@pytest.mark.parametrize(
    "made", [lambda: iter(_ListThatFails([0])), lambda: Arrivals(_ListThatFails([0])), lambda: _ListThatFails([0])]
)
def test_what_came_before_a_source_fails_is_done(made: object) -> None:
    stream, answered = answers(made()), []  # type: ignore[operator]
    with pytest.raises(OSError, match="the drive is gone"):
        answered.extend(stream)  # a list keeps what it was given before an error
    assert answered == [2 * item for item in range(17)]


def test_a_source_is_taken_from_only_so_far_in_advance() -> None:
    taken = []
    full = threading.Event()

    def endless() -> Iterator[int]:
        for item in itertools.count():
            taken.append(item)
            if item == 4:
                full.set()
            yield item

    arrivals = Arrivals(endless(), most=3)
    assert next(arrivals) == 0
    assert full.wait(60)
    assert len(taken) == 1 + 3 + 1  # given, waiting, and in the hand of the thread


#: All batches are under way when the first is answered; then comes the fork. A child that waits is killed by its alarm.
FORKS = """
import os, signal, threading, warnings
from headstart_runtime.errors import HeadstartError
from headstart_runtime.inference.streaming import map_in_order

warnings.simplefilter("ignore", DeprecationWarning)  # of forking where there are threads, which is what is tested
all_taken, forked = threading.Event(), threading.Event()

class Items(list):
    def __iter__(self):
        yield from (1, 2)
        all_taken.set()

def work(batch):
    (all_taken if batch == [1] else forked).wait()
    return batch

answers = map_in_order(work, Items([1, 2]), size=1, threads=2)
assert next(answers) == 1
child = os.fork()
if not child:
    signal.alarm(20)
    try:
        list(answers)
    except HeadstartError as error:
        os._exit(0 if "stream was forked" in str(error) else 1)
    os._exit(2)
forked.set()
assert list(answers) == [2]
print("child ended with", os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
def test_a_stream_forked_during_its_last_batches_ends_with_an_error_in_the_child() -> None:
    done = subprocess.run([sys.executable, "-c", FORKS], capture_output=True, text=True, check=False, timeout=60)
    assert done.stdout == "child ended with 0\n", done.stderr
