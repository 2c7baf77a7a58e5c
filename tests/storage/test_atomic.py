"""Files that are there whole or not at all, and disks that are full."""

import errno

import pytest

from headstart.storage import atomic as writing
from headstart.storage.atomic import new_folder, replace_bytes
from headstart_runtime.errors import StoreError


def names_in(folder):
    return [path.name for path in folder.iterdir()]


def full(*_: object) -> None:
    raise OSError(errno.ENOSPC, "No space left on device")


def test_a_full_disk_is_said_and_the_old_file_stays(tmp_path, monkeypatch):
    replace_bytes(tmp_path / "a", b"old")
    monkeypatch.setattr(writing.os, "fsync", full)
    with pytest.raises(StoreError, match=r"no space left to write '.*a'; free some and run the same command again"):
        replace_bytes(tmp_path / "a", b"new")
    assert (tmp_path / "a").read_bytes() == b"old"
    assert names_in(tmp_path) == ["a"]


def test_a_full_disk_leaves_nothing_of_a_folder(tmp_path):
    with pytest.raises(StoreError, match="no space left to write"), new_folder(tmp_path / "out") as draft:
        full((draft / "half").write_bytes(b"1"))
    assert not names_in(tmp_path)


def test_other_errors_are_the_systems(tmp_path):
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(OSError, match=r"Not a directory|exists|cannot find"):
        replace_bytes(tmp_path / "file" / "below", b"")
