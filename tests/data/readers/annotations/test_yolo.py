from collections import Counter
from pathlib import Path

import pytest

from headstart.data.read import read_source
from headstart.data.readers.annotations.yolo import parse_yaml_names
from headstart_runtime.errors import DataError

NAMES = ("cat", "dog")


def write_boxes(file: Path, numbers: list[int]) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("".join(f"{number} 0.5 0.5 0.25 1e-1\n" for number in numbers))


def draw_yolo(root: Path, plant, *, parts_first: bool) -> Path:
    for seed, part in enumerate(("train", "valid")):
        items, boxes = (f"{part}/images", f"{part}/labels") if parts_first else (f"images/{part}", f"labels/{part}")
        plant(root / items, *(f"{at}.png" for at in range(8)), first_seed=30 * seed)
        for at in range(7):  # the last one is background
            write_boxes(root / boxes / f"{at}.txt", [at % 2] * (1 + at % 3))
    (root / "data.yaml").write_text(f"train: ../train/images\nnc: 2\nnames: {list(NAMES)}\n")
    return root


@pytest.mark.parametrize("parts_first", [True, False])
def test_boxes_of_one_class_each(tmp_path, plant, parts_first):
    samples = read_source(draw_yolo(tmp_path, plant, parts_first=parts_first))
    assert samples.classes == NAMES
    assert Counter(str(sample.subset) for sample in samples.samples) == {"train": 7, "test": 7}
    assert all(samples.classes[s.target] == NAMES[int(Path(s.name).stem) % 2] for s in samples.samples)
    assert [entry.reason for entry in samples.ledger.entries if entry.reason] == ["no boxes", "no boxes"]
    assert "YOLO boxes are read as classes of whole photos" in " ".join(samples.ledger.notes)


def test_boxes_of_several_classes_are_said(tmp_path, plant):
    draw_yolo(tmp_path, plant, parts_first=True)
    for at in range(4):
        write_boxes(tmp_path / f"train/labels/{at}.txt", [0, 1])
    with pytest.raises(DataError, match=r"YOLO boxes: boxes of one class in 10 photos, of several in 4"):
        read_source(tmp_path)


def test_darknet_and_damage(tmp_path, plant):
    plant(tmp_path / "obj_train_data", *(f"{at}.png" for at in range(8)))
    for at in range(8):
        write_boxes(tmp_path / f"obj_train_data/{at}.txt", [at % 2])
    (tmp_path / "obj_train_data/7.txt").write_text("0 0.5 half 0.5 0.5\n")
    (tmp_path / "obj_train_data/6.txt").write_bytes(b"\xff\xfe\x00")
    (tmp_path / "obj.names").write_text("cat\ndog\n")
    samples = read_source(tmp_path)
    assert Counter(samples.classes[sample.target] for sample in samples.samples) == {"cat": 3, "dog": 3}
    reasons = [entry.reason for entry in samples.ledger.entries if entry.reason]
    assert reasons == ["its file of boxes is no text", "line 1 of its file of boxes is no box"]


def test_the_layout_for_classification_is_plain_folders(tmp_path, plant):
    plant(tmp_path, *(f"{part}/{name}/{at}.png" for part in ("train", "test") for name in NAMES for at in range(4)))
    assert read_source(tmp_path).classes == NAMES


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("names: ['a b', \"c\", d]", {"0": "a b", "1": "c", "2": "d"}),
        ("nc: 2\nnames:\n- a\n- 'it''s'\nval: x\n", {"0": "a", "1": "it's"}),
        ("names:\n  0: a # first\n  3: b\ntrain: x", {"0": "a", "3": "b"}),
        ("names: {0: a, 1: b}", {"0": "a", "1": "b"}),
        ("names:\n  [a,\n   b]\n", {"0": "a", "1": "b"}),
        ("nothing: 1", {}),
    ],
)
def test_names_of_classes(text, names):
    assert dict(parse_yaml_names(text)) == names
