import gzip
import struct
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from headstart.data.read import read_source
from headstart.data.samples import FileStatus, Subset, compute_digest
from headstart_runtime.errors import DataError

PARTS = {"train": 24, "t10k": 8}


def idx(values: np.ndarray) -> bytes:
    """Second opinion to the reader: the format as its authors state it, written without NumPy's help."""
    return struct.pack(f">BBBB{values.ndim}I", 0, 0, 8, values.ndim, *values.shape) + values.tobytes()


def draw(part: str) -> tuple[np.ndarray, np.ndarray]:
    chance = np.random.default_rng(PARTS[part])
    images = chance.integers(0, 256, (PARTS[part], 7, 5), dtype=np.uint8)
    return images, np.arange(PARTS[part], dtype=np.uint8) % 4


def mnist(folder: Path, *, packed: bool = False, dot: bool = False) -> Path:
    """A folder as it is published, in small."""
    folder.mkdir(parents=True, exist_ok=True)
    for part in PARTS:
        for what, values in zip(("images", "labels"), draw(part), strict=True):
            name = f"{part}-{what}{'.' if dot else '-'}idx{values.ndim}-ubyte{'.gz' if packed else ''}"
            (folder / name).write_bytes(gzip.compress(idx(values)) if packed else idx(values))
    return folder


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("dot", [False, True])
def test_images_labels_and_parts(tmp_path, packed, dot):
    samples = read_source(mnist(tmp_path / "mnist", packed=packed, dot=dot), cache=tmp_path / "cache")
    assert samples.classes == ("0", "1", "2", "3")
    assert Counter(sample.subset for sample in samples.samples) == {Subset.TRAIN: 24, Subset.TEST: 8}
    assert "a new validation part is taken out of train" in samples.ledger.notes[0]
    by_name = {sample.name: sample for sample in samples.samples}
    for part in PARTS:
        images, labels = draw(part)
        for index in range(PARTS[part]):
            sample = by_name[f"{part}#{index}"]
            assert np.array_equal(sample.source.read(), images[index])
            assert sample.digest == compute_digest(images[index])
            assert samples.classes[sample.target] == str(labels[index])


def test_the_same_as_an_npz(tmp_path):
    parts = {f"{axis}_{part}": values for part in PARTS for axis, values in zip("xy", draw(part), strict=True)}
    np.savez(tmp_path / "mnist.npz", **{name.replace("t10k", "test"): values for name, values in parts.items()})
    from_npz, from_idx = read_source(tmp_path / "mnist.npz"), read_source(mnist(tmp_path / "mnist"))
    assert sorted((s.id, s.target, s.subset) for s in from_npz.samples) == sorted(
        (s.id, s.target, s.subset) for s in from_idx.samples
    )


def test_images_are_memory_mapped(tmp_path):
    for packed in (False, True):
        sample = read_source(mnist(tmp_path / str(packed), packed=packed), cache=tmp_path / "cache").samples[0]
        assert isinstance(sample.source.array.base, np.memmap)
        with pytest.raises(ValueError, match="read-only"):
            sample.source.array[0] = 0


def test_packed_files_are_unpacked_once_into_the_cache(tmp_path):
    cache = tmp_path / "cache"
    folder = mnist(tmp_path / "mnist", packed=True)
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    read_source(folder, cache=cache)
    made = {path: path.stat().st_mtime_ns for path in cache.rglob("*.idx")}
    assert len(made) == 4
    read_source(folder, cache=cache)
    assert {path: path.stat().st_mtime_ns for path in cache.rglob("*.idx")} == made
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before
    assert not [path for path in cache.iterdir() if path.name.startswith(".")]


def test_wrapping_folders_and_archives(tmp_path):
    import shutil

    mnist(tmp_path / "data" / "MNIST" / "raw")
    samples = read_source(tmp_path / "data")
    assert samples.root == str(tmp_path / "data")
    assert len(samples) == 32
    for root in ("data", "data/MNIST/raw"):
        archive = shutil.make_archive(str(tmp_path / "packed"), "zip", tmp_path / root)
        packed = read_source(archive, cache=tmp_path / "cache")
        assert packed.root == archive
        assert [sample.id for sample in packed.samples] == [sample.id for sample in samples.samples]


def test_what_lies_beside_is_said(tmp_path):
    folder = mnist(mnist(tmp_path / "mnist"), packed=True)
    (folder / "README.txt").write_text("hello")
    (folder / ".DS_Store").write_text("")
    (folder / "train-images.idx3-ubyte").mkdir()
    samples = read_source(folder)
    assert len(samples) == 32
    assert samples.ledger.ignored == 1
    aside = [entry for entry in samples.ledger.entries if entry.status is FileStatus.SKIPPED]
    assert [entry.name for entry in aside] == ["README.txt", "train-images.idx3-ubyte"]
    assert sum("another form of it lies beside" in note for note in samples.ledger.notes) == 4
    assert not any(note.startswith("'train-images-idx3-ubyte' ") for note in samples.ledger.notes)


def test_one_part_alone_is_no_split(tmp_path):
    folder = mnist(tmp_path / "mnist")
    for path in folder.glob("t10k*"):
        path.unlink()
    assert {sample.subset for sample in read_source(folder).samples} == {None}


def test_colour_images(tmp_path):
    images = np.random.default_rng(0).integers(0, 256, (9, 4, 6, 3), dtype=np.uint8)
    (tmp_path / "train-images-idx4-ubyte").write_bytes(idx(images))
    (tmp_path / "train-labels-idx1-ubyte").write_bytes(idx(np.arange(9, dtype=np.uint8) % 3))
    assert np.array_equal(read_source(tmp_path).samples[8].source.read(), images[8])


IMAGES, LABELS = "train-images-idx3-ubyte", "train-labels-idx1-ubyte"


def damaged(change):
    def damage(folder: Path) -> None:
        content = (folder / IMAGES).read_bytes()
        (folder / IMAGES).write_bytes(change(content))

    return damage


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (damaged(lambda c: c[:-1]), rf"{IMAGES}' is not as long as its header says; fetch"),
        (damaged(lambda c: c + b"x"), "is not as long as its header says"),
        (damaged(lambda c: c[:9]), "is no IDX file of unsigned bytes"),
        (damaged(lambda c: b""), "is no IDX file of unsigned bytes"),
        (damaged(lambda c: b"\x00\x00\x0d" + c[3:]), "is no IDX file of unsigned bytes"),
        (damaged(lambda c: idx(np.arange(24, dtype=np.uint8))), r"mnist', train: images has shape \(24,\); wanted"),
        (lambda f: (f / LABELS).write_bytes(idx(np.zeros(23, np.uint8))), r"mnist', train: 24 images and 23 labels"),
        (lambda f: (f / LABELS).unlink(), "has IDX files of 'train' but no labels; put these beside them"),
        (lambda f: (f / IMAGES).unlink(), "has IDX files of 'train' but no images; put these beside them"),
        (lambda f: (f / "cats").mkdir(), "has IDX files and the folders 'cats'; wanted one or other"),
    ],
)
def test_files_that_cannot_be_used(tmp_path, damage, message):
    folder = mnist(tmp_path / "mnist")
    damage(folder)
    with pytest.raises(DataError, match=message):
        read_source(folder)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda c: c[: len(c) // 2], "cannot be read: Compressed file ended"),
        (lambda c: b"hello", "cannot be read: Not a gzipped file"),
        (lambda c: c[:40] + b"\xff" * 40 + c[80:], "cannot be read: "),
        (lambda c: gzip.compress(gzip.decompress(c)[:-5]), rf"mnist/{IMAGES}.gz' is not as long as its header says"),
        (
            lambda c: gzip.compress(gzip.decompress(c) + bytes(5)),
            rf"mnist/{IMAGES}.gz' is not as long as its header says",
        ),
    ],
)
def test_packed_files_that_are_damaged_leave_nothing_behind(tmp_path, change, message):
    folder = mnist(tmp_path / "mnist", packed=True)
    file = folder / f"{IMAGES}.gz"
    file.write_bytes(change(file.read_bytes()))
    with pytest.raises(DataError, match=message):
        read_source(folder, cache=tmp_path / "cache")
    assert not [path for path in tmp_path.glob("cache/.*") if path.is_dir()]


def test_one_file_of_the_set(tmp_path):
    folder = mnist(tmp_path / "mnist", packed=True)
    with pytest.raises(DataError, match=r"is one file of a set; wanted the folder .*: .*mnist$"):
        read_source(folder / f"{IMAGES}.gz")
