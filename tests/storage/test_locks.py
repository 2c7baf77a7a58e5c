"""What a running job has taken up is not pruned, and goes when the job has ended."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from headstart.pipeline import evaluate as evaluating
from headstart.pipeline import fit as workflow
from headstart.storage.atomic import stamp
from headstart.storage.locks import FOLDER, lock_for_pruning, mark_in_use, try_mark_in_use
from headstart.storage.store import FeatureSpace, Store
from headstart.verbs import check as checking
from headstart_runtime.errors import StoreError
from headstart_runtime.modalities.modality import get_modality
from headstart_runtime.tasks.task import get_task

SPACE = FeatureSpace("0a" * 20, (("final", 10),), "drawn")
DIGESTS = [f"{number:040x}" for number in range(10)]
ENTRIES = ("networks/net", "archives/photos", "activations/" + "01" * 20, "trained/net-1", "trained/net-2.unfinished")


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """Rows, a network, an archive, activations, a training and a checkpoint, all of long ago."""
    with Store(tmp_path / "store") as opened:
        with opened.writer(SPACE) as writer:
            writer.add(DIGESTS, {"final": np.ones((10, 10), np.float32)})
        for entry in ENTRIES:
            (opened.folder / entry).mkdir(parents=True)
            (opened.folder / entry / "content").write_bytes(b"x" * 1000)
            os.utime(opened.folder / entry, (1e9, 1e9))
        with opened._index._database.change() as connection:
            connection.execute("UPDATE spaces SET last_used = 1e9")
        yield opened


def left(store: Store) -> list[str]:
    return [entry for entry in ENTRIES if (store.folder / entry).exists()]


def test_what_a_running_job_has_taken_up_stays(store: Store) -> None:
    with mark_in_use(store.folder):
        for entry in ENTRIES[1:]:
            stamp(store.folder / entry)
        report = store.prune(0)
        assert left(store) == list(ENTRIES[1:]), "what it did not take up goes"
        assert report.held >= len(ENTRIES) - 1
    assert store.prune(0).held == 0
    assert left(store) == []
    assert list((store.folder / FOLDER).glob("*.lock")) == []


def test_rows_that_a_running_job_reads_stay(store: Store) -> None:
    with mark_in_use(store.folder):
        assert store.find_missing(SPACE, DIGESTS) == []
        assert store.prune(0).rows == 0
        np.testing.assert_array_equal(store.read(SPACE, DIGESTS, "final"), np.ones((10, 10)))
    assert store.prune(0).rows == 10


def test_the_first_of_several_jobs_decides(store: Store) -> None:
    with mark_in_use(store.folder):
        stamp(store.folder / ENTRIES[0])
        with mark_in_use(store.folder):
            pass
        store.prune(0)
    assert left(store) == [ENTRIES[0]]


def test_a_job_that_was_killed_holds_nothing(store: Store) -> None:
    held = (
        "import sys, pathlib, time; from headstart.storage.locks import mark_in_use\n"
        "with mark_in_use(pathlib.Path(sys.argv[1])):\n print('held', flush=True); time.sleep(60)"
    )
    child = subprocess.Popen([sys.executable, "-c", held, store.folder], stdout=subprocess.PIPE)
    assert child.stdout is not None
    assert child.stdout.readline().strip() == b"held"
    stamp(store.folder / ENTRIES[0])
    store.prune(0)
    assert left(store) == [ENTRIES[0]]
    child.send_signal(signal.SIGTERM)
    child.wait()
    child.stdout.close()
    store.prune(0)
    assert left(store) == []
    assert list((store.folder / FOLDER).glob("*.lock")) == []


def test_a_job_does_not_begin_while_the_store_is_pruned(store: Store) -> None:
    began: list[int] = []
    asked = threading.Event()

    def job() -> None:
        asked.set()
        with mark_in_use(store.folder):
            began.extend(int(mark.name.partition("-")[0]) for mark in (store.folder / FOLDER).glob("*.lock"))

    thread = threading.Thread(target=job)
    with lock_for_pruning(store.folder) as moment:
        assert moment == float("inf")
        thread.start()
        asked.wait()
        ended = time.time_ns()
    thread.join()
    assert began[0] >= ended


def test_a_mark_of_another_kind_keeps_everything(store: Store) -> None:
    from filelock import FileLock

    (store.folder / FOLDER).mkdir()
    with FileLock(store.folder / FOLDER / "strange.lock"), lock_for_pruning(store.folder) as moment:
        assert moment == 0.0


def test_a_stamp_on_what_is_gone_makes_nothing(tmp_path: Path) -> None:
    stamp(tmp_path / "gone")
    assert list(tmp_path.iterdir()) == []


def test_a_store_that_cannot_be_marked_is_an_error(store: Store) -> None:
    (store.folder / FOLDER).write_text("a file in its place")
    with pytest.raises(StoreError, match="cannot be written"), store.mark_in_use():
        pass


def test_a_fit_marks_its_store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Seen(Exception):
        pass

    def read(*_: object) -> None:
        raise Seen(list((tmp_path / "store" / FOLDER).glob("*.lock")))

    monkeypatch.setattr(workflow, "read_samples", read)
    with pytest.raises(Seen) as seen:
        workflow.fit(tmp_path, store=tmp_path / "store")
    assert len(seen.value.args[0]) == 1
    assert list((tmp_path / "store" / FOLDER).glob("*.lock")) == []


def test_what_reads_photos_alone_marks_the_store_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Photos of an archive that were pruned while ``evaluate`` reads them would be missing from its score."""

    class Seen(Exception):
        pass

    def read(*_: object, **__: object) -> None:
        raise Seen(list((tmp_path / "store" / FOLDER).glob("*.lock")))

    monkeypatch.setenv("HEADSTART_STORE", str(tmp_path / "store"))
    record = SimpleNamespace(modality=get_modality("image"), postprocessor=None, space=None, item_columns=())
    monkeypatch.setattr(evaluating, "load", lambda *_: SimpleNamespace(task=get_task("classification"), record=record))
    for module, begin in (
        (evaluating, lambda: evaluating.evaluate("model", "photos")),
        (checking, lambda: checking.check(tmp_path, progress=False)),
    ):
        monkeypatch.setattr(module, "read_source", read)
        with pytest.raises(Seen) as seen:
            begin()
        assert len(seen.value.args[0]) == 1
    assert list((tmp_path / "store" / FOLDER).glob("*.lock")) == []


def test_photos_are_read_without_a_store_that_can_be_marked(tmp_path: Path) -> None:
    (tmp_path / "store").write_text("a file in its place")
    with try_mark_in_use(tmp_path / "store"):
        pass
