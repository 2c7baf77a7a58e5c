import json
from collections import Counter
from pathlib import Path

import pytest

from headstart.data.read import read_source
from headstart.data.source_items import list_file_items
from headstart_runtime.errors import DataError
from headstart_runtime.modalities.modality import get_modality

NAMES = ("cat", "dog")


@pytest.fixture
def folder(tmp_path, plant) -> Path:
    return plant(tmp_path / "set", *(f"{at}.png" for at in range(8)))


def rows(**more) -> list[dict]:
    return [{"file_name": f"{at}.png", "label": NAMES[at % 2], **more} for at in range(8)]


def to_lines(found: list[dict]) -> str:
    return "".join(json.dumps(row) + "\n" for row in found)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("metadata.jsonl", to_lines(rows())),
        ("metadata.jsonl", "\ufeff" + to_lines(rows(boxes=[[1, 2]], size={"w": 3}, score=0.5))),
        ("rows.json", json.dumps(rows(extra=None), indent=1)),
        ("labels.json", json.dumps({row["file_name"]: row["label"] for row in rows()})),
        ("labels.json", json.dumps({row["file_name"]: {"label": row["label"], "meta": {"x": 1}} for row in rows()})),
        (
            "labels.json",
            json.dumps({name: [f"{at}.png" for at in range(8) if NAMES[at % 2] == name] for name in NAMES}),
        ),
        ("lists.jsonl", to_lines([{**row, "label": [row["label"]]} for row in rows()])),
    ],
)
def test_every_form(folder, name, text):
    (folder / name).write_text(text, "utf-8")
    samples = read_source(folder / name)
    assert samples.classes == NAMES
    assert all(sample.target == int(Path(sample.name).stem) % 2 for sample in samples.samples)
    assert len(samples) == 8


def test_lines_in_the_folder_with_the_photos(folder):
    (folder / "metadata.jsonl").write_text(to_lines(rows(split="train")))
    samples = read_source(folder)
    assert Counter(samples.classes[sample.target] for sample in samples.samples) == {"cat": 4, "dog": 4}


def test_each_row_has_its_line(folder):
    found = [*rows(), {"file_name": "0.png", "label": ["cat", "dog"]}, {"label": "cat"}]
    (folder / "a.jsonl").write_text(to_lines(found) + "{broken\n5\n")
    samples = read_source(folder / "a.jsonl")
    assert len(samples) == 8
    assert sorted(entry.reason for entry in samples.ledger.entries if entry.reason) == [
        "'cat' and 'dog' in one cell: several labels",
        "empty path",
        "no JSON object in this row",
        "no JSON object in this row",
    ]


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("a.jsonl", "", "is empty"),
        ("a.jsonl", '{"id": 1}\n', "has the columns 'id' and none"),
        ("a.json", '[{"path": "0.png", "label": "cat"}, ', "is no whole JSON file"),
        ("a.json", '{"version": 3}', "is a file of no kind that is read"),
    ],
)
def test_what_cannot_be_read_is_said(folder, name, text, message):
    (folder / name).write_text(text)
    with pytest.raises(DataError, match=message):
        read_source(folder / name)


PARTS = {"train": range(6), "val": range(6, 7), "test": range(7, 8)}


@pytest.mark.parametrize(
    "make",
    [
        lambda name, number: [name, NAMES[number]],
        lambda name, number: [name, number, NAMES[number]],
        lambda name, number: {"image": name, "label": NAMES[number], "size": 3},
    ],
)
def test_rows_of_parts(folder: Path, make) -> None:
    content = {part: [make(f"{at}.png", at % 2) for at in places] for part, places in PARTS.items()}
    (folder / "split.json").write_text(json.dumps(content), "utf-8")
    samples = read_source(folder)
    assert samples.classes == NAMES
    assert Counter(str(sample.subset) for sample in samples.samples) == {"train": 6, "validation": 1, "test": 1}


def test_rows_that_are_not_like_the_others_of_a_part_have_their_line(folder: Path) -> None:
    rows = [[f"{at % 8}.png", NAMES[at % 2]] for at in range(32)]
    (folder / "split.json").write_text(json.dumps({"train": [*rows, "7.png"]}), "utf-8")
    samples = read_source(folder / "split.json", strict=False)
    assert "not like the other rows of 'train'" in [entry.reason for entry in samples.ledger.entries]


def test_columns_as_pandas_writes_them(folder: Path) -> None:
    columns = {"file": {str(at): f"{at}.png" for at in range(8)}, "kind": {str(at): NAMES[at % 2] for at in range(8)}}
    (folder / "data.json").write_text(json.dumps(columns), "utf-8")
    samples = read_source(folder)
    assert (samples.classes, len(samples)) == (NAMES, 8)


def test_an_array_of_paths_is_a_table_without_labels(folder: Path) -> None:
    table = folder / "new.json"
    table.write_text(json.dumps([f"{at}.png" for at in range(8)]), "utf-8")
    items = list_file_items(table, get_modality("image"))
    assert items is not None
    assert [item.name for item in items.items] == [f"{at}.png" for at in range(8)]
    with pytest.raises(DataError, match="has the columns 'path' and none for label"):
        read_source(table)
    table.write_text(json.dumps(["cat", "dog"]), "utf-8")
    with pytest.raises(DataError, match="a file of no kind that is read"):
        read_source(table)
