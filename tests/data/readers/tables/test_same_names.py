"""Files of one name in several folders: of parts, and masks beside photos."""

from collections.abc import Callable
from pathlib import Path

import pytest

from headstart.data.read import read_source
from headstart.data.readers.tables.same_names import find_sure_subset
from headstart.data.samples import Samples, Subset
from headstart_runtime.errors import DataError

Plant = Callable[..., Path]
CLASSES = ("ash", "birch")


def write_parts(root: Path, table: str, cell: str = "{i}.png") -> None:
    """A table for each part, with the same names in both; the classes are the other way round in the second."""
    for turn, part in enumerate(("train", "test")):
        rows = [f"{cell.format(i=i)},{CLASSES[(i + turn) % 2]}\n" for i in range(10)]
        file = root / table.format(part=part)
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("id,label\n" + "".join(rows))


def list_labels(samples: Samples, root: Path) -> dict[str, tuple[str, Subset | None]]:
    return {
        sample.source.path.relative_to(root).as_posix(): (samples.classes[sample.target], sample.subset)
        for sample in samples.samples
    }


@pytest.mark.parametrize(
    ("photos", "table", "cell"),
    [
        ("{part}/{i}.png", "{part}.csv", "{i}.png"),
        ("{part}/{i}.png", "{part}_labels.csv", "{i}"),
        ("images/{part}/{i}.png", "{part}.csv", "{i}.png"),
        ("images/{part}/{i}.png", "annotations/{part}.csv", "{i}"),
        ("{part}_images/{i}.png", "{part}.csv", "{i}"),
    ],
)
def test_a_table_of_a_part_means_the_files_of_that_part(
    tmp_path: Path, plant: Plant, photos: str, table: str, cell: str
) -> None:
    names = [photos.format(part=part, i=i) for part in ("train", "test") for i in range(10)]
    root = plant(tmp_path / "set", *names)
    write_parts(root, table, cell)
    labels = list_labels(read_source(root), root)
    assert labels == {
        photos.format(part=part, i=i): (CLASSES[(i + turn) % 2], Subset(part))
        for turn, part in enumerate(("train", "test"))
        for i in range(10)
    }


def test_a_photo_that_only_another_part_has_is_missing(tmp_path: Path, plant: Plant) -> None:
    root = plant(tmp_path / "set", *(f"train/{i}.png" for i in range(9)), *(f"test/{i}.png" for i in range(10)))
    write_parts(root, "{part}.csv")
    samples = read_source(root)
    assert "train/9.png" not in list_labels(samples, root)
    assert [entry.reason for entry in samples.ledger.entries if entry.reason] == ["missing file"]


@pytest.mark.parametrize("name", ["train.csv", "train_test.csv"])
def test_a_column_of_folders_counts_more_than_the_name_of_the_table(tmp_path: Path, plant: Plant, name: str) -> None:
    root = plant(tmp_path / "set", *(f"{part}/{i}.png" for part in ("train", "test") for i in range(10)))
    rows = [f"{i}.png,{part},{CLASSES[i % 2]}\n" for part in ("train", "test") for i in range(10)]
    (root / name).write_text("file,split,label\n" + "".join(rows))
    labels = list_labels(read_source(root), root)
    assert len(labels) == 20
    assert labels["test/3.png"] == (CLASSES[1], Subset.TEST)


def test_a_table_of_several_parts_means_no_folder(tmp_path: Path, plant: Plant) -> None:
    root = plant(tmp_path / "set", *(f"{part}/{i}.png" for part in ("train", "test") for i in range(10)))
    (root / "train_test.csv").write_text("file,label\n" + "".join(f"{i}.png,{CLASSES[i % 2]}\n" for i in range(10)))
    with pytest.raises(DataError, match=r"'0\.png' may be one of 2: 'test/0\.png', 'train/0\.png'"):
        read_source(root)


@pytest.mark.parametrize("cell", ["{i}", "{i}.png"])
@pytest.mark.parametrize("masks", ["masks", "annotations/trimaps", "ground_truth"])
def test_masks_beside_photos_are_not_meant(tmp_path: Path, plant: Plant, masks: str, cell: str) -> None:
    root = plant(tmp_path / "set", *(f"{folder}/{i}.png" for folder in ("images", masks) for i in range(10)))
    rows = [f"{cell.format(i=i)},{CLASSES[i % 2]}\n" for i in range(10)]
    (root / "labels.csv").write_text("id,label\n" + "".join(rows))
    samples = read_source(root)
    assert list_labels(samples, root) == {f"images/{i}.png": (CLASSES[i % 2], None) for i in range(10)}
    left = {entry.name: entry.reason for entry in samples.ledger.entries if entry.reason}
    assert left == {f"{masks}/{i}.png": "in no row of the table" for i in range(10)}


def test_two_folders_of_photos_are_still_in_doubt(tmp_path: Path, plant: Plant) -> None:
    root = plant(tmp_path / "set", *(f"{folder}/{i}.png" for folder in ("north", "south") for i in range(10)))
    (root / "labels.csv").write_text("id,label\n" + "".join(f"{i},{CLASSES[i % 2]}\n" for i in range(10)))
    with pytest.raises(DataError, match="may be one of 2"):
        read_source(root)


@pytest.mark.parametrize(
    ("table", "part"),
    [
        ("train.csv", Subset.TRAIN),
        ("test_labels.csv", Subset.TEST),
        ("train_test.csv", None),
        ("val/labels.csv", Subset.VALIDATION),
        ("labels.csv", None),
    ],
)
def test_the_only_part_of_a_name(table: str, part: Subset | None) -> None:
    assert find_sure_subset(Path("set") / table) is part
