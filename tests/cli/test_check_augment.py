"""``headstart check --augment``."""

import json

import numpy as np
import pytest
from PIL import Image

from headstart.cli.main import run


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
