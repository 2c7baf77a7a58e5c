"""Tables, workbooks and other files beside photos that may have their labels."""

import json
import zipfile
from pathlib import Path

import pytest
from PIL import Image

from headstart.data.read import read_source
from headstart.settings import DataSettings
from headstart.verbs.check import check
from headstart_runtime.errors import DataError


def draw(folder: Path, *names: str) -> list[str]:
    """Draw a photo of another shade for each name."""
    for shade, name in enumerate(names):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        Image.new("L", (8, 8), shade * 3).save(folder / name)
    return list(names)


def draw_sides(folder: Path) -> list[str]:
    return draw(folder, *[f"img/{('left', 'right')[number % 2]}_{number:02}.png" for number in range(16)])


def write(table: Path, header: str, *rows: str) -> None:
    table.write_text("\n".join((header, *rows)) + "\n")


def refuse(folder: Path) -> str:
    with pytest.raises(DataError) as caught:
        read_source(folder)
    return str(caught.value)


def label_halves(names: list[str]) -> list[str]:
    """Return "ok" or "bad" for each name, which has nothing to do with its side."""
    return [("ok", "bad")[place // 2 % 2] for place in range(len(names))]


def read(folder: Path, where: str) -> set[str]:
    return set(read_source(folder, options=DataSettings.model_validate({"classes_from": where})).classes)


def test_a_table_of_photos_whose_names_say_something_else_is_asked_for(tmp_path: Path) -> None:
    names = draw_sides(tmp_path)
    rows = zip(names[:8], label_halves(names), strict=False)
    write(tmp_path / "lab.csv", "photo,species", *[f"{Path(name).stem},{label}" for name, label in rows])
    message = refuse(tmp_path)
    assert "'lab.csv': its column 'species' has 2 values ('ok', 'bad'), and 8 of 8 rows lead to one photo" in message
    assert (
        "the names of the files instead, 2 classes ('left', 'right') of 16 photos, add --classes-from name" in message
    )
    assert "to read 'lab.csv', 2 classes ('bad', 'ok') of 8 photos, add --classes-from table" in message
    assert read(tmp_path, "name") == {"left", "right"}
    assert read(tmp_path, "table") == {"bad", "ok"}


def test_a_table_that_says_the_same_as_names_or_folders_stops_nothing(tmp_path: Path) -> None:
    names = draw_sides(tmp_path / "names")
    write(tmp_path / "names/labels.csv", "file,label", *[f"{name},{Path(name).stem[:-3]}" for name in names])
    assert set(read_source(tmp_path / "names").classes) == {"left", "right"}
    names = draw(tmp_path / "folders", *[f"{place % 2}/{place}.png" for place in range(12)])
    rows = [f"lost_{name},{('cat', 'dog')[int(name[0])]},{name[0]}" for name in names]
    write(tmp_path / "folders/labels.csv", "file,name,class", *rows)
    assert len(read_source(tmp_path / "folders").classes) == 2


def test_a_table_that_leads_to_several_photos_each_says_so(tmp_path: Path) -> None:
    names = draw(tmp_path, *[f"{place}/{number}.png" for place in ("full", "crop") for number in range(10)])
    write(
        tmp_path / "labels.csv",
        "file,label",
        *[f"{number}.png,{label}" for number, label in enumerate(label_halves(names)[:10])],
    )
    message = refuse(tmp_path)
    assert "0 of 10 rows lead to one photo ('0.png' may be one of 2: 'crop/0.png', 'full/0.png')" in message
    assert "the folders instead, 2 classes ('crop', 'full') of 20 photos, add --classes-from folder" in message


def test_a_workbook_stops_where_the_classes_stand_in_names_and_is_noted_beside_folders(tmp_path: Path) -> None:
    draw_sides(tmp_path / "names")
    draw(tmp_path / "folders", *[f"{place % 2}/{place}.png" for place in range(12)])
    for folder in ("names", "folders"):
        with zipfile.ZipFile(tmp_path / folder / "Labels.xlsx", "w") as archive:
            archive.writestr("xl/workbook.xml", "<workbook/>")
    assert "'Labels.xlsx': a workbook of Excel; save the table as CSV" in refuse(tmp_path / "names")
    notes = read_source(tmp_path / "folders").ledger.notes
    assert notes[0] == "'Labels.xlsx' is not used: it is a workbook of Excel; save the table as CSV"


def test_json_and_texts_that_name_the_photos(tmp_path: Path) -> None:
    names = draw_sides(tmp_path / "json")
    photos = {Path(name).stem: {"label": label} for name, label in zip(names, label_halves(names), strict=True)}
    (tmp_path / "json/labels.json").write_text(json.dumps({"version": 2, "photos": photos}))
    assert "'labels.json': it names 16 of the 16 photos" in refuse(tmp_path / "json")
    names = draw_sides(tmp_path / "texts")
    for name, label in zip(names, label_halves(names), strict=True):
        (tmp_path / "texts" / name).with_suffix(".txt").write_text(f"{label}\n")
    assert "'*.txt': .txt files lie beside the photos, one for each, which say 'ok', 'bad'" in refuse(
        tmp_path / "texts"
    )


@pytest.mark.parametrize(
    ("cell", "hint"),
    [
        ("4.00638E+12", "'4.00638E+12' is a number that a spreadsheet has rounded"),
        ("K1", "2 names begin with 'K1', such as 'img/K1_dorsal.png'"),
        ("K1_dorsal.png; K1_lateral.png", "names 2 files in one cell"),
        ("lost", "'lost', where a photo is 'img/K0_dorsal.png'"),
    ],
)
def test_why_a_row_leads_to_no_photo(tmp_path: Path, cell: str, hint: str) -> None:
    draw(tmp_path, *[f"img/K{number}_{side}.png" for number in range(6) for side in ("dorsal", "lateral")])
    rows = [f"{cell},{('ant', 'bee')[number % 2]}" for number in range(6)]
    write(tmp_path / "specimens.csv", "barcode,species", *rows)
    assert hint in refuse(tmp_path)


def test_tables_about_other_things_stop_nothing(tmp_path: Path) -> None:
    names = draw(tmp_path, *[f"{('cat', 'dog')[place % 2]}/{place}.png" for place in range(12)])
    write(
        tmp_path / "exif.csv",
        "SourceFile,Make",
        *[f"{name},{'AB'[place // 3 % 2]}" for place, name in enumerate(names)],
    )
    write(tmp_path / "prices.csv", "item,price", "film,3", "lens,400")
    assert set(read_source(tmp_path).classes) == {"cat", "dog"}


def test_check_finds_groups_that_cannot_be_split(tmp_path: Path) -> None:
    draw(
        tmp_path, *[f"{part}/{label}/{number}.png" for part in "ab" for label in ("cat", "dog") for number in range(5)]
    )
    found = check(tmp_path, classes_from="parent", group_from="folder", progress=False)
    assert "class 'cat' has 2 groups of photos that must stay together" in found.problems[0]
    assert "--group-from folder" not in refuse(tmp_path)
