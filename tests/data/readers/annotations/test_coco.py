import json
import shutil
from collections import Counter
from pathlib import Path

import pytest

from headstart.data.decisions import Role
from headstart.data.read import read_source
from headstart.data.readers import json_stream
from headstart.data.readers.annotations.coco import CocoReader
from headstart.data.readers.reader import ReadContext
from headstart.data.samples import FileStatus, Subset
from headstart.settings import DataSettings
from headstart_runtime.errors import DataError

CATEGORIES = ("cat", "dog", "eel")


def write_coco(file: Path, labels: dict[str, list[str]], *, first: str = "images") -> Path:
    """A file as COCO's own tools write it: an item for each name, and a box for each of its labels."""
    images = [{"id": 100 + at, "file_name": name, "width": 12, "height": 9} for at, name in enumerate(labels)]
    boxes = [
        {"id": at, "image_id": 100 + owner, "category_id": 1 + CATEGORIES.index(label), "bbox": [0, 0, 2, 2]}
        for at, (owner, label) in enumerate((o, it) for o, found in enumerate(labels.values()) for it in found)
    ]
    categories = [{"id": 1 + at, "name": name, "supercategory": "animal"} for at, name in enumerate(CATEGORIES)]
    content = {"info": {"year": 2017}, "images": images, "annotations": boxes, "categories": categories}
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps({first: content[first], **content}))
    return file


def one_each(count: int) -> dict[str, list[str]]:
    return {f"{at}.png": [CATEGORIES[at % 2]] * (1 + at % 3) for at in range(count)}


@pytest.fixture
def coco(tmp_path, plant) -> Path:
    """A folder as COCO is published: annotations/ and a folder for each part, with the same names in both."""
    root = tmp_path / "coco"
    for seed, part in enumerate(("train2017", "val2017")):
        plant(root / part, *one_each(10), first_seed=100 * seed)
        write_coco(root / f"annotations/instances_{part}.json", one_each(10))
    (root / "annotations/captions_train2017.json").write_text('{"annotations": [{"image_id": 1, "caption": "a cat"}]}')
    return root


def test_the_published_folder(coco):
    samples = read_source(coco)
    assert samples.classes == ("cat", "dog")
    assert Counter(sample.subset for sample in samples.samples) == {Subset.TRAIN: 10, Subset.TEST: 10}
    for sample in samples.samples:
        assert samples.classes[sample.target] == CATEGORIES[int(Path(sample.name).stem) % 2]
        assert sample.source.path == coco / sample.name
    assert any("COCO annotations are read as classes of whole photos" in note for note in samples.ledger.notes)
    skipped = {entry.name: entry.reason for entry in samples.ledger.entries if entry.status is FileStatus.SKIPPED}
    assert skipped == {"annotations/captions_train2017.json": "not annotated"}
    assert [(it.place[-1], it.role, it.count, it.reason) for it in samples.decisions] == [
        ("instances_train2017.json", Role.LABELS, 10, "COCO annotations of train, by its name"),
        ("instances_val2017.json", Role.LABELS, 10, "COCO annotations of validation, by its name"),
    ]


def test_other_annotations_of_a_part_are_left_out_with_the_reason(coco):
    content = json.loads((coco / "annotations/instances_train2017.json").read_text())
    (coco / "annotations/person_keypoints_train2017.json").write_text(json.dumps(content))
    samples = read_source(coco)
    left = samples.decisions[0]
    assert (left.place, left.role) == (("annotations", "person_keypoints_train2017.json"), Role.SKIPPED)
    reasons = {entry.name: entry.reason for entry in samples.ledger.entries if entry.reason}
    assert reasons["annotations/person_keypoints_train2017.json"] == left.reason


def test_one_file_of_it(coco):
    samples = read_source(coco / "annotations/instances_val2017.json")
    assert {sample.source.path.parent.name for sample in samples.samples} == {"val2017"}
    assert len(samples) == 10


@pytest.mark.parametrize("first", ["images", "annotations", "categories"])
def test_a_file_beside_its_photos_whatever_is_first(tmp_path, plant, first, monkeypatch):
    monkeypatch.setattr(json_stream, "CHUNK", 7)  # each element goes over many pieces
    plant(tmp_path / "set", *one_each(8), "alone.png")
    file = write_coco(tmp_path / "set/labels.json", one_each(8), first=first)
    for source in (file, file.parent):
        samples = read_source(source)
        assert len(samples) == 8
        assert samples.classes == ("cat", "dog")
    reasons = {entry.name: entry.reason for entry in samples.ledger.entries if entry.reason}
    assert reasons == {"alone.png": "not annotated"}


def test_a_part_in_each_folder_as_roboflow_exports(tmp_path, plant):
    for seed, part in enumerate(("train", "valid", "test")):
        plant(tmp_path / "set" / part, *one_each(6), first_seed=50 * seed)
        write_coco(tmp_path / "set" / part / "_annotations.coco.json", one_each(6))
    archive = shutil.make_archive(str(tmp_path / "packed"), "zip", tmp_path / "set")
    for source in (tmp_path / "set", archive):
        samples = read_source(source, cache=tmp_path / "cache")
        assert Counter(str(sample.subset) for sample in samples.samples) == {"train": 6, "validation": 6, "test": 6}


def test_boxes_of_several_classes_are_said_with_counts(tmp_path, plant):
    labels = one_each(6) | {f"m{at}.png": ["cat", "dog", "cat"] for at in range(4)}
    file = write_coco(plant(tmp_path / "set", *labels) / "labels.json", labels)
    with pytest.raises(DataError, match=r"of one class in 6 photos, of several in 4 \('m0.png' has 'cat', 'dog'\)"):
        read_source(file)


def test_a_few_of_several_have_their_line(tmp_path, plant):
    labels = one_each(20) | {"m.png": ["cat", "dog"], "none.png": []}
    file = write_coco(plant(tmp_path / "set", *labels) / "labels.json", labels | {"gone.png": ["cat"]})
    samples = read_source(file)
    assert len(samples) == 20
    reasons = {entry.name: entry.reason for entry in samples.ledger.entries if entry.reason}
    assert reasons == {
        "m.png": "annotations of several classes: 'cat', 'dog'",
        "none.png": "no annotations",
        "gone.png": "missing file",
    }
    assert any("1 with several classes and 1 with none are skipped" in note for note in samples.ledger.notes)


def test_classes_from_folders_where_they_are_asked_for(tmp_path, plant):
    plant(tmp_path / "set", *(f"{name}/{at}.png" for name in ("a", "b") for at in range(5)))
    write_coco(tmp_path / "set/labels.json", {f"a/{at}.png": ["cat"] for at in range(5)})
    options = DataSettings.model_validate({"classes_from": "folder"})
    assert read_source(tmp_path / "set", options=options).classes == ("a", "b")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('{"images": [{"id": 1, "file_name": "a.png"}], "categories": [', "is no whole JSON file"),
        ('{"images": [{"id": 1, "file_name": "a.png"}], "categories": []}', "that give no photo a class"),
        ('{"images": [{"id": 1, "file_name": "a.png"}], "categories": [{}], "annotations": [}', "is no whole JSON"),
        (
            (
                '{"images": [{"id": 1, "file_name": "a.png"}], "categories": [{"id": 2}], "annotations": '
                '[{"image_id": 1, "category_id": 2}]}'
            ),
            r"for 1 files such as 'a.png', and none is in",
        ),
    ],
)
def test_what_cannot_be_read_is_said(tmp_path, text, message):
    (tmp_path / "labels.json").write_text(text)
    with pytest.raises(DataError, match=message):
        read_source(tmp_path / "labels.json")


def test_a_name_that_no_system_can_hold_is_one_line_of_the_ledger(coco):
    file = next(file for file in sorted(coco.rglob("*.json")) if "images" in json.loads(file.read_text()))
    record = json.loads(file.read_text())
    record["images"][0]["file_name"] = "x" * 20_000 + ".jpg"
    file.write_text(json.dumps(record))
    ledger = read_source(coco, strict=False).ledger
    assert any("missing file" in entry.reason for entry in ledger.entries)


def test_classes_of_a_photo_are_its_labels_where_these_are_wanted(tmp_path, plant):
    labels = {"0.png": ["cat", "dog", "cat"], "1.png": ["dog"], "2.png": [], "3.png": ["eel", "cat"]}
    file = write_coco(plant(tmp_path / "set", *labels) / "labels.json", labels)
    context = ReadContext(DataSettings(), tmp_path, forms=frozenset({"one", "several"}))
    listing = CocoReader().list(file, None, context)
    assert listing.form == "several"
    assert {sample.name: sample.label for sample in listing.samples} == {
        "0.png": "cat;dog",
        "1.png": "dog",
        "2.png": "[]",
        "3.png": "eel;cat",
    }
    assert listing.classes == {"cat", "dog", "eel"}
    assert "1 photo without annotations is read as of none of them" in " ".join(listing.notes)


def test_categories_without_boxes_are_labels_of_whole_photos(tmp_path, plant):
    labels = {f"{at}.png": ["cat", "dog"][: 1 + at % 2] for at in range(4)}
    file = write_coco(plant(tmp_path / "set", *labels) / "labels.json", labels)
    content = json.loads(file.read_text())
    for annotation in content["annotations"]:
        del annotation["bbox"]
    file.write_text(json.dumps(content))
    listing = CocoReader().list(file, None, ReadContext(DataSettings(), tmp_path))
    assert [sample.label for sample in listing.samples] == ["cat", "cat;dog"] * 2
    assert listing.form_reason == "COCO annotations give 2 of 4 photos several labels ('1.png' has 'cat', 'dog')"
