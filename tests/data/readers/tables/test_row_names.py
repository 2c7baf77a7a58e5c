"""Tables whose header has one cell less than the rows, as R writes them."""

from collections.abc import Callable
from pathlib import Path

import pytest

from headstart.data.read import read_source
from headstart.data.readers.tables.csv_text import ROW_NAMES, read_text_table
from headstart.data.readers.tables.path_lists import read_path_list
from headstart.data.readers.tables.table_columns import find_key_columns

Plant = Callable[..., Path]


def read_header(table: Path, text: str) -> list[str]:
    table.write_text(text)
    content = read_path_list(table, find_key_columns) or read_text_table(table, find_key_columns)
    return list(content.header)


@pytest.mark.parametrize(
    ("name", "header", "row"),
    [
        ("t.txt", '"file" "species"', '"{n}" "{n}.png" "{c}"'),
        ("t.txt", '"file" "class name"', '"{n}" "{n}.png" "{c}"'),
        ("t.txt", "file species", "{n} {n}.png {c}"),
        ("t.csv", "file,species", "{n},{n}.png,{c}"),
        ("t.csv", '"file","species"', '"{n}","{n}","{c}"'),
        ("t.tsv", "file\tspecies", "{n}\t{n}.png\t{c}"),
        ("t.csv", '"species"', '"{n}.png","{c}"'),
    ],
)
def test_the_first_column_has_the_names_of_rows(tmp_path: Path, plant: Plant, name: str, header: str, row: str) -> None:
    root = plant(tmp_path / "set", *(f"{number}.png" for number in range(5, 17)))
    rows = [row.format(n=number, c="ash" if number % 2 else "birch") for number in range(5, 17)]
    assert read_header(root / name, "\n".join([header, *rows]) + "\n")[0] == ROW_NAMES
    samples = read_source(root / name)
    assert samples.classes == ("ash", "birch")
    assert len(samples) == 12
    assert any("as R writes them" in note for note in samples.ledger.notes)


@pytest.mark.parametrize(
    "text",
    [
        "file,label\na.png,cat, small\nb.png,dog, big\n",  # a comma in the label
        '"file","label"\n"a.png","cat"," small"\n"b.png","dog","big"\n',
        "file,label\na.png,cat,\nb.png,dog,\n",  # a comma at the end
        "id,label\n1,cat,x\n2,dog,y\n",
        "x.png,cat\n1,a.png,cat\n2,b.png,dog\n",  # no header
        "file,label\n1,a.png,cat\n2,b.png\n",
        "file,label\n1,a.png,cat\n1,b.png,dog\n",
    ],
)
def test_other_rows_that_are_longer_are_left_as_they_are(tmp_path: Path, text: str) -> None:
    assert len(read_header(tmp_path / "t.csv", text)) == 2
