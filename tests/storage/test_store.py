"""What one process may rely on: rows come back bit by bit, in the order asked, and wrong ones never get in."""

import hashlib
import os
import sqlite3
import stat
import tempfile
import threading
import tracemalloc
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from headstart.storage.database import SCHEMA
from headstart.storage.store import DecodeIssue, FeatureSpace, Store
from headstart_runtime.errors import StoreError

SPACE = FeatureSpace("0a" * 20, (("stage1", 3), ("final", 8)), "a small network")
OTHER = FeatureSpace("0b" * 20, (("final", 5),))


def digests_of(count: int, first: int = 0) -> list[str]:
    return [hashlib.blake2b(b"%d" % number, digest_size=20).hexdigest() for number in range(first, first + count)]


def rows_of(digests: list[str], space: FeatureSpace = SPACE) -> dict[str, np.ndarray]:
    """Rows that depend on the photo and the layer only, as a network's do."""
    return {
        name: np.array(
            [np.random.default_rng([int(digest[:12], 16), width]).normal(size=width) for digest in digests], np.float32
        ).reshape(len(digests), width)
        for name, width in space.layers
    }


def fill(store: Store, digests: list[str], space: FeatureSpace = SPACE, **how: int) -> None:
    with store.writer(space, **how) as writer:
        for first in range(0, len(digests), 10):
            part = digests[first : first + 10]
            writer.add(part, rows_of(part, space))


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store(tmp_path / "store") as opened:
        yield opened


def test_rows_come_back_bit_by_bit_in_the_order_asked_and_after_reopening(store: Store) -> None:
    digests = digests_of(200)
    fill(store, digests, commit_rows=32, shard_bytes=3000)
    shuffled = [digests[place] for place in np.random.default_rng(0).permutation(200)] + digests[:3]
    store.close()
    with Store(store.folder) as again:
        for layer in SPACE.widths:
            np.testing.assert_array_equal(again.read(SPACE, shuffled, layer), rows_of(shuffled)[layer])
        assert len(again.usage()) == 1
        assert again.usage()[0].rows == 200
        assert again.usage()[0].bytes == 200 * SPACE.row_bytes


def test_special_numbers_keep_their_bits(store: Store) -> None:
    row = np.array([[-0.0, np.finfo(np.float32).max, 1e-45, 1.0000001, 0]], np.float32)
    with store.writer(OTHER) as writer:
        writer.add(digests_of(1), {"final": row})
    assert store.read(OTHER, digests_of(1), "final").tobytes() == row.tobytes()


def test_missing_is_unique_in_order_and_leaves_out_stored_and_broken(store: Store) -> None:
    digests = digests_of(2000)
    assert store.find_missing(SPACE, [*digests, *digests]) == digests
    fill(store, digests[:1000], commit_rows=500)
    with store.writer(SPACE) as writer:
        writer.add_issue(DecodeIssue(digests[1500], broken=True, reason="no image data"))
        writer.add_issue(DecodeIssue(digests[1501], broken=False, reason="cut off"))
    asked = [digests[1501], digests[3], digests[1500], digests[1501], digests[1200]]
    assert store.find_missing(SPACE, asked) == [digests[1501], digests[1200]]
    assert store.find_missing(SPACE, digests) == [*digests[1000:1500], *digests[1501:]]
    assert store.find_missing(OTHER, digests[:5]) == digests[:5]


def test_issues_come_back_by_digest(store: Store) -> None:
    digests = digests_of(3)
    repaired = DecodeIssue(digests[0], broken=False, reason="the end was missing")
    broken = DecodeIssue(digests[1], broken=True, reason="not a picture")
    assert store.issues(SPACE, digests) == {}
    with store.writer(SPACE) as writer:
        writer.add_issue(repaired)
        writer.add_issue(broken)
    assert store.issues(SPACE, digests) == {digests[0]: repaired, digests[1]: broken}
    assert store.issues(OTHER, digests) == {}


def test_reading_what_is_not_there_says_how_many(store: Store) -> None:
    digests = digests_of(10)
    with pytest.raises(StoreError, match="10 of 10 rows of layer 'final'"):
        store.read(SPACE, digests, "final")
    fill(store, digests[:7])
    with pytest.raises(StoreError, match="3 of 10 rows of layer 'final' are not in the store for a small network"):
        store.read(SPACE, digests, "final")
    with pytest.raises(KeyError, match="no layer 'finale' in a small network; it has stage1, final"):
        store.read(SPACE, digests, "finale")
    assert store.read(SPACE, [], "final").shape == (0, 8)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"final": None}, "wanted|has stage1, final"),
        ({"extra": np.zeros((4, 1), np.float32)}, "has stage1, final"),
        ({"final": np.zeros((4, 7), np.float32)}, r"shape \(4, 7\); wanted float32 \(4, 8\)"),
        ({"final": np.zeros((3, 8), np.float32)}, r"shape \(3, 8\); wanted float32 \(4, 8\)"),
        ({"final": np.zeros((4, 8))}, "float64 rows"),
        ({"stage1": np.array([[0, 0, 0]] * 3 + [[0, np.nan, 0]], np.float32)}, "'stage1' of 1 of 4 samples .* finite"),
        ({"final": np.full((4, 8), np.inf, np.float32)}, "'final' of 4 of 4 samples .* finite"),
    ],
)
def test_wrong_rows_are_refused_whole(store: Store, change: dict[str, np.ndarray | None], message: str) -> None:
    digests = digests_of(4)
    rows = {name: value for name, value in {**rows_of(digests), **change}.items() if value is not None}
    with store.writer(SPACE) as writer:
        with pytest.raises(StoreError, match=message):
            writer.add(digests, rows)
        writer.add(digests[:1], rows_of(digests[:1]))  # the writer goes on
    assert store.find_missing(SPACE, digests) == digests[1:]


def test_an_id_is_not_taken_for_a_digest(store: Store) -> None:
    for wrong in (digests_of(1)[0] + ".1", "zz" * 20, "0a 0" * 10):
        with pytest.raises(ValueError, match="40 hexadecimal digits"):
            store.find_missing(SPACE, [wrong])


@pytest.mark.parametrize("layers", [(), (("final", 0),), (("final", 3), ("final", 4))])
def test_a_space_without_sense_is_refused(layers: tuple[tuple[str, int], ...]) -> None:
    with pytest.raises(ValueError, match="layers"):
        FeatureSpace("0a" * 20, layers)


def test_one_fingerprint_stands_for_one_list_of_layers(store: Store) -> None:
    fill(store, digests_of(2))
    changed = FeatureSpace(SPACE.fingerprint, (("final", 8),))
    for ask in (lambda: store.find_missing(changed, digests_of(2)), lambda: store.writer(changed)):
        with pytest.raises(StoreError, match="one fingerprint stands for one list of layers"):
            ask()


def test_rows_are_visible_after_commit_and_copied_when_added(store: Store) -> None:
    digests = digests_of(5)
    rows = rows_of(digests)
    with store.writer(SPACE, commit_rows=100) as writer:
        writer.add(digests, rows)
        rows["final"][:] = 0
        assert store.find_missing(SPACE, digests) == digests
        writer.commit()
        assert store.find_missing(SPACE, digests) == []
    np.testing.assert_array_equal(store.read(SPACE, digests, "final"), rows_of(digests)["final"])


def test_an_exception_keeps_what_was_added_before(store: Store) -> None:
    def stopped() -> None:
        with store.writer(SPACE) as writer:
            writer.add(digests_of(5), rows_of(digests_of(5)))
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        stopped()
    assert store.find_missing(SPACE, digests_of(6)) == digests_of(1, 5)


def test_the_same_photo_twice_is_stored_once(store: Store) -> None:
    digests = digests_of(6)
    twice = [*digests, *digests[::-1]]
    with store.writer(SPACE) as one, store.writer(SPACE) as two:
        one.add(twice, rows_of(twice))
        two.add(digests[:4], rows_of(digests[:4]))
    assert store.usage()[0].bytes == 6 * SPACE.row_bytes
    np.testing.assert_array_equal(store.read(SPACE, twice, "stage1"), rows_of(twice)["stage1"])


def test_ten_small_runs_share_one_shard_and_a_full_one_is_followed_by_the_next(store: Store) -> None:
    for run in range(10):
        with Store(store.folder) as again:
            fill(again, digests_of(10, 10 * run))
    assert len(list(store.folder.glob("shards/*.rows"))) == 1
    fill(store, digests_of(100, 100), commit_rows=10, shard_bytes=110 * SPACE.row_bytes + 1)
    assert len(list(store.folder.glob("shards/*.rows"))) == 2
    np.testing.assert_array_equal(store.read(SPACE, digests_of(200), "final"), rows_of(digests_of(200))["final"])


def test_many_threads_may_add_to_one_writer(store: Store) -> None:
    digests = digests_of(800)
    failures: list[BaseException] = []

    def work(first: int) -> None:
        try:
            for start in range(first, 800, 80):
                part = digests[start : start + 10]
                writer.add(part, rows_of(part))
                writer.add_issue(DecodeIssue(part[0], broken=False, reason=f"thread {first}"))
                store.find_missing(SPACE, part)
        except BaseException as error:  # noqa: BLE001  # raised below
            failures.append(error)

    with store.writer(SPACE, commit_rows=16, shard_bytes=2000) as writer:
        threads = [threading.Thread(target=work, args=[first]) for first in range(0, 80, 10)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert failures == []
    np.testing.assert_array_equal(store.read(SPACE, digests, "final"), rows_of(digests)["final"])
    assert len(store.issues(SPACE, digests)) == 80


def test_reading_takes_no_memory_but_its_answer(store: Store) -> None:
    wide = FeatureSpace("0c" * 20, (("final", 256),))
    digests = digests_of(6000)
    value = np.zeros((6000, 256), np.float32)
    with store.writer(wide, commit_rows=500) as writer:
        for first in range(0, 6000, 500):
            writer.add(digests[first : first + 500], {"final": value[first : first + 500]})
    tracemalloc.start()
    try:
        answer = store.read(wide, digests, "final")
        assert tracemalloc.get_traced_memory()[1] < answer.nbytes + 2 * 2**20
        del answer
        tracemalloc.reset_peak()
        assert store.find_missing(wide, digests) == []
        assert tracemalloc.get_traced_memory()[1] < 2 * 2**20
    finally:
        tracemalloc.stop()


def test_a_newer_schema_is_refused_with_what_to_do(store: Store) -> None:
    store.close()
    with sqlite3.connect(store.folder / "index.sqlite3") as connection:
        connection.execute(f"PRAGMA user_version = {SCHEMA + 1}")
    connection.close()
    with pytest.raises(StoreError, match=r"newer headstart \(schema 2, this one reads 1\); upgrade .* --store"):
        Store(store.folder)


def test_the_schema_version_is_written_twice(store: Store) -> None:
    connection = sqlite3.connect(store.folder / "index.sqlite3")
    assert connection.execute("PRAGMA user_version").fetchone() == (SCHEMA,)
    assert connection.execute("SELECT value FROM meta WHERE name = 'schema'").fetchone() == (str(SCHEMA),)
    connection.close()


def test_a_damaged_index_and_one_that_is_not_ours_are_refused(tmp_path: Path) -> None:
    index = tmp_path / "index.sqlite3"
    index.write_bytes(b"no database " * 1000)
    with pytest.raises(StoreError, match=r"is damaged: .*delete the folder"):
        Store(tmp_path)
    index.unlink()
    with sqlite3.connect(index) as connection:
        connection.execute("CREATE TABLE photos (id)")
    connection.close()
    with pytest.raises(StoreError, match="is not an index of headstart"):
        Store(tmp_path)


def test_a_closed_store_and_a_closed_writer_say_so(store: Store) -> None:
    with store.writer(SPACE) as writer:
        pass
    with pytest.raises(StoreError, match="writer is closed"):
        writer.add(digests_of(1), rows_of(digests_of(1)))
    store.close()
    with pytest.raises(StoreError, match="is closed"):
        store.find_missing(SPACE, digests_of(1))


def test_a_file_in_the_place_of_the_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "store").write_text("")
    with pytest.raises(StoreError, match=r"cannot be made or written: .*; choose another folder with --store"):
        Store(tmp_path / "store")


@contextmanager
def ordinary_user() -> Iterator[None]:
    """Root may write anywhere: be somebody else for a moment."""
    if os.geteuid():
        yield
        return
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)


@pytest.mark.skipif(os.name != "posix", reason="permission bits are POSIX")
def test_a_read_only_folder_is_refused() -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o555)
        with ordinary_user(), pytest.raises(StoreError, match="cannot be made or written: Permission denied"):
            Store(folder / "store")
        folder.chmod(0o755)
        with Store(folder / "store") as store:
            fill(store, digests_of(3))
        paths = [folder / "store", *(folder / "store").rglob("*")]
        for path in paths:
            path.chmod(0o555 if path.is_dir() else 0o444)
        try:
            with ordinary_user(), pytest.raises(StoreError, match=r"written: .* choose another folder with --store"):
                Store(folder / "store")
        finally:
            for path in paths:
                path.chmod(stat.S_IRWXU)


class AgainstADict(RuleBasedStateMachine):
    """The store against the simplest thing that could do the same."""

    def __init__(self) -> None:
        super().__init__()
        self.home = tempfile.TemporaryDirectory()
        self.digests = digests_of(30)
        self.expected: set[int] = set()
        self.store = Store(Path(self.home.name))

    @rule(numbers=st.lists(st.integers(0, 29), max_size=12), rows=st.integers(1, 9), size=st.sampled_from([100, 10**6]))
    def add(self, numbers: list[int], rows: int, size: int) -> None:
        digests = [self.digests[number] for number in numbers]
        with self.store.writer(SPACE, commit_rows=rows, shard_bytes=size) as writer:
            for first in range(0, len(digests), 4):
                writer.add(digests[first : first + 4], rows_of(digests[first : first + 4]))
        self.expected |= set(numbers)

    @rule()
    def reopen(self) -> None:
        self.store.close()
        self.store = Store(Path(self.home.name))

    @rule(cut=st.integers(0, 400))
    def lose_the_end_of_a_shard(self, cut: int) -> None:
        for path in sorted(self.store.folder.glob("shards/*.rows"))[:1]:
            os.truncate(path, min(cut, path.stat().st_size))
        missing = self.store.find_missing(SPACE, self.digests)
        kept = {number for number in range(30) if self.digests[number] not in missing}
        assert kept <= self.expected
        self.expected = kept

    @rule()
    def prune_all(self) -> None:
        self.store.prune(0)
        self.expected = set()

    @invariant()
    def what_is_there_is_right(self) -> None:
        there = [self.digests[number] for number in sorted(self.expected, reverse=True)]
        absent = [digest for number, digest in enumerate(self.digests) if number not in self.expected]
        assert self.store.find_missing(SPACE, self.digests) == absent
        np.testing.assert_array_equal(self.store.read(SPACE, there, "final"), rows_of(there)["final"])

    def teardown(self) -> None:
        self.store.close()
        self.home.cleanup()


TestAgainstADict = AgainstADict.TestCase
TestAgainstADict.settings = settings(
    max_examples=15, stateful_step_count=12, deadline=None, derandomize=True, database=None
)
