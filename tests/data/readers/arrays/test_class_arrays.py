"""Folders with an array for each class."""

from pathlib import Path

import numpy as np
import pytest

from headstart.data.read import read_source
from headstart.data.readers.arrays.class_arrays import find_class_arrays
from headstart.data.source_items import list_folder_items
from headstart_runtime.errors import DataError
from headstart_runtime.modalities.modality import get_modality

IMAGES = np.random.default_rng(0).integers(0, 256, (18, 6, 6), dtype=np.uint8)


def save(folder: Path, **arrays: np.ndarray) -> list[Path]:
    for name, array in arrays.items():
        np.save(folder / f"{name}.npy", array)
    return sorted(folder.glob("*.npy"))


@pytest.mark.parametrize("shape", [(6, 6), (36,)])
@pytest.mark.parametrize("start", ["", "full_numpy_bitmap_"])
def test_each_file_is_a_class(tmp_path: Path, shape: tuple[int, ...], start: str) -> None:
    names = ("ant", "bee", "ice cream")
    save(tmp_path, **{start + name: IMAGES[6 * i : 6 * i + 6 - i].reshape(-1, *shape) for i, name in enumerate(names)})
    (tmp_path / "readme.txt").write_text("of 2020", "utf-8")
    samples = read_source(tmp_path)
    assert samples.classes == names
    assert len(samples) == 15
    rows = {sample.name: sample.source.read() for sample in samples.samples}
    assert np.array_equal(rows["bee#3"], IMAGES[9])
    assert any("each file is a class, 'ant', 'bee', 'ice cream'" in note for note in samples.ledger.notes)
    assert [(it.name, it.reason) for it in samples.ledger.entries if it.reason] == [("readme.txt", "no file of arrays")]
    items = list(list_folder_items(tmp_path, get_modality("image")).items)
    assert sorted(item.name for item in items) == sorted(rows)


@pytest.mark.parametrize(
    "arrays",
    [
        {"cutouts": IMAGES, "masks": IMAGES},
        {"a1": IMAGES, "a2": IMAGES},
        {"train": IMAGES, "test": IMAGES},
        {"ant": IMAGES, "bee": IMAGES[:, :5]},
        {"ant": IMAGES},
        {"ant": np.stack([IMAGES[0]] * 3, -1), "bee": np.stack([IMAGES[1]] * 3, -1)},
    ],
)
def test_other_arrays_are_no_classes(tmp_path: Path, arrays: dict[str, np.ndarray]) -> None:
    assert not find_class_arrays(save(tmp_path, **arrays))


def test_two_arrays_of_any_names_that_fit(tmp_path: Path) -> None:
    save(tmp_path, cutouts=IMAGES, kinds=np.arange(18) % 3)
    samples = read_source(tmp_path)
    assert samples.classes == ("0", "1", "2")
    assert any("'cutouts' is read with the labels 'kinds': the only two that fit" in it for it in samples.ledger.notes)


PHOTOS = np.random.default_rng(1).integers(0, 256, (12, 8, 8, 3), dtype=np.uint8)


def test_each_array_of_a_file_is_a_class(tmp_path: Path) -> None:
    np.savez(tmp_path / "insects.npz", ants=PHOTOS[:5], bees=PHOTOS[5:])
    for source in (tmp_path, tmp_path / "insects.npz"):
        samples = read_source(source)
        assert samples.classes == ("ants", "bees")
        rows = {sample.source.read().tobytes(): sample.name[:4] for sample in samples.samples}
        assert rows == {photo.tobytes(): "ants" if at < 5 else "bees" for at, photo in enumerate(PHOTOS)}
        assert any("each array is a class, 'ants', 'bees'" in note for note in samples.ledger.notes)


@pytest.mark.parametrize(
    "arrays",
    [
        {"photos": PHOTOS, "masks": PHOTOS},
        {"noisy": PHOTOS, "clean": PHOTOS},
        {"a1": PHOTOS, "a2": PHOTOS},
        {"ants": PHOTOS.transpose(1, 2, 3, 0), "bees": PHOTOS.transpose(1, 2, 3, 0)},
        {"ants": np.zeros((9, 8, 12), np.uint8), "bees": np.zeros((9, 8, 12), np.uint8)},
    ],
)
def test_arrays_of_a_file_that_may_be_something_else_are_refused(tmp_path: Path, arrays: dict[str, np.ndarray]) -> None:
    np.savez(tmp_path / "set.npz", **arrays)
    with pytest.raises(DataError, match="wanted images and labels"):
        read_source(tmp_path / "set.npz")


def test_each_folder_of_a_file_is_a_class(tmp_path: Path) -> None:
    h5py = pytest.importorskip("h5py")
    with h5py.File(tmp_path / "insects.h5", "w") as content:
        for at, photo in enumerate(PHOTOS):
            content[f"{'ab'[at % 2]}nt/{at}"] = photo[: 6 + at % 3]
    samples = read_source(tmp_path / "insects.h5")
    assert samples.classes == ("ant", "bnt")
    rows = {sample.name: sample.source.read() for sample in samples.samples}
    assert np.array_equal(rows["ant/4"], PHOTOS[4][:7])
    assert any("each folder in the file is a class, 'ant', 'bnt'" in note for note in samples.ledger.notes)


def test_folders_of_a_file_with_parts_of_items_are_no_classes(tmp_path: Path) -> None:
    h5py = pytest.importorskip("h5py")
    with h5py.File(tmp_path / "set.h5", "w") as content:
        for name in ("case a", "case b", "case c"):
            content[f"{name}/front"], content[f"{name}/back"] = PHOTOS[0], PHOTOS[1]
    with pytest.raises(DataError, match="wanted images and labels"):
        read_source(tmp_path / "set.h5")
