import json
from collections import Counter
from pathlib import Path

import pytest

from headstart.data.decisions import Role
from headstart.data.read import read_source
from headstart_runtime.errors import DataError

NAMES = ("cat", "dog")


def labelme(path: str, labels: list[str] = (), **flags: bool) -> dict:
    shapes = [{"label": label, "points": [[0, 0], [2, 2]], "shape_type": "rectangle"} for label in labels]
    sizes = {"imageHeight": 9, "imageWidth": 12}
    return {"version": "5.4", "flags": flags, "shapes": shapes, "imagePath": path, "imageData": "A" * 200_000, **sizes}


def write(file: Path, content: object) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(content if isinstance(content, str) else json.dumps(content))


def expect_pets(samples) -> None:
    assert samples.classes == NAMES
    assert len(samples) == 8
    for sample in samples.samples:
        assert sample.target == int(Path(sample.name).stem) % 2


@pytest.fixture
def photos(tmp_path, plant) -> Path:
    return plant(tmp_path / "set", *(f"{at}.png" for at in range(8)))


def test_labelme_flags_win_over_shapes(photos):
    for at in range(8):
        write(photos / f"{at}.json", labelme(f"{at}.png", ["ear", "tail"], cat=at % 2 == 0, dog=at % 2 == 1))
    samples = read_source(photos)
    expect_pets(samples)
    assert [("/".join(it.place), it.role, it.count) for it in samples.decisions] == [
        ("*.json", Role.LABELS, 8),
        ("flags", Role.LABELS, 8),
        ("shapes", Role.SKIPPED, 8),
    ]


@pytest.mark.parametrize("path", ["..\\images\\{}.png", "C:\\Users\\me\\{}.png", "{}.png"])
def test_labelme_files_in_another_folder(tmp_path, plant, path):
    plant(tmp_path / "images", *(f"{at}.png" for at in range(8)))
    for at in range(8):
        write(tmp_path / f"labels/{at}.json", labelme(path.format(at), [NAMES[at % 2]] * (1 + at % 3)))
    expect_pets(read_source(tmp_path))


def test_labelme_files_in_parts(tmp_path, plant):
    for seed, part in enumerate(("train", "val", "test")):
        plant(tmp_path / part, *(f"{at}.png" for at in range(6)), first_seed=20 * seed)
        for at in range(6):
            write(tmp_path / part / f"{at}.json", labelme(f"{at}.png", [NAMES[at % 2]]))
    samples = read_source(tmp_path)
    assert Counter(str(sample.subset) for sample in samples.samples) == {"train": 6, "validation": 6, "test": 6}


def test_labelme_shapes_of_several_labels_and_one_file_are_explained(photos):
    for at in range(8):
        write(photos / f"{at}.json", labelme(f"{at}.png", list(NAMES)))
    with pytest.raises(
        DataError, match=r"shapes of one class in 0 photos, of several in 8 \('0.png' has 'cat', 'dog'\)"
    ):
        read_source(photos)
    with pytest.raises(
        DataError, match="has LabelMe annotations of one photo; give the folder of all: headstart check"
    ):
        read_source(photos / "0.json")


def test_each_file_has_its_line(photos):
    for at in range(7):
        write(photos / f"{at}.json", labelme(f"{at}.png", [NAMES[at % 2]] if at else []))
    write(photos / "6.json", json.dumps(labelme("6.png", ["cat"]))[:-1])
    write(photos / "gone.json", labelme("gone.png", ["cat"]))
    samples = read_source(photos, strict=False)
    reasons = {entry.name: entry.reason for entry in samples.ledger.entries if entry.reason}
    assert reasons == {
        "0.png": "no shapes",
        "6.png": "its annotation is no whole JSON file",
        "7.png": "not annotated",
        "gone.png": "missing file",
    }


@pytest.mark.parametrize("ending", [".json", "___objects.json"])
def test_superannotate(photos, ending):
    for at in range(8):
        said = {"tags": [NAMES[at % 2]]} if at < 6 else {"instances": [{"type": "tag", "className": NAMES[at % 2]}]}
        write(photos / f"{at}.png{ending}", {"metadata": {"name": f"{at}.png"}, "instances": [], **said})
    expect_pets(read_source(photos))


def test_supervisely(tmp_path, plant):
    plant(tmp_path / "ds/img", *(f"{at}.png" for at in range(8)))
    for at in range(8):
        content = {"size": {"height": 9, "width": 12}, "tags": [], "objects": [{"classTitle": NAMES[at % 2]}]}
        write(tmp_path / f"ds/ann/{at}.png.json", content)
    expect_pets(read_source(tmp_path))
