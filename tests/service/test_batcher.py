"""Items are gathered into batches; what waits is bounded; nothing that was taken is lost."""

import threading
import time

import pytest

from headstart_runtime.inference.batch_worker import BatchWorker
from headstart_runtime.service.batcher import Batcher, QueueFull


class Slow:
    """A worker that notes its batches; it goes on when it is let."""

    def __init__(self, size: int = 4, threads: int = 1):
        self.batches: list[list[object]] = []
        self.go = threading.Event()
        self.size, self.threads = size, threads

    def make(self) -> BatchWorker:
        return BatchWorker("onnxruntime", self.size, self.threads, self.predict)

    def predict(self, rules, items):
        self.batches.append(list(items))
        assert self.go.wait(10)
        if "bad" in items:
            raise ValueError("bad")
        return [(rule, item) for rule, item in zip(rules, items, strict=True)]


def wait_for(seen) -> None:
    until = time.monotonic() + 10
    while not seen():
        assert time.monotonic() < until
        time.sleep(0.001)


def test_what_comes_meanwhile_is_answered_together_each_by_its_rule() -> None:
    slow = Slow()
    batcher = Batcher(slow.make, capacity=10, wait=0.001)
    first = batcher.submit(["a"], dict)
    wait_for(lambda: slow.batches)
    rest = [*batcher.submit(["b", "c"], str), *batcher.submit(["d"], dict)]
    slow.go.set()
    assert [future.result(5) for future in first + rest] == [(dict, "a"), (str, "b"), (str, "c"), (dict, "d")]
    assert slow.batches == [["a"], ["b", "c", "d"]]
    batcher.close()


def test_an_item_waits_for_others_only_while_others_are_under_way() -> None:
    slow = Slow(threads=2)
    batcher = Batcher(slow.make, capacity=10, wait=30)
    (first,) = batcher.submit(["a"], dict)
    wait_for(lambda: slow.batches)  # it did not wait
    (second,) = batcher.submit(["b"], dict)
    time.sleep(0.05)
    assert slow.batches == [["a"]]
    slow.go.set()
    assert first.result(5)
    assert second.result(5)
    batcher.close()


def test_a_full_queue_refuses_a_call_whole_and_says_when_to_come_again() -> None:
    slow = Slow(size=1)
    batcher = Batcher(slow.make, capacity=3, wait=0)
    taken = batcher.submit(["a"], dict)
    wait_for(lambda: slow.batches)
    taken += batcher.submit(["b", "c"], dict)
    with pytest.raises(QueueFull) as caught:
        batcher.submit(["d", "e"], dict)
    assert caught.value.retry_after == 1
    taken += batcher.submit(["f"], dict)
    assert len(batcher) == 3
    slow.go.set()
    assert [future.result(5)[1] for future in taken] == ["a", "b", "c", "f"]
    batcher.close()


def test_the_fault_of_one_item_is_not_that_of_its_neighbours() -> None:
    slow = Slow()
    batcher = Batcher(slow.make, capacity=10, wait=0)
    slow.go.set()
    one, bad, other = batcher.submit(["a", "bad", "b"], dict)
    assert one.result(5)[1] == "a"
    assert other.result(5)[1] == "b"
    with pytest.raises(ValueError, match="bad"):
        bad.result(5)
    batcher.close()


def test_what_is_cancelled_before_its_turn_is_left_out_and_closing_answers_the_rest() -> None:
    slow = Slow(size=1)
    batcher = Batcher(slow.make, capacity=10, wait=0)
    one, gone, last = batcher.submit(["a", "b", "c"], dict)
    wait_for(lambda: slow.batches)
    assert gone.cancel()
    slow.go.set()
    batcher.close()
    assert one.result(0)[1] == "a"
    assert last.result(0)[1] == "c"
    assert slow.batches == [["a"], ["c"]]
    (late,) = batcher.submit(["d"], dict)  # to a model that has just been replaced
    assert late.result(5)[1] == "d"
    batcher.close()
