"""``kill -9`` at any moment costs the rows in flight and nothing else: the same command goes on, to the same result.

The fits of this test write down what they compute, so that it can be held against what the store had before. One that
is to be killed stops where it shall be, says so and waits. features/test_store_processes.py kills inside a commit.
"""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from headstart.storage.writer import COMMIT_ROWS
from tests.stored_rows import list_stored_rows

#: A fit that logs every row before it is handed to the store, and stops after so many rows or at the end of a stage.
WATCHED = """
import os, sys
import headstart
from headstart.events import Finished
from headstart.storage.writer import Writer

photos, backbone, out, store, log, halt = sys.argv[1:]
descriptor = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
add, rows = Writer.add, []

def stop():
    print("here", flush=True)
    sys.stdin.readline()

def logged(self, digests, given):
    new = [f"{self.space.fingerprint[:8]}-{digest}\\n" for digest in digests]
    os.write(descriptor, "".join(new).encode())
    rows.extend(new)
    if halt.isdecimal() and len(rows) >= int(halt):
        stop()
    add(self, digests, given)

def listen(event):
    if isinstance(event, Finished) and event.stage == halt:
        stop()

Writer.add = logged
knobs = {"backbone": backbone, "out": out, "store": store, "workers": 1, "report": False}
headstart.fit(photos, listener=listen, **knobs)
"""
EACH = 50  #: photos of a class
IN_THE_PASS = ("1", "170")  #: rows computed; of this many some were committed before
AFTER_IT = ("near-duplicates", "fit", "save", "test")


class Fit:
    """A fit in a process of its own."""

    def __init__(self, *given: object, log: Path, halt: str = ""):
        self.log = log
        command = [sys.executable, "-c", WATCHED, *map(str, given), log, halt]
        pipe = subprocess.PIPE
        self.process = subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe, text=True)

    def rows(self) -> list[str]:
        return self.log.read_text().splitlines() if self.log.exists() else []

    def kill(self) -> None:
        """Where it waits."""
        assert self.process.stdout is not None
        said = self.process.stdout.readline()
        self.process.send_signal(signal.SIGKILL)
        _, errors = self.process.communicate(timeout=60)
        assert said == "here\n", f"it did not come so far: {errors}"
        assert self.process.returncode == -signal.SIGKILL

    def finish(self) -> None:
        _, errors = self.process.communicate(timeout=300)
        assert self.process.returncode == 0, errors


@pytest.mark.parametrize(
    "moments",
    [
        pytest.param([IN_THE_PASS[1], "save"], id="twice", marks=pytest.mark.slow),
        pytest.param([*IN_THE_PASS, *AFTER_IT], id="at every stage", marks=pytest.mark.slow),
    ],
)
@pytest.mark.skipif(os.name != "posix", reason="sends SIGKILL")
def test_killed_again_and_again_it_ends_as_if_nothing_had_happened(moments, small, photos, tmp_path) -> None:
    folder, out, store = photos(each=EACH, seed=4), tmp_path / "run", tmp_path / "store"
    small.new_store(store)
    N, computed = 2 * 3 * EACH, 0  # rows: features and looks
    for number, halt in enumerate(moments):
        before = list_stored_rows(store)
        fit = Fit(folder, small.name, out, store, log=tmp_path / f"log{number}", halt=halt)
        fit.kill()
        rows, after = fit.rows(), list_stored_rows(store)
        assert len(set(rows)) == len(rows)
        assert before.isdisjoint(rows), "a row that was stored was computed again"
        assert before <= after <= before.union(rows)
        assert len(rows) - len(after - before) < 2 * 2 * COMMIT_ROWS, "more than what was in flight was lost"
        if halt == IN_THE_PASS[1]:
            assert 0 < len(after) < N, "it was killed in the midst of the pass"
        computed += len(rows)
        assert not (out / "run.json").exists()
    before = list_stored_rows(store)
    fit = Fit(folder, small.name, out, store, log=tmp_path / "log")
    fit.finish()
    rows = fit.rows()
    assert before.isdisjoint(rows)
    assert list_stored_rows(store) == before.union(rows)
    assert len(list_stored_rows(store)) == N
    assert N <= computed + len(rows) <= N + len(moments) * 2 * 2 * COMMIT_ROWS
    assert sorted(path.name for path in out.iterdir() if path.name.startswith(".")) == []

    calm, undisturbed = tmp_path / "calm", tmp_path / "undisturbed"
    small.new_store(undisturbed)
    Fit(folder, small.name, calm, undisturbed, log=tmp_path / "calm-log").finish()
    for file in ("evaluation.json", "split.json", "ledger.jsonl", "model/head.safetensors", "model/model.onnx"):
        assert (calm / file).read_bytes() == (out / file).read_bytes(), file
