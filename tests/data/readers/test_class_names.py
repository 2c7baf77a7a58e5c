"""Names of classes that are numbers, from files beside a table."""

import json
from pathlib import Path

import pytest

from headstart.data.readers.class_names import read_class_list

TABLE = "train.csv"


def read(folder: Path, *labels: str) -> dict[str, str]:
    return dict(read_class_list(folder / TABLE, labels)[0])


def test_a_small_table_with_a_name_for_each_number(tmp_path: Path) -> None:
    (tmp_path / TABLE).write_text("Path,ClassId\n")
    (tmp_path / "signs.csv").write_text("ClassId;SignName\n0;Stop\n1;Give way\n2;Ants\n")
    assert read(tmp_path, "0", "1") == {"0": "Stop", "1": "Give way"}
    assert read_class_list(tmp_path / TABLE, ["0", "1"])[1].endswith("read from signs.csv (0: Stop, 1: Give way)")
    assert read(tmp_path, "0", "3") == {}
    assert read(tmp_path, "0", "stop") == {}


@pytest.mark.parametrize("content", [{"0": "Blight", "1": "Healthy"}, {"Blight": 0, "Healthy": 1}])
def test_json_with_a_name_for_each_number(tmp_path: Path, content: dict[str, object]) -> None:
    (tmp_path / "map.json").write_text(json.dumps(content))
    assert read(tmp_path, "0", "1", "1.0") == {"0": "Blight", "1": "Healthy", "1.0": "Healthy"}


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("signs.csv", "ClassId,SignName\n0,Stop\n1,Stop\n"),
        ("signs.csv", "ClassId,SignName\n0,5.5\n1,6.5\n"),
        ("people.csv", "age,city\n0,Rome\n1,Oslo\n"),
        ("map.json", '{"0": "Stop", "1": "Stop"}'),
        ("map.json", '{"0": "Stop", "other": "Go"}'),
        ("map.json", "{"),
    ],
)
def test_files_that_are_no_names(tmp_path: Path, name: str, text: str) -> None:
    (tmp_path / name).write_text(text)
    assert read(tmp_path, "0", "1") == {}


def test_two_files_with_other_names_leave_the_numbers(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text('{"0": "Stop", "1": "Go"}')
    (tmp_path / "b.json").write_text('{"0": "Halt", "1": "Go"}')
    assert read(tmp_path, "0", "1") == {}
