"""Files among photos that are none, and photos that are none: each has to be named as what it is."""

import os
import zipfile
from pathlib import Path

from drawn.desk import Desk, add_layout, draw_photos, rows_to_csv

POINTER = "version https://git-lfs.github.com/spec/v1\noid sha256:{:064x}\nsize 48211\n"
PAGE = "<!DOCTYPE html>\n<html><head><title>404 Not Found</title></head><body>{}</body></html>\n"
DENIED = '<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>AccessDenied</Code><Key>{}</Key></Error>\n'
INSECTS = ("ant", "bee")
LFS = ("Git LFS", "git lfs pull")


def lay_insects(desk: Desk) -> None:
    """Lay good photos of two classes."""
    desk.lay_classes("{label}/{number}.jpg", INSECTS)


@add_layout("all photos are Git LFS pointers", "nothing: `git lfs pull` fetches them", refused=LFS)
def lfs_pointers(desk: Desk) -> Path:
    for place, photo in enumerate(draw_photos(INSECTS)):
        desk.write(f"{photo.label}/{photo.number}.jpg", POINTER.format(place + 7**60))
    return desk.root


@add_layout("the archive is a Git LFS pointer", "nothing: the same", refused=LFS)
def lfs_archive(desk: Desk) -> Path:
    return desk.write("photos.zip", POINTER.format(7**60))


@add_layout("the table is a Git LFS pointer", "nothing: the same", refused=LFS)
def lfs_table(desk: Desk) -> Path:
    return desk.write("labels.csv", POINTER.format(7**60))


@add_layout("the photos of a table are Git LFS pointers", "nothing: the same", refused=LFS)
def lfs_photos_of_table(desk: Desk) -> Path:
    rows = []
    for place, photo in enumerate(draw_photos(INSECTS)):
        desk.write(f"img/{place}.jpg", POINTER.format(place + 7**60))
        rows.append((f"img/{place}.jpg", photo.label))
    return desk.write("labels.csv", rows_to_csv([("path", "label"), *rows]))


@add_layout("some photos are Git LFS pointers", "the others; each pointer is named")
def lfs_among_photos(desk: Desk) -> Path:
    lay_insects(desk)
    for number in range(3):
        desk.leave(f"ant/more{number}.jpg", POINTER.format(number + 7**60), "Git LFS")
    return desk.root


@add_layout(
    "some photos are HTML or XML pages (`404`, `AccessDenied`) saved as `.jpg`", "the others; each page is named"
)
def html_among_photos(desk: Desk) -> Path:
    lay_insects(desk)
    for number in range(2):
        desk.leave(f"bee/lost{number}.jpg", PAGE.format(number), "HTML|web page")
    desk.leave("bee/denied.jpg", DENIED.format("x"), "XML|web page")
    return desk.root


@add_layout("all photos are HTML pages", "nothing: download them again", refused=("HTML|web page", "download"))
def html_pages(desk: Desk) -> Path:
    for place, photo in enumerate(draw_photos(INSECTS)):
        desk.write(f"{photo.label}/{photo.number}.jpg", PAGE.format(place))
    return desk.root


@add_layout("`._1.jpg`, `.DS_Store`, `Thumbs.db`, `desktop.ini` among photos", "the photos; the others are counted")
def system_files(desk: Desk) -> Path:
    lay_insects(desk)
    for photo in draw_photos(INSECTS, 3):
        desk.leave(
            f"{photo.label}/._{photo.number}.jpg", b"\x00\x05\x16\x07\x00\x02\x00\x00Mac OS X        " + bytes(60)
        )
    desk.leave("ant/.DS_Store", b"\x00\x00\x00\x01Bud1")
    desk.leave("ant/Thumbs.db", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(99))
    desk.leave("bee/desktop.ini", "[.ShellClassInfo]\r\n")
    return desk.root


@add_layout(
    "Mac resource files without their dot (`_1.jpg`, as some programs unpack them)", "the photos; each is named"
)
def bare_resource_files(desk: Desk) -> Path:
    lay_insects(desk)
    for number in range(3):
        content = b"\x00\x05\x16\x07\x00\x02\x00\x00Mac OS X        " + bytes(60 + number)
        desk.leave(f"ant/_{number}.jpg", content, "Mac")
    return desk.root


@add_layout("`.ipynb_checkpoints/1-checkpoint.jpg` beside and among classes", "the photos; the others are counted")
def notebook_checkpoints(desk: Desk) -> Path:
    lay_insects(desk)
    for photo in draw_photos(INSECTS, 3, seed=1):
        desk.leave(f"{photo.label}/.ipynb_checkpoints/{photo.number}-checkpoint.jpg", photo.encode())
        desk.leave(f".ipynb_checkpoints/{photo.label}{photo.number}-checkpoint.jpg", photo.encode(".png"))
    return desk.root


@add_layout(
    "`@eaDir/1.jpg/SYNOPHOTO_THUMB_M.jpg`: thumbnails of a file server", "the photos; the others are named or counted"
)
def server_thumbnails(desk: Desk) -> Path:
    lay_insects(desk)
    desk.leave_photos("{label}/@eaDir/{number}.jpg/SYNOPHOTO_THUMB_M.jpg", INSECTS, 4, seed=1, edge=24)
    return desk.root


@add_layout("`ant/thumbs/1.jpg`: a small copy of each photo", "the photos; thumbnails are named")
def thumbnails(desk: Desk) -> Path:
    for photo in draw_photos(INSECTS, edge=96):
        desk.lay(f"{photo.label}/{photo.number}.jpg", photo)
        small = type(photo)(photo.label, photo.number, photo.pixels[::4, ::4].copy())
        desk.leave(f"{photo.label}/thumbs/{photo.number}.jpg", small.encode(), "thumb")
    return desk.root


@add_layout("empty files among photos", "the others; each is named")
def empty_files(desk: Desk) -> Path:
    lay_insects(desk)
    for number in range(3):
        desk.leave(f"ant/empty{number}.jpg", b"", "zero bytes")
    return desk.root


@add_layout("photos called `1.jpg_large`, `2`, `3.jpg?w=500`", "all: the bytes decide")
def odd_endings(desk: Desk) -> Path:
    endings = (".jpg_large", "", ".jpg?w=500" if os.name == "posix" else ".jpg_w500", ".jpg", ".jpg!d")
    for photo in draw_photos(INSECTS):
        name = f"{photo.label}/{photo.number}{endings[photo.number % 5]}"
        content = photo.encode()
        desk.write(name, content)
        desk.claim(content, photo.label)
    return desk.root


@add_layout("videos, PDFs and notes among photos", "the photos; each other file is named")
def other_files(desk: Desk) -> Path:
    lay_insects(desk)
    desk.leave("ant/clip.mp4", b"\x00\x00\x00\x18ftypmp42" + bytes(200), "not an image")
    desk.leave("ant/scan.pdf", b"%PDF-1.4\n" + bytes(100), "not an image")
    desk.leave("bee/scan.jpg", b"%PDF-1.4\n" + bytes(101), "PDF")
    desk.leave("bee/notes.txt", "two wings\n", "not an image")
    return desk.root


@add_layout("half-loaded photos (`.crdownload`, `.part`) and photos of nothing but zeros", "the others; each is named")
def broken_downloads(desk: Desk) -> Path:
    lay_insects(desk)
    photo = draw_photos(INSECTS, 1, seed=1)[0]
    desk.leave("ant/more.jpg.crdownload", photo.encode()[:150], "")
    desk.leave("bee/more.jpg.part", b"", "zero bytes")
    desk.leave("bee/zeros.jpg", bytes(900), "zero")
    return desk.root


@add_layout("an archive that is an HTML page", "nothing: download it again", refused=("HTML|web page",))
def html_archive(desk: Desk) -> Path:
    return desk.write("photos.zip", PAGE.format("sign in"))


@add_layout(
    "an archive that was cut off while it was loaded", "nothing: download it again", refused=("download|fetch",)
)
def cut_archive(desk: Desk) -> Path:
    path = desk.root / "photos.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for photo in draw_photos(INSECTS):
            archive.writestr(f"{photo.label}/{photo.number}.jpg", photo.encode())
    content = path.read_bytes()
    return desk.write("photos.zip", content[: len(content) // 2])
