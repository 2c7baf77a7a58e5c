"""Files of arrays as they are published, drawn small: each read to the classes, parts and values that were drawn."""

import gzip
import os
import pickle
import shutil
import zipfile
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from scipy import io

from headstart.data.decisions import Role
from headstart.data.read import read_source
from headstart.data.samples import FileStatus, Samples, Subset
from headstart.settings import DataSettings
from headstart_runtime.errors import DataError, MissingExtra

COUNTS = {"train": 12, "val": 6, "test": 6}
GIVEN = {"train": Subset.TRAIN, "val": Subset.VALIDATION, "test": Subset.TEST}
CLASSES = 3


def draw(part: str = "train", shape: tuple[int, ...] = (6, 6)) -> np.ndarray:
    """Smooth values, (N, ...) uint8, so that neighbours are alike along rows and columns and channels are not."""
    first = {"train": 60, "val": 80, "test": 90}[part]  # no two rows are the same
    base = np.arange(first, first + COUNTS[part]).reshape(-1, 1, 1, *(1 for _ in shape[2:]))
    ramp = np.add.outer(np.arange(shape[0]) * 3, np.arange(shape[1]) * 5)
    grown = base + ramp.reshape(1, *shape[:2], *(1 for _ in shape[2:]))
    if len(shape) == 3:
        grown = grown + np.array([0, 40, 90])[: shape[2]]
    return grown.clip(0, 255).astype(np.uint8)


def label(part: str = "train") -> np.ndarray:
    return np.arange(COUNTS[part]) % CLASSES


def check_rows(samples: Samples, part: str, images: np.ndarray, classes: tuple[str, ...] = ("0", "1", "2")) -> None:
    """All rows of a part are there with the values and the class that were drawn."""
    by_name = {sample.name: sample for sample in samples.samples}
    prefix = "" if part == "all" else part
    for index, values in enumerate(images):
        sample = by_name[f"{prefix}#{index}"]
        assert np.array_equal(sample.source.read(), values)
        assert samples.classes[sample.target] == classes[index % CLASSES]


def notes(samples: Samples) -> str:
    return "\n".join(samples.ledger.notes)


# NumPy's files


def medmnist(file: Path, **change: np.ndarray) -> Path:
    arrays = {f"{part}_images": draw(part, (6, 6, 3)) for part in COUNTS}
    arrays |= {f"{part}_labels": label(part)[:, None].astype(np.uint8) for part in COUNTS}
    np.savez_compressed(file, **{**arrays, **change})
    return file


def test_keys_of_medmnist(tmp_path):
    samples = read_source(medmnist(tmp_path / "bloodmnist.npz"))
    assert samples.classes == ("0", "1", "2")
    assert Counter(sample.subset for sample in samples.samples) == {GIVEN[part]: COUNTS[part] for part in COUNTS}
    for part in COUNTS:
        check_rows(samples, part, draw(part, (6, 6, 3)))
    assert [decision.role for decision in samples.decisions] == [Role.ITEMS, Role.LABELS] * 3


def test_an_npz_that_is_called_a_zip(tmp_path):
    right = read_source(medmnist(tmp_path / "a.npz"))
    (tmp_path / "a.npz").rename(tmp_path / "a.zip")
    assert [sample.id for sample in read_source(tmp_path / "a.zip").samples] == [sample.id for sample in right.samples]


def test_a_large_npz_is_unpacked_once_and_mapped(tmp_path, monkeypatch):
    right = read_source(medmnist(tmp_path / "a.npz"))
    monkeypatch.setattr("headstart.data.readers.arrays.npz.LARGE", 100)
    samples = read_source(tmp_path / "a.npz", cache=tmp_path / "cache")
    assert [sample.id for sample in samples.samples] == [sample.id for sample in right.samples]
    assert isinstance(samples.samples[0].source.array.base, np.memmap)
    assert len(list((tmp_path / "cache").glob("*/*.npy"))) == 6


def test_several_labels_in_a_row_are_refused(tmp_path):
    several = {f"{part}_labels": np.eye(14)[label(part)] + np.eye(14)[label(part) + 3] for part in COUNTS}
    with pytest.raises(
        DataError, match=r"14 columns of 0 and 1, and \d+ of \d+ rows have several ones; .*or give one class"
    ):
        read_source(medmnist(tmp_path / "chest.npz", **several), options=DataSettings(task="classification"))


def test_one_hot_labels(tmp_path):
    hot = np.eye(CLASSES, dtype=np.float32)[label()]
    hot[3] = 0
    np.savez(tmp_path / "a.npz", images=draw(), labels=hot, classes=np.array(["a", "b", "c"]))
    samples = read_source(tmp_path / "a.npz")
    assert samples.classes == ("a", "b", "c")
    assert [entry.reason for entry in samples.ledger.entries if entry.status is FileStatus.SKIPPED] == ["empty label"]
    assert [samples.classes[sample.target] for sample in samples.samples[:4]] == ["a", "b", "c", "b"]
    assert "'labels' has a column for each class" in notes(samples)


@pytest.mark.parametrize(
    ("change", "shape", "note"),
    [
        (lambda x: x.reshape(len(x), -1), (6, 6), "'images': rows of 36 values are read as 6 x 6"),
        (lambda x: x.transpose(0, 3, 1, 2), (6, 6, 3), "'images': its channels come first and are moved to the end"),
        (
            lambda x: x.reshape(len(x), -1),
            (6, 6, 3),
            "rows of 108 values are read as 6 x 6 in 3 channels, side by side",
        ),
        (lambda x: x.transpose(0, 3, 1, 2).reshape(len(x), -1), (6, 6, 3), "6 x 6 in 3 channels, one after the other"),
        (lambda x: np.moveaxis(x, 0, -1), (6, 5, 3), "'images' has its items along the last axis"),
        (lambda x: x.astype(np.int64), (6, 6), "'images': whole numbers up to 255 are read as 8 bits"),
        (lambda x: (x / 255).astype(np.float32), (6, 6, 3), "'images': values of 0 to 1 are multiplied by 255"),
        (lambda x: x.transpose(0, 3, 1, 2) / 255, (6, 6, 3), "values of 0 to 1 are multiplied by 255"),
    ],
)
def test_arrangements(tmp_path, change, shape, note):
    images = draw("train", shape)
    images[0] = 255 - images[0]  # for whole numbers up to 255 and colours that are not alike
    np.savez(tmp_path / "a.npz", images=change(images), labels=label())
    samples = read_source(tmp_path / "a.npz")
    check_rows(samples, "all", images)
    assert note in notes(samples)


def test_channels_that_the_values_do_not_tell_are_asked_for(tmp_path):
    noise = np.random.default_rng(0).integers(0, 256, (12, 108), dtype=np.uint8)
    np.savez(tmp_path / "a.npz", x=noise, y=label())
    with pytest.raises(DataError, match=r"6 x 6 in 3 channels, one after the other or side by side.*x\.reshape\(-1, 3"):
        read_source(tmp_path / "a.npz")


@pytest.mark.parametrize(
    ("dim", "seen"),
    [
        (lambda x: x % 14, r"whole numbers of 0 to 13 \(float64\), which do not say of which range they are"),
        (lambda x: x / 255 * 7, r"values of \S+ to \S+ \(float64\), which do not say of which range they are"),
        (lambda x: x / 20 - 3.1, r"\(\(x - least\) \* \(255 / \(largest - least\)\)\)"),
        (lambda x: x * 16, "whole numbers of .*; with the largest value that any can have"),
        (lambda x: np.where(x > x.min(), x, np.nan), "values that are no numbers"),
    ],
)
def test_values_of_no_clear_range_are_refused(tmp_path, dim, seen):
    np.savez(tmp_path / "a.npz", x=dim(draw().astype(np.float64) - 10), y=label())
    with pytest.raises(DataError, match=seen):
        read_source(tmp_path / "a.npz")


@pytest.mark.parametrize("largest", [1, 15, 16, 1023, 4095, 65535])
@pytest.mark.parametrize("dtype", [np.int64, np.float32, np.uint16])
def test_a_largest_value_that_says_the_range_is_used_and_said(tmp_path, largest, dtype):
    values = np.random.default_rng(0).integers(0, largest + 1, (len(label()), 5, 5))
    values[0, 0, 0] = largest
    np.savez(tmp_path / "a.npz", x=values.astype(dtype), y=label())
    samples = read_source(tmp_path / "a.npz")
    first = min(samples.samples, key=lambda sample: int(sample.name[1:]))
    assert np.array_equal(first.source.read(), np.rint(values[0] * (255 / largest)).astype(np.uint8))
    assert (
        f"'x': whole numbers of 0 to {largest} are read as such, multiplied by 255 / {largest}" in samples.ledger.notes
    )


def test_bytes_of_17_shades_and_bits_are_scaled_too_and_all_parts_alike(tmp_path):
    shades = np.random.default_rng(0).integers(0, 17, (len(label()), 5, 5), np.uint8)
    shades[0, 0, 0], test = 16, shades[:4] // 2
    np.savez(tmp_path / "a.npz", x_train=shades, y_train=label(), x_test=test, y_test=label()[:4])
    samples = read_source(tmp_path / "a.npz")
    rows = {sample.name: sample.source.read() for sample in samples.samples}
    assert rows["train#0"].max() == 255
    assert np.array_equal(rows["test#1"], np.rint(test[1] * (255 / 16)).astype(np.uint8))
    np.savez(tmp_path / "b.npz", x=shades > 8, y=label())
    assert {row.source.read().max() for row in read_source(tmp_path / "b.npz").samples} == {255}


def test_dark_bytes_are_left_alone(tmp_path):
    dark = (draw() % 90).astype(np.uint8)
    np.savez(tmp_path / "a.npz", x=dark, y=label())
    samples = read_source(tmp_path / "a.npz")
    assert not samples.ledger.notes
    assert max(sample.source.read().max() for sample in samples.samples) == dark.max()


def test_a_member_that_is_shorter_than_it_says(tmp_path):
    np.savez(tmp_path / "a.npz", x=draw(), y=label())
    content = (tmp_path / "a.npz").read_bytes()
    (tmp_path / "a.npz").write_bytes(content.replace(b"(12, 6, 6)", b"(99, 6, 6)"))
    with pytest.raises(DataError, match=r"cannot be read as arrays: .*CRC|is not as long as its header says"):
        read_source(tmp_path / "a.npz")


@pytest.mark.parametrize("change", [(b"'descr': ", b"'descr': ("), (b"'shape': (", b"'shape': {"), (b"<i8", b"<z8")])
def test_a_header_that_cannot_be_read(tmp_path, change):
    np.savez(tmp_path / "a.npz", x=draw(), y=label())
    with np.load(tmp_path / "a.npz") as arrays:
        shape = arrays["y"].shape
    with zipfile.ZipFile(tmp_path / "a.npz") as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    assert shape == (12,)
    old, new = change
    with zipfile.ZipFile(tmp_path / "a.npz", "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content.replace(old, new))
    with pytest.raises(DataError, match="cannot be read as arrays: "):
        read_source(tmp_path / "a.npz")


@pytest.mark.parametrize("change", [(b"'descr': ", b"'descr': ("), (b"'shape': (", b"'shape': {"), (b"<i8", b"<z8")])
def test_a_header_of_a_lone_file_that_cannot_be_read(tmp_path, change):
    np.save(tmp_path / "photos.npy", draw())
    np.save(tmp_path / "kinds.npy", label())
    content = (tmp_path / "kinds.npy").read_bytes()
    (tmp_path / "kinds.npy").write_bytes(content.replace(*change))
    for source in (tmp_path, tmp_path / "kinds.npy"):
        with pytest.raises(DataError):
            read_source(source)


@pytest.mark.parametrize(
    "names",
    [
        ("images", "labels"),
        ("X", "y"),
        ("x_train", "y_train", "x_test", "y_test"),
        ("trainX", "trainY", "testX", "testY"),
        ("Xtrain", "ytrain", "Xtest", "ytest"),
        ("train/images", "train/labels", "test/images", "test/labels"),
    ],
)
def test_folders_of_npy_files(tmp_path, names):
    for name in names:
        part = next((part for part in ("test", "train") if part in name), "train")
        path = tmp_path / "set" / f"{name}.npy"
        path.parent.mkdir(parents=True, exist_ok=True)
        np.save(path, draw(part) if "x" in name.lower() or "images" in name else label(part))
    (tmp_path / "set" / "README.md").write_text("drawn")
    (tmp_path / "set" / "classes.txt").write_text("ant\nbee\ncat\n")
    samples = read_source(tmp_path / "set")
    check_rows(samples, "all" if len(names) == 2 else "train", draw(), ("ant", "bee", "cat"))
    assert isinstance(samples.samples[0].source.array.base, np.memmap)
    skipped = [entry for entry in samples.ledger.entries if entry.status is FileStatus.SKIPPED]
    assert [(entry.name, entry.reason) for entry in skipped] == [("README.md", "no file of arrays")]
    if len(names) == 4:
        check_rows(samples, "test", draw("test"), ("ant", "bee", "cat"))


def test_one_npy_file_alone_is_told_the_folder(tmp_path):
    np.save(tmp_path / "images.npy", draw())
    with pytest.raises(DataError, match=r"is one array of a set; wanted the folder .*: "):
        read_source(tmp_path / "images.npy")
    with pytest.raises(DataError, match=r"has the arrays 'images'; wanted images and labels"):
        read_source(tmp_path)


def test_a_part_without_labels_is_left_for_predict(tmp_path):
    np.savez(tmp_path / "a.npz", x_train=draw(), y_train=label(), x_test=draw("test"))
    samples = read_source(tmp_path / "a.npz")
    assert len(samples) == 12
    assert "'x_test' has no labels and is left for predict" in notes(samples)


def test_any_two_arrays_that_fit(tmp_path):
    np.savez(tmp_path / "a.npz", galaxies=draw("train", (6, 6, 3)), ans=label(), redshift=np.zeros(5))
    samples = read_source(tmp_path / "a.npz")
    check_rows(samples, "all", draw("train", (6, 6, 3)))
    assert "'galaxies' is read with the labels 'ans': the only two that fit" in notes(samples)
    assert "arrays that are not read: 'redshift'" in notes(samples)


def test_several_arrays_that_fit_are_asked_for(tmp_path):
    np.savez(tmp_path / "a.npz", galaxies=draw(), ans=label(), person=label()[::-1])
    message = (
        r"several arrays that fit: 'galaxies' \(12, 6, 6\) with 'ans' \(12,\) or 'galaxies' \(12, 6, 6\) with 'person' "
        r"\(12,\); name what is meant: --label-column ans or --label-column person$"
    )
    with pytest.raises(DataError, match=message):
        read_source(tmp_path / "a.npz")
    from headstart.settings import DataSettings

    options = DataSettings.model_validate({"path_column": "galaxies", "label_column": "person"})
    samples = read_source(tmp_path / "a.npz", options=options)
    assert samples.samples[0].target == 2
    with pytest.raises(DataError, match=r"has no array 'x'; there are 'galaxies', 'ans', 'person'"):
        read_source(tmp_path / "a.npz", options=DataSettings.model_validate({"label_column": "x"}))


def test_two_sets_in_a_folder_are_not_read_together(tmp_path):
    for name in ("digits", "clothes"):
        np.savez(tmp_path / f"{name}.npz", x_train=draw(), y_train=label())
    with pytest.raises(DataError, match=r"has 2 sets: 'clothes', 'digits'; give one of them"):
        read_source(tmp_path)
    assert len(read_source(tmp_path / "digits.npz")) == 12


def test_numbered_files_of_one_set_are_read_together(tmp_path):
    for number, part in enumerate(("train", "val")):
        np.savez(tmp_path / f"shard_{number}.npz", x=draw(part), y=label(part))
    samples = read_source(tmp_path)
    assert {"shard_0#0", "shard_1#5"} <= {sample.name for sample in samples.samples}
    assert len(samples) == 18


def test_a_folder_of_class_folders_is_none_of_arrays(tmp_path, plant):
    plant(tmp_path, *(f"{name}/{number}.png" for name in ("cats", "dogs") for number in range(4)))
    np.save(tmp_path / "labels.npy", label())
    assert read_source(tmp_path).classes == ("cats", "dogs")


def test_arrays_in_an_archive(tmp_path):
    folder = tmp_path / "set" / "inner"
    folder.mkdir(parents=True)
    np.save(folder / "images.npy", draw())
    np.save(folder / "labels.npy", label())
    archive = shutil.make_archive(str(tmp_path / "packed"), "gztar", tmp_path / "set")
    check_rows(read_source(archive, cache=tmp_path / "cache"), "all", draw())


# MATLAB's files


def test_street_view_house_numbers(tmp_path):
    images = np.random.default_rng(0).integers(0, 256, (30, 32, 32, 3), dtype=np.uint8)
    labels = np.arange(30) % 10 + 1
    for part in ("train", "test"):
        content = {"X": np.moveaxis(images, 0, -1), "y": labels[:, None].astype(np.uint8)}
        io.savemat(tmp_path / f"{part}_32x32.mat", content, do_compression=True)
        images = 255 - images
    samples = read_source(tmp_path)
    assert samples.classes == tuple("0123456789")
    by_name = {sample.name: sample for sample in samples.samples}
    assert len(by_name) == 60
    for row in range(30):
        assert np.array_equal(by_name[f"train#{row}"].source.read(), images[row])
        assert samples.classes[by_name[f"test#{row}"].target] == str((row + 1) % 10)
    assert "label 10 is read as the digit 0" in notes(samples)
    assert len(read_source(tmp_path / "test_32x32.mat")) == 30


def test_structures_of_emnist(tmp_path):
    def pack(part: str) -> dict[str, np.ndarray]:
        columns = draw(part).transpose(0, 2, 1).reshape(COUNTS[part], -1)
        return {"images": columns, "labels": label(part)[:, None] + 1.0, "writers": np.arange(COUNTS[part])}

    mapping = np.array([[1, 65, 97], [2, 66, 98], [3, 67, 67]])
    io.savemat(
        tmp_path / "letters.mat", {"dataset": {"train": pack("train"), "test": pack("test"), "mapping": mapping}}
    )
    samples = read_source(tmp_path / "letters.mat")
    check_rows(samples, "train", draw(), ("A/a", "B/b", "C"))
    check_rows(samples, "test", draw("test"), ("A/a", "B/b", "C"))
    assert "column by column" in notes(samples)
    assert "not read: 'dataset/train/writers'" in notes(samples)


def test_a_large_matlab_file_is_written_into_the_cache(tmp_path, monkeypatch):
    names = np.array(["ant", "bee", "cat"], dtype=object)
    content = {"images": np.moveaxis(draw(), 0, -1), "labels": label() + 1, "classes": names}
    io.savemat(tmp_path / "a.mat", content)
    right = read_source(tmp_path / "a.mat")
    check_rows(right, "all", draw(), ("ant", "bee", "cat"))
    assert "counts the 3 classes from 1" in notes(right)
    monkeypatch.setattr("headstart.data.readers.arrays.matlab.LARGE", 10)
    samples = read_source(tmp_path / "a.mat", cache=tmp_path / "cache")
    assert [sample.id for sample in samples.samples] == [sample.id for sample in right.samples]
    assert len(list((tmp_path / "cache").glob("*/*.npy"))) == 3


def test_a_matlab_file_that_is_none(tmp_path):
    for content in (b"hello", b"MATLAB 5.0 MAT-file" + bytes(300)):
        (tmp_path / "a.mat").write_bytes(content)
        with pytest.raises(
            DataError, match=r"cannot be read as MATLAB's arrays: .*; fetch or save it again|has the arrays"
        ):
            read_source(tmp_path / "a.mat")


# Pickles


def cifar(folder: Path, protocol: int = 2) -> np.ndarray:
    """A folder as CIFAR-10 has it: planes one after the other, keys as Python 2 wrote them."""
    folder.mkdir()
    images = np.random.default_rng(1).integers(0, 256, (3, 6, 32, 32, 3), dtype=np.uint8)
    for name, batch in zip(("data_batch_1", "data_batch_2", "test_batch"), images, strict=True):
        content = {
            b"batch_label": b"batch",
            b"labels": [0, 1, 2] * 2,
            b"data": batch.transpose(0, 3, 1, 2).reshape(6, -1),
            b"filenames": [b"%d.png" % number for number in range(6)],
        }
        (folder / name).write_bytes(pickle.dumps(content, protocol=protocol))
    names = {b"label_names": [b"airplane", b"bird", b"cat"], b"num_vis": 3072}
    (folder / "batches.meta").write_bytes(pickle.dumps(names, protocol=protocol))
    (folder / "readme.html").write_text("<html>")
    return images


@pytest.mark.parametrize("protocol", [2, 4, 5])
def test_batches_of_cifar_10(tmp_path, protocol):
    images = cifar(tmp_path / "cifar-10-batches-py", protocol)
    cache = tmp_path.with_name(f"{tmp_path.name}-cache")
    for packed in (False, True):
        source = shutil.make_archive(str(cache / "cifar"), "gztar", tmp_path) if packed else tmp_path
        samples = read_source(source, cache=cache)
        assert samples.classes == ("airplane", "bird", "cat")
        by_name = {sample.name: sample for sample in samples.samples}
        for row in range(6):
            for name, batch in zip(("batch_1/train", "batch_2/train", "batch/test"), images, strict=True):
                assert np.array_equal(by_name[f"{name}#{row}"].source.read(), batch[row])
    assert Counter(sample.subset for sample in samples.samples) == {Subset.TRAIN: 12, Subset.TEST: 6}


def test_batches_of_cifar_100(tmp_path):
    images = np.random.default_rng(1).integers(0, 256, (6, 32, 32, 3), dtype=np.uint8)
    for part in ("train", "test"):
        content = {
            b"fine_labels": [0, 1, 2] * 2,
            b"coarse_labels": [0, 0, 1] * 2,
            b"data": images.transpose(0, 3, 1, 2).reshape(6, -1),
        }
        (tmp_path / part).write_bytes(pickle.dumps(content, protocol=2))
        images = 255 - images
    names = {b"fine_label_names": [b"apple", b"bear", b"can"], b"coarse_label_names": [b"food", b"things"]}
    (tmp_path / "meta").write_bytes(pickle.dumps(names, protocol=2))
    samples = read_source(tmp_path)
    check_rows(samples, "train", images, ("apple", "bear", "can"))
    assert "not read: 'meta/coarse_label_names', 'test/coarse_labels'" in notes(samples)


def test_tuples_of_three_pairs_gzipped(tmp_path):
    def pair(part: str) -> tuple[np.ndarray, np.ndarray]:
        return (1 - draw(part) / 255).astype(np.float32).reshape(COUNTS[part], -1), label(part)

    content = pickle.dumps(tuple(pair(part) for part in COUNTS), protocol=2)
    (tmp_path / "mnist.pkl.gz").write_bytes(gzip.compress(content))
    samples = read_source(tmp_path / "mnist.pkl.gz")
    assert Counter(sample.subset for sample in samples.samples) == {GIVEN[part]: COUNTS[part] for part in COUNTS}
    check_rows(samples, "train", 255 - draw())


def test_a_dict_of_features_and_labels(tmp_path):
    for name, part in (("train.p", "train"), ("valid.p", "val"), ("test.p", "test")):
        (tmp_path / name).write_bytes(pickle.dumps({"features": draw(part), "labels": label(part), "sizes": [1, 2]}))
    check_rows(read_source(tmp_path), "valid", draw("val"))


class Planted:
    def __reduce__(self):
        return os.system, ("touch planted",)


@pytest.mark.parametrize("protocol", [0, 2, 4])
def test_a_planted_command_is_refused_and_not_run(tmp_path, monkeypatch, protocol):
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "cifar"
    cifar(folder)
    content = pickle.dumps({b"data": draw(), b"labels": [Planted()]}, protocol=protocol)
    for name in ("data_batch_1", "train.pkl"):
        (folder / "data_batch_1").write_bytes(content if name == "data_batch_1" else pickle.dumps({}))
        (tmp_path / name).write_bytes(content)
    with pytest.raises(
        DataError, match=r"pickle that is not read: it would call (posix|nt)\.system, .*nothing in it was"
    ):
        read_source(tmp_path / "train.pkl")
    assert not (tmp_path / "planted").exists()


# Records of bytes


def test_stl_10(tmp_path):
    images = np.random.default_rng(2).integers(0, 256, (6, 96, 96, 3), dtype=np.uint8)
    for part in ("train", "test"):
        images.transpose(0, 3, 2, 1).tofile(tmp_path / f"{part}_X.bin")
        (np.arange(6) % 3 + 1).astype(np.uint8).tofile(tmp_path / f"{part}_y.bin")
        images = 255 - images
    images.tofile(tmp_path / "unlabeled_X.bin")
    (tmp_path / "class_names.txt").write_text("airplane\nbird\ncar\n")
    samples = read_source(tmp_path)
    check_rows(samples, "train", images, ("airplane", "bird", "car"))
    assert "'unlabeled_X/x' has no labels and is left for predict" in notes(samples)


def test_the_binary_version_of_cifar(tmp_path):
    images = np.random.default_rng(2).integers(0, 256, (6, 32, 32, 3), dtype=np.uint8)
    rows = images.transpose(0, 3, 1, 2).reshape(6, -1)
    labels = (np.arange(6) % 3).astype(np.uint8)[:, None]
    for name in ("data_batch_1", "test_batch"):
        np.hstack([labels, rows]).tofile(tmp_path / f"{name}.bin")
    (tmp_path / "batches.meta.txt").write_text("airplane\nbird\ncat\n\n")
    samples = read_source(tmp_path)
    assert samples.classes == ("airplane", "bird", "cat")
    found = {sample.name: sample.source.read() for sample in samples.samples}
    # Both parts have the same bytes and labels here; each row is there twice.
    assert all(np.array_equal(found[name], images[int(name.partition("#")[2])]) for name in found)
    assert len(found) == 12


# HDF5


def test_without_h5py_its_extra_is_named(tmp_path, monkeypatch):
    import sys

    monkeypatch.setitem(sys.modules, "h5py", None)
    (tmp_path / "a.h5").write_bytes(b"\x89HDF\r\n\x1a\n" + bytes(99))
    with pytest.raises(MissingExtra, match=r"reading an HDF5 file needs the package 'h5py'.*headstart\[hdf5\]"):
        read_source(tmp_path / "a.h5")


def test_the_fields_hdf5_files(tmp_path):
    h5py = pytest.importorskip("h5py")
    for part in ("train", "test"):
        with h5py.File(tmp_path / f"{part}_catvnoncat.h5", "w") as file:
            file[f"{part}_set_x"] = draw(part, (6, 6, 3))
            file[f"{part}_set_y"] = label(part) % 2
            file["list_classes"] = np.array([b"non-cat", b"cat"])
    samples = read_source(tmp_path)
    assert samples.classes == ("cat", "non-cat")
    found = {sample.name: sample for sample in samples.samples}
    for part in ("train", "test"):
        for row, values in enumerate(draw(part, (6, 6, 3))):
            assert np.array_equal(found[f"{part}#{row}"].source.read(), values)
            assert samples.classes[found[f"{part}#{row}"].target] == ["non-cat", "cat"][label(part)[row] % 2]
    assert len(read_source(tmp_path / "train_catvnoncat.h5")) == 12


def test_rows_of_hdf5_are_read_when_asked_for(tmp_path):
    h5py = pytest.importorskip("h5py")
    with h5py.File(tmp_path / "a.bin", "w") as file:
        file.create_dataset("x_train", data=draw("train", (6, 6, 3)).transpose(0, 3, 1, 2), chunks=(4, 3, 6, 6))
        file["y_train"] = np.array([["ant", "bee", "cat"][number] for number in label()], dtype=object)
        file["notes"] = "drawn"
    samples = read_source(tmp_path / "a.bin")
    check_rows(samples, "train", draw("train", (6, 6, 3)), ("ant", "bee", "cat"))
    travelled = pickle.loads(pickle.dumps(samples.samples[3].source))
    assert np.array_equal(travelled.read(), samples.samples[3].source.read())


def test_items_and_labels_in_two_hdf5_files(tmp_path):
    h5py = pytest.importorskip("h5py")
    for part in COUNTS:
        name = "valid" if part == "val" else part
        for axis, values in (("x", draw(part, (6, 6, 3))), ("y", label(part).reshape(-1, 1, 1, 1))):
            with h5py.File(tmp_path / f"camelyonpatch_level_2_split_{name}_{axis}.h5", "w") as file:
                file[axis] = values
    samples = read_source(tmp_path)
    assert Counter(sample.subset for sample in samples.samples) == {GIVEN[part]: COUNTS[part] for part in COUNTS}
    check_rows(samples, "train", draw("train", (6, 6, 3)))


def test_a_matlab_file_of_version_7_3(tmp_path):
    h5py = pytest.importorskip("h5py")
    images = draw("train", (6, 5, 3))
    with h5py.File(tmp_path / "a.mat", "w", userblock_size=512) as file:
        file["X"] = np.moveaxis(images, 0, -1).transpose()
        file["y"] = (label() + 1.0)[None]
        for name in ("X", "y"):
            file[name].attrs["MATLAB_class"] = np.bytes_("uint8")
    content = bytearray((tmp_path / "a.mat").read_bytes())
    content[:19] = b"MATLAB 7.3 MAT-file"
    (tmp_path / "a.mat").write_bytes(content)
    check_rows(read_source(tmp_path / "a.mat"), "all", images, ("1", "2", "3"))


def test_a_saved_network_is_said(tmp_path):
    h5py = pytest.importorskip("h5py")
    with h5py.File(tmp_path / "model.h5", "w") as file:
        file.create_group("model_weights")
    with pytest.raises(DataError, match="is a saved network, no data"):
        read_source(tmp_path / "model.h5")


def test_a_damaged_hdf5_file(tmp_path):
    pytest.importorskip("h5py")
    (tmp_path / "a.h5").write_bytes(b"\x89HDF\r\n\x1a\n" + bytes(99))
    with pytest.raises(
        DataError, match=r"a.h5' cannot be read as arrays: .*; save it with h5py, as the arrays x and y"
    ):
        read_source(tmp_path / "a.h5")


def test_labels_that_were_saved_as_objects_are_read_without_unpickling(tmp_path):
    names = np.array(["ant", "bee", "cat"] * (len(label()) // 3), dtype=object)
    folder = tmp_path / "set"
    folder.mkdir()
    np.save(folder / "images.npy", draw())
    np.save(folder / "labels.npy", names)
    np.savez(tmp_path / "a.npz", x=draw(), y=names)
    assert read_source(folder).classes == read_source(tmp_path / "a.npz").classes == ("ant", "bee", "cat")
    np.savez(tmp_path / "b.npz", x=draw(), y=np.array([[it] for it in names] + [None], dtype=object)[:-1])
    with pytest.raises(DataError, match="objects that are not all text or numbers"):
        read_source(tmp_path / "b.npz")


def test_packed_arrays_are_unpacked_once(tmp_path):
    folder = tmp_path / "set"
    folder.mkdir()
    for name, array in (("X_train", draw()), ("y_train", label())):
        with gzip.open(folder / f"{name}.npy.gz", "wb") as packed:
            np.save(packed, array)
    samples = read_source(folder, cache=tmp_path / "cache")
    assert len(samples) == len(label())
    assert min(sample.name for sample in samples.samples) == "train#0"


@pytest.mark.parametrize(
    ("name", "values", "options", "groups", "said"),
    [
        ("groups", np.arange(24) // 8, {}, 3, ""),
        ("patient_ids", np.array([f"p{i // 3}" for i in range(24)]), {}, 8, "rows of one 'patient_ids' stay in one"),
        ("patient_ids", np.array([f"p{i // 3}" for i in range(24)]), {"group_column": "none"}, 0, "not read"),
        ("site", np.arange(24) % 4, {}, 0, "add --group-column site"),
        ("site", np.arange(24) % 4, {"group_column": "site"}, 4, ""),
        ("year", np.arange(24) // 3, {}, 0, "arrays that are not read: 'year'"),
    ],
)
def test_an_array_of_groups(tmp_path, name, values, options, groups, said):
    images = np.random.default_rng(0).integers(0, 256, (24, 5, 5), np.uint8)
    np.savez(tmp_path / "a.npz", images=images, labels=np.arange(24) % 2, **{name: values})
    samples = read_source(tmp_path / "a.npz", options=DataSettings.model_validate(options))
    assert len({sample.group.given_name for sample in samples.samples} - {""}) == groups
    assert said in "\n".join(samples.ledger.notes)


def test_an_array_of_groups_that_is_not_there(tmp_path):
    np.savez(tmp_path / "a.npz", x=draw(), y=label(), owner=np.arange(3))
    with pytest.raises(DataError, match="no array 'owner' with a value for each row of 'x'"):
        read_source(tmp_path / "a.npz", options=DataSettings.model_validate({"group_column": "owner"}))
