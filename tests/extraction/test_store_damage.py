"""What a full disk and meddling hands may do to a store."""

import errno
import hashlib
import os
import shutil
from pathlib import Path

import numpy as np
import pytest

from headstart.events import Event, Note
from headstart.storage.store import DecodeIssue, FeatureSpace, Store
from headstart_runtime.errors import StoreError

SPACE = FeatureSpace("0a" * 20, (("stage1", 3), ("final", 40)), "a small network")


def digests_of(count: int, first: int = 0) -> list[str]:
    return [hashlib.blake2b(b"%d" % number, digest_size=20).hexdigest() for number in range(first, first + count)]


def rows_of(digests: list[str]) -> dict[str, np.ndarray]:
    """Rows that depend on the photo and the layer only: the digest's bytes, over and over."""
    seeds = np.array([list(bytes.fromhex(digest)) for digest in digests], np.float32).reshape(len(digests), 20)
    return {name: np.tile(seeds, (1, 3))[:, :width] + np.float32(width) for name, width in SPACE.layers}


def assert_all_right(store: Store, digests: list[str]) -> None:
    for layer in SPACE.widths:
        np.testing.assert_array_equal(store.read(SPACE, digests, layer), rows_of(digests)[layer])


def test_bytes_of_a_killed_writer_are_written_over(tmp_path: Path) -> None:
    digests = digests_of(30)
    with Store(tmp_path) as store:
        for first in range(0, 30, 10):
            with store.writer(SPACE) as writer:
                writer.add(digests[first : first + 10], rows_of(digests[first : first + 10]))
            (shard,) = tmp_path.glob("shards/*.rows")
            with shard.open("ab") as file:
                file.write(b"not a whole number" * first)
        assert_all_right(store, digests)


def test_a_cut_shard_costs_its_rows_and_a_note(tmp_path: Path) -> None:
    digests, heard = digests_of(100), list[Event]()
    with Store(tmp_path, heard.append) as store:
        with store.writer(SPACE, commit_rows=10) as writer:
            for first in range(0, 100, 10):
                writer.add(digests[first : first + 10], rows_of(digests[first : first + 10]))
        (shard,) = tmp_path.glob("shards/*.rows")
        os.truncate(shard, 55 * SPACE.row_bytes)
        with pytest.raises(StoreError, match=r"50 of 100 rows .* \(50 were deleted or cut outside headstart\)"):
            store.read(SPACE, digests, "final")
        np.testing.assert_array_equal(store.read(SPACE, digests[:50], "final"), rows_of(digests[:50])["final"])
        assert store.find_missing(SPACE, digests) == digests[50:]
        assert [event.text for event in heard if isinstance(event, Note)] == [
            "50 stored rows of a small network were deleted or cut outside headstart; they are computed again"
        ]
        with store.writer(SPACE) as writer:
            writer.add(digests[50:], rows_of(digests[50:]))
        assert_all_right(store, digests)
        assert len(list(tmp_path.glob("shards/*.rows"))) == 2  # nothing is ever added behind a cut


def test_deleted_shards_cost_their_rows(tmp_path: Path) -> None:
    digests = digests_of(40)
    with Store(tmp_path) as store:
        with store.writer(SPACE, commit_rows=10, shard_bytes=1) as writer:
            for first in range(0, 40, 10):
                writer.add(digests[first : first + 10], rows_of(digests[first : first + 10]))
        sorted(tmp_path.glob("shards/*.rows"))[1].unlink()
        assert store.find_missing(SPACE, digests) == digests[10:20]
        shutil.rmtree(tmp_path / "shards")
        (tmp_path / "shards").mkdir()
        assert store.find_missing(SPACE, digests) == digests
        with store.writer(SPACE) as writer:
            writer.add(digests, rows_of(digests))
        assert_all_right(store, digests)


def test_a_shard_deleted_or_cut_under_its_writer_never_makes_wrong_rows(tmp_path: Path) -> None:
    digests = digests_of(20)
    for meddle in (Path.unlink, lambda path: os.truncate(path, 7)):
        with Store(tmp_path) as store:
            writer = store.writer(SPACE)
            writer.add(digests[:10], rows_of(digests[:10]))
            writer.commit()
            meddle(max(tmp_path.glob("shards/*.rows")))
            writer.add(digests[10:], rows_of(digests[10:]))
            with pytest.raises(StoreError, match="deleted or cut while it was written to; run again"):
                writer.close()
            assert store.find_missing(SPACE, digests) == digests


def test_a_full_disk_keeps_what_was_stored(tmp_path: Path) -> None:
    resource = pytest.importorskip("resource")
    digests = digests_of(200)
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    with Store(tmp_path) as store:
        with store.writer(SPACE) as writer:
            writer.add(digests[:50], rows_of(digests[:50]))
        # No file may grow beyond 150 kB: the index fits, a shard of 2,000 rows does not.
        many = digests_of(2000, 1000)
        resource.setrlimit(resource.RLIMIT_FSIZE, (150_000, limits[1]))
        try:
            writer = store.writer(SPACE)
            writer.add_issue(DecodeIssue(digests[60], broken=True, reason="no picture"))
            with pytest.raises(StoreError, match="could not be written: File too large; free some space and run again"):
                writer.add(many, rows_of(many))
            with pytest.raises(StoreError, match="free some space"):
                writer.add(digests[50:60], rows_of(digests[50:60]))
            writer.close()
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        assert_all_right(store, digests[:50])
        with store.writer(SPACE) as again:
            again.add(digests[50:], rows_of(digests[50:]))
        assert_all_right(store, digests)


def test_no_row_is_visible_before_its_bytes_are_on_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    digests = digests_of(10)

    def refuse(descriptor: int) -> None:
        raise OSError(errno.EIO, "Input/output error")

    with Store(tmp_path) as store:
        writer = store.writer(SPACE)
        writer.add(digests, rows_of(digests))
        with monkeypatch.context() as patch:
            patch.setattr("headstart.storage.shards.os.fsync", refuse)
            with pytest.raises(StoreError, match="could not be written: Input/output error"):
                writer.commit()
        writer.close()
        assert store.find_missing(SPACE, digests) == digests
