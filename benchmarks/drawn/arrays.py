"""Arrays in files: NumPy's, MATLAB's, HDF5, pickled batches, binary records, pixels in the cells of a table."""

import gzip
import pickle
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from drawn.desk import Desk, Photo, add_layout, draw_photos, mix, rows_to_csv

DIGITS = ("0", "1", "2")
Arrays = tuple[NDArray[Any], NDArray[Any]]


def draw_arrays(
    desk: Desk, classes: Sequence[str] = DIGITS, each: int = 10, *, subset: str = "", seed: int = 0, **options: Any
) -> Arrays:
    """Return drawn pixels (N, H, W[, 3]) and the numbers of their classes (N,), with the truth noted."""
    photos = mix(draw_photos(classes, each, seed=seed, **options))
    for photo in photos:
        desk.claim(photo.pixels, photo.label, subset)
    return np.stack([photo.pixels for photo in photos]), np.array([classes.index(photo.label) for photo in photos])


def save_npz(desk: Desk, name: str, **arrays: NDArray[Any]) -> Path:
    """Save arrays under the root."""
    np.savez_compressed(desk.root / name, **arrays)  # type: ignore[arg-type]
    return desk.root / name


@add_layout("`images.npz`: `images`, `labels`", "the two arrays")
def npz_images_labels(desk: Desk) -> Path:
    images, labels = draw_arrays(desk)
    return save_npz(desk, "images.npz", images=images, labels=labels)


@add_layout("`data.npz`: `x_train`, `y_train` (N, 1), `x_test`, `y_test` (Keras)", "two parts")
def npz_keras(desk: Desk) -> Path:
    train, y_train = draw_arrays(desk, subset="train")
    test, y_test = draw_arrays(desk, each=4, subset="test", seed=1)
    return save_npz(desk, "data.npz", x_train=train, y_train=y_train[:, None], x_test=test, y_test=y_test[:, None])


@add_layout(
    "`pneumoniamnist.npz`: `train_images`, `train_labels` (N, 1), `val_...`, `test_...` (MedMNIST)", "three parts"
)
def medmnist(desk: Desk) -> Path:
    arrays = {}
    for seed, (part, each) in enumerate({"train": 8, "val": 4, "test": 4}.items()):
        use = "validation" if part == "val" else part
        images, labels = draw_arrays(desk, ("0", "1"), each, subset=use, seed=seed, edge=28, grey=True)
        arrays[f"{part}_images"], arrays[f"{part}_labels"] = images, labels[:, None].astype(np.uint8)
    return save_npz(desk, "pneumoniamnist.npz", **arrays)


@add_layout("labels as rows with one 1 (N, classes)", "the place of the 1")
def npz_one_hot(desk: Desk) -> Path:
    images, labels = draw_arrays(desk)
    return save_npz(desk, "images.npz", images=images, labels=np.eye(3, dtype=np.float32)[labels])


@add_layout("pixels in one row for each photo: (N, 784)", "square, 28 x 28")
def npz_flat(desk: Desk) -> Path:
    images, labels = draw_arrays(desk, edge=28, grey=True)
    return save_npz(desk, "digits.npz", images=images.reshape(len(images), -1), labels=labels)


@add_layout("channels first: (N, 3, 32, 32)", "moved behind")
def npz_channels_first(desk: Desk) -> Path:
    images, labels = draw_arrays(desk)
    return save_npz(desk, "images.npz", images=np.ascontiguousarray(images.transpose(0, 3, 1, 2)), labels=labels)


@add_layout("`images.npy` and `labels.npy` in a folder", "the two arrays")
def npy_pair(desk: Desk) -> Path:
    images, labels = draw_arrays(desk)
    np.save(desk.root / "images.npy", images)
    np.save(desk.root / "labels.npy", labels)
    return desk.root


@add_layout(
    "`X.npy` with values from 0.0 to 1.0, `Y.npy` as rows with one 1 (sign language digits)",
    "scaled, the place of the 1",
)
def npy_floats(desk: Desk) -> Path:
    images, labels = draw_arrays(desk, grey=True)
    np.save(desk.root / "X.npy", (images / np.float32(255)).astype(np.float32))
    np.save(desk.root / "Y.npy", np.eye(3)[labels])
    return desk.root


@add_layout("`X_train.npy`, `y_train.npy`, `X_test.npy`, `y_test.npy`", "two parts")
def npy_parts(desk: Desk) -> Path:
    for seed, part in enumerate(("train", "test")):
        images, labels = draw_arrays(desk, each=(10, 4)[seed], subset=part, seed=seed)
        np.save(desk.root / f"X_{part}.npy", images)
        np.save(desk.root / f"y_{part}.npy", labels)
    return desk.root


@add_layout("`train-images-idx3-ubyte.gz`, `train-labels-idx1-ubyte.gz`, `t10k-...` (MNIST)", "two parts")
def idx_files(desk: Desk) -> Path:
    for seed, (name, part) in enumerate({"train": "train", "t10k": "test"}.items()):
        images, labels = draw_arrays(desk, each=(10, 4)[seed], subset=part, seed=seed, edge=28, grey=True)
        head = b"\x00\x00\x08\x03" + b"".join(size.to_bytes(4, "big") for size in images.shape)
        desk.write(f"{name}-images-idx3-ubyte.gz", gzip.compress(head + images.tobytes(), mtime=0))
        head = b"\x00\x00\x08\x01" + len(labels).to_bytes(4, "big")
        desk.write(f"{name}-labels-idx1-ubyte.gz", gzip.compress(head + labels.astype(np.uint8).tobytes(), mtime=0))
    return desk.root


@add_layout(
    "`train_32x32.mat`: `X` (32, 32, 3, N), `y` (N, 1) with 10 for 0 (SVHN)",
    "photos along the last axis; 10 is the digit 0",
    module="scipy",
)
def svhn(desk: Desk) -> Path:
    from scipy.io import savemat

    images, labels = draw_arrays(desk, ("1", "2", "0"))
    numbers = np.array([1, 2, 10], np.uint8)[labels]
    savemat(desk.root / "train_32x32.mat", {"X": images.transpose(1, 2, 3, 0), "y": numbers[:, None]})
    return desk.root / "train_32x32.mat"


@add_layout("`data.mat`: `images` (N, H, W, 3), `labels` (1, N)", "the two arrays", module="scipy")
def mat_arrays(desk: Desk) -> Path:
    from scipy.io import savemat

    images, labels = draw_arrays(desk)
    savemat(desk.root / "data.mat", {"images": images, "labels": labels[None]}, do_compression=True)
    return desk.root / "data.mat"


@add_layout(
    "`train_catvnoncat.h5`: `train_set_x`, `train_set_y`, `list_classes`", "named classes (extra `hdf5`)", module="h5py"
)
def hdf5_course(desk: Desk) -> Path:
    import h5py

    images, labels = draw_arrays(desk, ("non-cat", "cat"), 12, edge=64)
    with h5py.File(desk.root / "train_catvnoncat.h5", "w") as file:
        file["train_set_x"], file["train_set_y"] = images, labels
        file["list_classes"] = np.array([b"non-cat", b"cat"])
    return desk.root / "train_catvnoncat.h5"


@add_layout("`data.h5`: `images`, `labels`", "the two arrays (extra `hdf5`)", module="h5py")
def hdf5_pair(desk: Desk) -> Path:
    import h5py

    images, labels = draw_arrays(desk)
    with h5py.File(desk.root / "data.h5", "w") as file:
        file["images"], file["labels"] = images, labels
    return desk.root / "data.h5"


@add_layout("`x.h5` with `x`, `y.h5` with `y` in a folder (PCam)", "the two arrays (extra `hdf5`)", module="h5py")
def hdf5_two_files(desk: Desk) -> Path:
    import h5py

    images, labels = draw_arrays(desk, ("0", "1"), 12)
    for name, array in (("x", images), ("y", labels[:, None, None, None])):
        with h5py.File(desk.root / f"camelyonpatch_level_2_split_train_{name}.h5", "w") as file:
            file[name] = array
    return desk.root


def to_rows(images: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return pixels as CIFAR has them: a row each, red before green before blue, (N, 3072)."""
    return images.transpose(0, 3, 1, 2).reshape(len(images), -1)


@add_layout(
    "`data_batch_1`, ..., `test_batch`, `batches.meta` (CIFAR-10, pickled)",
    "two parts, named classes; nothing is unpickled",
)
def cifar10(desk: Desk) -> Path:
    names = ("airplane", "automobile", "bird")
    for seed, batch in enumerate(("data_batch_1", "data_batch_2", "test_batch")):
        part = "test" if batch == "test_batch" else "train"
        images, labels = draw_arrays(desk, names, 6, subset=part, seed=seed)
        files = [f"x_{it}.png".encode() for it in range(len(labels))]
        record = {
            b"batch_label": batch.encode(),
            b"labels": labels.tolist(),
            b"data": to_rows(images),
            b"filenames": files,
        }
        desk.write(batch, pickle.dumps(record, protocol=2))
    meta = {b"num_cases_per_batch": 18, b"label_names": [name.encode() for name in names], b"num_vis": 3072}
    desk.write("batches.meta", pickle.dumps(meta, protocol=2))
    return desk.root


@add_layout("`train`, `test`, `meta` with `fine_labels` and `coarse_labels` (CIFAR-100)", "the fine labels, named")
def cifar100(desk: Desk) -> Path:
    names = ("apple", "baby", "bear")
    for seed, part in enumerate(("train", "test")):
        images, labels = draw_arrays(desk, names, (10, 4)[seed], subset=part, seed=seed)
        record = {b"data": to_rows(images), b"fine_labels": labels.tolist(), b"coarse_labels": (labels // 2).tolist()}
        desk.write(part, pickle.dumps(record, protocol=2))
    meta = {b"fine_label_names": [name.encode() for name in names], b"coarse_label_names": [b"fruit", b"people"]}
    desk.write("meta", pickle.dumps(meta, protocol=2))
    return desk.root


@add_layout(
    "`train.p`, `valid.p`, `test.p`: `features`, `labels` (traffic signs, pickled)", "three parts; nothing is unpickled"
)
def pickled_parts(desk: Desk) -> Path:
    for seed, part in enumerate(("train", "valid", "test")):
        use = "validation" if part == "valid" else part
        images, labels = draw_arrays(desk, each=(8, 4, 4)[seed], subset=use, seed=seed)
        desk.write(f"{part}.p", pickle.dumps({"features": images, "labels": labels}, protocol=4))
    return desk.root


@add_layout("`data_batch_1.bin`, `test_batch.bin`, `batches.meta.txt` (CIFAR-10, binary)", "two parts, named classes")
def cifar10_binary(desk: Desk) -> Path:
    names = ("airplane", "automobile", "bird")
    for seed, batch in enumerate(("data_batch_1", "test_batch")):
        part = "test" if batch == "test_batch" else "train"
        images, labels = draw_arrays(desk, names, (10, 4)[seed], subset=part, seed=seed)
        rows = np.concatenate([labels[:, None].astype(np.uint8), to_rows(images)], axis=1)
        desk.write(f"{batch}.bin", rows.tobytes())
    desk.write("batches.meta.txt", "\n".join(names) + "\n")
    return desk.root


def _write_pixels(desk: Desk, photos: Sequence[Photo]) -> list[tuple[object, ...]]:
    for photo in photos:
        desk.claim(photo.pixels, photo.label)
    return [(photo.label, *photo.pixels.ravel().tolist()) for photo in photos]


@add_layout("`train.csv`: `label,pixel0,...,pixel783` (digits)", "pixels in the cells, 28 x 28")
def pixel_columns(desk: Desk) -> Path:
    rows = _write_pixels(desk, mix(draw_photos(DIGITS, edge=28, grey=True)))
    return desk.write("train.csv", rows_to_csv([("label", *(f"pixel{it}" for it in range(784))), *rows]))


@add_layout("`mnist_train.csv`: the label and 784 pixels, without a head", "the same")
def pixel_columns_no_head(desk: Desk) -> Path:
    return desk.write("mnist_train.csv", rows_to_csv(_write_pixels(desk, mix(draw_photos(DIGITS, edge=28, grey=True)))))


@add_layout("`fer2013.csv`: `emotion,pixels,Usage`, 2304 numbers in a cell", "48 x 48; `Usage` says three parts")
def fer2013(desk: Desk) -> Path:
    rows, uses = [], {"Training": "train", "PublicTest": "validation", "PrivateTest": "test"}
    for seed, (usage, part) in enumerate(uses.items()):
        for photo in mix(draw_photos(DIGITS, (8, 3, 3)[seed], seed=seed, edge=48, grey=True)):
            desk.claim(photo.pixels, photo.label, part)
            rows.append((photo.label, " ".join(map(str, photo.pixels.ravel().tolist())), usage))
    return desk.write("fer2013.csv", rows_to_csv([("emotion", "pixels", "Usage"), *rows]))


@add_layout("`hmnist_28_28_RGB.csv`: `pixel0000,...,pixel2351,label`", "28 x 28 in three channels, side by side")
def pixel_columns_colour(desk: Desk) -> Path:
    rows = [(*row[1:], row[0]) for row in _write_pixels(desk, mix(draw_photos(DIGITS, edge=28)))]
    return desk.write("hmnist.csv", rows_to_csv([(*(f"pixel{it:04}" for it in range(2352)), "label"), *rows]))


@add_layout("`mnist_train.csv` and `mnist_test.csv` in a folder", "two parts")
def pixel_tables_of_parts(desk: Desk) -> Path:
    for seed, part in enumerate(("train", "test")):
        photos = mix(draw_photos(DIGITS, (10, 4)[seed], seed=seed, edge=28, grey=True))
        for photo in photos:
            desk.claim(photo.pixels, photo.label, part)
        rows = [(photo.label, *photo.pixels.ravel().tolist()) for photo in photos]
        desk.write(f"mnist_{part}.csv", rows_to_csv([("label", *(f"pixel{it}" for it in range(784))), *rows]))
    return desk.root


@add_layout("`train_X.bin`, `train_y.bin`, `test_X.bin`, ..., `class_names.txt` (STL-10)", "two parts, named classes")
def stl10(desk: Desk) -> Path:
    names = ("airplane", "bird", "car")
    for seed, part in enumerate(("train", "test")):
        images, labels = draw_arrays(desk, names, (10, 4)[seed], subset=part, seed=seed, edge=96)
        desk.write(f"{part}_X.bin", images.transpose(0, 3, 2, 1).tobytes())
        desk.write(f"{part}_y.bin", (labels + 1).astype(np.uint8).tobytes())
    desk.write("class_names.txt", "\n".join(names) + "\n")
    return desk.root


@add_layout(
    "`emnist-letters.mat`: `dataset.train.images`, `dataset.mapping` (EMNIST)", "two parts, the letters", module="scipy"
)
def emnist(desk: Desk) -> Path:
    from scipy.io import savemat

    parts: dict[str, Any] = {"mapping": np.array([[1, 65], [2, 66], [3, 67]])}
    for seed, part in enumerate(("train", "test")):
        images, labels = draw_arrays(desk, tuple("ABC"), (10, 4)[seed], subset=part, seed=seed, edge=28, grey=True)
        parts[part] = {"images": images.transpose(0, 2, 1).reshape(len(images), -1), "labels": labels[:, None] + 1.0}
    savemat(desk.root / "emnist-letters.mat", {"dataset": parts}, do_compression=True)
    return desk.root / "emnist-letters.mat"


@add_layout("`data.mat` of MATLAB 7.3: `X` (H, W, 3, N), `y`", "as HDF5", module="h5py")
def matlab_hdf5(desk: Desk) -> Path:
    import h5py

    images, labels = draw_arrays(desk, ("1", "2", "3"))
    with h5py.File(desk.root / "data.mat", "w", userblock_size=512) as file:
        file["X"], file["y"] = images.transpose(0, 3, 2, 1), labels[None] + 1.0
        for name in ("X", "y"):
            file[name].attrs["MATLAB_class"] = np.bytes_("uint8")
    with (desk.root / "data.mat").open("r+b") as raw:
        raw.write(b"MATLAB 7.3 MAT-file".ljust(128))
    return desk.root / "data.mat"


@add_layout(
    "`mnist.pkl.gz`: three pairs of arrays, values from 0.0 to 1.0", "three parts, scaled; nothing is unpickled"
)
def pickled_pairs(desk: Desk) -> Path:
    pairs = []
    for seed, use in enumerate(("train", "validation", "test")):
        images, labels = draw_arrays(desk, each=(8, 4, 4)[seed], subset=use, seed=seed, edge=28, grey=True)
        pairs.append(((images / np.float32(255)).reshape(len(images), -1), labels))
    return desk.write("mnist.pkl.gz", gzip.compress(pickle.dumps(tuple(pairs), protocol=2), mtime=0))


@add_layout("`galaxies.npz`: arrays of other names, two of which fit", "these two")
def npz_other_names(desk: Desk) -> Path:
    images, labels = draw_arrays(desk)
    return save_npz(desk, "galaxies.npz", cutouts=images, ans=labels, redshift=np.linspace(0, 1, 7))


@add_layout(
    "the same with two arrays that may be the labels",
    "asked for, with the names of both",
    flags="--label-column ans",
)
def npz_two_labels(desk: Desk) -> Path:
    images, labels = draw_arrays(desk)
    return save_npz(desk, "galaxies.npz", cutouts=images, ans=labels, zone=labels[::-1].copy())


@add_layout("`images.npz` that is called `images.zip`", "as an `.npz`")
def npz_called_zip(desk: Desk) -> Path:
    images, labels = draw_arrays(desk)
    return save_npz(desk, "images.npz", images=images, labels=labels).rename(desk.root / "images.zip")


def draw_shades(desk: Desk, shades: int, *, edge: int = 16) -> Arrays:
    """Return drawn values (N, H, W) from 0 to some number, with the truth noted as 8 bits."""
    photos = mix(draw_photos(DIGITS, edge=edge, grey=True))
    values = [np.rint(photo.pixels * (shades / photo.pixels.max())).astype(np.uint8) for photo in photos]
    for photo, one in zip(photos, values, strict=True):
        desk.claim(np.rint(one * (255 / shades)).astype(np.uint8), photo.label)
    return np.stack(values), np.array([DIGITS.index(photo.label) for photo in photos])


@add_layout("`digits.npz`: `data`, whole numbers from 0 to 16 (scikit-learn's digits)", "scaled, which is said")
def npz_shades(desk: Desk) -> Path:
    desk.say("whole numbers of 0 to 16")
    values, labels = draw_shades(desk, 16)
    return save_npz(desk, "digits.npz", data=values.reshape(len(values), -1).astype(np.float64), target=labels)


@add_layout("`digits.csv`: `pixel_0_0,...,target` with whole numbers from 0 to 16", "scaled, which is said")
def csv_shades(desk: Desk) -> Path:
    desk.say("whole numbers of 0 to 16")
    values, labels = draw_shades(desk, 16)
    head = [f"pixel_{y}_{x}" for y in range(16) for x in range(16)]
    rows = [(*one.ravel().tolist(), label) for one, label in zip(values, labels.tolist(), strict=True)]
    return desk.write("digits.csv", rows_to_csv([(*head, "target"), *rows]))


@add_layout("`masks.npz`: `images` of true and false", "black and white, which is said")
def npz_bits(desk: Desk) -> Path:
    desk.say("whole numbers of 0 to 1")
    values, labels = draw_shades(desk, 1)
    return save_npz(desk, "masks.npz", images=values.astype(bool), labels=labels)


@add_layout("`images.npy`, `labels.npy` with text as objects (a pandas column)", "as text; nothing is unpickled")
def npy_objects(desk: Desk) -> Path:
    images, labels = draw_arrays(desk, ("ant", "bee", "cat"))
    np.save(desk.root / "images.npy", images)
    np.save(desk.root / "labels.npy", np.array(["ant", "bee", "cat"], dtype=object)[labels])
    return desk.root


@add_layout("`X_train.npy.gz`, `y_train.npy.gz`", "unpacked once into the store")
def npy_packed(desk: Desk) -> Path:
    for name, array in zip(("X_train", "y_train"), draw_arrays(desk), strict=True):
        with gzip.GzipFile(desk.root / f"{name}.npy.gz", "wb", mtime=0) as packed:
            np.save(packed, array)
    return desk.root


@add_layout("`train.csv`: `label,subject,pixel0,...`", "the pixels; `subject` is the group")
def pixel_columns_groups(desk: Desk) -> Path:
    desk.mention("subject")
    rows = []
    for place, photo in enumerate(mix(draw_photos(DIGITS, edge=28, grey=True))):
        desk.claim(photo.pixels, photo.label, group=f"s{place // 2}")
        rows.append((photo.label, f"s{place // 2}", *photo.pixels.ravel().tolist()))
    return desk.write("train.csv", rows_to_csv([("label", "subject", *(f"pixel{it}" for it in range(784))), *rows]))


@add_layout("`images.npy` and `labels.csv`: `index,label`, a row for each photo", "the rows, in the order of `index`")
def npy_with_table(desk: Desk) -> Path:
    desk.say("labels.csv")
    names = ("ant", "bee", "cat")
    images, labels = draw_arrays(desk, names)
    np.save(desk.root / "images.npy", images)
    rows = [(place, names[label]) for place, label in enumerate(labels.tolist())]
    desk.write("labels.csv", rows_to_csv([("index", "label"), *reversed(rows)]))
    return desk.root


@add_layout("`images.npy` and `labels.csv`: `image_id,label`, in another order", "the rows, in the order of `image_id`")
def npy_and_ids(desk: Desk) -> Path:
    desk.say("'image_id'")
    rows = lay_rows_beside(desk)
    desk.write("labels.csv", rows_to_csv([("image_id", "label"), *rows]))
    return desk.root


@add_layout(
    "`images.npy` and `labels.csv`: `file,label` with `17.png`",
    "the rows, in the order of the numbers, once it is said",
    flags="--path-column file",
)
def npy_and_names(desk: Desk) -> Path:
    rows = lay_rows_beside(desk)
    desk.write("labels.csv", rows_to_csv([("file", "label"), *((f"{place}.png", label) for place, label in rows)]))
    return desk.root


def lay_rows_beside(desk: Desk) -> list[tuple[int, str]]:
    """Lay an array of photos, and return the place and the label of each, in another order."""
    names = ("ant", "bee", "cat")
    images, labels = draw_arrays(desk, names)
    np.save(desk.root / "images.npy", images)
    count = len(labels)
    return [(place, names[labels[place]]) for place in (number * 11 % count for number in range(count))]


@add_layout("`scans.npz`: `images`, `labels`, `patient_id`", "`patient_id` is the group, which is said")
def npz_groups(desk: Desk) -> Path:
    desk.say("patient_id", "--group-column none")
    photos = mix(draw_photos(DIGITS))
    for place, photo in enumerate(photos):
        desk.claim(photo.pixels, photo.label, group=f"p{place // 3}")
    owners = np.array([f"p{place // 3}" for place in range(len(photos))])
    labels = np.array([DIGITS.index(photo.label) for photo in photos])
    return save_npz(desk, "scans.npz", images=np.stack([it.pixels for it in photos]), labels=labels, patient_id=owners)


@add_layout("`full_numpy_bitmap_ant.npy`, ...: an array for each class (Quick, Draw!)", "each file is a class")
def npy_per_class(desk: Desk) -> Path:
    desk.say("each file is a class")
    for label in ("ant", "bee", "cat"):
        photos = [photo for photo in draw_photos(("ant", "bee", "cat"), edge=28, grey=True) if photo.label == label]
        for photo in photos:
            desk.claim(photo.pixels, label)
        rows = np.stack([photo.pixels.ravel() for photo in photos])
        np.save(desk.root / f"full_numpy_bitmap_{label}.npy", rows)
    return desk.root


@add_layout("`imgs.npy`, `kinds.npy`: two arrays of other names that fit", "these two")
def npy_other_names(desk: Desk) -> Path:
    for name, array in zip(("imgs", "kinds"), draw_arrays(desk), strict=True):
        np.save(desk.root / f"{name}.npy", array)
    return desk.root


@add_layout("`insects.npz`: `ants`, `bees`, an array for each class", "each array is a class")
def npz_per_class(desk: Desk) -> Path:
    desk.say("each array is a class")
    arrays = {}
    for label in ("ants", "bees"):
        photos = [photo for photo in draw_photos(("ants", "bees")) if photo.label == label]
        for photo in photos:
            desk.claim(photo.pixels, label)
        arrays[label] = np.stack([photo.pixels for photo in photos])
    return save_npz(desk, "insects.npz", **arrays)


@add_layout("`insects.h5`: `ants/0`, `bees/0`, an array for each photo", "each folder is a class", module="h5py")
def hdf5_per_class(desk: Desk) -> Path:
    import h5py

    desk.say("each folder in the file is a class")
    with h5py.File(desk.root / "insects.h5", "w") as file:
        for photo in draw_photos(("ants", "bees")):
            desk.claim(photo.pixels, photo.label)
            file[f"{photo.label}/{photo.number}"] = photo.pixels
    return desk.root / "insects.h5"
