from collections import Counter
from pathlib import Path

import pytest

from headstart.data.read import read_source
from headstart_runtime.errors import DataError


def write_cvat(file: Path, elements: dict[str, list[tuple[str, str]]], more: str = "") -> Path:
    items = "".join(
        f'<image id="{at}" name="{name}" width="12" height="9"{more}>'
        + "".join(f'<{kind} label="{label}" source="manual"></{kind}>' for kind, label in drawn)
        + "</image>\n"
        for at, (name, drawn) in enumerate(elements.items())
    )
    meta = "<meta><task><labels><label><name>cat</name></label></labels></task></meta>"
    file.write_text(
        f"<?xml version='1.0' encoding='utf-8'?>\n<annotations><version>1.1</version>{meta}{items}</annotations>"
    )
    return file


@pytest.mark.parametrize("kinds", [("tag", "box"), ("box", "box"), ("polygon", "box")])
def test_tags_win_over_boxes(tmp_path, plant, kinds):
    names = [f"{at}.png" for at in range(8)]
    plant(tmp_path / "images", *names)
    other = "hand" if kinds[0] == "tag" else ""
    drawn = {
        name: [(kinds[0], ("cat", "dog")[at % 2]), (kinds[1], other or ("cat", "dog")[at % 2])]
        for at, name in enumerate(names)
    }
    file = write_cvat(tmp_path / "annotations.xml", drawn)
    for source in (tmp_path, file):
        samples = read_source(source)
        assert Counter(samples.classes[sample.target] for sample in samples.samples) == {"cat": 4, "dog": 4}


def test_several_boxes_are_said_and_damage_too(tmp_path, plant):
    names = [f"{at}.png" for at in range(8)]
    plant(tmp_path / "images", *names)
    file = write_cvat(tmp_path / "annotations.xml", {name: [("box", "cat"), ("box", "dog")] for name in names})
    with pytest.raises(DataError, match="CVAT annotations: boxes of one class in 0 photos, of several in 8"):
        read_source(tmp_path)
    file.write_text(file.read_text().replace("</image>", "", 1))
    with pytest.raises(DataError, match="is no whole XML file"):
        read_source(tmp_path)


def test_files_of_the_same_names_beside_the_folder_are_another_sets(tmp_path, plant):
    names = [f"{at}.png" for at in range(8)]
    plant(tmp_path / "mine/images", *names[:6], first_seed=50)
    plant(tmp_path / "others", *names)
    drawn = {name: [("tag", ("cat", "dog")[at % 2])] for at, name in enumerate(names)}
    samples = read_source(write_cvat(tmp_path / "mine/annotations.xml", drawn))
    assert len(samples) == 6
    assert all("mine" in sample.source.uri for sample in samples.samples)
