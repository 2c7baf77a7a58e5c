"""More annotations and containers: other forms of what programs for labelling and frameworks write."""

import gzip
import io
import json
import tarfile
import zlib
from pathlib import Path
from urllib.parse import quote

from drawn.desk import Desk, Photo, add_layout, draw_photos, mix
from drawn.tfrecords import encode_example, encode_records

FRUITS = ("apple", "pear")


def _lay_all(desk: Desk, folder: str, count: int = 12, *, part: str = "", seed: int = 0) -> list[tuple[Photo, str]]:
    """Lay photos into a folder under plain numbers, and return each with its name."""
    laid = []
    for place, photo in enumerate(mix(draw_photos(FRUITS, count, seed=seed))):
        desk.lay(f"{folder}/{place:04}.jpg", photo, part)
        laid.append((photo, f"{place:04}.jpg"))
    return laid


def _write_coco(desk: Desk, path: str, laid: list[tuple[Photo, str]]) -> None:
    content = {
        "images": [{"id": at, "file_name": name} for at, (_, name) in enumerate(laid)],
        "annotations": [
            {"id": at, "image_id": at, "category_id": 1 + FRUITS.index(photo.label)}
            for at, (photo, _) in enumerate(laid)
        ],
        "categories": [{"id": 1 + at, "name": name} for at, name in enumerate(FRUITS)],
    }
    desk.write_json(path, content)


@add_layout("`annotations/instances_train2017.json`, `train2017/1.jpg`, likewise `val2017` (COCO)", "two parts")
def coco_parts(desk: Desk) -> Path:
    for seed, (part, used) in enumerate((("train2017", "train"), ("val2017", "test"))):
        laid = _lay_all(desk, part, part=used, seed=seed)
        _write_coco(desk, f"annotations/instances_{part}.json", laid)
    return desk.root


def _write_xml(desk: Desk, path: str, name: str, labels: list[str]) -> None:
    objects = "".join(f"<object><name>{label}</name></object>" for label in labels)
    desk.write(path, f"<annotation><filename>{name}</filename>{objects}</annotation>\n")


@add_layout("`train/1.jpg` and `train/1.xml`, likewise `valid/` and `test/` (Roboflow's VOC)", "three parts")
def roboflow_voc(desk: Desk) -> Path:
    for seed, part in enumerate(("train", "valid", "test")):
        for photo, name in _lay_all(desk, part, 6, part="validation" if part == "valid" else part, seed=seed):
            _write_xml(desk, f"{part}/{Path(name).stem}.xml", name, [photo.label])
    return desk.root


@add_layout("`JPEGImages/1.jpg`, `ImageSets/Main/apple_trainval.txt` with `1` and `-1` (VOC)", "the class with a `1`")
def voc_class_lists(desk: Desk) -> Path:
    laid = _lay_all(desk, "JPEGImages")
    for fruit in FRUITS:
        lines = (f"{Path(name).stem} {'1' if photo.label == fruit else '-1':>2}\n" for photo, name in laid)
        desk.write(f"ImageSets/Main/{fruit}_trainval.txt", "".join(lines))
    return desk.root


@add_layout("`annotations.xml` (CVAT) with tags, photos in `images/`", "the tag of a photo")
def cvat_tags(desk: Desk) -> Path:
    items = "".join(
        f'<image id="{at}" name="{name}" width="32" height="32"><tag label="{photo.label}"></tag></image>\n'
        for at, (photo, name) in enumerate(_lay_all(desk, "images"))
    )
    desk.write("annotations.xml", f"<?xml version='1.0'?>\n<annotations><version>1.1</version>{items}</annotations>\n")
    return desk.root


@add_layout("`obj_train_data/1.jpg` and `1.txt`, `obj.names` (Darknet), boxes of one class in each", "that class")
def darknet_one_class(desk: Desk) -> Path:
    for photo, name in _lay_all(desk, "obj_train_data"):
        desk.write(f"obj_train_data/{Path(name).stem}.txt", f"{FRUITS.index(photo.label)} 0.5 0.5 0.2 0.2\n" * 2)
    desk.write("obj.names", "\n".join(FRUITS) + "\n")
    return desk.root


@add_layout("`project-1.json` (Label Studio), photos as `/data/local-files/?d=...`", "the choice")
def label_studio_local_files(desk: Desk) -> Path:
    tasks = []
    for number, (photo, name) in enumerate(_lay_all(desk, "my photos"), 1):
        result = {"type": "choices", "from_name": "fruit", "value": {"choices": [photo.label]}}
        address = f"/data/local-files/?d={quote(f'my photos/{name}')}"
        tasks.append({"id": number, "annotations": [{"result": [result]}], "data": {"image": address}})
    return desk.write_json("project-1.json", tasks)


@add_layout('`labels.json`: `{"photos/1.jpg": "apple"}`', "the label of each path")
def json_mapping(desk: Desk) -> Path:
    return desk.write_json("labels.json", {f"photos/{name}": photo.label for photo, name in _lay_all(desk, "photos")})


@add_layout("`train/000.tar`, `test/000.tar` (WebDataset) and `classnames.txt`", "two parts, numbers by their names")
def webdataset_parts(desk: Desk) -> Path:
    for seed, part in enumerate(("train", "test")):
        path = desk.write(f"{part}/000.tar", b"")
        with tarfile.open(path, "w") as archive:
            for place, photo in enumerate(mix(draw_photos(FRUITS, 9, seed=seed))):
                content = photo.encode()
                desk.claim(content, photo.label, part)
                _add(archive, f"s{place}.jpg", content)
                _add(archive, f"s{place}.cls", str(FRUITS.index(photo.label)).encode())
    desk.write("classnames.txt", "\n".join(FRUITS) + "\n")
    return desk.root


def _add(archive: tarfile.TarFile, name: str, content: bytes) -> None:
    member = tarfile.TarInfo(name)
    member.size = len(content)
    archive.addfile(member, io.BytesIO(content))


@add_layout("`fruits.tfrecord.gz`, gzipped as a whole", "the records; unpacked once into the store")
def tfrecords_gzipped(desk: Desk) -> Path:
    return desk.write("fruits.tfrecord.gz", gzip.compress(_draw_records(desk)))


@add_layout("`fruits.tfrecord` with TensorFlow's option `ZLIB`", "the same")
def tfrecords_zlib(desk: Desk) -> Path:
    return desk.write("fruits.tfrecord", zlib.compress(_draw_records(desk)))


def _draw_records(desk: Desk) -> bytes:
    examples = []
    for photo in mix(draw_photos(FRUITS, 12)):
        content = photo.encode()
        desk.claim(content, photo.label)
        examples.append(encode_example({"image": [content], "label": [photo.label.encode()]}))
    return encode_records(examples)


@add_layout(
    "`metadata.json`, `model.json`, `weights.bin` (Teachable Machine)",
    "nothing: a model without its samples",
    refused=("without its samples",),
)
def teachable_model(desk: Desk) -> Path:
    desk.write("metadata.json", json.dumps({"labels": list(FRUITS)}))
    desk.write("model.json", "{}")
    desk.write("weights.bin", bytes(100))
    return desk.root
