"""Keeping to a budget: what was not used for longest goes first, and never what a writer holds."""

import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from headstart.extraction.activations import Activations
from headstart.storage.activation_files import list_activations
from headstart.storage.store import DecodeIssue, FeatureSpace, Store
from headstart.storage.usage import get_disk_usage
from headstart_runtime.errors import StoreError

OLD = FeatureSpace("0a" * 20, (("final", 1000),), "old")
NEW = FeatureSpace("0b" * 20, (("final", 1000),), "new")
DIGESTS = [f"{number:040x}" for number in range(100)]
ROWS = np.arange(100_000, dtype=np.float32).reshape(100, 1000)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """Two spaces of 100 photos in ten shards of 40 kB each."""
    with Store(tmp_path / "store") as opened:
        for space in (OLD, NEW):
            with opened.writer(space, commit_rows=10, shard_bytes=1) as writer:
                for first in range(0, 100, 10):
                    writer.add(DIGESTS[first : first + 10], {"final": ROWS[first : first + 10]})
        yield opened


def rows(store: Store) -> dict[str, int]:
    return {used.description: used.rows for used in store.usage()}


def test_the_least_recently_used_space_goes_first_and_its_oldest_shards(store: Store) -> None:
    assert [used.description for used in store.usage()] == ["old", "new"]
    report = store.prune(700_000)
    assert report.bytes_after <= 700_000 < report.bytes_before
    assert report.bytes_after == get_disk_usage(store.folder)
    assert rows(store)["new"] == 100
    assert report.rows == 100 - rows(store)["old"] == 10 * report.shards > 0
    assert store.find_missing(OLD, DIGESTS) == DIGESTS[: report.rows]
    np.testing.assert_array_equal(store.read(NEW, DIGESTS, "final"), ROWS)
    kept = DIGESTS[report.rows :]
    np.testing.assert_array_equal(store.read(OLD, kept, "final"), ROWS[report.rows :])


def test_reading_counts_as_use(store: Store) -> None:
    store.read(NEW, DIGESTS, "final")
    store.read(OLD, DIGESTS, "final")
    assert [used.description for used in store.usage()] == ["new", "old"]
    store.prune(700_000)
    assert rows(store)["old"] == 100 > rows(store)["new"]


def test_a_budget_that_is_kept_removes_nothing(store: Store) -> None:
    report = store.prune(10**9)
    assert (report.rows, report.shards, report.networks, report.held) == (0, 0, 0, 0)
    assert rows(store) == {"old": 100, "new": 100}


def test_budget_nothing_removes_everything_and_the_store_goes_on(store: Store) -> None:
    with store.writer(OLD) as writer:
        writer.add_issue(DecodeIssue("ff" * 20, broken=True, reason="no picture"))
    report = store.prune(0)
    assert (report.rows, report.shards) == (200, 20)
    assert store.usage() == ()
    assert store.issues(OLD, ["ff" * 20]) == {}
    assert list(store.folder.glob("shards/*")) == []
    assert report.bytes_after < 100_000  # the empty index
    with store.writer(OLD) as writer:
        writer.add(DIGESTS, {"final": ROWS})
    np.testing.assert_array_equal(store.read(OLD, DIGESTS, "final"), ROWS)


def test_a_shard_of_a_live_writer_stays(store: Store) -> None:
    more = [f"{number:040x}" for number in range(1000, 1020)]
    with Store(store.folder) as other, other.writer(OLD) as writer:
        writer.add(more[:10], {"final": ROWS[:10]})
        writer.commit()
        report = store.prune(0)
        assert (report.rows, report.shards, report.held) == (200, 20, 1)
        assert store.find_missing(OLD, more) == more[10:]
        writer.add(more[10:], {"final": ROWS[10:20]})
    np.testing.assert_array_equal(store.read(OLD, more, "final"), ROWS[:20])
    assert store.prune(0).held == 0


def test_a_writer_that_holds_nothing_yet_outlives_a_pruning(store: Store) -> None:
    with store.writer(NEW) as writer:
        store.prune(0)
        writer.add(DIGESTS, {"final": ROWS})
    np.testing.assert_array_equal(store.read(NEW, DIGESTS, "final"), ROWS)


def test_what_a_killed_pruning_left_is_cleared(store: Store) -> None:
    orphan = store.folder / "shards" / "00009999.rows"
    orphan.write_bytes(b"x" * 1000)
    store.prune(10**9)
    assert not orphan.exists()
    assert rows(store) == {"old": 100, "new": 100}


def test_converted_networks_count_and_go_by_their_last_touch(store: Store) -> None:
    (store.networks / "ancient").mkdir(parents=True)
    (store.networks / "ancient" / "weights.bin").write_bytes(b"x" * 200_000)
    os.utime(store.networks / "ancient", (1e9, 1e9))
    (store.networks / "fresh.bin").write_bytes(b"x" * 1000)
    store.prune(10**9)  # folds the log into the index
    report = store.prune(report_size := get_disk_usage(store.folder) - 100_000)
    assert (report.networks, report.rows) == (1, 0)
    assert report.bytes_after <= report_size
    assert [path.name for path in store.networks.iterdir()] == ["fresh.bin"]
    assert store.prune(0).networks == 1


def test_unpacked_archives_are_pruned_too(store: Store) -> None:
    photo = store.folder / "archives" / "some" / "a" / "photo.jpg"
    photo.parent.mkdir(parents=True)
    photo.write_bytes(b"x" * 300_000)
    os.utime(photo.parents[1], (1e9, 1e9))
    store.prune(10**9)
    assert photo.exists()
    report = store.prune(get_disk_usage(store.folder) - 100_000)
    assert not photo.exists()
    assert (report.networks, report.rows) == (0, 0)


def test_what_is_half_removed_is_not_taken_for_the_whole(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    photo = store.folder / "archives" / "some" / "photo.jpg"
    photo.parent.mkdir(parents=True)
    photo.write_bytes(b"x" * 1000)
    monkeypatch.setattr("headstart.storage.prune.shutil.rmtree", lambda *_, **__: None)  # killed before it could
    store.prune(0)
    assert not photo.parent.exists()
    assert (store.folder / "archives" / ".gone-some" / "photo.jpg").exists()
    monkeypatch.undo()
    store.prune(10**9)
    assert list((store.folder / "archives").iterdir()) == []


def test_what_is_being_made_is_left_alone(store: Store) -> None:
    folder = store.folder / "archives"
    (folder / "a.partial").mkdir(parents=True)
    (folder / "a.lock").touch()
    store.prune(0)
    assert sorted(path.name for path in folder.iterdir()) == ["a.lock", "a.partial"]


def test_a_closed_store_is_not_pruned(store: Store) -> None:
    store.close()
    with pytest.raises(StoreError, match="is closed"):
        store.prune(0)


def test_activations_go_by_their_last_use_and_those_being_written_stay(store: Store) -> None:
    for key in ("01" * 20, "02" * 20, "03" * 20):
        with Activations(store.activations, key, (50_000,), "u8") as kept, kept.lock_for_writing():
            kept.add([(DIGESTS[0], 0)], np.full((1, 50_000), 7, np.uint8))
    for age, key in enumerate(("02" * 20, "01" * 20, "03" * 20)):
        os.utime(store.activations / key, (1e9 + age, 1e9 + age))
    store.prune(10**9)
    report = store.prune(get_disk_usage(store.folder) - 40_000)
    assert [it.key for it in list_activations(store.activations)] == ["01" * 20, "03" * 20]
    assert (report.rows, report.networks, report.held) == (0, 0, 0)
    with Activations(store.activations, "01" * 20, (50_000,), "u8") as kept:
        with kept.lock_for_writing():
            kept.add([(DIGESTS[1], 3)], np.full((1, 50_000), 8, np.uint8))
            report = store.prune(0)
            assert (report.held, report.networks) == (1, 0)
        assert [it.key for it in list_activations(store.activations)] == ["01" * 20]
        assert store.prune(0).held == 0
        assert list_activations(store.activations) == ()
        places = kept.find_places([(DIGESTS[1], 3), (DIGESTS[0], 0)])  # who has them open reads on
        np.testing.assert_array_equal(kept.gather(places)[:, 0], [8, 7])
