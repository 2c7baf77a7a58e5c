"""A run's folder is one run's."""

import errno
import subprocess
import sys
from pathlib import Path

import pytest
from filelock import FileLock

from headstart.runs import reservation as reserving
from headstart.runs.reservation import claim_run, reserve_run
from headstart.storage.run_layout import RECORD, UNFINISHED
from headstart_runtime.errors import SettingError, StoreError

HOLD = """
import sys
from pathlib import Path
from headstart.runs.reservation import claim_run
with claim_run(Path(sys.argv[1]), "photos"):
    print("held", flush=True)
    sys.stdin.read()
    (Path(sys.argv[1]) / "run.json").write_text("{}")
"""


def names_in(folder):
    return sorted(path.name for path in folder.iterdir())


@pytest.fixture
def holder(tmp_path):
    """A process that holds a run's folder until its input ends."""
    command = [sys.executable, "-c", HOLD, tmp_path / "run"]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdout.readline() == "held\n"
    yield process
    process.kill()
    process.wait()
    process.stdin.close()
    process.stdout.close()


def test_a_second_run_is_refused_while_the_first_is_under_way(holder, tmp_path):
    told = r"run' is being written by another run just now; name another, or wait for it"
    with pytest.raises(SettingError, match=told):
        reserve_run(tmp_path / "run")
    with pytest.raises(SettingError, match=told), claim_run(tmp_path / "run", "photos"):
        pass
    assert (tmp_path / "run" / UNFINISHED).exists()
    holder.stdin.close()
    assert holder.wait() == 0
    assert names_in(tmp_path / "run") == [RECORD]
    with pytest.raises(SettingError, match="already holds a finished run"), claim_run(tmp_path / "run", "photos"):
        pass
    assert names_in(tmp_path / "run") == [RECORD]


def test_what_a_killed_run_left_is_gone_on_with(holder, tmp_path):
    holder.kill()
    holder.wait()
    assert (tmp_path / "run" / UNFINISHED).exists()
    assert reserve_run(tmp_path / "run") == tmp_path / "run"
    with claim_run(tmp_path / "run", "photos") as out:
        (out / "split.json").write_text("{}")
    assert names_in(tmp_path / "run") == ["split.json"]


class Removing(FileLock):
    """A lock whose file goes with it, as on Windows."""

    def _release(self) -> None:
        super()._release()
        Path(self.lock_file).unlink(missing_ok=True)


def test_a_run_that_was_killed_while_its_report_was_written_is_finished(tmp_path):
    for name in (RECORD, UNFINISHED):
        (tmp_path / name).write_text("{}")
    with pytest.raises(SettingError, match=r"finished but for its report, .* headstart report "):
        reserve_run(tmp_path)
    assert names_in(tmp_path) == [RECORD]
    with pytest.raises(SettingError, match="already holds a finished run"):
        reserve_run(tmp_path)


def test_drafts_of_a_killed_run_are_removed_when_it_is_gone_on_with(tmp_path):
    drafts = [tmp_path / ".model.5b422cb0830a", tmp_path / "arms" / ".probe.json.0123456789ab"]
    kept = [tmp_path / UNFINISHED, tmp_path / "arms" / ".mine", tmp_path / "model.5b422cb0830a"]
    drafts[0].mkdir()
    (tmp_path / "arms").mkdir()
    for file in (drafts[0] / "model.onnx", drafts[1], *kept):
        file.write_text("x")
    with claim_run(reserve_run(tmp_path), "photos"):
        assert not any(draft.exists() for draft in drafts)
        assert all(file.exists() for file in kept)


def test_a_run_whose_report_is_being_written_is_under_way(tmp_path):
    (tmp_path / RECORD).write_text("{}")
    with FileLock(tmp_path / UNFINISHED), pytest.raises(SettingError, match="by another run just now"):
        reserve_run(tmp_path)


def test_the_marker_stays_where_a_lock_takes_its_file_along(tmp_path, monkeypatch):
    monkeypatch.setattr(reserving, "FileLock", Removing)
    (tmp_path / "run").mkdir()
    for name in (UNFINISHED, "split.json"):
        (tmp_path / "run" / name).touch()
    reserve_run(tmp_path / "run")
    assert names_in(tmp_path / "run") == [UNFINISHED, "split.json"]
    with pytest.raises(RuntimeError), claim_run(tmp_path / "run", "photos"):
        raise RuntimeError
    assert names_in(tmp_path / "run") == [UNFINISHED, "split.json"]
    with claim_run(reserve_run(tmp_path / "run"), "photos"):
        pass
    assert names_in(tmp_path / "run") == ["split.json"]


def test_two_in_one_process_are_told_apart_too(tmp_path):
    with claim_run(tmp_path / "run", "photos"), pytest.raises(SettingError, match="is being written by another run"):
        reserve_run(tmp_path / "run")


def test_a_run_in_which_nothing_came_to_be_leaves_nothing(tmp_path):
    with pytest.raises(RuntimeError), claim_run(tmp_path / "run", "photos"):
        raise RuntimeError
    assert not (tmp_path / "run").exists()
    with pytest.raises(FileExistsError), claim_run(tmp_path / "run", "photos") as out:
        [(out / "model").mkdir() for _ in range(2)]
    assert names_in(tmp_path / "run") == [UNFINISHED, "model"]


def test_a_file_system_without_locks_will_do(tmp_path, monkeypatch):
    def none(_: object) -> None:
        raise NotImplementedError

    monkeypatch.setattr(reserving.FileLock, "acquire", none)
    with claim_run(tmp_path / "run", "photos") as out:
        assert (out / UNFINISHED).exists()
    assert not (tmp_path / "run" / UNFINISHED).exists()


def test_a_full_disk_is_not_a_bad_name(tmp_path, monkeypatch):
    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(reserving.Path, "mkdir", full)
    with pytest.raises(StoreError, match="no space left to make the run's folder"), claim_run(tmp_path / "run", "x"):
        pass


@pytest.mark.skipif(sys.platform == "win32", reason="there it is told when the folder is made")
def test_a_name_that_is_too_long_is_said(tmp_path):
    with pytest.raises(SettingError, match=r"a' cannot be made: File name too long; name another"):
        reserve_run(tmp_path / (300 * "a"))
