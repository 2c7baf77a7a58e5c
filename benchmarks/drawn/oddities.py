"""Files among photos that are none, and photos that are none: each has to be named as what it is."""

from pathlib import Path

from drawn.desk import Desk, add_layout, draw_photos

POINTER = "version https://git-lfs.github.com/spec/v1\noid sha256:{}\nsize 48211\n"
PAGE = "<!DOCTYPE html>\n<html><head><title>404 Not Found</title></head><body>nginx</body></html>\n"


@add_layout(
    "all photos are Git LFS pointers", "nothing; `git lfs pull` fetches them", refused=("Git LFS", "git lfs pull")
)
def lfs_pointers(desk: Desk) -> Path:
    for photo in draw_photos(("ant", "bee")):
        desk.write(f"{photo.label}/{photo.number}.jpg", POINTER.format(f"{hash((photo.number, 1)) % 10**9:064x}"))
    return desk.root


@add_layout("some photos are HTML pages (`404`) saved as `.jpg`", "the others; each page is named as one")
def html_among_photos(desk: Desk) -> Path:
    for photo in draw_photos(("ant", "bee")):
        desk.lay(f"{photo.label}/{photo.number}.jpg", photo)
    for number in range(2):
        desk.leave(f"bee/lost{number}.jpg", PAGE, "HTML")
    return desk.root
