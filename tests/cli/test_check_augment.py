"""``headstart check --augment``."""

import json

import numpy as np
import pytest
from PIL import Image

from headstart.cli.main import run
from tests.plugins import install_plugin, package_folder


def test_a_sheet_is_drawn(photos, tmp_path, capsys) -> None:
    folder, sheet = photos(each=3), tmp_path / "sheet.png"
    before = {file: file.read_bytes() for file in folder.rglob("*.*")}
    assert run(["check", str(folder), "--quiet", "--augment", str(sheet)]) == 0
    out, errors = capsys.readouterr()
    assert errors == ""
    assert out.rstrip().endswith(f"changed views are shown in {sheet}")
    assert np.asarray(Image.open(sheet)).shape[1] > 8 * 224
    assert {file: file.read_bytes() for file in folder.rglob("*.*")} == before


def test_settings_decide_what_is_drawn(photos, tmp_path, capsys) -> None:
    folder = str(photos(each=3))
    pictures = {}
    for name, flags in {
        "default": [],
        "standard": ["--augmentation", "standard"],
        "light": ["--augmentation", "light"],
        "turned": ["--augmentation", "light", "--rotation", "30", "--no-flip-horizontal"],
    }.items():
        sheet = tmp_path / f"{name}.jpg"  # quicker than PNG
        assert run(["check", folder, "--json", "--fast", "--augment", str(sheet), *flags]) == 0
        assert json.loads(capsys.readouterr().out)["sheet"] == str(sheet)
        pictures[name] = np.asarray(Image.open(sheet)).tobytes()
    assert pictures["default"] == pictures["standard"]
    assert len(set(pictures.values())) == 3


def test_without_a_sheet_there_is_none(photos, capsys) -> None:
    assert run(["check", str(photos(each=3)), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["sheet"] is None


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (["--augment", "sheet.bmp"], "sheet 'sheet.bmp' ends in '.bmp'; wanted one of .png, .jpg, .jpeg"),
        (["--augment", "mine.png"], "sheet 'mine.png' is there already and is not overwritten; name another"),
        (["--rotation", "10"], "--rotation is given without a sheet to show it on; add --augment FILE.png"),
        (["--augment", "a.png", "--zoom", "2"], "zoom is '2'; wanted less than 1"),
        (["--augment", "a.png", "--augmentation", "strng"], "strng"),
    ],
)
def test_what_is_refused_before_photos_are_read(flags, message, tmp_path, monkeypatch, capsys) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine.png").write_bytes(b"mine")
    assert run(["check", "nowhere", *flags]) == 2
    assert message in capsys.readouterr().err
    assert (tmp_path / "mine.png").read_bytes() == b"mine"
    assert [file.name for file in tmp_path.iterdir()] == ["mine.png"]


@pytest.fixture
def numbers(photos, tmp_path):
    """A table of photos with a number each, and a task that reads it, which only other light and colours keep."""
    folder = photos(classes=("checks",), each=12) / "checks"
    rows = [f"{file.name},{number + 0.5}" for number, file in enumerate(sorted(folder.iterdir()))]
    (folder / "table.csv").write_text("\n".join(["path,label", *rows]), "utf-8")
    install_plugin(tmp_path / "site", "amount", "headstart.tasks", "tests.tasks.amount:TASK")
    with package_folder(tmp_path / "site"):
        yield str(folder / "table.csv")


def test_the_sheet_is_for_the_task_and_says_what_is_left_out(numbers, tmp_path, capsys) -> None:
    pictures = {}
    for name, flags in {"number": ["--task", "amount"], "mirrored": ["--task", "amount", "--keeps", "flip"]}.items():
        sheet = tmp_path / f"{name}.jpg"
        assert run(["check", numbers, "--fast", "--augment", str(sheet), *flags]) == 0
        said = capsys.readouterr().out.splitlines()
        assert said[-2] == f"changed views are shown in {sheet}"
        left = "views that cut a part off" if name == "mirrored" else "mirror images and views that cut a part off"
        assert said[-1].startswith(f"one number for each photo: {left} are left out of the preset standard, as ")
        pictures[name] = np.asarray(Image.open(sheet)).tobytes()
    assert len(set(pictures.values())) == 2


def test_what_is_asked_for_is_done_and_said(numbers, tmp_path, capsys) -> None:
    flags = ["--task", "amount", "--augmentation", "none", "--rotation", "20", "--json"]
    assert run(["check", numbers, "--fast", "--augment", str(tmp_path / "sheet.jpg"), *flags]) == 0
    assert json.loads(capsys.readouterr().out)["views"] == [
        "one number for each photo: --rotation is done as asked for, though it may change the answer"
    ]
