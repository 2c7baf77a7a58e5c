"""Exports of programs for labelling: COCO, VOC, YOLO, Label Studio, Teachable Machine."""

import io
import json
import zipfile
from pathlib import Path

from drawn.desk import SETS, Desk, Photo, add_layout, draw_photos, join_labels, mix, rows_to_csv

ANIMALS = ("bear", "deer", "fox")


def _make_coco(names: list[str], labels: list[list[int]]) -> dict[str, object]:
    images = [{"id": it + 1, "file_name": name, "width": 32, "height": 32} for it, name in enumerate(names)]
    boxes = [(at, label) for at, some in enumerate(labels) for label in some]
    annotations = [
        {"id": it, "image_id": at + 1, "category_id": label + 1, "bbox": [2, 2, 20, 20], "area": 400, "iscrowd": 0}
        for it, (at, label) in enumerate(boxes, 1)
    ]
    categories = [{"id": it + 1, "name": name, "supercategory": "animal"} for it, name in enumerate(ANIMALS)]
    return {"info": {}, "licenses": [], "images": images, "annotations": annotations, "categories": categories}


@add_layout("`annotations/instances.json` (COCO) with one category in each photo, `images/`", "the category of a photo")
def coco_whole_photos(desk: Desk) -> Path:
    names, labels = [], []
    for place, photo in enumerate(mix(draw_photos(ANIMALS))):
        desk.lay(f"images/{place:012}.jpg", photo)
        names.append(f"{place:012}.jpg")
        labels.append([ANIMALS.index(photo.label)] * (1 + place % 2))
    desk.write_json("annotations/instances.json", _make_coco(names, labels))
    return desk.root


@add_layout("the same with several categories in a photo", "the categories of a photo are its labels", flags=SETS)
def coco_boxes(desk: Desk) -> Path:
    names, labels = [], []
    for place, photo in enumerate(mix(draw_photos(ANIMALS))):
        owned = [ANIMALS.index(photo.label), (ANIMALS.index(photo.label) + 1) % 3]
        desk.lay(f"images/{place:012}.jpg", photo, label=join_labels(ANIMALS[at] for at in owned))
        names.append(f"{place:012}.jpg")
        labels.append(owned)
    desk.write_json("annotations/instances.json", _make_coco(names, labels))
    return desk.root


@add_layout("`train/_annotations.coco.json` beside its photos, likewise `valid/` and `test/` (Roboflow)", "three parts")
def roboflow_coco(desk: Desk) -> Path:
    for seed, part in enumerate(("train", "valid", "test")):
        names, labels = [], []
        for place, photo in enumerate(mix(draw_photos(ANIMALS, (8, 3, 3)[seed], seed=seed))):
            name = f"IMG_{place}_jpg.rf.{seed}b.jpg"
            desk.lay(f"{part}/{name}", photo, "validation" if part == "valid" else part)
            names.append(name)
            labels.append([ANIMALS.index(photo.label)])
        desk.write_json(f"{part}/_annotations.coco.json", _make_coco(names, labels))
    return desk.root


def _make_voc(name: str, labels: list[str]) -> str:
    box = "<bndbox><xmin>2</xmin><ymin>2</ymin><xmax>20</xmax><ymax>20</ymax></bndbox>"
    objects = "".join(f"<object><name>{label}</name>{box}</object>" for label in labels)
    size = "<size><width>32</width><height>32</height><depth>3</depth></size>"
    return f"<annotation><folder>set</folder><filename>{name}</filename>{size}{objects}</annotation>\n"


@add_layout("`JPEGImages/1.jpg`, `Annotations/1.xml` (VOC) with one kind of object in each photo", "the object's name")
def voc_whole_photos(desk: Desk) -> Path:
    for place, photo in enumerate(mix(draw_photos(ANIMALS))):
        desk.lay(f"JPEGImages/{place:06}.jpg", photo)
        desk.write(f"Annotations/{place:06}.xml", _make_voc(f"{place:06}.jpg", [photo.label] * (1 + place % 2)))
    desk.write("ImageSets/Main/trainval.txt", "".join(f"{it:06}\n" for it in range(30)))
    return desk.root


@add_layout("the same with several objects in a photo", "the objects of a photo are its labels", flags=SETS)
def voc_boxes(desk: Desk) -> Path:
    for place, photo in enumerate(mix(draw_photos(ANIMALS))):
        desk.lay(f"JPEGImages/{place:06}.jpg", photo, label=join_labels(ANIMALS[place % 2 :]))
        desk.write(f"Annotations/{place:06}.xml", _make_voc(f"{place:06}.jpg", list(ANIMALS[place % 2 :])))
    return desk.root


@add_layout(
    "`images/train/1.jpg`, `labels/train/1.txt`, `data.yaml` (YOLO)",
    "the classes of the boxes of a photo are its labels",
    flags=SETS,
)
def yolo_boxes(desk: Desk) -> Path:
    for place, photo in enumerate(mix(draw_photos(ANIMALS))):
        part = "val" if place % 4 == 0 else "train"
        used = "test" if part == "val" else part
        desk.lay(f"images/{part}/{place:04}.jpg", photo, used, label=join_labels((photo.label, ANIMALS[1])))
        lines = [f"{ANIMALS.index(photo.label)} 0.5 0.5 0.4 0.4\n", "1 0.2 0.2 0.1 0.1\n"]
        desk.write(f"labels/{part}/{place:04}.txt", "".join(lines))
    desk.write("data.yaml", f"train: images/train\nval: images/val\nnc: 3\nnames: {list(ANIMALS)}\n")
    return desk.root


@add_layout(
    "`train/images/1.jpg`, `train/labels/1.txt`, `valid/...`, `data.yaml` (Roboflow's YOLO)",
    "the classes of the boxes of a photo are its labels",
    flags=SETS,
)
def yolo_boxes_in_parts(desk: Desk) -> Path:
    for place, photo in enumerate(mix(draw_photos(ANIMALS))):
        part = "valid" if place % 4 == 0 else "train"
        used = "test" if part == "valid" else part
        desk.lay(f"{part}/images/{place:04}.jpg", photo, used, label=join_labels((photo.label, ANIMALS[1])))
        desk.write(
            f"{part}/labels/{place:04}.txt", f"{ANIMALS.index(photo.label)} 0.5 0.5 0.4 0.4\n1 0.2 0.2 0.1 0.1\n"
        )
    desk.write("data.yaml", f"train: ../train/images\nval: ../valid/images\nnc: 3\nnames: {list(ANIMALS)}\n")
    return desk.root


def _list_uploads(desk: Desk) -> list[tuple[Photo, str]]:
    uploads = []
    for place, photo in enumerate(mix(draw_photos(ANIMALS))):
        name = f"{place:08x}-photo_{place}.jpg"
        desk.lay(f"images/{name}", photo)
        uploads.append((photo, name))
    return uploads


@add_layout("`project-1.json` (Label Studio) with choices, photos in `images/`", "the choice")
def label_studio(desk: Desk) -> Path:
    tasks = []
    for number, (photo, name) in enumerate(_list_uploads(desk), 1):
        result = {"type": "choices", "from_name": "choice", "to_name": "image", "value": {"choices": [photo.label]}}
        annotation = {"id": number, "completed_by": 1, "result": [result], "was_cancelled": False}
        tasks.append({"id": number, "annotations": [annotation], "data": {"image": f"/data/upload/1/{name}"}})
    return desk.write_json("project-1.json", tasks)


@add_layout("the same as JSON-MIN: `image`, `choice`", "the choice")
def label_studio_min(desk: Desk) -> Path:
    rows = [
        {"image": f"/data/upload/1/{name}", "id": number, "choice": photo.label, "annotator": 1}
        for number, (photo, name) in enumerate(_list_uploads(desk), 1)
    ]
    return desk.write_json("project-1-min.json", rows)


@add_layout("the same as CSV: `annotation_id,annotator,choice,created_at,id,image,lead_time`", "the choice")
def label_studio_csv(desk: Desk) -> Path:
    rows = [
        (number, 1, photo.label, "2023-05-01T10:00:00Z", number, f"/data/upload/1/{name}", 2.5 + number)
        for number, (photo, name) in enumerate(_list_uploads(desk), 1)
    ]
    head = ("annotation_id", "annotator", "choice", "created_at", "id", "image", "lead_time")
    return desk.write("project-1.csv", rows_to_csv([head, *rows]))


@add_layout('`metadata.jsonl`: `{"file_name": "1.jpg", "label": "fox"}` beside the photos', "the labels")
def json_lines(desk: Desk) -> Path:
    lines = []
    for place, photo in enumerate(mix(draw_photos(ANIMALS))):
        desk.lay(f"{place:04}.jpg", photo)
        lines.append(json.dumps({"file_name": f"{place:04}.jpg", "label": photo.label}) + "\n")
    desk.write("metadata.jsonl", "".join(lines))
    return desk.root


@add_layout(
    "`project.tm` (Teachable Machine): an archive with `manifest.json` and `Class 1-!-0.png`",
    "the classes of its names",
)
def teachable_project(desk: Desk) -> Path:
    with zipfile.ZipFile(desk.root / "project.tm", "w") as archive:
        for photo in draw_photos(("left", "right")):
            content = photo.encode(".png")
            desk.claim(content, photo.label)
            archive.writestr(f"{photo.label}-!-{photo.number}.png", content)
        archive.writestr("manifest.json", json.dumps({"type": "image", "version": "2.4.7"}))
    return desk.root / "project.tm"


@add_layout("`left-samples.zip`, `right-samples.zip` (Teachable Machine)", "each archive is a class")
def teachable_samples(desk: Desk) -> Path:
    for name in ("left", "right"):
        out = io.BytesIO()
        with zipfile.ZipFile(out, "w") as archive:
            for photo in draw_photos(("left", "right"), 12):
                if photo.label == name:
                    content = photo.encode()
                    desk.claim(content, name)
                    archive.writestr(f"{photo.number}.jpg", content)
        desk.write(f"{name}-samples.zip", out.getvalue())
    return desk.root
