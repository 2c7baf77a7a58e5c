"""Folders as the runtime walks them by itself, beside how headstart does."""

from pathlib import Path

from headstart.data.unlabelled import find_items
from headstart_runtime.folder_items import walk_items
from headstart_runtime.modalities.modality import get_modality
from tests.conftest import Small


def test_it_finds_what_headstart_finds_in_its_order(small: Small, tmp_path: Path) -> None:
    photo = next(small.photos.rglob("*.png")).read_bytes()
    for name in ("10.png", "2.png", "a/1.png", "a/b/3", ".hidden/x.png", "b/.y.png", "__MACOSX/z.png"):
        file = tmp_path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(photo)
    (tmp_path / "a" / "notes.txt").write_text("none")
    modality = get_modality("image")
    ours, theirs = list[str](), list[str]()
    found = list(walk_items(tmp_path, modality, ours))
    assert found == list(find_items(tmp_path, modality, theirs))
    assert [file.relative_to(tmp_path).as_posix() for file in found] == ["2.png", "10.png", "a/1.png", "a/b/3"]
    assert ours == theirs == ["a/notes.txt"]
