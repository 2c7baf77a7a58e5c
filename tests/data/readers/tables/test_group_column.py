"""Columns whose equal values belong together: used, named with their flag, or left alone."""

from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pytest
from pyarrow import parquet

from headstart.data.read import read_source
from headstart.data.readers.group_stats import count_groups
from headstart.data.samples import Samples
from headstart.settings import DataSettings

Plant = Callable[..., Path]
CLASSES = ("ash", "birch", "cedar")
COUNT = 36


@pytest.fixture
def trees(tmp_path: Path, plant: Plant) -> Path:
    """Thirty-six photos in a folder, t0.png to t35.png."""
    return plant(tmp_path / "trees", *(f"t{i}.png" for i in range(COUNT)))


def write(trees: Path, columns: str, *cells: Callable[[int], object]) -> Path:
    table = trees / "trees.csv"
    rows = [",".join([f"t{i}.png", CLASSES[i % 3], *(str(cell(i)) for cell in cells)]) for i in range(COUNT)]
    table.write_text("\n".join([f"path,label,{columns}", *rows]) + "\n", "utf-8")
    return table


def read(table: Path, **options: str) -> Samples:
    return read_source(table, options=DataSettings.model_validate(options))


def list_groups(samples: Samples) -> set[str]:
    return {sample.group.given_name for sample in samples.samples} - {""}


def describe_notes(samples: Samples) -> str:
    return "\n".join(samples.ledger.notes)


@pytest.mark.parametrize("column", ["speaker", "Speaker ID", "videoName", "lot_no", "camera", "session", "plate"])
def test_a_column_that_is_called_like_groups_and_makes_some_is_used_and_said(trees: Path, column: str) -> None:
    samples = read(write(trees, column, lambda i: f"s{i // 3}"))
    assert len(list_groups(samples)) == 12
    assert f"rows of one {column!r} stay in one part of the split" in describe_notes(samples)
    assert "12 values in 36 rows, with 3.0 classes in each on average" in describe_notes(samples)


def test_such_a_column_can_be_declined(trees: Path) -> None:
    table = write(trees, "speaker", lambda i: i // 3)
    samples = read(table, group_column="none")
    assert not list_groups(samples)
    assert not samples.ledger.notes


@pytest.mark.parametrize("column", ["group", "Subject"])
def test_two_kinds_that_all_classes_have_are_no_groups(trees: Path, column: str) -> None:
    table = write(trees, column, lambda i: ("young", "old")[i // 3 % 2])
    samples = read(table)
    assert not list_groups(samples)
    assert f"column {column!r} says 'young' or 'old' in all classes and is not used" in describe_notes(samples)
    assert len(list_groups(read(table, group_column=column))) == 2


@pytest.mark.parametrize(
    ("column", "tell"),
    [
        ("group", lambda i: i // 3 % 2),
        ("group", lambda i: f"g{'abc'[i // 3 % 3]}"),
        ("patient", lambda i: ("young", "old")[i // 3 % 2]),
    ],
)
def test_numbers_more_values_and_owners_stay_groups(trees: Path, column: str, tell: Callable[[int], object]) -> None:
    assert list_groups(read(write(trees, column, tell)))


def test_a_known_group_and_a_split_can_be_declined(trees: Path) -> None:
    table = write(trees, "patient_id,split", lambda i: i // 3, lambda i: ("train", "test")[i % 2])
    samples = read(table, group_column="none", split_column="none")
    assert not list_groups(samples)
    assert {sample.subset for sample in samples.samples} == {None}


@pytest.mark.parametrize(
    "tell", [lambda i: i % 4, lambda i: f"{CLASSES[i % 3]}{i // 18}", lambda i: i // 3 if i > 17 else 0]
)
def test_too_few_groups_are_named_with_the_flag(trees: Path, tell: Callable[[int], object]) -> None:
    samples = read(write(trees, "site", tell))
    assert not list_groups(samples)
    assert "where rows of one value belong together, add --group-column site" in describe_notes(samples)
    assert list_groups(read(trees / "trees.csv", group_column="site"))


def test_values_that_do_not_repeat_are_no_groups(trees: Path) -> None:
    samples = read(write(trees, "speaker", lambda i: i))
    assert not list_groups(samples)
    assert not samples.ledger.notes


def test_of_two_columns_the_one_whose_groups_hold_the_others_is_used(trees: Path) -> None:
    samples = read(write(trees, "clip,speaker", lambda i: f"c{i // 2}", lambda i: f"s{i // 4}"))
    assert list_groups(samples) == {f"s{i}" for i in range(9)}
    assert "not of 'clip'" in describe_notes(samples)


def test_two_columns_that_cross_are_both_named(trees: Path) -> None:
    samples = read(write(trees, "speaker,session", lambda i: f"s{i // 4}", lambda i: f"d{i % 11}"))
    assert not list_groups(samples)
    assert "add --group-column speaker or --group-column session" in describe_notes(samples)


def test_a_column_of_any_name_whose_values_have_one_class_each_is_named(trees: Path) -> None:
    samples = read(write(trees, "our beetle,age", lambda i: f"{CLASSES[i % 3]}{i // 6}", lambda i: i % 3))
    assert not list_groups(samples)
    assert 'add --group-column "our beetle"' in describe_notes(samples)


@pytest.mark.parametrize(
    "tell", [lambda i: "xyz"[i % 3], lambda i: f"w{i % 11}", lambda i: f"{i * 1.5}", lambda i: f"{i % 3}.{i // 6}"]
)
def test_nothing_is_said_of_other_columns(trees: Path, tell: Callable[[int], object]) -> None:
    assert not read(write(trees, "note", tell)).ledger.notes


def test_a_parquet_table_is_read_alike(trees: Path) -> None:
    paths, labels = [f"t{i}.png" for i in range(COUNT)], [CLASSES[i % 3] for i in range(COUNT)]
    table = pa.table({"path": paths, "label": labels, "speaker": [i // 3 for i in range(COUNT)]})
    parquet.write_table(table, trees / "t.parquet")
    assert len(list_groups(read(trees / "t.parquet"))) == 12


def test_groups_are_counted() -> None:
    stats = count_groups("c", ["a", "a", "b", "", "b", "d"], ["x", "y", "x", "x", "x", "y"])
    assert (stats.values, stats.rows, stats.largest, stats.fewest) == (3, 5, 2, 2)
    assert stats.classes == pytest.approx(1.5)
    assert stats.pure == pytest.approx(0.5)
    assert stats.pure_by_chance == pytest.approx(0.52)  # labels of rows with a value: x, y, x, x, y


@pytest.mark.parametrize("column", ["PatientenNr", "Proband", "participant", "Tier_ID", "Paciente"])
def test_owners_in_other_languages(tmp_path, plant, column):
    plant(tmp_path, *(f"{i:x}.png" for i in range(32)))
    rows = "".join(f"{i:x}.png,{'ab'[i % 2]},P{i // 4}\n" for i in range(32))
    (tmp_path / "labels.csv").write_text(f"file,label,{column}\n{rows}")
    samples = read_source(tmp_path / "labels.csv")
    assert len({sample.group.name for sample in samples.samples}) == 8
    assert any(f"rows of one '{column}' stay in one part of the split" in note for note in samples.ledger.notes)


def test_numbers_of_patients_in_the_names_of_files_are_noted(tmp_path, plant):
    plant(tmp_path, *(f"P{i // 4:02}_{i % 4}.png" for i in range(32)))
    rows = "".join(f"P{i // 4:02}_{i % 4}.png,{'ab'[i // 16]}\n" for i in range(32))
    (tmp_path / "labels.csv").write_text(f"file,label\n{rows}")
    notes = read_source(tmp_path / "labels.csv").ledger.notes
    assert any("8 numbers that several share, such as 'P00' in 'P00_0'" in note for note in notes)


def test_a_record_number_of_patients_holds_their_slides(trees: Path) -> None:
    samples = read(write(trees, "slide_id,MRN", lambda i: f"S{i // 2}", lambda i: 100 + i // 4))
    assert "rows of one 'MRN' stay in one part of the split, not of 'slide_id'" in describe_notes(samples)


def test_sides_in_the_names_of_a_table_are_proposed(tmp_path: Path, plant: Plant) -> None:
    names = [f"{patient}_{side}.png" for patient in range(8) for side in ("left", "right")]
    table = plant(tmp_path / "eyes", *names) / "t.csv"
    rows = [f"{name},{CLASSES[at % 2]}" for at, name in enumerate(names)]
    table.write_text("\n".join(["path,label", *rows]) + "\n", "utf-8")
    assert "such as 'left' in '0_left': if those that begin alike are of one" in describe_notes(read(table))
    assert "add a column group with it to the table" in describe_notes(read(table))
