import shutil
import tarfile

import numpy as np
import pytest

from headstart.data.source_items import list_file_items, list_folder_items
from headstart.modalities.item import BrokenItem
from headstart.modalities.modality import get_modality
from headstart.verbs.items import Expansion, expand_items, name_path


@pytest.fixture(autouse=True)
def store(tmp_path, monkeypatch):
    monkeypatch.setenv("HEADSTART_STORE", str(tmp_path / "store"))


def _expand(*paths):
    met = Expansion(alone=len(paths) == 1)
    return list(expand_items(get_modality("image"), [name_path(str(path)) for path in paths], met)), met


@pytest.mark.parametrize("name", ["pets.zip", "pets", "pets.tar"])
def test_what_is_in_an_archive_is_what_a_folder_has(tmp_path, pets, name):
    (pets / "notes.txt").write_text("hello")
    packed = tmp_path / "packed" / name
    packed.parent.mkdir()
    shutil.copy(shutil.make_archive(str(tmp_path / "archive"), "zip", pets), packed)
    folder = list_folder_items(pets, get_modality("image"))
    items, met = _expand(packed)
    assert [one.name for one in items] == [one.name for one in folder.items]
    assert [one.value.read_bytes() for one in items] == [one.value.read_bytes() for one in folder.items]
    assert folder.skipped == ("notes.txt",)
    assert met.skipped == [f"{packed}: notes.txt"]


def test_a_table_by_its_bytes_and_a_photo_without_an_ending(tmp_path, pets):
    (tmp_path / "list").write_text("path,label\npets/cats/0.png,\npets/dogs/1.png,\n")
    shutil.copy(pets / "cats/0.png", tmp_path / "photo")
    (tmp_path / "notes.md").write_text("hello")
    items, _ = _expand(tmp_path / "list", tmp_path / "photo", tmp_path / "notes.md")
    assert [one.name.rpartition("/")[2] for one in items] == ["0.png", "1.png", "photo", "notes.md"]
    assert items[0].name.startswith(f"{tmp_path / 'list'}: ")


def test_the_items_of_arrays_and_of_a_folder_of_idx_files(tmp_path):
    images = np.random.default_rng(0).integers(0, 256, (6, 5, 4), dtype=np.uint8)
    np.savez(tmp_path / "images.npz", images=images, labels=np.arange(6) % 2)
    items, _ = _expand(tmp_path / "images.npz")
    assert [one.name for one in items] == [f"#{i}" for i in range(6)]
    assert all(np.array_equal(one.value, image) for one, image in zip(items, images, strict=True))
    folder = tmp_path / "mnist"
    folder.mkdir()
    header = (0x801).to_bytes(4, "big") + (6).to_bytes(4, "big")
    (folder / "train-labels-idx1-ubyte").write_bytes(header + bytes(6))
    header = (0x803).to_bytes(4, "big") + b"".join(size.to_bytes(4, "big") for size in images.shape)
    (folder / "train-images-idx3-ubyte").write_bytes(header + images.tobytes())
    items, _ = _expand(folder)
    assert len(items) == 6
    assert np.array_equal(items[5].value, images[5])


def test_what_is_called_like_an_item_is_one(tmp_path):
    (tmp_path / "a.jpg").write_text("path\nb.jpg\n")
    assert list_file_items(tmp_path / "a.jpg", get_modality("image")) is None
    assert list_file_items(tmp_path / "nowhere", get_modality("image")) is None


def test_an_item_at_the_end_of_a_shard_that_was_cut_off_is_broken(tmp_path, pets):
    shard = tmp_path / "0.tar"
    with tarfile.open(shard, "w") as archive:
        for number, photo in enumerate(sorted(pets.rglob("*.png"))[:4]):
            archive.add(photo, f"{number}.png")
            (tmp_path / "label").write_text("cat")
            archive.add(tmp_path / "label", f"{number}.cls")
    whole = shard.read_bytes()
    with tarfile.open(shard) as archive:
        last = archive.getmember("3.png")
    shard.write_bytes(whole[: last.offset_data + last.size - 5])
    items, _ = _expand(shard)
    assert isinstance(items[-1].value, BrokenItem)
    assert "shorter" in str(items[-1].value)
