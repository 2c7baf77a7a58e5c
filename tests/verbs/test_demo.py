"""The demonstration writes into a folder of its own."""

from pathlib import Path

import pytest

import headstart
from headstart_runtime.errors import DataError


def test_a_folder_with_other_things_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "photo.jpg").write_bytes(b"")
    with pytest.raises(DataError, match=r"holds 'photo.jpg'; the demonstration writes its own folder"):
        headstart.demo(tmp_path, progress=False)
    with pytest.raises(DataError, match="is a file"):
        headstart.demo(tmp_path / "photo.jpg", progress=False)
    assert [one.name for one in tmp_path.iterdir()] == ["photo.jpg"]
