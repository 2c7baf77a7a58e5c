"""Containers of photos and their labels: archives, shards, TFRecords, Parquet and Arrow."""

import io
import json
import tarfile
import tempfile
import zipfile
from pathlib import Path
from typing import Any

from drawn.desk import Desk, add_layout, draw_photos, mix, rows_to_csv
from drawn.tfrecords import Feature, encode_example, encode_records

FLOWERS = ("daisy", "rose", "tulip")
PARTS = {"train": ("train", 8), "validation": ("validation", 4), "test": ("test", 4)}


@add_layout("`photos.zip` with a folder for each class", "as the folder would be")
def zip_of_folders(desk: Desk) -> Path:
    with zipfile.ZipFile(desk.root / "photos.zip", "w") as archive:
        for photo in draw_photos(FLOWERS):
            content = photo.encode()
            desk.claim(content, photo.label)
            archive.writestr(f"photos/{photo.label}/{photo.number}.jpg", content)
            archive.writestr(f"__MACOSX/photos/{photo.label}/._{photo.number}.jpg", b"\x00\x05\x16\x07")
    return desk.root / "photos.zip"


@add_layout("`photos.tar.gz` with `train/` and `test/`", "as the folder would be")
def tar_of_parts(desk: Desk) -> Path:
    with tarfile.open(desk.root / "photos.tar.gz", "w:gz") as archive:
        for photo in draw_photos(FLOWERS, 12):
            part = "train" if photo.number < 8 else "test"
            content = photo.encode()
            desk.claim(content, photo.label, part)
            add_member(archive, f"{part}/{photo.label}/{photo.number}.jpg", content)
    return desk.root / "photos.tar.gz"


@add_layout("`set.zip` with `labels.csv` and `images/`", "the table in it")
def zip_with_table(desk: Desk) -> Path:
    rows = []
    with zipfile.ZipFile(desk.root / "set.zip", "w") as archive:
        for place, photo in enumerate(mix(draw_photos(FLOWERS))):
            content = photo.encode()
            desk.claim(content, photo.label)
            archive.writestr(f"images/{place}.jpg", content)
            rows.append((f"images/{place}.jpg", photo.label))
        archive.writestr("labels.csv", rows_to_csv([("path", "label"), *rows]))
    return desk.root / "set.zip"


@add_layout(
    "`set.zip` with a folder for each class and `labels_checked.csv`: `file,label` of some photos, others",
    "asked: folders or table",
    flags="--classes-from folder",
)
def zip_with_checked_labels(desk: Desk) -> Path:
    with zipfile.ZipFile(desk.root / "set.zip", "w") as archive:
        rows = []
        for photo in draw_photos(FLOWERS):
            content = photo.encode()
            desk.claim(content, photo.label)
            name = f"{photo.label}_{photo.number}.jpg"
            archive.writestr(f"{photo.label}/{name}", content)
            rows.append((name, photo.label if photo.number else "tulip"))
        archive.writestr("labels_checked.csv", rows_to_csv([("file", "label"), *rows[:3], *rows[10:13]]))
    return desk.root / "set.zip"


@add_layout("a folder with nothing but `photos.zip`", "the archive")
def folder_of_one_zip(desk: Desk) -> Path:
    zip_of_folders(desk)
    return desk.root


@add_layout("`daisy.zip`, `rose.zip`, `tulip.zip`: an archive for each class", "each archive's name is a class")
def zip_per_class(desk: Desk) -> Path:
    for name in FLOWERS:
        with zipfile.ZipFile(desk.root / f"{name}.zip", "w") as archive:
            for photo in draw_photos(FLOWERS):
                if photo.label == name:
                    content = photo.encode()
                    desk.claim(content, name)
                    archive.writestr(f"{photo.number}.jpg", content)
    return desk.root


def _write_class_tars(desk: Desk, folder: Path) -> list[Path]:
    folder.mkdir(exist_ok=True)
    for name in FLOWERS:
        with tarfile.open(folder / f"{name}.tar", "w") as archive:
            for photo in draw_photos(FLOWERS):
                if photo.label == name:
                    content = photo.encode()
                    desk.claim(content, name)
                    add_member(archive, f"{name}_{photo.number}.JPEG", content)
    return sorted(folder.iterdir())


@add_layout("`daisy.tar`, `rose.tar`, `tulip.tar` (ImageNet's folder)", "the same; nothing is unpacked")
def tar_per_class(desk: Desk) -> Path:
    _write_class_tars(desk, desk.root)
    return desk.root


@add_layout("these tars in one, `ILSVRC2012_img_train.tar` (ImageNet)", "the same; nothing is unpacked")
def tar_of_class_tars(desk: Desk) -> Path:
    with tempfile.TemporaryDirectory() as folder, tarfile.open(desk.root / "ILSVRC2012_img_train.tar", "w") as archive:
        for path in _write_class_tars(desk, Path(folder) / "classes"):
            add_member(archive, path.name, path.read_bytes())
    return desk.root / "ILSVRC2012_img_train.tar"


@add_layout("`photos.rar`, `photos.7z`", "nothing: unpack it", refused=("unpack",))
def rar_archive(desk: Desk) -> Path:
    return desk.write("photos.rar", b"Rar!\x1a\x07\x01\x00" + bytes(200))


@add_layout("`shard-000000.tar` with `000001.jpg` and `000001.cls` (WebDataset)", "files of one key belong together")
def webdataset(desk: Desk) -> Path:
    _write_shards(desk, desk.root)
    return desk.root


@add_layout("one such shard", "the same")
def webdataset_shard(desk: Desk) -> Path:
    _write_shards(desk, desk.root, shards=1)
    return desk.root / "shard-000000.tar"


@add_layout('`train-000000.tar` with `1.png` and `1.json` `{"label": "rose"}`, `val-000000.tar`', "two parts")
def webdataset_json(desk: Desk) -> Path:
    for seed, part in enumerate(("train", "val")):
        with tarfile.open(desk.root / f"{part}-000000.tar", "w") as archive:
            for place, photo in enumerate(mix(draw_photos(FLOWERS, (10, 4)[seed], seed=seed))):
                content = photo.encode(".png")
                desk.claim(content, photo.label, ("train", "test")[seed])
                add_member(archive, f"{place:05}.json", json.dumps({"label": photo.label, "width": 32}).encode())
                add_member(archive, f"{place:05}.png", content)
    return desk.root


def _write_shards(desk: Desk, folder: Path, shards: int = 2) -> None:
    photos = mix(draw_photos(("0", "1", "2")))
    for shard in range(shards):
        with tarfile.open(folder / f"shard-{shard:06}.tar", "w") as archive:
            for place in range(shard, len(photos), shards):
                content = photos[place].encode()
                desk.claim(content, photos[place].label)
                add_member(archive, f"{place:06}.jpg", content)
                add_member(archive, f"{place:06}.cls", photos[place].label.encode())


def add_member(archive: tarfile.TarFile, name: str, content: bytes) -> None:
    """Add a file to an archive."""
    member = tarfile.TarInfo(name)
    member.size = len(content)
    archive.addfile(member, io.BytesIO(content))


@add_layout(
    "`train-00000-of-00002.tfrecord`: `image/encoded`, `image/class/label`, `image/class/text`",
    "parts by name, named classes",
)
def tfrecords_imagenet(desk: Desk) -> Path:
    for seed, part in enumerate(("train", "validation")):
        examples = []
        for photo in mix(draw_photos(FLOWERS, (10, 4)[seed], seed=seed)):
            content = photo.encode()
            desk.claim(content, photo.label, ("train", "test")[seed])
            features: dict[str, Feature] = {"image/encoded": [content], "image/format": [b"JPEG"], "image/height": [32]}
            features["image/class/label"] = [FLOWERS.index(photo.label) + 1]
            features["image/class/text"] = [photo.label.encode()]
            examples.append(encode_example(features))
        half = len(examples) // 2
        for shard, some in enumerate((examples[:half], examples[half:])):
            desk.write(f"{part}-{shard:05}-of-00002.tfrecord", encode_records(some))
    return desk.root


@add_layout("`flowers.tfrecord`: `image`, `label` (TensorFlow Datasets)", "numbers as classes")
def tfrecords_plain(desk: Desk) -> Path:
    examples = []
    for photo in mix(draw_photos(("0", "1", "2"))):
        content = photo.encode(".png")
        desk.claim(content, photo.label)
        examples.append(encode_example({"image": [content], "label": [int(photo.label)]}))
    return desk.write("flowers.tfrecord", encode_records(examples))


def _make_hub_table(desk: Desk, each: int, seed: int, subset: str) -> Any:
    """Return a table as the Hugging Face hub has it: structures of bytes and path, classes named in the metadata."""
    import pyarrow as pa

    images, labels = [], []
    for place, photo in enumerate(mix(draw_photos(FLOWERS, each, seed=seed))):
        content = photo.encode()
        desk.claim(content, photo.label, subset)
        images.append({"bytes": content, "path": f"{place}.jpg"})
        labels.append(FLOWERS.index(photo.label))
    features = {"image": {"_type": "Image"}, "label": {"names": list(FLOWERS), "_type": "ClassLabel"}}
    schema = pa.schema(
        [("image", pa.struct([("bytes", pa.binary()), ("path", pa.string())])), ("label", pa.int64())],
        metadata={"huggingface": json.dumps({"info": {"features": features}})},
    )
    return pa.table({"image": images, "label": labels}, schema=schema)


@add_layout(
    "`data/train-00000-of-00001.parquet`, `data/test-...` (Hugging Face)", "two parts, named classes", module="pyarrow"
)
def hf_parquet(desk: Desk) -> Path:
    import pyarrow.parquet as pq

    (desk.root / "data").mkdir()
    for seed, part in enumerate(("train", "test")):
        table = _make_hub_table(desk, (10, 4)[seed], seed, part)
        pq.write_table(table, desk.root / "data" / f"{part}-00000-of-00001.parquet")
    return desk.root


@add_layout(
    "`train/data-00000-of-00001.arrow`, `dataset_dict.json` (`save_to_disk`)",
    "three parts, named classes (extra `tables`)",
    module="pyarrow",
)
def hf_saved_to_disk(desk: Desk) -> Path:
    import pyarrow as pa

    for seed, (part, (use, each)) in enumerate(PARTS.items()):
        table = _make_hub_table(desk, each, seed, use)
        desk.write_json(f"{part}/state.json", {"_data_files": [{"filename": "data-00000-of-00001.arrow"}]})
        features = json.loads(table.schema.metadata[b"huggingface"])["info"]["features"]
        desk.write_json(f"{part}/dataset_info.json", {"features": features})
        with (
            pa.OSFile(str(desk.root / part / "data-00000-of-00001.arrow"), "wb") as sink,
            pa.ipc.new_stream(sink, table.schema) as writer,
        ):
            writer.write_table(table)
    desk.write_json("dataset_dict.json", {"splits": list(PARTS)})
    return desk.root
