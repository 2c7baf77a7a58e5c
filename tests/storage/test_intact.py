"""Folders whose files were changed since they were written are not taken for whole."""

from collections.abc import Callable
from pathlib import Path

import pytest

from headstart.storage.intact import DIGESTS, is_file_intact, is_intact, write_digest, write_digests


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "network.onnx").write_bytes(bytes(range(256)))
    (tmp_path / "backbone.json").write_text("{}", "utf-8")
    (tmp_path / "proof-runtime.json").write_text("{}", "utf-8")
    write_digests(tmp_path)
    return tmp_path


def flip(file: Path) -> None:
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)


DAMAGES: list[Callable[[Path], object]] = [
    flip,
    lambda file: file.write_bytes(b""),
    lambda file: file.write_bytes(file.read_bytes()[:100]),
    lambda file: file.write_bytes(file.read_bytes() + b"1"),
    Path.unlink,
]


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_changed_file_is_seen(damage: Callable[[Path], object], folder: Path) -> None:
    assert is_intact(folder)
    damage(folder / "network.onnx")
    assert not is_intact(folder)


@pytest.mark.parametrize("text", ["", "{", "[1]", "7", '{"network.onnx": 1}'])
def test_so_are_changed_digests(text: str, folder: Path) -> None:
    (folder / DIGESTS).write_text(text, "utf-8")
    assert not is_intact(folder)


def test_proofs_and_what_is_added_later_do_not_count(folder: Path) -> None:
    (folder / "proof-runtime.json").write_text("[]", "utf-8")
    (folder / "trunk-stage2.onnx").write_bytes(b"later")
    assert is_intact(folder)


def test_a_folder_of_before_passes(folder: Path) -> None:
    (folder / DIGESTS).unlink()
    assert is_intact(folder)


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_file_that_is_added_later_has_a_digest_of_its_own(damage: Callable[[Path], object], tmp_path: Path) -> None:
    file = tmp_path / "trunk.onnx"
    assert not is_file_intact(file)
    file.write_bytes(bytes(range(256)))
    assert is_file_intact(file), "one of before digests were kept"
    write_digest(file)
    assert is_file_intact(file)
    damage(file)
    assert not is_file_intact(file)
