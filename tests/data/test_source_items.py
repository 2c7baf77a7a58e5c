import shutil
import tarfile
import zipfile

import numpy as np
import pytest

from headstart.data.read import read_source
from headstart.data.source_items import list_file_items, list_folder_items
from headstart_runtime.errors import DataError, SettingError
from headstart_runtime.item_columns import ItemColumns
from headstart_runtime.items import Expansion, expand_items, name_path
from headstart_runtime.modalities.item import BrokenItem
from headstart_runtime.modalities.modality import get_modality


@pytest.fixture(autouse=True)
def store(tmp_path, monkeypatch):
    monkeypatch.setenv("HEADSTART_STORE", str(tmp_path / "store"))


def _expand(*paths, path_column=None):
    met = Expansion(alone=len(paths) == 1, columns=ItemColumns(path=path_column))
    return list(expand_items(get_modality("image"), [name_path(str(path)) for path in paths], met)), met


@pytest.mark.parametrize("name", ["pets.zip", "pets", "pets.tar"])
def test_what_is_in_an_archive_is_what_a_folder_has(tmp_path, pets, name):
    (pets / "notes.txt").write_text("hello")
    packed = tmp_path / "packed" / name
    packed.parent.mkdir()
    shutil.copy(shutil.make_archive(str(tmp_path / "archive"), "zip", pets), packed)
    folder = list_folder_items(pets, get_modality("image"))
    items, met = _expand(packed)
    there = list(folder.items)
    assert [one.name for one in items] == [one.name for one in there]
    assert [one.value.read_bytes() for one in items] == [one.value.read_bytes() for one in there]
    assert folder.skipped == ["notes.txt"]  # once its items are read
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


def _save_idx(file, values):
    head = (0x800 + values.ndim).to_bytes(4, "big") + b"".join(size.to_bytes(4, "big") for size in values.shape)
    file.write_bytes(head + values.astype(np.uint8).tobytes())


IMAGES = np.random.default_rng(0).integers(0, 256, (6, 5, 4), dtype=np.uint8)


@pytest.mark.parametrize(
    ("arrays", "names"),
    [
        ({"images": IMAGES}, [f"#{i}" for i in range(6)]),
        ({"x_test": IMAGES}, [f"test#{i}" for i in range(6)]),
        ({"cutouts": IMAGES, "zone": np.arange(6), "year": np.arange(6)}, [f"#{i}" for i in range(6)]),
        ({"images": IMAGES, "labels": np.eye(6)[::-1] + np.eye(6)}, [f"#{i}" for i in range(6)]),
    ],
)
def test_arrays_to_predict_need_no_labels(tmp_path, arrays, names):
    np.savez(tmp_path / "a.npz", **arrays)
    items, _ = _expand(tmp_path / "a.npz")
    assert [one.name for one in items] == names
    assert all(np.array_equal(one.value, image) for one, image in zip(items, IMAGES, strict=True))


def test_parts_with_and_without_labels_are_answered_under_the_names_of_the_ledger(tmp_path):
    np.savez(tmp_path / "a.npz", x_train=IMAGES, y_train=np.arange(6) % 2, x_test=IMAGES[:2])
    items, _ = _expand(tmp_path / "a.npz")
    ledger = [entry.name for entry in read_source(tmp_path / "a.npz").ledger.entries]
    assert sorted(one.name for one in items) == ["test#0", "test#1", *sorted(ledger)]


def test_one_file_of_a_set(tmp_path):
    np.save(tmp_path / "X_test.npy", IMAGES)
    np.save(tmp_path / "one.npy", np.stack([IMAGES[0]] * 3, axis=-1))
    np.save(tmp_path / "doubt.npy", np.zeros((20, 25), np.uint8))
    _save_idx(tmp_path / "t10k-images-idx3-ubyte", IMAGES)
    _save_idx(tmp_path / "t10k-labels-idx1-ubyte", np.arange(6))
    assert [one.name for one in _expand(tmp_path / "X_test.npy")[0]] == [f"test#{i}" for i in range(6)]
    assert [one.name for one in _expand(tmp_path / "one.npy")[0]] == ["one.npy"]
    assert [one.name for one in _expand(tmp_path / "t10k-images-idx3-ubyte")[0]] == [f"t10k#{i}" for i in range(6)]
    with pytest.raises(DataError, match=r"a photo of that size, or 20 rows of 25 values"):
        _expand(tmp_path / "doubt.npy")
    with pytest.raises(DataError, match="a file of labels"):
        _expand(tmp_path / "t10k-labels-idx1-ubyte")


def test_several_arrays_of_items_are_asked_for_and_named(tmp_path):
    np.savez(tmp_path / "a.npz", left=IMAGES, right=IMAGES[::-1])
    with pytest.raises(DataError, match="--path-column left or --path-column right"):
        _expand(tmp_path / "a.npz")
    items, _ = _expand(tmp_path / "a.npz", path_column="right")
    assert np.array_equal(items[0].value, IMAGES[-1])


def test_a_column_of_paths_is_named(tmp_path, pets):
    (pets / "list.csv").write_text("file,copy\ncats/0.png,dogs/1.png\ncats/1.png,dogs/0.png\n")
    items, _ = _expand(pets / "list.csv", path_column="copy")
    assert [one.name for one in items] == ["dogs/1.png", "dogs/0.png"]
    with pytest.raises(DataError, match="has no column 'kopy'"):
        _expand(pets / "list.csv", path_column="kopy")
    with pytest.raises(SettingError, match="--path-column is for tables"):
        _expand(pets / "cats", path_column="copy")


def test_rows_of_tables_are_read_one_by_one(tmp_path):
    images = np.random.default_rng(0).integers(0, 256, (7, 5, 5), dtype=np.uint8)
    rows = "".join(",".join(map(str, image.ravel().tolist())) + "\n" for image in images)
    head = ",".join(f"pixel{i}" for i in range(25)) + "\n"
    (tmp_path / "a.csv").write_text(head + rows + "1,2\n")
    found = list_file_items(tmp_path / "a.csv", get_modality("image"))
    assert not isinstance(found.items, list | tuple)
    items = list(found.items)
    assert [one.name for one in items] == [f"row {i}" for i in range(2, 10)]
    assert np.array_equal(items[3].value, images[3])
    assert isinstance(items[-1].value, BrokenItem)


def test_shards_of_parquet_without_labels(tmp_path, pets):
    pa = pytest.importorskip("pyarrow")
    from pyarrow import parquet

    photos = [{"bytes": file.read_bytes(), "path": file.name} for file in sorted((pets / "cats").iterdir())]
    (tmp_path / "set").mkdir()
    parquet.write_table(pa.table({"image": photos}), tmp_path / "set/test-00000-of-00001.parquet")
    items, _ = _expand(tmp_path / "set")
    assert [one.name.rpartition("/")[2] for one in items] == [photo["path"] for photo in photos]
    assert items[0].value.read_bytes() == photos[0]["bytes"]


def test_a_workbook_is_one_row_with_what_to_do(tmp_path):
    with zipfile.ZipFile(tmp_path / "a.xlsx", "w") as book:
        book.writestr("[Content_Types].xml", "<Types/>")
        book.writestr("xl/workbook.xml", "<workbook/>")
    items, _ = _expand(tmp_path / "a.xlsx")
    assert [str(one.value) for one in items] == ["this is a workbook of Excel; save the table as CSV"]
