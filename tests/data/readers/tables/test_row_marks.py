"""Columns that say which rows are to be used, and labels that another column corrects."""

from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from headstart.data.read import read_source
from headstart.data.readers.tables.row_marks import find_left_out, find_row_marks
from headstart.data.readers.tables.table_columns import TableSample
from headstart.data.samples import Samples
from headstart.data.source_items import list_file_items
from headstart.settings import DataSettings
from headstart_runtime.errors import DataError
from headstart_runtime.modalities.modality import get_modality

Plant = Callable[..., Path]
LABELS = ["ant", "bee"] * 6


def read(source: Path, **options: str) -> Samples:
    return read_source(source, options=DataSettings.model_validate(options))


def lay_table(plant: Plant, folder: Path, header: str, cells: Sequence[str]) -> Path:
    root = plant(folder / "set", *(f"images/{number}.png" for number in range(len(cells))))
    rows = [f"{number}.png,{LABELS[number % 12]},{cell}" for number, cell in enumerate(cells)]
    (root / "labels.csv").write_text("\n".join([f"file,label,{header}", *rows]) + "\n")
    return root


def find(column: str, cells: Sequence[str], labels: Sequence[str] = LABELS) -> tuple[set[str], list[str]]:
    """Return the cells that leave rows out, and the notes."""
    columns = {"label": list(labels), column: list(cells)}
    sample = TableSample(list(columns), list(columns.values()), columns.__getitem__)
    marks, notes = find_row_marks(sample, {"label": "label"})
    return {cell for mark in marks for cell in mark.cells}, notes


@pytest.mark.parametrize(
    ("column", "cells", "out"),
    [
        ("deleted", ["true", "true", *["false"] * 10], {"true"}),
        ("is_deleted", ["1", "1", *["0"] * 10], {"1"}),
        ("Exclude", ["x", "x", *[""] * 10], {"x"}),
        ("use", ["No", "No", *["Yes"] * 10], {"No"}),
        ("keep", ["", "", *["y"] * 10], {""}),
        ("include", ["no", "no", *[""] * 10], {"no"}),
        ("answer", ["reject", "ignore", *["accept"] * 10], {"reject", "ignore"}),
        ("answer", ["reject", *["accept", "reject"] * 5, "reject"], {"reject"}),
    ],
)
def test_rows_are_left_out_by_columns_that_can_mean_nothing_else(column: str, cells: list[str], out: set[str]) -> None:
    found, notes = find(column, cells)
    assert found == out
    assert len(notes) == 1
    assert f"{sum(cell in out for cell in cells)} rows are left out, for column {column!r} says" in notes[0]


@pytest.mark.parametrize(
    ("column", "cells"),
    [
        ("is_correct", ["False", *["True"] * 11]),
        ("verified", ["yes", *["no"] * 11]),
        ("confidence", ["0", *["1"] * 11]),
        ("deleted", ["0", "1"] * 6),  # as the classes
        ("exclude", [*["1"] * 8, *["0"] * 4]),  # most rows
        ("answer", ["yes", "no"] * 6),
        ("drop", ["1", *["0"] * 11]),
        ("remove", ["True", *["False"] * 11]),
        ("invalid", ["1", *["0"] * 11]),
        ("in_study", ["0", *["1"] * 11]),
        ("status", ["rejected", *["accepted"] * 11]),
        ("qc", ["fail", *["pass"] * 11]),
        ("Review", ["declined", *["approved"] * 11]),
        ("quality", ["unusable", *["ok"] * 11]),
    ],
)
def test_columns_that_may_mean_something_else_are_noted_with_their_counts(column: str, cells: list[str]) -> None:
    found, notes = find(column, cells)
    assert not found
    first, second = sorted(Counter(cells).items())
    counts = f"{first[0]!r} in {first[1]} rows and {second[0]!r} in {second[1]} rows"
    assert len(notes) == 1
    assert notes[0].startswith(f"column {column!r} says {counts}, and all are used: where it marks rows")


@pytest.mark.parametrize(
    ("column", "cells"),
    [
        ("deleted", ["false"] * 12),
        ("use", ["food", "wood"] * 6),
        ("confidence", ["0.5", "0.9", "1"] * 4),
        ("answer", ["a", "b", "c"] * 4),
        ("kept", ["yes", "no"] * 6),
    ],
)
def test_other_columns_say_nothing(column: str, cells: list[str]) -> None:
    assert find(column, cells) == (set(), [])


def test_a_row_is_left_out_by_the_first_mark_that_says_so() -> None:
    columns = {"use": ["no", *["yes"] * 11], "deleted": ["", "", "", "x", *[""] * 8], "label": LABELS}
    marks, _ = find_row_marks(TableSample(list(columns), list(columns.values()), columns.__getitem__), {})
    named = {mark.column: mark for mark in marks}
    both = [named["deleted"], named["use"]]
    assert find_left_out(both, ["", "no"]) == "column 'use' says 'no'"
    assert find_left_out(both, ["", "yes"]) == ""


def test_each_row_that_is_left_out_has_one_line(tmp_path: Path, plant: Plant) -> None:
    root = lay_table(plant, tmp_path, "deleted", ["true", "true", *["false"] * 10])
    ledger = read(root).ledger
    assert {entry.name: entry.reason for entry in ledger.entries if entry.reason} == {
        f"{number}.png": "column 'deleted' says 'true'" for number in (0, 1)
    }
    assert not any("in no row" in note for note in ledger.notes)
    items = list_file_items(root / "labels.csv", get_modality("image"))
    assert items is not None
    assert len(list(items.items)) == 12


def test_rows_of_parquet_are_left_out_too(tmp_path: Path, plant: Plant) -> None:
    pyarrow, parquet = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
    root = lay_table(plant, tmp_path, "use", [""] * 12)
    (root / "labels.csv").unlink()
    columns = {"file": [f"images/{number}.png" for number in range(12)], "label": LABELS, "use": [False] * 2}
    columns["use"] += [True] * 10
    parquet.write_table(pyarrow.table(columns), root / "labels.parquet")
    assert len(read(root / "labels.parquet")) == 10


def test_a_column_of_open_images_denies_labels(tmp_path: Path, plant: Plant) -> None:
    root = plant(tmp_path / "set", *(f"{number}.png" for number in range(12)))
    rows = [f"{number},verification,{LABELS[number]},{int(number % 3 > 0)}" for number in range(12)]
    (root / "t.csv").write_text("\n".join(["ImageID,Source,LabelName,Confidence", *rows]) + "\n")
    assert len(read(root / "t.csv")) == 8


def test_valid_that_is_true_of_most_rows_may_say_that_they_are_good(tmp_path: Path, plant: Plant) -> None:
    root = lay_table(plant, tmp_path, "valid", [*["False"] * 2, *["True"] * 10])
    with pytest.raises(DataError, match=r"'valid' is true in 10 of 12 rows.*--split-column valid.*--split-column none"):
        read(root / "labels.csv")
    assert all(sample.subset is None for sample in read(root / "labels.csv", split_column="none").samples)


def test_corrected_labels_are_asked_about(tmp_path: Path, plant: Plant) -> None:
    root = lay_table(plant, tmp_path, "corrected_label", ["bee", *[""] * 11])
    with pytest.raises(DataError, match=r"in 1 of 12 rows; add --label-column label .* or write them over those in 'l"):
        read(root)
    assert len(read(root, label_column="label")) == 12
    full = lay_table(plant, tmp_path / "full", "label_new", ["bee", *LABELS[1:]])
    with pytest.raises(DataError, match=r"or --label-column label_new to take them"):
        read(full)
    same = lay_table(plant, tmp_path / "same", "label_fixed", LABELS)
    assert len(read(same)) == 12


@pytest.mark.parametrize("column", ["label_v2", "consensus", "expert_label", "override"])
@pytest.mark.parametrize("rest", [LABELS[1:], [""] * 11])
def test_labels_of_a_second_look_are_asked_about_where_they_mostly_agree(
    tmp_path: Path, plant: Plant, column: str, rest: list[str]
) -> None:
    root = lay_table(plant, tmp_path, column, ["bee", *rest])
    with pytest.raises(DataError, match=rf"others in column '{column}', in 1 of 12 rows; add --label-column label "):
        read(root)
    other = lay_table(plant, tmp_path / "other", column, LABELS[::-1])
    assert len(read(other)) == 12


@pytest.mark.parametrize(
    ("column", "cells"),
    [
        ("status", ["new", *["old"] * 11]),
        ("quality", ["high", *["low"] * 11]),
        ("state", [f"s{place}" for place in range(11)] + ["removed"]),
    ],
)
def test_columns_of_such_a_name_that_deny_nothing_are_not_said(column: str, cells: list[str]) -> None:
    assert not any(find(column, cells))
