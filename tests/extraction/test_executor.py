import threading
import time
from contextlib import closing

import numpy as np
import pytest

from headstart import events
from headstart.extraction.executor import AHEAD, ProgressMeter, ThreadExecutor, cut_heavy_shards, cut_shards
from headstart_runtime.errors import Cancelled


@pytest.mark.parametrize("threads", [1, 2, 5])
def test_every_shard_is_done_once(threads: int) -> None:
    shards = list(cut_shards(range(23), 4))
    assert [len(shard) for shard in shards] == [4, 4, 4, 4, 4, 3]
    assert sorted(ThreadExecutor(threads).map(sum, shards)) == sorted(map(sum, shards))
    assert list(ThreadExecutor(threads).map(sum, [])) == []


def test_threads_work_at_the_same_time() -> None:
    together = threading.Barrier(3, timeout=10)
    assert list(ThreadExecutor(3).map(lambda _: together.wait() >= 0, range(3))) == [True] * 3


def test_the_first_error_ends_it_and_what_is_done_is_yielded() -> None:
    done, began = [], []

    def work(number: int) -> int:
        began.append(number)
        if number == 5:
            raise ValueError("five")
        return number

    with pytest.raises(ValueError, match="five"), closing(ThreadExecutor(1).map(work, range(1000))) as results:
        done.extend(results)
    assert done == [0, 1, 2, 3, 4]
    assert began == [0, 1, 2, 3, 4, 5]


def test_who_stops_taking_ends_it() -> None:
    began = []
    with closing(ThreadExecutor(2).map(lambda number: began.append(number) or number, range(10**6))) as results:
        assert next(results) in (0, 1)
        time.sleep(0.05)
    count = len(began)
    assert count <= 2 + AHEAD * 2 + 2, "results wait to be taken, not without bound"
    assert not [one for one in threading.enumerate() if one.name.startswith("worker-")]
    assert len(began) == count


def test_a_token_ends_it_between_shards() -> None:
    cancel = events.CancelToken()
    done = []
    with (
        pytest.raises(Cancelled),
        closing(ThreadExecutor(2).map(lambda number: number, range(10**6), cancel)) as results,
    ):
        done.extend(cancel.cancel() or number for number in results)
    assert 0 < len(done) < 100


def test_progress_is_said_now_and_then_and_at_the_end() -> None:
    heard: list[events.Event] = []
    meter = ProgressMeter("extract", 1000, "items", heard.append)
    for _ in range(1000):
        meter.add(1)
    assert len(heard) < 500
    assert heard[-1] == events.Progress("extract", 1000, 1000, "items")


@pytest.mark.parametrize("seed", range(3))
def test_shards_of_like_weight(seed: int) -> None:
    chance = np.random.default_rng(seed)
    weights = sorted(chance.integers(1, 400, chance.integers(1, 900)).tolist(), reverse=True)
    shards = list(cut_heavy_shards(list(range(len(weights))), weights, 16, 128))
    assert [item for shard in shards for item in shard] == list(range(len(weights)))
    assert all(16 <= len(shard) <= 128 for shard in shards[:-1])
    assert max(sum(weights[item] for item in shard) for shard in shards) <= 16 * weights[0]
    assert list(cut_heavy_shards([], [], 16, 128)) == []
    assert [len(shard) for shard in cut_heavy_shards("abcde", [0.0] * 5, 1, 2)] == [2, 2, 1]
