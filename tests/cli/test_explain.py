"""``headstart explain``: pictures and lines."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from headstart.cli.main import run


@pytest.fixture
def model(warm) -> str:
    return str(warm.run / "model")


def test_a_picture_and_a_line_per_photo(model, warm, tmp_path, capsys) -> None:
    photos = [str(warm.photos / name) for name in ("checks/0-000.png", "stripes/0-002.jpg")]
    out = tmp_path / "why"
    assert run(["explain", model, *photos, "--out", str(out)]) == 0
    printed, errors = capsys.readouterr()
    assert errors == ""
    for line, photo, label in zip(printed.splitlines(), photos, ("checks", "stripes"), strict=True):
        file = out / f"{Path(photo).stem}.jpg"
        assert line.startswith(f"{photo}: {label} ")
        assert line.endswith(f"%, {file}")
        with Image.open(file) as picture, Image.open(photo) as given:
            assert picture.height == 480
            assert picture.width == 2 * round(480 * given.width / given.height)
            left, right = np.split(np.asarray(picture.convert("RGB")).astype(int), 2, axis=1)
            assert np.abs(left - right).mean() > 10


def test_nothing_is_overwritten(model, warm, tmp_path, capsys) -> None:
    out = tmp_path / "why"
    out.mkdir()
    (out / "0-000.jpg").write_text("mine")
    folders = [str(warm.photos / name / "0-000.png") for name in ("checks", "discs")]
    assert run(["explain", model, *folders, "--out", str(out)]) == 0
    assert (out / "0-000.jpg").read_text() == "mine"
    assert sorted(path.name for path in out.iterdir()) == ["0-000-2.jpg", "0-000-3.jpg", "0-000.jpg"]
    assert "0-000-3.jpg" in capsys.readouterr().out


def test_a_label_is_asked_for(model, warm, tmp_path, capsys) -> None:
    photo = str(warm.photos / "checks/0-000.png")
    assert run(["explain", model, photo, "--out", str(tmp_path / "why"), "--label", "discs"]) == 0
    assert f"{photo}: discs " in capsys.readouterr().out
    assert run(["explain", model, photo, "--out", str(tmp_path / "why"), "--label", "disks"]) == 2
    assert "no class 'disks'; did you mean 'discs'?" in capsys.readouterr().err


def test_photos_that_cannot_be_read_do_not_stop_the_rest(model, warm, tmp_path, capsys) -> None:
    broken = tmp_path / "broken.jpg"
    broken.write_bytes(b"no photo")
    good = str(warm.photos / "checks/0-000.png")
    assert run(["explain", model, str(broken), good, "--out", str(tmp_path / "why")]) == 2
    printed, errors = capsys.readouterr()
    assert printed.splitlines()[0].startswith(f"{broken}: error: not an image in a known format")
    assert printed.splitlines()[1].startswith(f"{good}: checks ")
    assert "1 of 2 photos could not be read" in errors


def test_places_that_will_not_do(model, warm, tmp_path, capsys) -> None:
    taken = tmp_path / "taken"
    taken.write_text("a file")
    photo = str(warm.photos / "checks/0-000.png")
    assert run(["explain", model, photo, "--out", str(taken)]) == 2
    assert "is a file; name a folder" in capsys.readouterr().err
    assert run(["explain", str(tmp_path), photo, "--out", str(tmp_path / "why")]) == 2
    assert "is not a saved classifier" in capsys.readouterr().err
    empty = tmp_path / "empty"
    empty.mkdir()
    assert run(["explain", model, str(empty), "--out", str(tmp_path / "why")]) == 2
    assert "no photos found in" in capsys.readouterr().err
