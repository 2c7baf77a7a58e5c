"""``kill -9`` at any moment costs the rows in flight and nothing else: the same command goes on, to the same result.

The fits of this test write down what they compute, so that it can be held against what the store had before.
"""

import os
import random
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest

from headstart.features.writer import COMMIT_ROWS

KILLS = 20
#: A fit that logs every row before it is handed to the store, and every stage when it has ended.
WATCHED = """
import os, sys
import headstart
from headstart.events import Finished
from headstart.features.writer import Writer

photos, out, store, log = sys.argv[1:]
descriptor = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
add = Writer.add

def logged(self, digests, rows):
    os.write(descriptor, "".join(f"row {self.space.fingerprint[:8]}-{digest}\\n" for digest in digests).encode())
    add(self, digests, rows)

def listen(event):
    if isinstance(event, Finished):
        os.write(descriptor, f"stage {event.stage}\\n".encode())

Writer.add = logged
headstart.fit(photos, out=out, store=store, workers=1, listener=listen)
"""


class Fit:
    """A fit in a process of its own."""

    def __init__(self, photos: Path, out: Path, store: Path, log: Path):
        self.log = log
        command = [sys.executable, "-c", WATCHED, *map(str, (photos, out, store, log))]
        self.process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)

    def logged(self, kind: str) -> list[str]:
        lines = self.log.read_text().splitlines() if self.log.exists() else []
        return [line.removeprefix(f"{kind} ") for line in lines if line.startswith(f"{kind} ")]

    def wait_for(self, kind: str, name: str = "") -> None:
        while not any(name in line for line in self.logged(kind)) and self.process.poll() is None:
            time.sleep(0.003)

    def kill(self) -> None:
        self.process.send_signal(signal.SIGKILL)
        _, errors = self.process.communicate(timeout=60)
        assert self.process.returncode == -signal.SIGKILL, f"it ended before it was killed: {errors}"

    def finish(self) -> None:
        _, errors = self.process.communicate(timeout=120)
        assert self.process.returncode == 0, errors


def stored(store: Path) -> set[str]:
    """The space and digest of all rows that the store has: of a photo its features and its looks."""
    if not (store / "index.sqlite3").exists():
        return set()
    connection = sqlite3.connect(store / "index.sqlite3")
    try:
        tables = connection.execute("SELECT count(*) FROM sqlite_master WHERE name = 'rows'").fetchone()[0]
        named = "SELECT fingerprint, digest FROM rows JOIN spaces ON spaces.id = rows.space"
        return {f"{space[:8]}-{digest.hex()}" for space, digest in connection.execute(named)} if tables else set()
    finally:
        connection.close()


def kill_at(moment: int, fit: Fit, chance: random.Random) -> None:
    """Any moment; early in the pass over the photos; after it, while heads are fitted, saved and judged."""
    if moment < 7:
        time.sleep(chance.uniform(0, 2))
    elif moment < 16:
        fit.wait_for("row")
        time.sleep(chance.uniform(0, 0.2))
    else:
        fit.wait_for("stage", "extract")
        time.sleep(chance.uniform(0, 0.15))
    fit.kill()


@pytest.mark.slow
@pytest.mark.skipif(os.name != "posix", reason="sends SIGKILL")
def test_killed_twenty_times_it_ends_as_if_nothing_had_happened(warm, photos, tmp_path) -> None:
    folder, out, store, chance = photos(each=260, seed=4), tmp_path / "run", tmp_path / "store", random.Random(0)
    warm.new_store(store)
    N, computed = 2 * 3 * 260, 0  # rows: features and looks
    for number in range(KILLS):
        before = stored(store)
        fit = Fit(folder, out, store, tmp_path / f"log{number}")
        kill_at(number, fit, chance)
        rows, after = fit.logged("row"), stored(store)
        assert len(set(rows)) == len(rows)
        assert before.isdisjoint(rows), "a row that was stored was computed again"
        assert before <= after <= before.union(rows)
        assert len(rows) - len(after - before) < 2 * 2 * COMMIT_ROWS, "more than what was in flight was lost"
        computed += len(rows)
        assert not (out / "run.json").exists()
    before = stored(store)
    fit = Fit(folder, out, store, tmp_path / "log")
    fit.finish()
    rows = fit.logged("row")
    assert before.isdisjoint(rows)
    assert stored(store) == before.union(rows)
    assert len(stored(store)) == N
    assert N <= computed + len(rows) <= N + KILLS * 2 * 2 * COMMIT_ROWS
    assert sorted(path.name for path in out.iterdir() if path.name.startswith(".")) == []

    calm, other = tmp_path / "calm", tmp_path / "other"
    warm.new_store(other)
    Fit(folder, calm, other, tmp_path / "calm-log").finish()
    for file in ("evaluation.json", "split.json", "ledger.jsonl", "model/head.safetensors", "model/model.onnx"):
        assert (calm / file).read_bytes() == (out / file).read_bytes(), file
