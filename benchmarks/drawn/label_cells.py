"""Cells of labels as people and programs write them: missing ones, and several in one cell."""

from collections.abc import Callable
from pathlib import Path

from drawn.desk import Desk, Photo, add_layout, draw_photos, join_labels, mix, rows_to_csv

FRUITS = ("apple", "pear")


def _lay_table(desk: Desk, label: Callable[[Photo], str], column: str = "label") -> Path:
    """Lay a table whose cells of labels are what is given for each photo; an empty truth is none."""
    rows = [("filename", column)]
    for place, photo in enumerate(mix(draw_photos(FRUITS, 12))):
        name, cell = f"{place:04}.jpg", label(photo)
        if cell == photo.label or ", " in cell:
            desk.lay(f"images/{name}", photo, label=cell)
        else:
            desk.leave(f"images/{name}", photo.encode(), "")
        rows.append((name, f'"{cell}"'))
    return desk.write("labels.csv", rows_to_csv(rows)).parent


@add_layout("`labels.csv` whose labels are `NA`, `nan`, `?` in some rows", "the other rows; a note has the count")
def missing_label_words(desk: Desk) -> Path:
    desk.say("without a label", "'NA' (2)")
    words = {1: "NA", 4: "nan", 8: "?"}
    return _lay_table(desk, lambda photo: words.get(photo.number, photo.label))


@add_layout(
    "`Effusion|Mass` in a cell (NIH chest X-ray)",
    "several labels for each photo; a note says so",
)
def several_labels_in_a_cell(desk: Desk) -> Path:
    desk.say("several labels", "--label-cells whole")
    words = {0: "apple|pear", 1: "pear|ripe", 2: "ripe"}
    rows = [("Image Index", "label")]
    for place, photo in enumerate(mix(draw_photos(FRUITS, 12))):
        cell = words[photo.number % 3]
        desk.lay(f"images/{place:04}.png", photo, label=join_labels(cell.split("|")))
        rows.append((f"{place:04}.png", cell))
    return desk.write("Data_Entry.csv", rows_to_csv(rows))


@add_layout("`crane, bird` and `crane, machine` in cells of labels", "each cell, one class")
def commas_in_names(desk: Desk) -> Path:
    return _lay_table(desk, lambda photo: f"{photo.label}, {'red' if photo.label == 'apple' else 'green'}")


@add_layout("`images_variant_train.txt`: `1025794 Boeing 707-320` (FGVC Aircraft), no header", "the id, then the label")
def ids_with_words(desk: Desk) -> Path:
    lines = []
    for place, photo in enumerate(mix(draw_photos(FRUITS, 12))):
        label = {"apple": "Boeing 707-320", "pear": "Cessna 172 old"}[photo.label]
        desk.lay(f"images/{1025014 + 7 * place}.jpg", photo, label=label)
        lines.append(f"{1025014 + 7 * place} {label}\n")
    return desk.write("images_variant_train.txt", "".join(lines))
