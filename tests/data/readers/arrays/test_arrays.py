from collections import Counter

import numpy as np
import pytest

from headstart.data.read import read_source
from headstart.data.samples import FileStatus, Subset, compute_digest
from headstart.settings import DataSettings
from headstart_runtime.errors import DataError


@pytest.fixture
def images():
    return np.random.default_rng(0).integers(0, 256, (12, 5, 4), dtype=np.uint8)


LABELS = [10, 2, 1] * 4


@pytest.mark.parametrize(
    "labels", [LABELS, np.array(LABELS), np.array(LABELS)[:, None], [str(label) for label in LABELS]]
)
def test_images_and_labels(images, labels):
    samples = read_source(images, labels=labels)
    assert samples.classes == ("1", "2", "10")
    assert samples.samples[10].name == "#10"
    assert samples.samples[10].digest == compute_digest(images[10])
    assert np.array_equal(samples.samples[10].source.read(), images[10])
    assert samples.ledger.entries[0].properties == {"width": 4, "height": 5}
    assert [sample.id for sample in read_source((images, labels)).samples] == [sample.id for sample in samples.samples]


def test_colour_and_a_list_of_images(images):
    colour = np.repeat(images[..., None], 3, axis=3)
    assert len(read_source(list(colour), labels=LABELS)) == 12


def test_the_same_pixels_under_two_labels_are_skipped(images):
    images[1] = images[0]
    samples = read_source(images, labels=LABELS)
    aside = [entry for entry in samples.ledger.entries if entry.status is FileStatus.SKIPPED]
    assert [entry.reason for entry in aside] == [
        "the same bytes as '#1', which is labelled '2'",
        "the same bytes as '#0', which is labelled '10'",
    ]


def test_npz(images, tmp_path):
    np.savez(tmp_path / "a.npz", images=images, labels=[2, 1, 0] * 4, classes=np.array(["c", "b", "a"]))
    samples = read_source(tmp_path / "a.npz")
    assert samples.classes == ("a", "b", "c")
    assert samples.samples[0].target == 0


def test_npz_in_parts_like_keras(images, tmp_path):
    y = np.array(LABELS)
    np.savez_compressed(tmp_path / "a.npz", x_train=images[:9], y_train=y[:9], x_test=images[9:], y_test=y[9:])
    samples = read_source(tmp_path / "a.npz")
    assert Counter(sample.subset for sample in samples.samples) == {Subset.TRAIN: 9, Subset.TEST: 3}
    assert {"train#0", "test#0"} <= {sample.name for sample in samples.samples}
    assert "a new validation part is taken out of train" in samples.ledger.notes[0]


def test_empty_labels_are_skipped(images):
    samples = read_source(images, labels=["", *"abc" * 3, "a", "b"])
    assert len(samples) == 11
    assert samples.ledger.entries[0].reason == "empty label"


@pytest.mark.parametrize(
    ("change", "labels", "message"),
    [
        (lambda x: x / 255.0, LABELS, r"type float64; wanted uint8 .* for example \(x \* 255\).astype\('uint8'\)"),
        (lambda x: x.reshape(12, 20), LABELS, r"images has shape \(12, 20\); wanted \(N, H, W\)"),
        (lambda x: np.zeros((12, 3, 9, 9), np.uint8), LABELS, r"an image array has shape \(3, 9, 9\)"),
        (lambda x: x, LABELS[:-1], "12 images and 11 labels; wanted one label for each"),
        (lambda x: x, np.eye(12) / 2, r"the labels have shape \(12, 12\) and type float64; wanted \(N,\)"),
        (lambda x: x, np.tile([1, 1, 0], (12, 1)), "are 3 columns of 0 and 1, and 12 of 12 rows have several ones"),
        (lambda x: x, [0.5] * 12, r"the labels have shape \(12,\) and type float64"),
        (lambda x: x, None, "got ndarray without labels; wanted a path, or items with labels"),
        (lambda x: [x[0] / 255.0, x[1, :3]], [0, 1], "type float64; wanted uint8"),
        (lambda x: [[1, 2], [3]], [0, 1], "the items have different shapes; wanted one array, or a list with"),
        (lambda x: x[:0], [], "has no class with photos"),
    ],
)
def test_arrays_that_cannot_be_used(images, change, labels, message):
    with pytest.raises(DataError, match=message):
        read_source(change(images), labels=labels, options=DataSettings(task="classification"))


def test_labels_beside_a_path(pets):
    with pytest.raises(DataError, match=r"labels are given beside the path .*; drop them"):
        read_source(pets, labels=[1])


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"images": np.zeros((2, 3, 3), np.uint8)}, "has the arrays 'images'; wanted images and labels"),
        ({"images": np.zeros((2, 3, 3)), "labels": np.arange(2)}, r"of 0 to 0 \(float64\).*wanted 0 to 255"),
        (
            {"x": np.zeros((2, 3, 3), np.uint8), "y": np.array([{}, {}])},
            "cannot be read as arrays: an array of objects",
        ),
        ({"x": np.zeros((2, 3, 3), np.uint8), "y": np.array([0, 2]), "classes": np.array(["a"])}, "1 class names"),
        ({"x_val": np.zeros((1, 3, 3), np.uint8), "y_val": np.array([0])}, "has only one class"),
        (
            {f"{a}_{p}": np.zeros((1, 3, 3)[: 3 if a == "x" else 1], np.uint8) for a in "xy" for p in ("val", "test")},
            "validation and test are given without train",
        ),
    ],
)
def test_npz_files_that_cannot_be_used(arrays, message, tmp_path):
    np.savez(tmp_path / "a.npz", **arrays)
    with pytest.raises(DataError, match=message):
        read_source(tmp_path / "a.npz")


def test_a_file_that_is_no_npz(tmp_path):
    (tmp_path / "a.npz").write_bytes(b"hello")
    with pytest.raises(DataError, match=r"cannot be read as arrays: File is not a zip file; save it with"):
        read_source(tmp_path / "a.npz")


@pytest.mark.parametrize("largest", [1, 15, 16])
def test_bytes_in_memory_of_few_shades_are_refused_with_the_multiplication(largest):
    images = np.random.default_rng(0).integers(0, largest + 1, (12, 5, 5), np.uint8)
    with pytest.raises(DataError, match=rf"whole numbers of 0 to {largest} \(uint8\).*\(x \* \(255 / {largest}\)\)"):
        read_source(images, labels=np.arange(12) % 3)
    images[3, 0, 0] = 17
    assert len(read_source(images, labels=np.arange(12) % 3)) == 12
