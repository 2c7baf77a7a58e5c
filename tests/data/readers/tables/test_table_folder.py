"""Folders whose labels stand in tables."""

import shutil
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from headstart.data.read import read_source
from headstart.data.samples import Samples, Subset
from headstart.settings import DataSettings
from headstart_runtime.errors import DataError, SettingError

Plant = Callable[..., Path]
CLASSES = ("ash", "birch")


def read(folder: Path, **options: str) -> Samples:
    return read_source(folder, options=DataSettings.model_validate(options))


def write_table(table: Path, header: str, row: str, numbers: range) -> None:
    """A row for each number; {i} is the number, {c} its class, {a} and {b} whether it is of each class."""
    table.parent.mkdir(parents=True, exist_ok=True)
    rows = [row.format(i=i, c=CLASSES[i % 2], a=int(i % 2 == 0), b=i % 2) for i in numbers]
    table.write_text("\n".join([header, *rows]) + "\n")


def has_note(samples: Samples, text: str) -> bool:
    return any(text in note for note in samples.ledger.notes)


def count_subsets(samples: Samples) -> dict[Subset | None, int]:
    return dict(Counter(sample.subset for sample in samples.samples))


def test_ids_in_a_folder_called_train_and_others_without_labels(tmp_path: Path, plant: Plant) -> None:
    root = plant(tmp_path / "dogs", *(f"train/d{i}.png" for i in range(10)), *(f"test/e{i}.png" for i in range(3)))
    write_table(root / "labels.csv", "id,breed", "d{i},{c}", range(10))
    samples = read(root)
    assert samples.classes == CLASSES
    assert count_subsets(samples) == {None: 10}
    assert has_note(samples, "the classes are read from 'labels.csv'")
    assert has_note(samples, "3 photos in no row of a table, such as 'test/e0.png', left out: no label")
    reasons = {entry.name: entry.reason for entry in samples.ledger.entries if entry.reason}
    assert reasons == {f"test/e{i}.png": "in no row of the table" for i in range(3)}


def test_roboflows_tables_in_the_folders_of_parts(tmp_path: Path, plant: Plant) -> None:
    places = {"train": range(8), "valid": range(8, 12), "test": range(12, 16)}
    root = plant(tmp_path / "set", *(f"{part}/r{i}.png" for part, numbers in places.items() for i in numbers))
    for part, numbers in places.items():
        write_table(root / part / "_classes.csv", "filename, ash, birch", "r{i}.png, {a}, {b}", numbers)
    samples = read(root)
    assert samples.classes == CLASSES
    assert count_subsets(samples) == {Subset.TRAIN: 8, Subset.VALIDATION: 4, Subset.TEST: 4}
    assert "valid/r8.png" in {sample.name for sample in samples.samples}


@pytest.mark.parametrize(
    "names", [("train.csv", "val.csv", "test.csv"), ("train_labels.csv", "labels-valid.csv", "Test.csv")]
)
def test_a_table_for_each_part_beside_the_photos(tmp_path: Path, plant: Plant, names: tuple[str, ...]) -> None:
    root = plant(tmp_path / "set", *(f"images/r{i}.png" for i in range(16)))
    for name, numbers in zip(names, (range(8), range(8, 12), range(12, 16)), strict=True):
        write_table(root / name, "filename,label", "r{i}.png,{c}", numbers)
    assert count_subsets(read(root)) == {Subset.TRAIN: 8, Subset.VALIDATION: 4, Subset.TEST: 4}


def test_a_table_beside_its_photos_in_a_folder_called_train_is_no_part(tmp_path: Path, plant: Plant) -> None:
    root = plant(tmp_path / "hub", *(f"train/{i}.png" for i in range(8)))
    write_table(root / "train" / "metadata.csv", "file_name,label", "{i}.png,{c}", range(8))
    assert count_subsets(read(root)) == {None: 8}


def test_a_table_in_a_folder_beside_that_of_the_photos(tmp_path: Path, plant: Plant) -> None:
    root = plant(tmp_path / "set", *(f"images/{i}.png" for i in range(8)))
    write_table(root / "labels" / "all.csv", "image,label", "{i}.png,{c}", range(8))
    assert read(root).classes == CLASSES


def test_several_tables_that_are_no_parts_are_asked_for(tmp_path: Path, plant: Plant) -> None:
    root = plant(tmp_path / "set", *(f"images/{i}.png" for i in range(8)))
    for name in ("first.csv", "second.csv"):
        write_table(root / name, "image,label", "images/{i}.png,{c}", range(8))
    with pytest.raises(DataError, match=r"has 2 tables with labels: 'first.csv' with 2 classes .* of 8 photos, .*"):
        read(root)


def test_folders_and_a_table_that_say_other_classes_are_two_readings(tmp_path: Path, plant: Plant) -> None:
    root = plant(tmp_path / "ham", *(f"{('back', 'face')[i // 8]}/h{i}.png" for i in range(16)))
    write_table(root / "metadata.csv", "image_id,dx", "h{i},{c}", range(16))
    with pytest.raises(DataError, match=r"--classes-from folder or --classes-from table"):
        read(root)
    assert read(root, classes_from="table").classes == CLASSES
    assert read(root, label_column="dx").classes == CLASSES
    assert read(root, classes_from="folder").classes == ("back", "face")


def test_a_table_that_says_what_the_folders_say_changes_nothing(tmp_path: Path, plant: Plant) -> None:
    root = plant(tmp_path / "set", *(f"{CLASSES[i % 2]}/h{i}.png" for i in range(16)))
    write_table(root / "photos.csv", "path,label", "{c}/h{i}.png,{b}", range(16))
    samples = read(root)
    assert samples.classes == CLASSES
    assert not has_note(samples, "read from 'photos.csv'")


def test_a_label_in_doubt_is_asked_for_in_the_folder_too(tmp_path: Path, plant: Plant) -> None:
    root = plant(tmp_path / "set", *(f"images/{i}.png" for i in range(12)))
    write_table(root / "t.csv", "image,kind,colour", "{i}.png,{c},{a}", range(12))
    with pytest.raises(DataError, match="--label-column kind or --label-column colour"):
        read(root)
    assert read(root, label_column="kind").classes == CLASSES


def test_a_table_about_something_else_leaves_the_folders_alone(tmp_path: Path, plant: Plant) -> None:
    root = plant(tmp_path / "set", *(f"{CLASSES[i % 2]}/h{i}.png" for i in range(16)))
    rows = [f"{CLASSES[i % 2]}/h{i}.png,{('Canon', 'Nikon')[i // 8]}" for i in range(16)]
    (root / "photos.csv").write_text("\n".join(["file,camera", *rows]))
    assert read(root).classes == CLASSES


def test_tables_of_parts_in_an_archive(tmp_path: Path, plant: Plant) -> None:
    places = {"train": range(8), "valid": range(8, 12), "test": range(12, 16)}
    root = plant(tmp_path / "set", *(f"{part}/r{i}.png" for part, numbers in places.items() for i in numbers))
    for part, numbers in places.items():
        write_table(root / part / "_classes.csv", "filename, ash, birch", "r{i}.png, {a}, {b}", numbers)
    archive = Path(shutil.make_archive(str(tmp_path / "packed"), "zip", root))
    samples = read_source(archive, cache=tmp_path / "cache")
    assert count_subsets(samples) == {Subset.TRAIN: 8, Subset.VALIDATION: 4, Subset.TEST: 4}


def test_columns_are_refused_where_there_are_none(tmp_path: Path, plant: Plant) -> None:
    root = plant(tmp_path / "set", *(f"{CLASSES[i % 2]}/h{i}.png" for i in range(16)))
    with pytest.raises(SettingError, match=r"group_column is for tables; .* is none; drop it"):
        read(root, group_column="patient")
    images = np.random.default_rng(0).integers(0, 256, (8, 9, 9), np.uint8)
    with pytest.raises(SettingError, match="label_column is for tables"):
        read_source(images, labels=[0, 1] * 4, options=DataSettings.model_validate({"label_column": "x"}))


def test_labels_in_another_table_are_said_with_the_column_in_common(tmp_path, plant):
    folder = plant(tmp_path / "set", *(f"{at}.png" for at in range(6)))
    (folder / "occurrence.txt").write_text(
        "gbifID\tscientificName\n" + "".join(f"{90 + at}\t{'ab'[at % 2]}x\n" for at in range(6)), "utf-8"
    )
    (folder / "multimedia.txt").write_text(
        "gbifID\ttype\tidentifier\n" + "".join(f"{90 + at}\tStillImage\thttps://x.org/{at}.png\n" for at in range(6)),
        "utf-8",
    )
    with pytest.raises(DataError, match=r"'occurrence.txt' has 'scientificName' and the column 'gbifID' in common"):
        read_source(folder)


def write_rows(table: Path, header: str, names: list[str], *columns: str) -> None:
    """A row for each file; {c} is ash where its name begins with N, {g} a number for every two files."""
    row = ",".join(("{name}", *columns))
    rows = [row.format(name=name, c="ash" if name[0] == "N" else "elm", g=i // 2) for i, name in enumerate(names)]
    table.write_text("\n".join([header, *rows]) + "\n")


def test_a_table_that_says_more_than_the_codes_in_names_is_read(tmp_path: Path, plant: Plant) -> None:
    names = [f"{'NT'[i // 12]}{i:03}.png" for i in range(24)]
    root = plant(tmp_path / "codes", *names)
    write_rows(root / "info.csv", "file,species,patient_id", names, "{c}", "P{g}")
    samples = read(root)
    assert samples.classes == ("ash", "elm")
    assert len({sample.group.name for sample in samples.samples}) == 12
    assert has_note(samples, "the names of the files say the same 2 classes, 'N', 'T', which --classes-from name reads")
    assert read(root, classes_from="name").classes == ("N", "T")


def test_a_table_that_says_no_more_than_names_leaves_them(tmp_path: Path, plant: Plant) -> None:
    names = [f"{kind}.{i}.png" for kind in ("Nut", "Tea") for i in range(8)]
    root = plant(tmp_path / "words", *names)
    rows = [f"{name},{int(name[0] == 'T')}" for name in names]
    (root / "labels.csv").write_text("\n".join(["file,label", *rows]) + "\n")
    assert read(root).classes == ("Nut", "Tea")
    rows = [f"{name},{name[:3]},{part}" for name in names for part in ["test" if int(name[4]) < 2 else "train"]]
    (root / "labels.csv").write_text("\n".join(["file,label,split", *rows]) + "\n")
    samples = read(root)
    assert samples.classes == ("Nut", "Tea")
    assert count_subsets(samples) == {Subset.TRAIN: 12, Subset.TEST: 4}
