"""Tables whose rows are not to be read as they stand: numbers that are one off, rows that are marked, pairs."""

from pathlib import Path

from drawn.desk import Desk, add_layout, draw_photos, mix, rows_to_csv

INSECTS = ("ant", "bee")


def lay_frames(desk: Desk, pattern: str, first: int) -> list[str]:
    """Lay photos under numbers from a first one on, and return their labels."""
    photos = mix(draw_photos(INSECTS))
    for place, photo in enumerate(photos, first):
        desk.lay(pattern.format(place), photo)
    return [photo.label for photo in photos]


@add_layout(
    "`events.csv`: `frame,behaviour` from 0 on; `frames/000001.jpg` from 1 on",
    "each row's number and 1 more, once it is said",
    flags="--number-shift 1",
)
def rows_from_zero(desk: Desk) -> Path:
    labels = lay_frames(desk, "frames/{:06}.jpg", 1)
    desk.write("events.csv", rows_to_csv([("frame", "behaviour"), *enumerate(labels)]))
    return desk.root


@add_layout(
    "`labels.csv`: `id,label` from 1 on; `images/0.png` from 0 on",
    "each row's number and 1 less, once it is said",
    flags="--number-shift -1",
)
def files_from_zero(desk: Desk) -> Path:
    labels = lay_frames(desk, "images/{}.png", 0)
    desk.write("labels.csv", rows_to_csv([("id", "label"), *enumerate(labels, 1)]))
    return desk.root
