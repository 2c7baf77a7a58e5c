"""Results of arithmetic in the store: the same question is answered from it, any other is not."""

import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from headstart.storage import results
from headstart.storage.results import Question, Result, ResultFolder, digest_array, digest_program
from headstart.storage.store import Store

ROWS = np.arange(12, dtype=np.float32).reshape(3, 4)
ASKED = Question("head", {"rows": ROWS}, ["logistic", None, 0.5])


@pytest.fixture(autouse=True)
def _all_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(results, "WORTH", 0.0)


def make() -> Result:
    return Result({"weight": ROWS.T, "none": np.zeros((0, 3), np.int64)}, {"C": 0.1, "path": [[1, 2.5], []]})


def fail() -> Result:
    raise AssertionError("asked again")


def test_the_same_question_is_answered_once(tmp_path: Path) -> None:
    folder = ResultFolder(tmp_path)
    folder.recall(ASKED, make)
    again = ResultFolder(tmp_path).recall(Question("head", {"rows": ROWS.copy()}, ["logistic", None, 0.5]), fail)
    np.testing.assert_array_equal(again.arrays["weight"], ROWS.T)
    assert again.arrays["none"].shape == (0, 3)
    assert again.facts == make().facts


@pytest.mark.parametrize(
    "other",
    [
        replace(ASKED, name="held-out"),
        replace(ASKED, facts=["logistic", None, 0.25]),
        replace(ASKED, arrays={"rows": ROWS + np.float32(1e-6) * (ROWS == 7)}),
        replace(ASKED, arrays={"rows": ROWS.reshape(4, 3)}),
        replace(ASKED, arrays={"rows": ROWS.view(np.int32)}),
        replace(ASKED, arrays={"columns": ROWS}),
        replace(ASKED, arrays={"rows": ROWS, "groups": np.arange(3)}),
    ],
)
def test_another_question_is_another(other: Question, tmp_path: Path) -> None:
    ResultFolder(tmp_path).recall(ASKED, make)
    with pytest.raises(AssertionError, match="asked again"):
        ResultFolder(tmp_path).recall(other, fail)


def test_an_array_counts_by_its_numbers_not_by_how_they_lie() -> None:
    assert digest_array(np.asfortranarray(ROWS)) == digest_array(ROWS)
    assert digest_array(ROWS[::2]) == digest_array(ROWS[::2].copy())


def test_a_changed_line_of_the_program_forgets_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "small_program").mkdir()
    code = tmp_path / "small_program" / "__init__.py"
    monkeypatch.setattr(results, "PACKAGES", ("small_program",))
    monkeypatch.setattr(results, "_BEGAN", float("inf"))
    seen = set()
    for text in ("a = 1\n", "a = 2\n"):
        code.write_text(text, "utf-8")
        seen.add(digest_program.__wrapped__())
    (tmp_path / "small_program" / "more.py").touch()
    seen.add(digest_program.__wrapped__())
    monkeypatch.setattr(results.platform, "python_version", lambda: "3.99.0")
    seen.add(digest_program.__wrapped__())
    assert len(seen) == 4
    assert None not in seen


def test_a_program_that_changed_while_it_ran_knows_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A line that is not run yet would tell under which program its results are kept."""
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "changed_program").mkdir()
    code = tmp_path / "changed_program" / "__init__.py"
    monkeypatch.setattr(results, "PACKAGES", ("changed_program",))
    code.write_text("a = 1\n", "utf-8")
    os.utime(code, (0, 0))
    assert digest_program.__wrapped__() is not None
    code.write_text("a = 2\n", "utf-8")
    assert digest_program.__wrapped__() is None


def test_without_source_files_nothing_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(results, "digest_program", lambda: None)
    ResultFolder(tmp_path).recall(ASKED, make)
    assert not list(tmp_path.iterdir())


def test_what_took_no_time_is_not_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(results, "WORTH", 10.0)
    ResultFolder(tmp_path).recall(ASKED, make)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("content", [b"", b"no archive", b"PK\x03\x04", bytes(2000)])
def test_a_damaged_file_is_made_again(content: bytes, tmp_path: Path) -> None:
    folder = ResultFolder(tmp_path)
    folder.recall(ASKED, make)
    (file,) = tmp_path.rglob("*.result")
    file.write_bytes(content)
    assert folder.recall(ASKED, make).facts == make().facts
    folder.recall(ASKED, fail)


def test_no_changed_byte_and_no_cut_passes(tmp_path: Path) -> None:
    folder = ResultFolder(tmp_path)
    folder.recall(ASKED, make)
    (file,) = tmp_path.rglob("*.result")
    whole = file.read_bytes()
    for place in range(len(whole)):
        for changed in (whole[:place], whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :]):
            file.write_bytes(changed)
            assert results._read(file) is None


def test_what_was_known_is_counted_with_the_seconds_that_it_took(tmp_path: Path) -> None:
    folder = ResultFolder(tmp_path)
    folder.recall(ASKED, make)
    assert folder.known == {}
    for _ in range(2):
        folder.recall(ASKED, fail)
    (known,) = folder.known.values()
    assert known.count == 2
    assert known.seconds > 0
    assert folder.seconds_spared == known.seconds


def test_a_store_that_cannot_be_written_ends_nothing(tmp_path: Path) -> None:
    (tmp_path / "results").touch()  # a file in the folder's place
    assert ResultFolder(tmp_path).recall(ASKED, make).facts == make().facts


def test_pruning_takes_a_version_as_a_whole(tmp_path: Path) -> None:
    with Store(tmp_path) as store:
        store.results.recall(ASKED, make)
        store.results.recall(replace(ASKED, name="held-out"), make)
        (entry,) = store.list_entries()
        assert (entry.kind, entry.name) == ("results of a version", digest_program())
        os.utime(tmp_path / "results" / entry.name, (0, 0))
        store.prune(0)
        assert not list((tmp_path / "results").iterdir())
