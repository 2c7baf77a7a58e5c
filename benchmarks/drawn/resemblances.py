"""Layouts that look like another one: classes that are called like parts, results or people, and the like."""

import zipfile
from pathlib import Path

import numpy as np

from drawn.arrays import draw_arrays, save_npz
from drawn.desk import Desk, add_layout, draw_photos, mix, rows_to_csv, split_by_number


def lay_classes(desk: Desk, *classes: str, each: int = 10, inner: tuple[str, ...] = ("",)) -> Path:
    """Lay a folder for each class, the photos in turn into some folders in it."""
    for photo in draw_photos(classes, each):
        desk.lay(f"{photo.label}/{inner[photo.number % len(inner)]}{photo.number}.jpg", photo)
    return desk.root


@add_layout("`bus/`, `car/`, `train/`: a class that is called like a part", "three classes")
def train_is_a_class(desk: Desk) -> Path:
    return lay_classes(desk, "bus", "car", "train")


@add_layout("`beaker/`, `flask/`, `test_tube/`", "three classes")
def test_in_a_class(desk: Desk) -> Path:
    return lay_classes(desk, "beaker", "flask", "test_tube")


@add_layout("`figure/`, `table/`, `text/`: classes that are called like results", "three classes")
def products_are_classes(desk: Desk) -> Path:
    return lay_classes(desk, "figure", "table", "text")


@add_layout("`0/`, `1/`, ..., `9/`", "ten classes")
def digits_as_folders(desk: Desk) -> Path:
    return lay_classes(desk, *"0123456789", each=6)


@add_layout("`1950s/`, `1970s/`, `1990s/`: times as classes", "three classes")
def times_as_classes(desk: Desk) -> Path:
    return lay_classes(desk, "1950s", "1970s", "1990s")


@add_layout("`s1/1.pgm`, `s2/1.pgm`: people as classes (AT&T faces)", "a class for each person")
def people_as_classes(desk: Desk) -> Path:
    for photo in draw_photos(("s1", "s2", "s3", "s4"), grey=True):
        desk.lay(f"{photo.label}/{photo.number + 1}.pgm", photo)
    return desk.root


@add_layout("`Ada_Byron/Ada_Byron_0001.jpg` (LFW)", "a class for each person")
def names_twice(desk: Desk) -> Path:
    for photo in draw_photos(("Ada_Byron", "Emmy_Noether", "Sofia_Kovalevskaya")):
        desk.lay(f"{photo.label}/{photo.label}_{photo.number + 1:04}.jpg", photo)
    return desk.root


@add_layout(
    "`normal/p01/1.png`, `tumor/p09/2.png`: patients in the classes",
    "the first folder is the class, the patient its group",
)
def patients_in_classes(desk: Desk) -> Path:
    desk.mention("group")
    for photo in draw_photos(("normal", "tumor"), 12):
        owner = f"p{photo.number % 4 + (4 if photo.label == 'tumor' else 0):02}"
        desk.lay(f"{photo.label}/{owner}/{photo.number}.png", photo, group=owner)
    return desk.root


@add_layout(
    "`ok/20240501/1.png`, `defect/20240502/2.png`: days in the classes",
    "the first folder is the class, the day its group",
)
def days_in_classes(desk: Desk) -> Path:
    for photo in draw_photos(("ok", "defect"), 12):
        day = f"2024050{1 + photo.number % 4}"
        desk.lay(f"{photo.label}/{day}/{photo.number}.png", photo, group=day)
    return desk.root


@add_layout(
    "`cup/A7731/1.jpg`, `plate/B0192/2.jpg`: serial numbers in the classes",
    "the first folder is the class; the number is proposed as the group (`--group-from parent`)",
)
def numbers_in_classes(desk: Desk) -> Path:
    for photo in draw_photos(("cup", "plate"), 12):
        desk.lay(f"{photo.label}/{photo.label[0].upper()}{7731 + photo.number % 4 * 17}/{photo.number}.jpg", photo)
    desk.say("--group-from parent")
    return desk.root


@add_layout(
    "`walk/0003_0017.jpg`, `run/0004_0001.jpg`: the video and the frame in the names",
    "the folder is the class; the video is proposed as the group (`--class-pattern`)",
)
def frames_in_names(desk: Desk) -> Path:
    for photo in draw_photos(("walk", "run"), 12):
        desk.lay(f"{photo.label}/{photo.number // 3:04}_{photo.number % 3:04}.jpg", photo)
    desk.say("--class-pattern")
    return desk.root


@add_layout(
    "`cup/left/1.jpg`, `plate/left/1.jpg`: the same folders in each class",
    "the first folder is the class",
)
def views_in_classes(desk: Desk) -> Path:
    return lay_classes(desk, "cup", "plate", "bowl", "vase", inner=("left/", "right/"))


@add_layout("`cat/`, `dog/` and a `photos.csv` about cameras beside", "the folders")
def table_beside_classes(desk: Desk) -> Path:
    lay_classes(desk, "cat", "dog")
    rows = [(f"{name}/{it}.jpg", "Canon" if it % 2 else "Nikon") for name in ("cat", "dog") for it in range(10)]
    desk.write("photos.csv", rows_to_csv([("file", "camera"), *rows]))
    return desk.root


@add_layout(
    "`Training/Apple/`, `Test/Apple/`, `test-multiple_fruits/1.jpg` (Fruits-360)",
    "two parts; the rest is left for predict",
)
def fruits(desk: Desk) -> Path:
    desk.lay_parts(
        "{part}/{label}/{number}_100.jpg",
        {"Training": (10, "train"), "Test": (4, "test")},
        ("Apple Braeburn", "Cocos", "Kiwi"),
    )
    for photo in draw_photos(("Apple Braeburn", "Cocos"), 3, seed=1):
        desk.leave(f"test-multiple_fruits/{photo.label.split()[0].lower()}s{photo.number}.jpg", photo.encode())
    return desk.root


@add_layout(
    "`train/cat/`, `valid/cat/`, `test/1.jpg` without classes", "`valid` is used as test; `test` is left for predict"
)
def valid_and_bare_test(desk: Desk) -> Path:
    desk.lay_parts("{part}/{label}/{number}.jpg", {"train": (10, "train"), "valid": (4, "test")}, ("cat", "dog"))
    for photo in draw_photos(("cat", "dog"), 3, seed=1):
        desk.leave(f"test/{photo.number + 3 * (photo.label == 'dog')}.jpg", photo.encode())
    desk.write("sample_submission.csv", rows_to_csv([("id", "label"), *((it, 0.5) for it in range(6))]))
    desk.say("predict")
    return desk.root


@add_layout("`Tomato___healthy/`, `Tomato___Late_blight/`, `Potato___healthy/` (PlantVillage)", "three classes")
def plant_village(desk: Desk) -> Path:
    return lay_classes(desk, "Tomato___healthy", "Tomato___Late_blight", "Potato___healthy")


@add_layout("`photos.csv`: `path,label,split,group`", "all four")
def plain_table(desk: Desk) -> Path:
    rows = []
    for photo in mix(draw_photos(("cat", "dog"), 12)):
        part = split_by_number(photo, {"train": 6, "val": 3, "test": 3})
        group = f"day{photo.number}"
        desk.lay(f"img/{photo.label}{photo.number}.jpg", photo, "validation" if part == "val" else part, group)
        rows.append((f"img/{photo.label}{photo.number}.jpg", photo.label, part, group))
    return desk.write("photos.csv", rows_to_csv([("path", "label", "split", "group"), *rows]))


@add_layout("`archive.zip` with `dataset/train/cat/1.jpg`, `dataset/test/...`, a licence", "two parts")
def wrapped_zip(desk: Desk) -> Path:
    with zipfile.ZipFile(desk.root / "archive.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("dataset/LICENSE.txt", "CC0\n")
        for photo in draw_photos(("cat", "dog"), 14):
            part = split_by_number(photo, {"train": 10, "test": 4})
            content = photo.encode()
            desk.claim(content, photo.label, part)
            archive.writestr(f"dataset/{part}/{photo.label}/{photo.number}.jpg", content)
    return desk.root / "archive.zip"


@add_layout("`images.npz`: grey photos (N, H, W, 1), labels as text", "named classes")
def npz_text_labels(desk: Desk) -> Path:
    names = ("bolt", "nut", "washer")
    images, labels = draw_arrays(desk, names, grey=True)
    return save_npz(desk, "images.npz", images=images[..., None], labels=np.array(names)[labels])


@add_layout("arrays (N, 3, 3, 3): photos of 3 x 3 pixels", "channels behind, as NumPy has them")
def npz_tiny(desk: Desk) -> Path:
    images, labels = draw_arrays(desk, edge=3)
    return save_npz(desk, "images.npz", images=images, labels=labels)
