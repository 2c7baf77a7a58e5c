"""One sentence for a source of which no file can be used."""

import zipfile

import pytest

from headstart.data.read import read_source
from headstart_runtime.errors import DataError

FILM = b"\0\0\0\x18ftypmp42" + bytes(40)


def lay(root, ending, content):
    for name in ("ants", "bees"):
        (root / name).mkdir(parents=True)
        for number in range(3):
            (root / name / f"{number}{ending}").write_bytes(content + bytes([65 + number]))
    return root


@pytest.mark.parametrize(
    ("ending", "content", "kind"),
    [
        (".jpg", b"hello ", "they end in .jpg; by their bytes they are text"),
        ("", b"\0\0\0\x18ftypheic" + bytes(40), "they have no ending$"),
        ("", b"\x93NUMPY\x01\0", "they have no ending; by their bytes they are NumPy arrays"),
        (".xyz", bytes(range(1, 9)), "they end in .xyz$"),
    ],
)
def test_files_that_are_no_photos_are_one_sentence(tmp_path, ending, content, kind):
    root = lay(tmp_path / "set", ending, content)
    told = rf"^none of the 6 files of '.*' is a usable photo \(skipped: 6 not an image in a known format\), .*; {kind}"
    with pytest.raises(DataError, match=told):
        read_source(root)


def test_videos_are_called_so(tmp_path):
    root = lay(tmp_path / "set", ".mp4", FILM)
    with pytest.raises(
        DataError, match=r"^all 6 files of '.*' are videos, not photos: take single frames out, such as"
    ):
        read_source(root)


def test_an_archive_without_photos(tmp_path):
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        for name in ("ants/1.jpg", "bees/2.jpg"):
            archive.writestr(name, "hello")
    with pytest.raises(DataError, match=r"none of the 2 files of .* is a usable photo"):
        read_source(tmp_path / "a.zip")


def test_a_class_without_photos_beside_others_is_called_by_its_name(tmp_path, plant):
    root = plant(tmp_path, *(f"ants/{i}.png" for i in range(3)))
    lay(tmp_path / "more", ".mp4", FILM)
    (tmp_path / "more/bees").rename(root / "bees")
    with pytest.raises(DataError, match="class 'bees' has no usable photo"):
        read_source(root, options=None)
