"""Cells of labels: words for none, and several labels in one."""

from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from headstart.data.read import read_source
from headstart.data.readers.tables.several_labels import find_several_labels
from headstart.data.samples import Samples
from headstart.settings import DataSettings
from headstart_runtime.errors import DataError, SettingError

Plant = Callable[..., Path]


def lay(root: Path, plant: Plant, labels: Sequence[str]) -> Path:
    """A table with a photo for each label."""
    plant(root, *(f"{i}.png" for i in range(len(labels))))
    table = root / "labels.csv"
    rows = ['"{}.png","{}"\n'.format(i, label.replace('"', '""')) for i, label in enumerate(labels)]
    table.write_text("file,label\n" + "".join(rows), "utf-8")
    return table


def read(table: Path, **options: str) -> Samples:
    return read_source(table, options=DataSettings.model_validate(options))


def count(samples: Samples) -> dict[str, int]:
    return dict(Counter(samples.classes[sample.target] for sample in samples.samples))


@pytest.mark.parametrize(
    ("labels", "separator"),
    [
        (["No Finding", "Effusion", "Effusion|Mass", "Mass"], "|"),
        (["cat", "dog", "cat;sleeping", "dog;sleeping"], ";"),
        (["cat", "dog", "cat, dog"], ","),
        (["16 0", "7 1 2 0", "5", "1"], " "),
        (["scab", "healthy", "scab frog_eye_leaf_spot complex"], " "),
        (["clear primary", "primary clear", "haze"], " "),
        (["['cat', 'indoor']", "['dog']"], "[]"),
    ],
)
def test_parts_that_come_again_are_several_labels(labels: list[str], separator: str) -> None:
    found = find_several_labels(labels)
    assert found is not None
    assert found.separator == separator


@pytest.mark.parametrize(
    "labels",
    [
        ["crane", "crane, bird", "tabby, tabby cat"],
        ["golden retriever", "labrador retriever", "tabby cat", "cat"],
        ["red apple", "green apple", "red pear", "green pear"],
        ["Tomato;healthy", "Tomato;blight", "Potato;healthy", "Potato;blight"],
        ["0,5", "1,5", "1"],
        ["Panthera leo", "Panthera leo leo", "Panthera leo persica"],
        ["Grape White", "Grape White 2", "Grape White 3", "Pepper Red"],
        ["A+", "A-", "B+"],
        ["Boeing 737", "Boeing 737 MAX", "Airbus A320"],
    ],
)
def test_names_with_signs_and_blanks_are_classes(labels: list[str]) -> None:
    assert find_several_labels(labels) is None


def test_a_table_of_several_labels_is_refused_with_the_way_out(tmp_path: Path, plant: Plant) -> None:
    table = lay(tmp_path, plant, ["cat", "cat;indoor", "indoor;dog", "dog"] * 4)
    with pytest.raises(
        DataError,
        match=r"8 of 16 rows have several labels in a cell of column 'label', such as 'cat;indoor'.*-cells whole",
    ):
        read(table, task="classification")
    assert count(read(table, label_cells="whole")) == {"cat": 4, "cat;indoor": 4, "indoor;dog": 4, "dog": 4}


def test_a_few_rows_with_several_labels_are_skipped(tmp_path: Path, plant: Plant) -> None:
    samples = read(lay(tmp_path, plant, ["cat", "dog"] * 6 + ["cat, dog"]))
    assert count(samples) == {"cat": 6, "dog": 6}
    assert samples.ledger.entries[-1].reason == "'cat' and 'dog' in one cell: several labels"
    assert any("1 of 13 rows have several labels in a cell" in note for note in samples.ledger.notes)


def test_words_for_none_are_empty_labels(tmp_path: Path, plant: Plant) -> None:
    table = lay(tmp_path, plant, ["cat", "dog"] * 6 + ["NA", "nan", "?", "?"])
    samples = read(table)
    assert count(samples) == {"cat": 6, "dog": 6}
    assert [entry.reason for entry in samples.ledger.entries[-2:]] == ["empty label: '?'"] * 2
    assert any("4 rows whose label is 'NA' (1), 'nan' (1), '?' (2)" in note for note in samples.ledger.notes)


@pytest.mark.parametrize("labels", [["None", "Mild", "Severe"], ["NA", "EU", "AS"], ["+", "-"]])
def test_a_class_may_be_called_none(tmp_path: Path, plant: Plant, labels: list[str]) -> None:
    samples = read(lay(tmp_path, plant, labels * 4))
    assert count(samples) == dict.fromkeys(sorted(labels), 4)
    assert any("is read as a class" in note for note in samples.ledger.notes)


def test_folders_have_no_cells(pets: Path) -> None:
    with pytest.raises(SettingError, match="label_cells is for tables"):
        read(pets, label_cells="whole")


@pytest.mark.parametrize("labels", [("Boeing 707-320", "Airbus A300"), ("Boeing 707", "Cessna")])
def test_a_list_of_ids_and_labels_of_several_words_has_no_header(
    tmp_path: Path, plant: Plant, labels: tuple[str, ...]
) -> None:
    plant(tmp_path, *(f"images/{1000 + 7 * i}.png" for i in range(12)))
    table = tmp_path / "train.txt"
    table.write_text("".join(f"{1000 + 7 * i} {labels[i % 2]}\n" for i in range(12)))
    assert count(read(table)) == dict.fromkeys(sorted(labels), 6)


def test_a_list_of_ids_numbers_and_parts_keeps_its_columns(tmp_path: Path, plant: Plant) -> None:
    plant(tmp_path, *(f"{i}.png" for i in range(12)))
    table = tmp_path / "all.txt"
    table.write_text("".join(f"{i} {'ab'[i % 2]} {('train', 'train', 'test')[i // 2 % 3]}\n" for i in range(12)))
    samples = read(table)
    assert count(samples) == {"a": 6, "b": 6}
    assert all(sample.subset for sample in samples.samples)


def test_words_that_may_be_several_labels_are_noted(tmp_path: Path, plant: Plant) -> None:
    labels = ["clear primary", "clear primary water", "clear primary road", "haze primary"]
    samples = read(lay(tmp_path, plant, labels * 4))
    assert len(samples.classes) == 4
    assert any("begin with 'clear primary': each cell is read as one class" in note for note in samples.ledger.notes)


@pytest.mark.parametrize("sign", [" & ", " and ", "/", "#", "\n"])
def test_other_signs_are_separators_where_the_parts_come_again(tmp_path: Path, plant: Plant, sign: str) -> None:
    samples = read(lay(tmp_path, plant, ["cat", "dog", "owl", *[f"cat{sign}dog", f"dog{sign}owl{sign}cat"] * 3]))
    assert samples.space.task == "multilabel"
    assert samples.classes == ("cat", "dog", "owl")


def test_numbers_with_a_slash_are_no_labels() -> None:
    assert find_several_labels(["12/05/2020", "12/06/2020", "05/06/2020"]) is None


def test_separators_at_the_end_of_a_cell_are_no_part_of_a_label(tmp_path: Path, plant: Plant) -> None:
    samples = read(lay(tmp_path, plant, ["cat;", "dog;", "owl", *["cat;dog;", "dog;owl;"] * 3]))
    assert samples.classes == ("cat", "dog", "owl")


def test_a_second_sign_between_labels_is_read_and_told(tmp_path: Path, plant: Plant) -> None:
    samples = read(lay(tmp_path, plant, ["cat", "dog", "owl", *["cat;dog", "dog;owl"] * 3, "cat,owl"]))
    assert samples.classes == ("cat", "dog", "owl")
    assert any("1 rows have another sign than ';' between labels" in note for note in samples.ledger.notes)


def test_a_separator_may_be_written_as_shells_take_it(tmp_path: Path, plant: Plant) -> None:
    table = lay(tmp_path, plant, ["cat", "dog", "cat\ndog", "owl\ncat"])
    assert read(table, label_separator="\\n").classes == ("cat", "dog", "owl")
