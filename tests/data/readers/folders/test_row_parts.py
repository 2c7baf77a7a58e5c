"""Parts of a split that stand beside the table with the labels."""

from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from headstart.data.read import read_source
from headstart.data.samples import Samples, Subset
from headstart.settings import DataSettings

Plant = Callable[..., Path]


@pytest.fixture
def faces(tmp_path: Path, plant: Plant) -> Path:
    root = plant(tmp_path / "faces", *(f"img/{number:03}.png" for number in range(20)))
    rows = [f"{number:03}.png,{'no' if number % 2 else 'yes'}" for number in range(20)]
    (root / "list_attr.csv").write_text("\n".join(["image_id,Smiling", *rows]) + "\n")
    return root


def write_parts(table: Path, header: str = "image_id,partition") -> None:
    rows = [f"{number:03}.png,{0 if number < 12 else 1 if number < 16 else 2}" for number in range(20)]
    table.write_text("\n".join([header, *rows]) + "\n")


def count(samples: Samples) -> dict[Subset | None, int]:
    return dict(Counter(sample.subset for sample in samples.samples))


def test_numbers_of_celebas_parts_are_read_from_a_table_beside(faces: Path) -> None:
    write_parts(faces / "list_eval_partition.csv")
    samples = read_source(faces)
    assert count(samples) == {Subset.TRAIN: 12, Subset.VALIDATION: 4, Subset.TEST: 4}
    assert samples.classes == ("no", "yes")
    assert {sample.name for sample in samples.samples} >= {"000.png", "019.png"}
    notes = samples.ledger.notes
    assert any("parts of the split are read from 'list_eval_partition.csv' (20 photos)" in note for note in notes)
    assert not any("left alone" in note for note in notes)
    without = read_source(faces, options=DataSettings.model_validate({"split_column": "none"}))
    assert count(without) == {None: 20}


def test_lists_beside_a_table_give_parts_and_leave_their_rows(faces: Path) -> None:
    (faces / "train.txt").write_text("".join(f"{number:03}.png\n" for number in range(14)))
    (faces / "test.txt").write_text("".join(f"img/{number:03}.png\n" for number in range(14, 19)))
    samples = read_source(faces)
    assert count(samples) == {Subset.TRAIN: 14, Subset.TEST: 5}
    assert [it.reason for it in samples.ledger.entries if it.name == "019.png"] == ["in no list of a part"]


def test_a_table_of_other_numbers_gives_no_parts(faces: Path) -> None:
    write_parts(faces / "grades.csv", "image_id,stars")
    (faces / "list_attr.csv").write_text((faces / "list_attr.csv").read_text().replace("Smiling", "label"))
    (faces / "grades.csv").rename(faces / "notes.txt")
    assert count(read_source(faces / "list_attr.csv")) == {None: 20}


@pytest.mark.parametrize(("column", "cells"), [("in_train", "10"), ("in_test", "01"), ("partition", "02")])
def test_flags_and_numbers_in_the_table_itself(tmp_path: Path, plant: Plant, column: str, cells: str) -> None:
    root = plant(tmp_path / "set", *(f"{number}.png" for number in range(20)))
    names = {"0": "0", "1": "1", "2": "2"}
    rows = [f"{number}.png,{'ab'[number % 2]},{names[cells[number // 10]]}" for number in range(20)]
    rows += [f"{number}.png,{'ab'[number % 2]},1" for number in range(20, 24)] if column == "partition" else []
    plant(root, *(f"{number}.png" for number in range(20, 24)), first_seed=50)
    (root / "t.csv").write_text("\n".join([f"file,label,{column}", *rows]) + "\n")
    found = count(read_source(root / "t.csv"))
    assert (found[Subset.TRAIN], found[Subset.TEST]) == (10, 10)
    assert found.get(Subset.VALIDATION, 0) == (4 if column == "partition" else 0)
