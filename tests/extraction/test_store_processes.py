"""What several processes at once and a kill may do to a store.

The processes of these tests run this file as a script, so it does without pytest, which is slow to import.
"""

import hashlib
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np

from headstart.storage.index import Index
from headstart.storage.shards import OpenShard
from headstart.storage.store import FeatureSpace, Store

SPACE = FeatureSpace("0a" * 20, (("stage1", 3), ("final", 40)), "a small network")
SHARD_BYTES = 400 * SPACE.row_bytes  # small: kills hit the step from shard to shard too


def digests_of(count: int, first: int = 0) -> list[str]:
    return [hashlib.blake2b(b"%d" % number, digest_size=20).hexdigest() for number in range(first, first + count)]


def rows_of(digests: list[str]) -> dict[str, np.ndarray]:
    """Rows that depend on the photo and the layer only: the digest's bytes, over and over."""
    seeds = np.array([list(bytes.fromhex(digest)) for digest in digests], np.float32).reshape(len(digests), 20)
    return {name: np.tile(seeds, (1, 3))[:, :width] + np.float32(width) for name, width in SPACE.layers}


def write(folder: str, first: str, count: str, until: str, step: str) -> None:
    """A process that stores the rows of some photos in batches, and tells how many are safe after each.

    It stops at that step of the commit that makes so many rows safe, says so and waits for a line.
    """
    safe = [0]

    def halt(name: str) -> None:
        if name == step and safe[0] == int(until):
            print(f"at {name}", flush=True)
            sys.stdin.readline()

    halting(halt)
    with Store(Path(folder)) as store:
        missing = store.find_missing(SPACE, digests_of(int(count), int(first)))
        print("ready", flush=True)
        done = int(count) - len(missing)
        with store.writer(SPACE, commit_rows=16, shard_bytes=SHARD_BYTES) as writer:
            for start in range(0, len(missing), 8):
                part = missing[start : start + 8]
                writer.add(part, rows_of(part))
                if start % 16 == 8:
                    done += 16
                    print(done, flush=True)
                    safe[0] += 16
                    halt("committed")


def halting(halt: Callable[[str], None]) -> None:
    """Has the writer call this inside a commit: half a block written, a block written and not yet in the index."""
    append, commit = OpenShard.append, Index.commit

    def appending(shard: OpenShard, block: bytearray) -> int:
        write, file = shard._file.write, shard._file

        def half(rest: memoryview) -> int:
            written = write(rest[: len(rest) // 2 + 1])
            halt("half written")
            return written

        shard._file = SimpleNamespace(write=half, seek=file.seek, fileno=file.fileno, close=file.close)
        try:
            return append(shard, block)
        finally:
            shard._file = file

    def committing(index: Index, *given: Any) -> None:
        halt("not in the index")
        commit(index, *given)

    OpenShard.append, Index.commit = appending, committing


def started(folder: Path, first: int, count: int, until: int = -1, step: str = "") -> "subprocess.Popen[str]":
    command = [sys.executable, __file__, str(folder), str(first), str(count), str(until), step]
    pipe = subprocess.PIPE
    return subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe, text=True)


def assert_all_right(store: Store, digests: list[str]) -> None:
    for layer in SPACE.widths:
        np.testing.assert_array_equal(store.read(SPACE, digests, layer), rows_of(digests)[layer])


def present(store: Store, digests: list[str]) -> list[str]:
    missing = set(store.find_missing(SPACE, digests))
    return [digest for digest in digests if digest not in missing]


def test_kill_loses_the_batch_in_flight_and_nothing_else(tmp_path: Path) -> None:
    """Killed at each step of a commit, in the first shard and past it, and between two lines that it prints."""
    digests, before = digests_of(4000), 0
    for until, step, lines in (
        *((rows, step, -1) for rows in (32, 512) for step in ("half written", "not in the index", "committed")),
        *((512, "committed", lines) for lines in (1, 3, 12)),
    ):
        process = started(tmp_path, 0, len(digests), until, step)
        assert process.stdout is not None
        told = []
        while len(told) != lines and not (told and told[-1].startswith("at ")):
            told.append(process.stdout.readline())
        process.send_signal(signal.SIGKILL)
        told += process.communicate()[0].splitlines()
        assert process.returncode == -signal.SIGKILL, "it ended before it was killed"
        safe = [int(line) for line in told[:-1] if line.strip().isdecimal()]  # the last line may be cut
        with Store(tmp_path) as store:
            there = present(store, digests)
            assert len(there) >= max([before, *safe])
            if lines < 0:
                assert len(there) == before + until
            assert_all_right(store, there)
        before = len(there)
    with Store(tmp_path) as store:
        left = store.find_missing(SPACE, digests)[:500]
        with store.writer(SPACE, commit_rows=50, shard_bytes=SHARD_BYTES) as writer:
            writer.add(left, rows_of(left))
        assert_all_right(store, present(store, digests))
        used = store.usage()[0]
        assert used.rows == before + 500
        # Killed writers left no shards behind: all but the last are full.
        assert len(list(tmp_path.glob("shards/*.rows"))) <= used.bytes / SHARD_BYTES + 1


def test_processes_write_at_once(tmp_path: Path) -> None:
    # The first two compute the same photos at the same time; the third half of them and others.
    ranges = [(0, 800), (0, 800), (400, 800)]
    processes = [started(tmp_path, first, count) for first, count in ranges]
    for process in processes:
        errors = process.communicate(timeout=60)[1]
        assert process.returncode == 0, errors
    with Store(tmp_path) as store:
        assert_all_right(store, digests_of(1200))
        assert store.usage()[0].rows == 1200
        assert store.find_missing(SPACE, digests_of(1200)) == []


def test_opening_at_once_for_the_first_time(tmp_path: Path) -> None:
    processes = [started(tmp_path / "new", 100 * number, 16) for number in range(4)]
    for process in processes:
        errors = process.communicate(timeout=60)[1]
        assert process.returncode == 0, errors


if __name__ == "__main__":
    write(*sys.argv[1:])
