"""Labels that are no one class: several for a photo, numbers, grades, as sets of these are published."""

import json
from collections.abc import Callable, Sequence
from pathlib import Path

from drawn.desk import SETS, Desk, Photo, add_layout, draw_photos, join_labels, mix, rows_to_csv

FINDINGS = ("edema", "fracture", "nodule")


def _lay_table(
    desk: Desk,
    header: Sequence[str],
    make: Callable[[int, Photo], tuple[Sequence[object], str]],
    folder: str = "images",
) -> Path:
    """Lay a table of 36 photos; ``make`` returns of each the cells and the label in the form of the source."""
    rows = [tuple(header)]
    for place, photo in enumerate(mix(draw_photos(FINDINGS, 12))):
        cells, label = make(place, photo)
        if label:
            desk.lay(f"{folder}/{place:05}.jpg", photo, label=label)
        else:
            desk.leave(f"{folder}/{place:05}.jpg", photo.encode(), "empty label")
        rows.append((f"{folder}/{place:05}.jpg", *map(str, cells)))
    return desk.write("train.csv", rows_to_csv(rows))


@add_layout(
    "`train.csv`: `Path,Sex,Age,Edema,...` with 1, 0, -1 and nothing (CheXpert)",
    "several labels; -1 and empty cells are unknown, with a note",
)
def chexpert(desk: Desk) -> Path:
    desk.say("are -1", "are empty", "unknown")

    def make(place: int, photo: Photo) -> tuple[Sequence[object], str]:
        marks = [("1", "0", "-1", "")[(5 * place + 3 * at * at + place // 4 * (at + 1)) % 4] for at in range(3)]
        known = [mark if mark in ("0", "1") else "" for mark in marks]
        label = ";".join(known) if any(known) else ""
        return ("FM"[place % 2], 30 + place, *marks), label

    return _lay_table(desk, ("Path", "Sex", "Age", *FINDINGS), make)


@add_layout("`list_attr_celeba.csv`: columns of 1 and -1 (CelebA)", "several labels; -1 is absent, with a note")
def celeba_attributes(desk: Desk) -> Path:
    desk.say("-1 is read as absent")

    def make(place: int, photo: Photo) -> tuple[Sequence[object], str]:
        marks = [int((place // 3 + at) % (2 + at) == 0) for at in range(3)]
        return [mark or -1 for mark in marks], ";".join(map(str, marks))

    return _lay_table(desk, ("image_id", "Bald", "Hat", "Smiling"), make)


@add_layout('`labels.json`: `{"1.jpg": ["edema", "nodule"], ...}`', "several labels for each photo; a note says so")
def json_lists(desk: Desk) -> Path:
    content = {}
    for place, photo in enumerate(mix(draw_photos(FINDINGS, 12))):
        content[f"{place:05}.jpg"] = owned = [photo.label, FINDINGS[place // 3 % 3]][: 1 + place % 2]
        desk.lay(f"{place:05}.jpg", photo, label=join_labels(owned))
    return desk.write("labels.json", json.dumps(content))


@add_layout("`train.csv` with a row for each label of a photo", "the labels of all its rows", flags=SETS)
def row_for_each_label(desk: Desk) -> Path:
    rows = [("path", "label")]
    for place, photo in enumerate(mix(draw_photos(FINDINGS, 12))):
        owned = {photo.label, FINDINGS[place // 3 % 3]}
        desk.lay(f"{place:05}.jpg", photo, label=join_labels(owned))
        rows += [(f"{place:05}.jpg", label) for label in sorted(owned)]
    return desk.write("train.csv", rows_to_csv(rows))


@add_layout("`edema/1.jpg` and once more `nodule/1.jpg`", "both labels", flags=SETS)
def folders_that_share_photos(desk: Desk) -> Path:
    for photo in draw_photos(FINDINGS, 10):
        shared = photo.number < 2 and photo.label != FINDINGS[0]
        owned = {photo.label, *(FINDINGS[:1] if shared else ())}
        for label in owned:
            desk.lay(f"{label}/{photo.label}{photo.number}.jpg", photo, label=join_labels(owned))
    return desk.root


@add_layout("`train.csv`: `path,weight (g)` with numbers such as 12.5", "a number for each photo; a note says so")
def measured_weights(desk: Desk) -> Path:
    desk.say("weight (g)")
    return _lay_table(desk, ("path", "weight (g)"), lambda place, photo: ([place + 0.5], f"{place + 0.5}"))


@add_layout("the same with decimal commas, and `NA` in some rows", "the numbers; rows with `NA` are skipped")
def decimal_commas(desk: Desk) -> Path:
    desk.say("decimal comma")

    def make(place: int, photo: Photo) -> tuple[Sequence[object], str]:
        return (["NA"], "") if place % 6 == 5 else ([f'"{place},5"'], f"{place}.5")

    return _lay_table(desk, ("path", "weight"), make)


@add_layout(
    "`train.csv`: `path,length,width` with numbers in both",
    "the columns that are named",
    flags="--label-column length,width",
)
def two_measures(desk: Desk) -> Path:
    return _lay_table(
        desk,
        ("path", "length", "width"),
        lambda place, photo: ((place + 0.5, place * place % 17), f"{place + 0.5};{place * place % 17}"),
    )


@add_layout("`train.csv`: `path,age` with whole numbers", "ages as numbers", flags="--task regression")
def ages(desk: Desk) -> Path:
    return _lay_table(desk, ("path", "age"), lambda place, photo: ([18 + 7 * place % 30], str(18 + 7 * place % 30)))
