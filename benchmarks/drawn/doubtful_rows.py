"""Tables whose rows are not to be read as they stand: numbers that are one off, rows that are marked, pairs."""

import json
from dataclasses import replace
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


def lay_rows(desk: Desk, *, marked: str, plain: str, wrong: bool) -> list[tuple[str, str, str]]:
    """Lay photos of which each fourth row of a table has a mark, and return name, label as written and mark.

    Photos of marked rows are not to be used; with ``wrong`` their label is that of the other class.
    """
    rows = []
    for place, photo in enumerate(mix(draw_photos(INSECTS, 16))):
        name, is_marked = f"IMG_{place:04}.jpg", place // 2 % 4 == 0
        label = INSECTS[1 - INSECTS.index(photo.label)] if wrong and is_marked else photo.label
        if is_marked:
            desk.leave(f"images/{name}", photo.encode(), "says")
        else:
            desk.lay(f"images/{name}", photo)
        rows.append((name, label, marked if is_marked else plain))
    desk.say("left out")
    return rows


@add_layout("`labels.csv`: `filename,label,deleted` with true and false", "the rows that are not deleted")
def deleted_rows(desk: Desk) -> Path:
    rows = lay_rows(desk, marked="true", plain="false", wrong=True)
    desk.write("labels.csv", rows_to_csv([("filename", "label", "deleted"), *rows]))
    return desk.root


@add_layout("`labels.csv`: `filename,label,exclude` with `x` or nothing", "the rows without `x`")
def excluded_rows(desk: Desk) -> Path:
    rows = lay_rows(desk, marked="x", plain="", wrong=False)
    desk.write("labels.csv", rows_to_csv([("filename", "label", "exclude"), *rows]))
    return desk.root


@add_layout("`labels.csv`: `filename,label,use` with yes and no", "the rows with yes")
def used_rows(desk: Desk) -> Path:
    rows = lay_rows(desk, marked="no", plain="yes", wrong=False)
    desk.write("labels.csv", rows_to_csv([("filename", "label", "use"), *rows]))
    return desk.root


@add_layout('`annotations.jsonl` (Prodigy): `"label": "ant", "answer": "reject"`', "the rows with `accept`")
def rejected_answers(desk: Desk) -> Path:
    rows = lay_rows(desk, marked="reject", plain="accept", wrong=True)
    lines = [{"image": f"images/{name}", "label": label, "answer": answer} for name, label, answer in rows]
    desk.write("annotations.jsonl", "".join(json.dumps(line) + "\n" for line in lines))
    return desk.root


@add_layout("`ImageID,Source,LabelName,Confidence` (Open Images) with 0 where a class is not there", "the rows with 1")
def denied_labels(desk: Desk) -> Path:
    rows = lay_rows(desk, marked="0", plain="1", wrong=True)
    cells = [(name.removesuffix(".jpg"), "verification", f"/m/{label}", sure) for name, label, sure in rows]
    for key, claim in desk.claims.items():
        desk.claims[key] = replace(claim, label=f"/m/{claim.label}")
    desk.write("human-imagelabels.csv", rows_to_csv([("ImageID", "Source", "LabelName", "Confidence"), *cells]))
    return desk.root


@add_layout(
    "`labels.csv`: `filename,label,is_correct` with True and False", "all rows; a note has the counts of the column"
)
def rows_in_doubt(desk: Desk) -> Path:
    rows = []
    for place, photo in enumerate(mix(draw_photos(INSECTS))):
        desk.lay(f"images/{place}.jpg", photo)
        rows.append((f"{place}.jpg", photo.label, place % 5 > 0))
    desk.write("labels.csv", rows_to_csv([("filename", "label", "is_correct"), *rows]))
    desk.say("'is_correct' says 'False' in 4 rows")
    return desk.root


@add_layout(
    "`labels.csv`: `filename,label,corrected_label`, mostly empty",
    "nothing: the corrections are to be written over the labels",
    refused=("corrected_label", "--label-column label", "2 of 20 rows"),
)
def corrected_labels(desk: Desk) -> Path:
    rows = []
    for place, photo in enumerate(mix(draw_photos(INSECTS))):
        desk.write(f"images/{place}.jpg", photo.encode())
        wrong = place % 10 == 0
        label = INSECTS[1 - INSECTS.index(photo.label)] if wrong else photo.label
        rows.append((f"{place}.jpg", label, photo.label if wrong else ""))
    desk.write("labels.csv", rows_to_csv([("filename", "label", "corrected_label"), *rows]))
    return desk.root
