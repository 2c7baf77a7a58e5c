"""Collections as downloads, cameras and earlier work leave them: parts, masks, folders that are no classes."""

import zipfile
from pathlib import Path

from drawn.desk import Desk, Photo, add_layout, draw_photos

FRUITS = ("apple", "pear")


def _lay_classes(desk: Desk, above: str = "", each: int = 10) -> list[Photo]:
    photos = draw_photos(FRUITS, each)
    for photo in photos:
        desk.lay(f"{above}{photo.label}/{photo.number}.jpg", photo)
    return photos


@add_layout("`photos-20231105T101010Z-001.zip` and `-002.zip` (Google Drive)", "one collection; a note says so")
def drive_parts(desk: Desk) -> Path:
    for part in (1, 2):
        with zipfile.ZipFile(desk.root / f"my photos-20231105T101010Z-00{part}.zip", "w") as archive:
            for photo in [photo for photo in draw_photos(FRUITS) if photo.number % 2 == part - 1]:
                content = photo.encode()
                desk.claim(content, photo.label)
                archive.writestr(f"my photos/{photo.label}/{photo.number}.jpg", content)
    desk.say("parts of one archive")
    return desk.root


@add_layout("`gradcam/`, `to sort/`, `Papierkorb/`, `#recycle/` beside class folders", "the others; a note says so")
def left_folders(desk: Desk) -> Path:
    _lay_classes(desk)
    for at, name in enumerate(("gradcam", "to sort", "Papierkorb", "#recycle")):
        for photo in draw_photos(("a",), 3, seed=at + 1):
            desk.leave(f"{name}/{photo.number}.jpg", photo.encode(), "")
    desk.say("gradcam", "to sort", "Papierkorb")
    return desk.root


@add_layout(
    "`DCIM/100CANON/IMG_0001.jpg`, `DCIM/101CANON/` (a camera's card)",
    "nothing: the folders are no classes",
    refused=("folders of a camera", "--classes-from folder"),
)
def camera_card(desk: Desk) -> Path:
    for at, name in enumerate(("100CANON", "101CANON")):
        for photo in draw_photos(("a",), 8, seed=at):
            desk.leave(f"DCIM/{name}/IMG_{photo.number:04}.jpg", photo.encode())
    return desk.root


@add_layout(
    "`all photos/` that has the photos of `apple/` and `pear/` once more",
    "asked about",
    flags="--class-pattern '^(?!all photos/)(?P<label>[^/]+)/'",
)
def everything_once_more(desk: Desk) -> Path:
    for photo in _lay_classes(desk):
        desk.leave(f"all photos/{photo.label}{photo.number}.jpg", photo.encode(), "")
    return desk.root


@add_layout("a class of one photo beside others", "the others", flags="--min-samples 3")
def class_of_one_photo(desk: Desk) -> Path:
    _lay_classes(desk)
    desk.leave("fig/0.jpg", draw_photos(("a",), 1, seed=5)[0].encode(), "--min-samples")
    return desk.root
