"""What services for labelling and training export and import: photos in their stores, labels in rows of JSON or CSV."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from drawn.desk import SETS, Desk, add_layout, draw_photos, join_labels, mix, rows_to_csv

TREES = ("beech", "oak", "pine")
Rows = list[dict[str, Any]]


def _lay_all(desk: Desk, folder: str, each: int = 10, *, parts: bool = False) -> list[tuple[str, str, str]]:
    """Lay photos into a folder, and return name, label and part of each."""
    laid = []
    for place, photo in enumerate(mix(draw_photos(TREES, each))):
        used = ("train", "validation", "test")[max(0, photo.number - each + 3)] if parts else ""
        name = f"img_{place:04}.jpg"
        desk.lay(f"{folder}/{name}" if folder else name, photo, used)
        laid.append((name, photo.label, used))
    return laid


def _write_lines(desk: Desk, path: str, rows: Rows) -> Path:
    return desk.write(path, "".join(json.dumps(row) + "\n" for row in rows))


def _make_rows(desk: Desk, make: Callable[[str, str], dict[str, Any]], folder: str = "photos") -> Rows:
    return [make(name, label) for name, label, _ in _lay_all(desk, folder)]


@add_layout("`import.csv` (Vertex AI): `training,gs://bucket/1.jpg,oak`, photos in `photos/`", "three parts")
def vertex_csv(desk: Desk) -> Path:
    uses = {"train": "training", "validation": "validation", "test": "test"}
    rows = [
        (uses[part], f"gs://my-bucket/trees/{name}", label)
        for name, label, part in _lay_all(desk, "photos", 12, parts=True)
    ]
    return desk.write("import.csv", rows_to_csv(rows))


@add_layout("the same without the first column: `gs://bucket/1.jpg,oak`", "path and label")
def vertex_csv_plain(desk: Desk) -> Path:
    rows = [(f"gs://my-bucket/trees/{name}", label) for name, label, _ in _lay_all(desk, "photos")]
    return desk.write("import.csv", rows_to_csv(rows))


@add_layout(
    '`import.jsonl` (Vertex AI): `"imageGcsUri"`, `"classificationAnnotation": {"displayName": "oak"}`', "three parts"
)
def vertex_lines(desk: Desk) -> Path:
    uses = {"train": "training", "validation": "validation", "test": "test"}
    rows = [
        {
            "imageGcsUri": f"gs://my-bucket/trees/{name}",
            "classificationAnnotation": {"displayName": label, "annotationResourceLabels": {}},
            "dataItemResourceLabels": {"aiplatform.googleapis.com/ml_use": uses[part]},
        }
        for name, label, part in _lay_all(desk, "photos", 12, parts=True)
    ]
    return _write_lines(desk, "import.jsonl", rows)


@add_layout('`output.manifest` (Ground Truth): `"source-ref"`, `"trees-metadata": {"class-name": "oak"}`', "that name")
def ground_truth(desk: Desk) -> Path:
    def make(name: str, label: str) -> dict[str, Any]:
        facts = {"class-name": label, "confidence": 0.93, "type": "groundtruth/image-classification"}
        facts |= {"job-name": "labeling-job/trees", "human-annotated": "yes", "creation-date": "2024-01-02T10:00:00"}
        return {"source-ref": f"s3://bucket/trees/{name}", "trees": TREES.index(label), "trees-metadata": facts}

    return _write_lines(desk, "output.manifest", _make_rows(desk, make))


@add_layout(
    "the same of a job for boxes, several classes in a photo", "the classes of the boxes of a photo", flags=SETS
)
def ground_truth_boxes(desk: Desk) -> Path:
    rows = []
    for place, photo in enumerate(mix(draw_photos(TREES))):
        desk.lay(f"{place}.jpg", photo, label=join_labels(TREES[number] for number in (0, 1 + place % 2)))
        boxes = [{"class_id": number, "top": 1, "left": 1, "height": 9, "width": 9} for number in (0, 1 + place % 2)]
        facts = {"class-map": {str(at): name for at, name in enumerate(TREES)}, "type": "groundtruth/object-detection"}
        rows.append({"source-ref": f"s3://b/{place}.jpg", "box": {"annotations": boxes}, "box-metadata": facts})
    return _write_lines(desk, "output.manifest", rows)


@add_layout('`export.ndjson` (Labelbox): `"data_row"`, `"projects"` with a `radio_answer`', "the answer")
def labelbox(desk: Desk) -> Path:
    def make(name: str, label: str) -> dict[str, Any]:
        answer = {"name": label, "value": label.lower()}
        annotations = {"objects": [], "classifications": [{"name": "tree", "value": "tree", "radio_answer": answer}]}
        data = {"id": f"clx{name}", "external_id": name, "row_data": f"https://storage.example.com/{name}?sig=1"}
        return {"data_row": data, "projects": {"cl1": {"labels": [{"annotations": annotations}]}}}

    desk.mention("tree")
    return _write_lines(desk, "export.ndjson", _make_rows(desk, make))


@add_layout('`export.json` (Labelbox before 2023): `"Labeled Data"`, `"Label"`, `"External ID"`', "the answer")
def labelbox_old(desk: Desk) -> Path:
    def make(name: str, label: str) -> dict[str, Any]:
        said = {"title": "tree", "value": "tree", "answer": {"title": label, "value": label}}
        address = f"https://storage.labelbox.com/{name}"
        return {
            "ID": f"ck{name}",
            "Labeled Data": address,
            "Label": {"objects": [], "classifications": [said]},
            "External ID": name,
        }

    return desk.write_json("export.json", _make_rows(desk, make))


@add_layout('`tasks.json` (Scale): `"params": {"attachment": ...}`, `"response": {"category": "oak"}`', "the category")
def scale(desk: Desk) -> Path:
    def make(name: str, label: str) -> dict[str, Any]:
        params = {"attachment": f"https://bucket.s3.amazonaws.com/{name}", "attachment_type": "image"}
        return {"task_id": f"5f{name}", "type": "categorization", "params": params, "response": {"category": label}}

    return desk.write_json("tasks.json", _make_rows(desk, make))


@add_layout('`images.json` (Azure Custom Vision): `"originalImageUri"`, `"tags": [{"tagName": "oak"}]`', "the tag")
def custom_vision(desk: Desk) -> Path:
    def make(name: str, label: str) -> dict[str, Any]:
        address = f"https://irisprod.blob.core.windows.net/i/{name}?sv=2017"
        tags = [{"tagId": "00", "tagName": label, "created": "2024-01-02"}]
        return {"id": name.removesuffix(".jpg"), "width": 32, "height": 32, "originalImageUri": address, "tags": tags}

    return desk.write_json("images.json", _make_rows(desk, make))


@add_layout("`1.jpg`, `1.jpg.json` (SuperAnnotate) with one tag for each photo, `classes/classes.json`", "the tag")
def superannotate(desk: Desk) -> Path:
    for name, label, _ in _lay_all(desk, ""):
        facts = {"name": name, "width": 32, "height": 32, "status": "Completed"}
        desk.write_json(f"{name}.json", {"metadata": facts, "instances": [], "tags": [label], "comments": []})
    desk.write_json("classes/classes.json", [{"id": at, "name": name} for at, name in enumerate(TREES)])
    return desk.root


@add_layout(
    '`data/1.jpg`, `labels.json` (FiftyOne): `{"classes": [...], "labels": {"1": 0}}`', "the class of the index"
)
def fiftyone_labels(desk: Desk) -> Path:
    laid = _lay_all(desk, "data")
    labels = {name.removesuffix(".jpg"): TREES.index(label) for name, label, _ in laid}
    desk.write_json("labels.json", {"classes": list(TREES), "labels": labels})
    return desk.root


@add_layout("`data/1.jpg`, `metadata.json`, `samples.json` (FiftyOne) with ground truth and predictions", "the truth")
def fiftyone_samples(desk: Desk) -> Path:
    samples = []
    for name, label, part in _lay_all(desk, "data", 12, parts=True):
        truth = {"_id": {"$oid": "64"}, "_cls": "Classification", "tags": [], "label": label, "confidence": None}
        guess = {"_id": {"$oid": "65"}, "_cls": "Classification", "tags": [], "label": TREES[0], "confidence": 0.4}
        facts = {"filepath": f"data/{name}", "tags": [part], "metadata": None, "_media_type": "image"}
        samples.append({**facts, "ground_truth": truth, "predictions": guess})
    desk.write_json("metadata.json", {"name": "trees", "media_type": "image"})
    desk.write_json("samples.json", {"samples": samples})
    desk.mention("ground_truth")
    return desk.root


@add_layout("`train/metadata.jsonl` with `file_name` and `label` (Hugging Face's imagefolder), `test/...`", "two parts")
def hf_imagefolder(desk: Desk) -> Path:
    for seed, part in enumerate(("train", "test")):
        rows = []
        for place, photo in enumerate(mix(draw_photos(TREES, (8, 4)[seed], seed=seed))):
            desk.lay(f"{part}/{place:04}.png", photo, part)
            rows.append({"file_name": f"{place:04}.png", "label": photo.label})
        _write_lines(desk, f"{part}/metadata.jsonl", rows)
    return desk.root


@add_layout("`metadata.csv`: `file_name,additional_feature,label` beside the photos (the same)", "the label")
def hf_imagefolder_csv(desk: Desk) -> Path:
    rows = [(name, f"text {at}", label) for at, (name, label, _) in enumerate(_lay_all(desk, ""))]
    desk.write("metadata.csv", rows_to_csv([("file_name", "additional_feature", "label"), *rows]))
    return desk.root


@add_layout(
    "`train.csv` (`id,label`), `train/`, `test/` without labels, `sample_submission.csv` (Kaggle)",
    "the table; the photos of `test/` are left out",
)
def kaggle(desk: Desk) -> Path:
    rows = [(name.removesuffix(".jpg"), label) for name, label, _ in _lay_all(desk, "train")]
    desk.leave_photos("test/{label[0]}{number}x.jpg", TREES, 3, seed=9)
    desk.write("train.csv", rows_to_csv([("id", "label"), *rows]))
    tests = [(f"{label[0]}{at}x", TREES[0]) for label in TREES for at in range(3)]
    desk.write("sample_submission.csv", rows_to_csv([("id", "label"), *tests]))
    return desk.root


@add_layout(
    '`metadata.jsonl`: `"objects": {"bbox": [...], "categories": [...]}` (Hugging Face) with several in a photo',
    "the categories of a photo",
    flags=SETS,
)
def hf_imagefolder_boxes(desk: Desk) -> Path:
    rows = []
    for place, photo in enumerate(mix(draw_photos(TREES))):
        owned = [0, 1 + place % 2]
        desk.lay(f"{place:04}.png", photo, label=join_labels(map(str, owned)))
        rows.append({"file_name": f"{place:04}.png", "objects": {"bbox": [[1, 2, 9, 9]] * 2, "categories": owned}})
    _write_lines(desk, "metadata.jsonl", rows)
    return desk.root


@add_layout(
    "`import.csv` (Vertex AI) with boxes, `TRAIN,gs://bucket/1.jpg,oak,0.1,0.1,,,0.3,0.3,,`", "the label of them"
)
def vertex_boxes(desk: Desk) -> Path:
    rows = [
        ("UNASSIGNED", f"gs://my-bucket/{name}", label, 0.1, 0.1, "", "", 0.3, 0.3, "", "")
        for name, label, _ in _lay_all(desk, "photos")
    ]
    return desk.write("import.csv", rows_to_csv(rows * 2))
