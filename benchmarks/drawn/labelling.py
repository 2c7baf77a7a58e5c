"""Files of programs for labelling on one's own machine: LabelMe, the VGG Image Annotator, Create ML, Supervisely."""

import base64
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from drawn.desk import SETS, Desk, Photo, add_layout, draw_photos, join_labels, mix

BIRDS = ("heron", "owl", "wren")


def _lay_photos(
    desk: Desk, folder: str = "", each: int = 10, *, part: str = "", seed: int = 0
) -> list[tuple[Photo, str, bytes]]:
    """Lay photos into a folder under plain numbers, and return each with its name and bytes."""
    start = f"{folder}/" if folder else ""
    photos = enumerate(mix(draw_photos(BIRDS, each, seed=seed)))
    return [(photo, f"{at:04}.jpg", desk.lay(f"{start}{at:04}.jpg", photo, part)) for at, photo in photos]


def _make_labelme(path: str, labels: list[str], flags: dict[str, bool], content: bytes | None) -> dict[str, Any]:
    shapes = [
        {"label": label, "points": [[2, 2], [20, 20]], "group_id": None, "shape_type": "rectangle", "flags": {}}
        for label in labels
    ]
    data = None if content is None else base64.b64encode(content).decode()
    sizes = {"imageHeight": 32, "imageWidth": 32}
    return {"version": "5.4.1", "flags": flags, "shapes": shapes, "imagePath": path, "imageData": data, **sizes}


@add_layout("`1.jpg`, `1.json` (LabelMe) with one `flags` set for each photo", "the flag that is set")
def labelme_flags(desk: Desk) -> Path:
    for photo, name, content in _lay_photos(desk):
        flags = {label: label == photo.label for label in BIRDS}
        desk.write_json(f"{Path(name).stem}.json", _make_labelme(name, ["beak", "wing"], flags, content))
    desk.mention("flags")
    return desk.root


@add_layout(
    "`images/1.jpg`, `labels/1.json` (LabelMe, `..\\images\\1.jpg` in it) with shapes of one label",
    "the label of a photo's shapes",
)
def labelme_shapes(desk: Desk) -> Path:
    for photo, name, _ in _lay_photos(desk, "images"):
        shapes = [photo.label] * (1 + photo.number % 2)
        desk.write_json(f"labels/{Path(name).stem}.json", _make_labelme(f"..\\images\\{name}", shapes, {}, None))
    desk.mention("shapes")
    return desk.root


@add_layout("the same with shapes of several labels", "the labels of all shapes of a photo", flags=SETS)
def labelme_several(desk: Desk) -> Path:
    for place, photo in enumerate(mix(draw_photos(BIRDS))):
        owned = BIRDS[: 1 + place % 2]
        desk.lay(f"{place:04}.jpg", photo, label=join_labels(owned))
        desk.write_json(f"{place:04}.json", _make_labelme(f"{place:04}.jpg", list(owned), {}, None))
    return desk.root


@add_layout("`ds0/img/1.jpg`, `ds0/ann/1.jpg.json`, `meta.json` (Supervisely) with one tag for each photo", "the tag")
def supervisely_tags(desk: Desk) -> Path:
    for photo, name, _ in _lay_photos(desk, "ds0/img"):
        tags = [{"name": photo.label, "value": None, "labelerLogin": "a"}]
        content = {"description": "", "tags": tags, "size": {"height": 32, "width": 32}, "objects": []}
        desk.write_json(f"ds0/ann/{name}.json", content)
    desk.write_json("meta.json", {"classes": [], "tags": [{"name": name} for name in BIRDS]})
    desk.mention("tags")
    return desk.root


def _make_via(name: str, size: int, attributes: dict[str, Any], regions: list[str]) -> dict[str, Any]:
    shape = {"name": "rect", "x": 2, "y": 2, "width": 9, "height": 9}
    listed = [{"shape_attributes": shape, "region_attributes": {"name": label}} for label in regions]
    return {"filename": name, "size": size, "regions": listed, "file_attributes": attributes}


def _write_via(desk: Desk, path: str, entries: list[dict[str, Any]], *, whole: bool) -> Path:
    metadata = {f"{entry['filename']}{entry['size']}": entry for entry in entries}
    settings = {"ui": {}, "core": {"buffer_size": 18}, "project": {"name": "birds"}}
    project = {
        "_via_settings": settings,
        "_via_img_metadata": metadata,
        "_via_attributes": {"region": {}, "file": {}},
        "_via_data_format_version": "2.0.10",
        "_via_image_id_list": list(metadata),
    }
    return desk.write_json(path, project if whole else metadata)


@add_layout("`via_project.json` (VIA) with a file attribute for the class and one for captions", "that attribute")
def via_project(desk: Desk) -> Path:
    entries = [
        _make_via(name, len(content), {"caption": f"a bird, number {name}", "bird": photo.label}, [])
        for photo, name, content in _lay_photos(desk)
    ]
    desk.mention("bird")
    _write_via(desk, "via_project_2Jan2024.json", entries, whole=True)
    return desk.root


@add_layout("`via_export_json.json` (VIA) with regions of one label, the photos in `images/`", "that label")
def via_regions(desk: Desk) -> Path:
    photos = _lay_photos(desk, "images")
    entries = [_make_via(name, len(content), {}, [photo.label] * 2) for photo, name, content in photos]
    return _write_via(desk, "via_export_json.json", entries, whole=False)


@add_layout("`via_export_csv.csv` (VIA): `filename,file_size,file_attributes,region_count,...`", "the file attribute")
def via_csv(desk: Desk) -> Path:
    head = "filename,file_size,file_attributes,region_count,region_id,region_shape_attributes,region_attributes\n"
    lines = []
    for photo, name, content in _lay_photos(desk):
        attributes = json.dumps({"bird": photo.label}).replace('"', '""')
        lines.append(f'{name},{len(content)},"{attributes}",0,0,"{{}}","{{}}"\n')
    desk.mention("bird")
    desk.write("via_export_csv.csv", head + "".join(lines))
    return desk.root


def _draw_create_ml(desk: Desk, make: Callable[[str, str], dict[str, Any]]) -> Path:
    rows = [make(name, photo.label) for photo, name, _ in _lay_photos(desk)]
    desk.write_json("annotations.json", rows)
    return desk.root


@add_layout('`annotations.json` (Create ML): `[{"image": "1.jpg", "annotation": "owl"}]`', "the annotation")
def create_ml(desk: Desk) -> Path:
    return _draw_create_ml(desk, lambda name, label: {"image": name, "annotation": label})


@add_layout(
    '`train/_annotations.createml.json` (Roboflow): `"annotations": [{"label": "owl", "coordinates": ...}]`, likewise '
    "`valid/` and `test/`",
    "three parts, the label of a photo's boxes",
)
def create_ml_boxes(desk: Desk) -> Path:
    box = {"x": 9, "y": 9, "width": 5, "height": 5}
    for seed, part in enumerate(("train", "valid", "test")):
        used = "validation" if part == "valid" else part
        rows = [
            {"image": name, "annotations": [{"label": photo.label, "coordinates": box}]}
            for photo, name, _ in _lay_photos(desk, part, 5, part=used, seed=seed)
        ]
        desk.write_json(f"{part}/_annotations.createml.json", rows)
    return desk.root


@add_layout("`annotations/default.json`, `images/default/1.jpg` (Datumaro, also from CVAT) with labels", "the label")
def datumaro(desk: Desk) -> Path:
    items = [
        {
            "id": Path(name).stem,
            "annotations": [{"id": 0, "type": "label", "attributes": {}, "label_id": BIRDS.index(photo.label)}],
            "image": {"path": name, "size": [32, 32]},
        }
        for photo, name, _ in _lay_photos(desk, "images/default")
    ]
    labels = [{"name": name, "parent": "", "attributes": []} for name in BIRDS]
    desk.write_json(
        "annotations/default.json", {"info": {}, "categories": {"label": {"labels": labels}}, "items": items}
    )
    return desk.root
