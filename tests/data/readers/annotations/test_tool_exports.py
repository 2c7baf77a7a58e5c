import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from headstart.data.read import read_source
from headstart.data.readers.annotations.tool_rows import find_format, parse_uri
from headstart.settings import DataSettings
from headstart_runtime.errors import DataError

NAMES = ("cat", "dog")


def create_ml(name: str, labels: list[str]) -> dict[str, Any]:
    return {"image": name, "annotation": labels[0] if len(labels) == 1 else labels}


def create_ml_boxes(name: str, labels: list[str]) -> dict[str, Any]:
    return {"imagefilename": name, "annotation": [{"label": it, "coordinates": {"x": 1}} for it in labels]}


def scale(name: str, labels: list[str]) -> dict[str, Any]:
    params = {"attachment": f"https://example.com/a%20b/{name}"}
    return {"task_id": name, "params": params, "response": {"category": labels if len(labels) > 1 else labels[0]}}


def scale_boxes(name: str, labels: list[str]) -> dict[str, Any]:
    return scale(name, ["x"]) | {"response": {"annotations": [{"label": it, "left": 1} for it in labels]}}


def labelbox(name: str, labels: list[str]) -> dict[str, Any]:
    said = {"name": "pet", "checklist_answers": [{"name": it} for it in labels]}
    if len(labels) == 1:
        said = {"name": "pet", "radio_answer": {"name": labels[0], "value": "x"}}
    label = {"annotations": {"objects": [{"name": "ear"}], "classifications": [said]}}
    return {"data_row": {"id": "1", "external_id": name}, "projects": {"p": {"labels": [label]}}}


def labelbox_old(name: str, labels: list[str]) -> dict[str, Any]:
    objects = [{"title": it, "bbox": {}} for it in labels]
    return {"ID": "1", "External ID": name, "Labeled Data": "https://x/y", "Label": {"objects": objects}}


def ground_truth(name: str, labels: list[str]) -> dict[str, Any]:
    facts: dict[str, Any] = {"class-name": labels[0], "type": "groundtruth/image-classification"}
    if len(labels) > 1:
        facts = {"class-map": dict(enumerate(labels)), "type": "groundtruth/image-classification-multilabel"}
    return {"source-ref": f"s3://b/{name}", "job": [0, 1] if len(labels) > 1 else 0, "job-metadata": facts}


def ground_truth_boxes(name: str, labels: list[str]) -> dict[str, Any]:
    boxes = {"annotations": [{"class_id": NAMES.index(it)} for it in labels]}
    return {"source-ref": f"s3://b/{name}", "job": boxes, "job-metadata": {"class-map": dict(enumerate(NAMES))}}


def vertex(name: str, labels: list[str]) -> dict[str, Any]:
    said = [{"displayName": it} for it in labels]
    kind = {"classificationAnnotations": said} if len(said) > 1 else {"classificationAnnotation": said[0]}
    return {"imageGcsUri": f"gs://b/{name}", **kind}


def custom_vision(name: str, labels: list[str]) -> dict[str, Any]:
    return {"id": "0-1", "originalImageUri": f"https://x/{name}?sig=a", "tags": [{"tagName": it} for it in labels]}


def superannotate(name: str, labels: list[str]) -> dict[str, Any]:
    return {"metadata": {"name": name}, "instances": [{"type": "bbox", "className": it} for it in labels]}


def fiftyone(name: str, labels: list[str]) -> dict[str, Any]:
    said = {"_cls": "Detections", "detections": [{"label": it} for it in labels]}
    if len(labels) == 1:
        said = {"_cls": "Classification", "label": labels[0]}
    return {"filepath": f"data/{name}", "tags": [], "metadata": None, "ground_truth": said}


def imagefolder(name: str, labels: list[str]) -> dict[str, Any]:
    return {"file_name": name, "objects": {"bbox": [[1, 2, 3, 4]] * len(labels), "categories": labels}}


def own_manifest(name: str, labels: list[str]) -> dict[str, Any]:
    return ground_truth(name, labels) if len(labels) > 1 else {"source-ref": f"s3://b/{name}", "class": labels[0]}


MAKERS = (
    *(create_ml, create_ml_boxes, scale, scale_boxes, labelbox, labelbox_old, ground_truth, ground_truth_boxes),
    *(vertex, custom_vision, superannotate, fiftyone, imagefolder, own_manifest),
)


def write(file: Path, rows: list[dict[str, Any]], *, lines: bool) -> Path:
    file.write_text("".join(json.dumps(row) + "\n" for row in rows) if lines else json.dumps(rows, indent=1))
    return file


@pytest.mark.parametrize("lines", [True, False])
@pytest.mark.parametrize("make", MAKERS)
def test_one_label_each(tmp_path, plant, make, lines):
    plant(tmp_path / "photos", *(f"{at}.png" for at in range(8)))
    rows = [make(f"{at}.png", [NAMES[at % 2]]) for at in range(8)]
    file = write(tmp_path / ("export.jsonl" if lines else "export.json"), rows, lines=lines)
    for source in (file, tmp_path):
        samples = read_source(source)
        assert samples.classes == NAMES
        assert [sample.target for sample in samples.samples] == [at % 2 for at in range(8)]


@pytest.mark.parametrize("make", MAKERS)
def test_several_labels_are_explained(tmp_path, plant, make):
    plant(tmp_path, *(f"{at}.png" for at in range(8)))
    write(tmp_path / "export.json", [make(f"{at}.png", list(NAMES)) for at in range(8)], lines=False)
    with pytest.raises(DataError, match=r"of one class in 0 photos, of several in 8 .* write a table with the columns"):
        read_source(tmp_path, options=DataSettings(task="classification"))


def test_fiftyone_samples_in_their_object_with_parts(tmp_path, plant):
    plant(tmp_path / "data", *(f"{at}.png" for at in range(12)))
    rows = [fiftyone(f"{at}.png", [NAMES[at % 2]]) for at in range(12)]
    for at, row in enumerate(rows):
        row["tags"] = ["good", ("train", "val", "test")[at // 4]]
        row["predictions"] = {"_cls": "Classification", "label": "cat"}
    (tmp_path / "samples.json").write_text(json.dumps({"samples": rows}))
    samples = read_source(tmp_path)
    assert [sample.target for sample in samples.samples] == [at % 2 for at in range(12)]
    assert Counter(str(sample.subset) for sample in samples.samples) == {"train": 4, "validation": 4, "test": 4}


def test_a_file_for_each_part(tmp_path, plant):
    for seed, part in enumerate(("train", "valid", "test")):
        plant(tmp_path / part, *(f"{at}.png" for at in range(6)), first_seed=20 * seed)
        rows = [create_ml_boxes(f"{at}.png", [NAMES[at % 2]]) for at in range(6)]
        write(tmp_path / part / "_annotations.createml.json", rows, lines=False)
    samples = read_source(tmp_path)
    assert Counter(str(sample.subset) for sample in samples.samples) == {"train": 6, "validation": 6, "test": 6}
    assert all(sample.source.path.parent.name == sample.name.split("/")[0] for sample in samples.samples)


def test_each_row_has_its_line(tmp_path, plant):
    plant(tmp_path, *(f"{at}.png" for at in range(6)))
    rows = [vertex(f"{at}.png", [NAMES[at % 2]]) for at in range(6)]
    lines = [*map(json.dumps, rows), "{", json.dumps({"imageGcsUri": "gs://b/x.png"}), json.dumps(rows[0])]
    (tmp_path / "import.jsonl").write_text("\n".join(lines))
    samples = read_source(tmp_path / "import.jsonl")
    assert len(samples) == 6
    reasons = {entry.name: entry.reason for entry in samples.ledger.entries if entry.reason}
    assert sorted(reasons.values()) == ["named before", "no labels", "row 7 is no JSON object"]


@pytest.mark.parametrize(
    ("address", "path"),
    [
        ("gs://b/a/1.jpg", "a/1.jpg"),
        ("https://x/a%20b.jpg?s=1", "a b.jpg"),
        ("a\\1.jpg", "a/1.jpg"),
        (None, ""),
        ("http://[x/1.jpg", ""),
    ],
)
def test_addresses(address, path):
    assert parse_uri(address) == path


def test_other_rows_are_of_no_format():
    for row in ({"file_name": "1.jpg", "label": "cat"}, {"image": "1.jpg", "label": "cat"}, ["a"], None):
        assert find_format(row) is None
