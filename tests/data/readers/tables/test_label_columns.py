"""Labels in several columns, and several in a cell, in the form that a task reads."""

from collections.abc import Callable, Sequence
from pathlib import Path

import pyarrow as pa
import pytest
from pyarrow import parquet

from headstart.data.readers.listing import SourceListing
from headstart.data.readers.reader import ReadContext
from headstart.data.readers.tables.table import list_table
from headstart.label_text import LabelForm
from headstart.settings import DataSettings
from headstart_runtime.errors import DataError

Plant = Callable[..., Path]
SETS: frozenset[LabelForm] = frozenset({"one", "several", "indicators"})
NUMBERS: frozenset[LabelForm] = frozenset({"one", "columns"})
ONE: frozenset[LabelForm] = frozenset({"one"})


@pytest.fixture
def lay(tmp_path: Path, plant: Plant) -> Callable[..., Path]:
    """Return a function that writes a table with a photo for each row of cells."""

    def write(header: str, *rows: str) -> Path:
        plant(tmp_path, *(f"{at}.png" for at in range(len(rows))))
        table = tmp_path / "t.csv"
        table.write_text(f"path,{header}\n" + "".join(f"{at}.png,{row}\n" for at, row in enumerate(rows)), "utf-8")
        return table

    return write


def read(table: Path, forms: frozenset[LabelForm] | None = None, **options: str) -> SourceListing:
    context = ReadContext(DataSettings.model_validate(options), table.parent / "cache", forms=forms)
    return list_table(table, context)


def labels(listing: SourceListing) -> list[str]:
    return [sample.label for sample in listing.samples]


def says(listing: SourceListing, text: str) -> bool:
    return any(text in note for note in listing.notes)


SETS_OF_ROWS = ("1,1,0", "0,1,0", "0,0,0", "1,0,1", "0,1,1")


@pytest.mark.parametrize("forms", [None, SETS])
def test_columns_of_0_and_1_with_several_ones_are_indicators(lay, forms) -> None:
    found = read(lay("cat,dog,bird", *SETS_OF_ROWS), forms)
    assert found.form == "indicators"
    assert found.label_columns == ("cat", "dog", "bird")
    assert labels(found) == ["1;1;0", "0;1;0", "0;0;0", "1;0;1", "0;1;1"]
    assert found.classes == {"cat", "dog", "bird"}
    assert "1 rows have one 1, 3 several and 1 none" in found.form_reason


def test_unknown_cells_are_neither_there_nor_absent(lay) -> None:
    found = read(lay("cat,dog", "1,0", "1.0,-1", ",1", "nan,0", "0,", ","), SETS)
    assert labels(found) == ["1;0", "1;", ";1", ";0", "0;"]
    assert found.entries[0].reason == "empty label: none of its columns says anything"
    assert says(found, "of the cells of the labels 1 are -1 and 5 are empty: read as unknown")


def test_a_column_that_never_says_0_has_it_where_it_is_empty(lay) -> None:
    found = read(lay("none,edema", "1,0", ",1", ",-1", "1,0"), SETS)
    assert labels(found) == ["1;0", "0;1", "0;", "1;0"]
    assert says(found, "'none' has no 0: empty cells in it are read as absent")


def test_minus_one_is_absent_where_there_is_no_0(lay) -> None:
    found = read(lay("smiling,hat", "1,-1", "-1,-1", "1,1", "-1,1"), SETS)
    assert labels(found) == ["1;0", "0;0", "1;1", "0;1"]
    assert says(found, "-1 is read as absent")


def test_one_1_in_each_row_is_a_class_where_no_task_is_named(lay) -> None:
    table = lay("cat,dog", *("1,0", "0,1") * 4, "1,1")
    found = read(table)
    assert (found.form, labels(found)) == ("one", ["cat", "dog"] * 4)
    assert says(found, "1 rows have several labels and 0 none, which are skipped")
    assert read(table, SETS).form == "indicators"


def test_columns_that_a_setting_names(lay) -> None:
    table = lay("length,width,name", "12.5,3,a", "7,,b", ",,a", "1.5,2,b")
    found = read(table, NUMBERS, label_column="length, width")
    assert (found.form, found.label_columns) == ("columns", ("length", "width"))
    assert labels(found) == ["12.5;3", "7;", "1.5;2"]
    assert found.classes == frozenset()
    assert found.samples[1].row == 3
    assert [entry.reason for entry in found.entries] == ["empty label"]
    assert read(table, label_column="length,width").form == "columns", "numbers say it where no task is named"
    with pytest.raises(DataError, match=r"has no column 'wide' \(--label-column\) but .*; 'width' is nearest"):
        read(table, label_column="length,wide")
    with pytest.raises(DataError, match=r"names column 'width' of table .* twice"):
        read(table, label_column="width,Width")
    with pytest.raises(DataError, match="the labels are said to be in the columns 'length', 'width', and one label"):
        read(table, ONE, label_column="length,width")


def test_a_name_with_a_comma_is_one_column(lay) -> None:
    table = lay('"weight, in g",b', "1.5,1", "2.5,2", "3.5,3")
    assert labels(read(table, NUMBERS, label_column="weight, in g")) == ["1.5", "2.5", "3.5"]
    assert read(table, NUMBERS, label_column='"weight, in g",b').label_columns == ("weight, in g", "b")


def test_names_side_by_side_are_several_labels(lay) -> None:
    found = read(lay("first,second", "cat,dog", "cat,", ",", "bird,cat"), SETS, label_column="first,second")
    assert (found.form, labels(found)) == ("several", ["cat;dog", "cat", "[]", "bird;cat"])
    assert found.classes == {"cat", "dog", "bird"}


@pytest.mark.parametrize("forms", [None, SETS])
def test_several_labels_in_a_cell(lay, forms) -> None:
    found = read(lay("label", *("cat|dog", "cat", "dog|bird", "bird|cat") * 2, "none", "NA"), forms)
    assert found.form == "several"
    assert labels(found) == ["cat;dog", "cat", "dog;bird", "bird;cat"] * 2 + ["[]"]
    assert found.entries[0].reason == "empty label: 'NA'"
    assert found.form_reason == (
        "6 of 10 rows have several labels in a cell of column 'label', such as 'cat|dog', 'dog|bird', 'bird|cat', with "
        "'|' between"
    )
    assert says(found, "where each cell of column 'label' is one class (6 classes), add --label-cells whole")


def test_an_empty_cell_is_none_of_them_where_no_word_is(lay) -> None:
    found = read(lay("label", "cat;dog", "cat", "dog;cat", ""), SETS)
    assert labels(found)[-1] == "[]"
    assert says(found, "1 rows have an empty cell of labels: they are read as of none of them")


def test_the_separator_may_be_given(lay) -> None:
    table = lay("label", "cat / dog", "cat", "bird / cat")
    assert labels(read(table, SETS, label_separator="/")) == ["cat;dog", "cat", "bird;cat"]
    assert read(table, SETS).form == "one"
    with pytest.raises(DataError, match=r"no cell of column 'label' has '#' in it \(--label-separator\)"):
        read(table, SETS, label_separator="#")
    given = read(lay("label", "cat", "dog", ""), label_cells="several")
    assert (given.form, labels(given)) == ("several", ["cat", "dog", "[]"])


def test_where_it_is_not_sure_it_is_asked(lay) -> None:
    table = lay("label", "ant", "bee", "ant bee", "ant bee")
    with pytest.raises(DataError, match=r"2 of 4 rows have several labels .* with a blank between.*label-cells whole"):
        read(table)
    assert labels(read(table, SETS)) == ["ant", "bee", "ant;bee", "ant;bee"]


def test_lists_in_json_and_parquet(tmp_path: Path, plant: Plant) -> None:
    plant(tmp_path, *(f"{at}.png" for at in range(4)))
    lists = [["cat", "dog"], ["cat"], [], ["dog", "bird, small"]]
    (tmp_path / "t.json").write_text(
        '{"0.png": ["cat", "dog"], "1.png": ["cat"], "2.png": "dog", "3.png": ["dog", "bird, small"]}', "utf-8"
    )
    assert labels(read(tmp_path / "t.json")) == ["cat;dog", "cat", "dog", "dog;bird, small"]
    names = [f"{at}.png" for at in range(4)]
    parquet.write_table(pa.table({"path": names, "labels": lists}), tmp_path / "t.parquet")
    found = read(tmp_path / "t.parquet")
    assert (found.form, labels(found)) == ("several", ["cat;dog", "cat", "[]", "dog;bird, small"])


@pytest.mark.parametrize(
    ("header", "column"),
    [("id,weight (g)", "weight (g)"), ("label,breed", "label"), ("age,kind", "age")],
)
def test_a_column_of_numbers_is_found_where_they_are_wanted(lay, header: str, column: str) -> None:
    first = "name" if header.startswith("id") else "number"
    rows = [f"{at},{at * 0.5 + 0.25}" if first == "name" else f"{at * 3.5},{'ab'[at % 2]}" for at in range(8)]
    found = read(lay(header, *rows), NUMBERS)
    assert (found.form, found.label_columns) == ("one", (column,))


def test_one_of_several_columns_of_numbers_is_asked_for(lay) -> None:
    table = lay("length,width", *(f"{at}.5,{at * at}" for at in range(8)))
    with pytest.raises(DataError, match=r"2 columns of numbers: 'length' \('0.5', .*--label-column \"length,width\""):
        read(table, NUMBERS)


def test_decimal_commas_and_missing_numbers(lay) -> None:
    found = read(lay("weight", '"12,5"', '"0,75"', "NaN", "", "3"), NUMBERS)
    assert labels(found) == ["12.5", "0.75", "3"]
    assert [entry.reason for entry in found.entries] == ["empty label: 'NaN'", "empty label"]
    assert says(found, "column 'weight': numbers such as '12,5', '0,75' are read with a decimal comma")
    with pytest.raises(DataError, match="numbers in column 'weight' that can be read in two ways: '1,234' may be"):
        read(lay("weight", '"1,234"', '"2,345"'), NUMBERS)


def test_numbers_beside_the_path_are_taken_where_they_are_alone(lay) -> None:
    found = read(lay("weight (g)", *(f"{at}.5" for at in range(8))))
    assert (found.label_columns, len(found.samples)) == (("weight (g)",), 8)


def test_tables_of_parts_have_one_form(tmp_path: Path, plant: Plant) -> None:
    from headstart.data.readers.tables.table_folder import find_label_tables, list_label_tables
    from headstart.data.readers.walk import FileTree

    plant(tmp_path, *(f"{at}.png" for at in range(8)))
    cells: Sequence[str] = ("cat;dog", "cat", "dog;cat", "dog", "cat", "dog", "cat", "dog")
    for part, rows in (("train", range(4)), ("test", range(4, 8))):
        (tmp_path / f"{part}.csv").write_text("path,label\n" + "".join(f"{at}.png,{cells[at]}\n" for at in rows))
    tree = FileTree(tmp_path)
    listing = list_label_tables(find_label_tables(tree, tmp_path, ReadContext(DataSettings(), tmp_path)), tree)
    assert listing.form == "several"
    assert sorted(labels(listing)) == sorted(cells)
    assert listing.classes == {"cat", "dog"}


def test_columns_of_numbers_are_offered_beside_labels(lay) -> None:
    table = lay("length,kind", *(f"{at}.5,{'ab'[at % 2]}" for at in range(8)))
    with pytest.raises(DataError, match=r"'kind' with 2 values .*'length' with 8 values .*--label-column length"):
        read(table)


@pytest.mark.parametrize(
    "words", [("Yes", "No"), ("ja", "nein"), ("x", ""), ("✓", ""), ("present", "absent"), ("+", "-"), ("100%", "0%")]
)
@pytest.mark.parametrize("named", [{}, {"label_column": "cat,dog,bird"}])
def test_words_of_yes_and_no_are_read_like_1_and_0(lay, words: tuple[str, str], named: dict[str, str]) -> None:
    rows = [",".join(words[0] if cell == "1" else words[1] for cell in row.split(",")) for row in SETS_OF_ROWS]
    found = read(lay("cat,dog,bird", *rows), None, **named)
    assert found.form == "indicators"
    read_rows = ["1;1;0", "0;1;0", "0;0;0", "1;0;1", "0;1;1"]
    assert labels(found) == read_rows


def test_columns_that_are_numbered_are_labels_of_a_row_where_the_task_reads_several(lay) -> None:
    table = lay("tag_1,tag_2", *("cat,dog", "dog,", "cat,bird", "bird,cat") * 2)
    found = read(table, SETS)
    assert found.form == "several"
    assert labels(found)[:2] == ["cat;dog", "dog"]
    with pytest.raises(DataError, match='several labels of a row with --label-column "tag_1,tag_2"'):
        read(table)


def test_an_odd_cell_in_columns_of_0_and_1_is_refused_by_its_row(lay) -> None:
    table = lay("cat,dog,bird", *SETS_OF_ROWS * 5, "2,0,1")
    for options in ({}, {"label_column": "cat,dog,bird"}):
        found = read(table, SETS, **options)
        assert (found.form, len(found.samples)) == ("indicators", 25)
        assert found.entries[0].reason == "column 'cat' says '2'; wanted 1, 0 or nothing"


def test_two_columns_of_one_name_are_told(lay) -> None:
    found = read(lay("cat,cat,dog", *SETS_OF_ROWS), SETS)
    assert found.label_columns == ("cat", "dog")
    assert says(found, "the table has 2 columns called 'cat'; the label is read from the first")
