"""Tables as public sets have them: columns known by their names and by what they hold."""

from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pytest
from pyarrow import parquet

from headstart.data.read import read_source
from headstart.data.samples import Samples, Subset
from headstart.settings import DataSettings
from headstart_runtime.errors import DataError

Plant = Callable[..., Path]
CLASSES = ("ash", "birch", "cedar")


def write(table: Path, *rows: str, encoding: str = "utf-8") -> Path:
    table.write_text("\n".join(rows) + "\n", encoding)
    return table


def read(table: Path, **options: str) -> Samples:
    return read_source(table, options=DataSettings.model_validate(options))


def count(samples: Samples) -> dict[str, int]:
    return dict(Counter(samples.classes[sample.target] for sample in samples.samples))


def has_note(samples: Samples, text: str) -> bool:
    return any(text in note for note in samples.ledger.notes)


@pytest.fixture
def trees(tmp_path: Path, plant: Plant) -> Path:
    """Eighteen photos in a folder, t0.png to t17.png; the class of a photo is its number modulo three."""
    return plant(tmp_path / "trees", *(f"photos/t{i}.png" for i in range(18)))


def rows_of_trees(*cells: Callable[[int], object], separator: str = ",") -> list[str]:
    return [separator.join(str(cell(i)) for cell in cells) for i in range(18)]


def name(i: int) -> str:
    return CLASSES[i % 3]


EACH = dict.fromkeys(CLASSES, 6)


@pytest.mark.parametrize(
    ("header", "path"),
    [
        ("id,breed", "t{}"),
        ("image_id,dx", "t{}"),
        ("filepaths,species", "photos/t{}.png"),
        ("Path,ClassId", "photos\\t{}.png"),
        ("img,diagnosis", "C:\\old\\t{}.PNG"),
        ("name,labels", "t{}.png"),
        ("whatever,label", "photos/t{}.png"),
        ("Image,Id", "t{}.png"),
    ],
)
def test_paths_and_labels_by_name_and_by_what_the_cells_lead_to(trees, header, path):
    rows = rows_of_trees(lambda i: path.format(i), name)
    assert count(read(write(trees / "t.csv", header, *rows))) == EACH


def test_a_column_of_numbers_beside_the_paths_is_not_taken_for_ids(trees):
    rows = rows_of_trees(lambda i: i, lambda i: f"t{i}.png", lambda i: i + 20, name)
    samples = read(write(trees / "t.csv", "id,image,age,label", *rows))
    assert count(samples) == EACH


def test_names_win_over_the_numbers_of_the_same_classes(trees):
    rows = rows_of_trees(lambda i: f"photos/t{i}.png", lambda i: i % 3, name)
    samples = read(write(trees / "t.csv", "path,label,label_name", *rows))
    assert count(samples) == EACH
    assert has_note(samples, "read from column 'label_name', which has the names of what 'label' numbers")


def test_two_columns_that_may_be_the_label_are_asked_for(trees):
    rows = rows_of_trees(lambda i: f"photos/t{i}.png", lambda i: "ab"[i % 2], lambda i: "ab"[i % 2] + str(i % 3))
    table = write(trees / "t.csv", "path,class,subclass", *rows)
    with pytest.raises(
        DataError,
        match=r"2 columns that may be the label: 'class' with 2 values .*, 'subclass' with 6 values .*; say which: "
        r"--label-column class or --label-column subclass",
    ):
        read(table)
    assert len(read(table, label_column="Sub Class").classes) == 6


def test_columns_that_hold_labels_are_offered(trees):
    rows = rows_of_trees(lambda i: f"t{i}.png", name, lambda i: 0.5 + i, lambda i: "a long text " + str(i))
    table = write(trees / "t.csv", "image,kind of tree,height,remark", *rows)
    with pytest.raises(DataError, match=r"--label-column \"kind of tree\" or --label-column height"):
        read(table)
    rows = [row.replace(".5,", ".0,") for row in rows]  # whole, so that these need not be measured
    with pytest.raises(
        DataError, match=r"'kind of tree' has 3 values: is it the label\? --label-column \"kind of tree\""
    ):
        read(write(trees / "w.csv", "image,kind of tree,height,remark", *rows))
    assert count(read(table, label_column="kind of tree")) == EACH
    table = write(
        trees / "u.csv", "image,tree,soil", *rows_of_trees(lambda i: f"t{i}.png", name, lambda i: "ab"[i % 2])
    )
    with pytest.raises(DataError, match=r"which of these is it\? 'tree' with 3 values .*, 'soil' with 2 values"):
        read(table)
    with pytest.raises(DataError, match=r"has no column 'soils' \(--group-column\) but 'image', .*; 'soil' is nearest"):
        read(table, label_column="tree", group_column="soils")
    assert {it.group.given_name for it in read(table, label_column="tree", group_column="soil").samples} == {"a", "b"}


def test_ham10000s_columns(trees, plant):
    plant(trees, *(f"HAM_part_{1 + i % 2}/ISIC_{i}.png" for i in range(18)), first_seed=50)
    header = "lesion_id,image_id,dx,dx_type,age,sex,localization,dataset"
    rows = rows_of_trees(
        *(lambda i: f"HAM_{i // 2}", lambda i: f"ISIC_{i}", name, lambda i: ("histo", "consensus")[i % 2]),
        *(lambda i: 40.0 + i % 5, lambda i: "male", lambda i: ("back", "face")[i % 2], lambda i: ("a", "b")[i % 2]),
    )
    samples = read(write(trees / "HAM_metadata.csv", header, *rows))
    assert count(samples) == EACH
    assert len({it.group.given_name for it in samples.samples}) == 9
    assert has_note(samples, "column 'dataset' is not taken for the split: it says 'a', 'b'")


@pytest.mark.parametrize(
    ("column", "cell", "parts"),
    [
        ("is_valid", lambda i: i > 11, {Subset.TRAIN: 12, Subset.TEST: 6}),
        ("is_training", lambda i: int(i < 12), {Subset.TRAIN: 12, Subset.TEST: 6}),
        ("data set", lambda i: ("train", "valid", "test")[i // 6], dict.fromkeys(Subset, 6)),
        ("Usage", lambda i: ("Training", "PublicTest", "PrivateTest")[i // 6], dict.fromkeys(Subset, 6)),
        ("fold", lambda i: i % 3, {None: 18}),
        ("set", lambda i: "AB"[i % 2], {None: 18}),
    ],
)
def test_columns_of_parts(trees, column, cell, parts):
    rows = rows_of_trees(lambda i: f"photos/t{i}.png", name, cell)
    samples = read(write(trees / "t.csv", f"path,label,{column}", *rows))
    assert Counter(sample.subset for sample in samples.samples) == parts


def test_folds_are_parts_if_that_is_said(trees):
    table = write(
        trees / "t.csv", "path,label,fold", *rows_of_trees(lambda i: f"photos/t{i}.png", name, lambda i: i // 6)
    )
    assert has_note(read(table), "column 'fold' numbers 3 folds, which are not used")
    assert Counter(it.subset for it in read(table, split_column="fold").samples) == dict.fromkeys(Subset, 6)
    with pytest.raises(DataError, match="the split column says 'ash', 'birch', 'cedar'; wanted train"):
        read(
            write(trees / "u.csv", "path,label,kind", *rows_of_trees(lambda i: f"t{i}.png", name, name)),
            split_column="kind",
        )


def test_a_column_for_each_class(trees):
    marks = [lambda i, at=at: f"{float(i % 3 == at)}" for at in range(3)]
    rows = rows_of_trees(lambda i: f"t{i}.png", *marks)
    rows[0], rows[1] = "t0.png,1.0,1.0,0.0", "t1.png,0.0,0.0,0.0"
    samples = read(write(trees / "_classes.csv", "filename, ash, birch, cedar", *rows))
    assert count(samples) == {"ash": 5, "birch": 5, "cedar": 6}
    assert {entry.name: entry.reason for entry in samples.ledger.entries if entry.reason} == {
        "t0.png": "'ash' and 'birch' have a 1: several labels",
        "t1.png": "no column of a class has a 1",
    }
    assert has_note(samples, "1 rows have several labels and 1 none, which are skipped")
    columns = {"image_id": [f"t{i}" for i in range(18)]}
    columns |= {label: [i % 3 == at for i in range(18)] for at, label in enumerate(CLASSES)}
    parquet.write_table(pa.table(columns), trees / "t.parquet")
    assert count(read(trees / "t.parquet")) == EACH


def test_several_labels_in_many_rows_are_said(trees):
    rows = rows_of_trees(lambda i: f"t{i}.png", lambda i: 1, lambda i: int(i != 3), lambda i: i % 2)
    with pytest.raises(DataError, match=r"0 rows have one 1, 18 several and 0 none.*--label-column ash or another"):
        read(write(trees / "t.csv", "image,ash,birch,cedar", *rows), task="classification")


@pytest.mark.parametrize(
    ("file", "separator", "path"),
    [
        ("t.csv", ",", "photos/t{}.png"),
        ("t.csv", ";", "t{}"),
        ("t.txt", " ", "photos/t{}.png"),
        ("t.txt", " ", "photos\\t{}.png"),
        ("t.txt", "\t", "old photos/t{}.png"),
        ("t.csv", " ", "photos/t{}.png"),
        ("t.lst", "\t", "photos/t{}.png"),
    ],
)
def test_tables_and_lists_without_a_header(trees, file, separator, path):
    samples = read(write(trees / file, *rows_of_trees(lambda i: path.format(i), name, separator=separator)))
    assert count(samples) == EACH
    assert len(samples.ledger.entries) == 18
    assert has_note(samples, "has no header")


def test_a_list_with_a_header_and_comments_and_one_with_blanks_in_its_paths(trees, plant):
    rows = rows_of_trees(lambda i: f"photos/t{i}.png", name, separator=" ")
    assert count(read(write(trees / "t.txt", "# made by hand", "path label", *rows))) == EACH
    plant(trees, *(f"old photos/a{i}.png" for i in range(18)), first_seed=30)
    rows = rows_of_trees(lambda i: f"old photos/a{i}.png", name, separator=" ")
    assert count(read(write(trees / "a.txt", *rows))) == EACH
    plant(trees, *("some " * (i % 2) + f"photos/b{i}.png" for i in range(18)), first_seed=60)
    for line in ("{path} {label}", "{label} {path}"):
        rows = [line.format(path="some " * (i % 2) + f"photos/b{i}.png", label=name(i)) for i in range(18)]
        assert count(read(write(trees / "b.txt", *rows))) == EACH


def test_numbers_get_their_names_from_the_list_beside_the_table(trees):
    table = write(trees / "train.txt", *rows_of_trees(lambda i: f"photos/t{i}.png", lambda i: i % 3, separator=" "))
    for lines in (CLASSES, [f"{i} {c}" for i, c in enumerate(CLASSES)], [f"{c} {i}" for i, c in enumerate(CLASSES)]):
        write(trees / "classes.txt", *lines)
        samples = read(table)
        assert count(samples) == EACH
        assert has_note(samples, "the names of the classes are read from classes.txt (0: ash, 1: birch, 2: cedar)")
    write(trees / "classes.txt", "ash", "birch")
    assert has_note(
        read(table), "the 2 lines of classes.txt do not fit the labels from 0 to 2; the labels stay numbers"
    )


def test_numbers_from_one_fit_a_list_of_as_many(trees):
    table = write(trees / "t.csv", "path,label", *rows_of_trees(lambda i: f"photos/t{i}.png", lambda i: 1 + i % 3))
    write(trees / "classes.txt", *CLASSES)
    assert count(read(table)) == EACH
    write(trees / "classes.txt", *CLASSES, "oak")  # 1 may be the first or the second
    assert read(table).classes == ("1", "2", "3")


def test_a_table_in_a_folder_beside_the_photos(trees):
    (trees / "tables").mkdir()
    samples = read(write(trees / "tables" / "t.csv", "id,label", *rows_of_trees(lambda i: f"t{i}", name)))
    assert count(samples) == EACH
    assert has_note(samples, f"18 photos were found by their names in {str(trees)!r}")


def test_a_spreadsheets_table_with_semicolons_in_cp1252(trees):
    rows = rows_of_trees(lambda i: f"t{i}", lambda i: name(i).replace("ash", "Bäume"), separator=";")
    samples = read(write(trees / "t.csv", "Filename;ClassId", *rows, encoding="cp1252"))
    assert samples.classes == ("Bäume", "birch", "cedar")


def test_folds_in_a_parquet_table(trees):
    columns = {"file": [f"photos/t{i}.png" for i in range(18)], "label": [name(i) for i in range(18)]}
    parquet.write_table(pa.table(columns | {"is_valid": [i > 11 for i in range(18)]}), trees / "t.parquet")
    assert Counter(it.subset for it in read(trees / "t.parquet").samples) == {Subset.TRAIN: 12, Subset.TEST: 6}


def test_two_columns_of_0_and_1_about_different_things_are_no_classes(trees):
    rows = rows_of_trees(lambda i: f"t{i}", lambda i: i % 2, lambda i: i // 9)
    table = write(trees / "t.csv", "image,tall,old", *rows)
    with pytest.raises(DataError, match=r"rows have one 1, .* --label-column tall or another"):
        read(table)
    assert read(table, label_column="tall").classes == ("0", "1")


@pytest.mark.parametrize(
    ("above", "line"),
    [
        (["the photo,what it shows"], 2),
        (["Trees of 2020,", "", "# by hand"], 4),
        (["# made by a script", "# on a day"], 3),
    ],
)
def test_what_stands_above_the_header_is_no_row(trees: Path, above: list[str], line: int) -> None:
    rows = rows_of_trees(lambda i: f"photos/t{i}.png", name)
    samples = read(write(trees / "t.csv", *above, "path,label", *rows))
    assert count(samples) == EACH
    assert has_note(samples, f"the header of t.csv is line {line}; what stands above it is no row")


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
def test_utf_16_without_a_byte_order_mark(trees: Path, encoding: str) -> None:
    rows = rows_of_trees(lambda i: f"photos/t{i}.png", name)
    samples = read(write(trees / "t.csv", "path,label", *rows, encoding=encoding))
    assert count(samples) == EACH
    assert has_note(samples, f"was read as {encoding}")


@pytest.mark.parametrize(("column", "noted"), [("target", True), ("category", True), ("label", False)])
def test_a_label_of_numbers_names_the_columns_of_words_beside_it(
    tmp_path: Path, plant: Plant, column: str, noted: bool
) -> None:
    root = plant(tmp_path / "set", *(f"{number}.png" for number in range(12)))
    rows = [f"{number}.png,{number % 3},{'ant' if number % 2 else 'bee'},{number / 7}" for number in range(12)]
    (root / "t.csv").write_text("\n".join([f"image,{column},insect,width", *rows]) + "\n")
    samples = read_source(root / "t.csv")
    assert samples.classes == ("0", "1", "2")
    notes = [note for note in samples.ledger.notes if "--label-column insect" in note]
    assert len(notes) == noted
    assert all("'insect' with 2 values ('bee', 'ant') may be meant too" in note for note in notes)


def test_comments_above_a_list_are_no_header(tmp_path, plant):
    folder = plant(tmp_path / "set", *(f"{i}.png" for i in range(6)))
    rows = [f"{i}.png,{'ab'[i % 2]}" for i in range(6)]
    (folder / "l.csv").write_text("\n".join(["# of May", *rows]), "utf-8")
    samples = read_source(folder / "l.csv")
    assert has_note(samples, "the first row of l.csv is line 2; what stands above it is no row")
    assert not has_note(samples, "the header of")
