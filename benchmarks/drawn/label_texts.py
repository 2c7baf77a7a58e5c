"""Labels beside photos in forms that few programs write: lists by hand, a line for each photo, JSON of parts."""

import base64
import json
import sqlite3
from contextlib import closing
from pathlib import Path

import numpy as np
from PIL import Image

from drawn.desk import Desk, Photo, add_layout, draw_photos, mix, rows_to_csv

INSECTS = ("ants", "bees")


def _lay_photos(desk: Desk, *, left: bool = False) -> list[tuple[str, Photo]]:
    """Lay photos whose names say nothing in a folder, and return their names there."""
    named = [(f"IMG_{place:04}.jpg", photo) for place, photo in enumerate(mix(draw_photos(INSECTS, 12)), 1)]
    for name, photo in named:
        if left:
            desk.leave(f"images/{name}", photo.encode())
        else:
            desk.lay(f"images/{name}", photo)
    return named


@add_layout("`labels.txt` with `ants: IMG_0001.jpg, IMG_0004.jpg`, a line for each class", "the classes of these lines")
def line_of_class(desk: Desk) -> Path:
    named = _lay_photos(desk)
    rows = {label: ", ".join(name for name, photo in named if photo.label == label) for label in INSECTS}
    desk.write("labels.txt", "".join(f"{label}: {names}\n" for label, names in rows.items()))
    desk.mention("labels.txt")
    return desk.root


@add_layout("`labels.txt` with `IMG_0001.jpg: ants`", "path and label")
def colons(desk: Desk) -> Path:
    desk.mention("labels.txt")
    desk.write("labels.txt", "".join(f"{name}: {photo.label}\n" for name, photo in _lay_photos(desk)))
    return desk.root


@add_layout('`split.json`: `{"train": [["images/1.jpg", "ants"], ...], "test": [...]}`', "two parts")
def json_of_parts(desk: Desk) -> Path:
    parts: dict[str, list[tuple[str, str]]] = {"train": [], "test": []}
    for place, photo in enumerate(mix(draw_photos(INSECTS, 12)), 1):
        part = "test" if photo.number >= 8 else "train"
        desk.lay(f"images/{place}.jpg", photo, part)
        parts[part].append((f"images/{place}.jpg", photo.label))
    desk.write_json("split.json", parts)
    return desk.root


@add_layout(
    '`split_zhou.json` (CoOp): `{"train": [["1.jpg", 0, "ants"], ...], "val": ..., "test": ...}`', "three parts"
)
def json_of_triples(desk: Desk) -> Path:
    parts: dict[str, list[tuple[str, int, str]]] = {"train": [], "val": [], "test": []}
    for place, photo in enumerate(mix(draw_photos(INSECTS, 12)), 1):
        part = "train" if photo.number < 6 else "val" if photo.number < 9 else "test"
        desk.lay(f"images/{place}.jpg", photo, "validation" if part == "val" else part)
        parts[part].append((f"{place}.jpg", INSECTS.index(photo.label), photo.label))
    desk.write_json("split_zhou.json", parts)
    return desk.root


@add_layout('`data.json`: `{"file": {"0": "1.jpg", ...}, "label": {"0": "ants", ...}}` (pandas)', "path and label")
def json_of_columns(desk: Desk) -> Path:
    named = _lay_photos(desk)
    files = {str(place): name for place, (name, _) in enumerate(named)}
    desk.write_json(
        "data.json", {"file": files, "label": {str(at): photo.label for at, (_, photo) in enumerate(named)}}
    )
    return desk.root


@add_layout(
    "`labels.txt` with a label in each line, in the order of the photos",
    "nothing: the file is named",
    refused=("labels.txt", "as many lines as there are photos", "write a table"),
)
def labels_in_order(desk: Desk) -> Path:
    desk.write("labels.txt", "".join(f"{photo.label}\n" for _, photo in _lay_photos(desk, left=True)))
    return desk.root


@add_layout(
    "`labels.npy` with a label for each photo beside it",
    "nothing: the file is named",
    refused=("labels.npy", "as many values as there are photos", "write a table"),
)
def labels_in_array(desk: Desk) -> Path:
    np.save(desk.root / "labels.npy", np.array([photo.label for _, photo in _lay_photos(desk, left=True)]))
    return desk.root


@add_layout(
    "`labels.yaml` or `.ini`, `.md` with the names of the photos",
    "nothing: the file is named",
    refused=("labels.yaml", "names 24 of the 24 photos", "write a table"),
)
def labels_in_yaml(desk: Desk) -> Path:
    rows = "".join(f"  {name}: {photo.label}\n" for name, photo in _lay_photos(desk, left=True))
    desk.write("labels.yaml", f"labels:\n{rows}")
    return desk.root


@add_layout(
    "`labels.db` (SQLite) beside photos",
    "nothing: the file is named",
    refused=("labels.db", "SQLite", "export the table as CSV"),
)
def labels_in_database(desk: Desk) -> Path:
    with closing(sqlite3.connect(desk.root / "labels.db")) as database:
        database.execute("create table photos (name text, label text)")
        rows = [(name, photo.label) for name, photo in _lay_photos(desk, left=True)]
        database.executemany("insert into photos values (?, ?)", rows)
        database.commit()
    return desk.root


@add_layout(
    "`1.jpg` and `1.xmp` with a keyword",
    "nothing: the files are named",
    refused=(".xmp files", "exiftool", "write a table"),
)
def keywords_beside(desk: Desk) -> Path:
    for name, photo in _lay_photos(desk, left=True):
        desk.write(f"images/{Path(name).stem}.xmp", f"<dc:subject><rdf:li>{photo.label}</rdf:li></dc:subject>")
    return desk.root


@add_layout(
    "`occurrence.txt` with `scientificName`, `multimedia.txt` with the photos (GBIF)",
    "nothing: the two have to be joined",
    refused=("occurrence.txt", "scientificName", "gbifID", "join the two"),
)
def darwin_core(desk: Desk) -> Path:
    named = _lay_photos(desk, left=True)
    rows = [(9000 + at, photo.label) for at, (_, photo) in enumerate(named)]
    desk.write("occurrence.txt", rows_to_csv([("gbifID", "scientificName"), *rows], "\t"))
    media = [(9000 + at, "StillImage", f"https://x.org/{name}") for at, (name, _) in enumerate(named)]
    desk.write("multimedia.txt", rows_to_csv([("gbifID", "type", "identifier"), *media], "\t"))
    return desk.root


@add_layout(
    "`classifications.csv` (Zooniverse): `annotations,subject_data` in JSON",
    "nothing: answers of several people",
    refused=("classifications.csv", "Zooniverse", "write a table"),
)
def volunteers(desk: Desk) -> Path:
    rows = ["classification_id,annotations,subject_data"]
    for name, photo in _lay_photos(desk, left=True):
        answer, file = json.dumps([{"value": photo.label}]), json.dumps({"1": {"Filename": name}})
        rows.append(",".join(["1", *(f'"{cell.replace(chr(34), chr(34) * 2)}"' for cell in (answer, file))]))
    desk.write("classifications.csv", "\n".join(rows))
    return desk.root


@add_layout(
    "`data.csv`: `label,image` with the photos as base64 text",
    "nothing: these are no paths",
    refused=("data.csv", "base64", "b64decode"),
)
def base64_cells(desk: Desk) -> Path:
    rows = [(photo.label, base64.b64encode(photo.encode()).decode()) for photo in draw_photos(INSECTS)]
    return desk.write("data.csv", rows_to_csv([("label", "image"), *rows]))


@add_layout(
    "`ants/0.npy`, `bees/0.npy`: an array for each photo",
    "nothing: one array for each class is read",
    refused=("ants/0.npy", "numpy.stack"),
)
def npy_of_photos(desk: Desk) -> Path:
    for photo in draw_photos(INSECTS):
        (desk.root / photo.label).mkdir(exist_ok=True)
        np.save(desk.root / photo.label / f"{photo.number}.npy", photo.pixels)
    return desk.root


@add_layout(
    "`ants.tif`, `bees.tif`: a stack of pages for each class",
    "nothing: one page of a file is read",
    refused=("ants.tif", "several photos each", "into a folder of its name"),
)
def stacks_of_classes(desk: Desk) -> Path:
    for label in INSECTS:
        pages = [Image.fromarray(photo.pixels) for photo in draw_photos(INSECTS) if photo.label == label]
        pages[0].save(desk.root / f"{label}.tif", save_all=True, append_images=pages[1:])
    return desk.root
