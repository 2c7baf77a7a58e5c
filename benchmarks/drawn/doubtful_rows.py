"""Tables whose rows are not to be read as they stand: numbers that are one off, rows that are marked, pairs."""

import json
from dataclasses import replace
from pathlib import Path

from drawn.desk import Desk, add_layout, draw_photos, mix, rows_to_csv, split_by_number

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


@add_layout(
    "`labels.csv`: `id,number,label`; `id` counts the rows, `number` is that of the photo",
    "the photo's number, once it is said",
    flags="--path-column number",
)
def row_numbers(desk: Desk) -> Path:
    numbers = [number * 7 % 20 + 1 for number in range(20)]
    labels = lay_frames(desk, "images/{}.jpg", 1)
    rows = [(row, number, labels[number - 1]) for row, number in enumerate(numbers, 1)]
    desk.write("labels.csv", rows_to_csv([("id", "number", "label"), *rows]))
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


@add_layout(
    "`pairs.csv`: `image1,image2,same`",
    "nothing: a pair of photos is not one item",
    refused=("pairs of photos", "'image1' and of 'image2'", "a row for each photo"),
)
def pairs_of_photos(desk: Desk) -> Path:
    photos = mix(draw_photos(INSECTS))
    for place, photo in enumerate(photos):
        desk.write(f"images/{place}.jpg", photo.encode())
    others = [(place * 7 + 3 + (place % 3 == 0)) % 12 for place in range(len(photos))]
    rows = [
        (f"images/{place}.jpg", f"images/{other}.jpg", int(photos[other].label == photos[place].label))
        for place, other in enumerate(others)
    ]
    desk.write("pairs.csv", rows_to_csv([("image1", "image2", "same"), *rows]))
    return desk.root


@add_layout("`labels.csv`: `filename,label,in_train` with 1 and 0", "two parts")
def flag_of_train(desk: Desk) -> Path:
    rows = []
    for place, photo in enumerate(mix(draw_photos(INSECTS))):
        part = "test" if photo.number % 4 == 0 else "train"
        desk.lay(f"images/{place}.jpg", photo, part)
        rows.append((f"{place}.jpg", photo.label, int(part == "train")))
    desk.write("labels.csv", rows_to_csv([("filename", "label", "in_train"), *rows]))
    return desk.root


@add_layout("`list_attr.csv`: `image_id,label`; `list_eval_partition.csv` (CelebA) with 0, 1 and 2", "three parts")
def celebas_partition(desk: Desk) -> Path:
    labels, parts = [], []
    for place, photo in enumerate(mix(draw_photos(INSECTS)), 1):
        part = split_by_number(photo, {"train": 6, "validation": 2, "test": 2})
        desk.lay(f"img_align_celeba/{place:06}.jpg", photo, part)
        labels.append((f"{place:06}.jpg", photo.label))
        parts.append((f"{place:06}.jpg", ("train", "validation", "test").index(part)))
    desk.write("list_attr.csv", rows_to_csv([("image_id", "label"), *labels]))
    desk.write("list_eval_partition.csv", rows_to_csv([("image_id", "partition"), *parts]))
    desk.mention("list_eval_partition.csv")
    return desk.root


@add_layout("`labels.csv`: `id,label`; `train.txt` and `test.txt` with names of photos", "two parts")
def lists_beside_a_table(desk: Desk) -> Path:
    lines: dict[str, list[str]] = {"train": [], "test": []}
    rows = []
    for place, photo in enumerate(mix(draw_photos(INSECTS)), 1):
        part = split_by_number(photo, {"train": 7, "test": 3})
        desk.lay(f"photos/p{place}.jpg", photo, part)
        rows.append((f"p{place}", photo.label))
        lines[part].append(f"p{place}.jpg\n")
    desk.write("labels.csv", rows_to_csv([("id", "label"), *rows]))
    for part, names in lines.items():
        desk.write(f"{part}.txt", "".join(names))
    desk.mention("train.txt")
    return desk.root


@add_layout(
    "`obs.csv`: `image,target,insect` with 0 to 2 and names",
    "`target`, with a note on `insect`, which `--label-column` takes",
)
def target_beside_names(desk: Desk) -> Path:
    rows = []
    for place, photo in enumerate(mix(draw_photos(INSECTS, 12))):
        desk.lay(f"images/{place}.jpg", photo, label=str(place % 3))
        rows.append((f"{place}.jpg", place % 3, photo.label))
    desk.write("obs.csv", rows_to_csv([("image", "target", "insect"), *rows]))
    desk.say("--label-column insect")
    return desk.root


def lay_names(desk: Desk) -> list[tuple[str, str]]:
    """Lay photos in one folder, and return name and label of each."""
    rows = []
    for place, photo in enumerate(mix(draw_photos(INSECTS)), 1):
        desk.lay(f"images/IMG_{place:04}.jpg", photo)
        rows.append((f"IMG_{place:04}.jpg", photo.label))
    return rows


@add_layout('`labels.txt`: `"file" "species"`, then `"1" "IMG_0001.jpg" "bee"` (R\'s write.table)', "file and species")
def table_of_r(desk: Desk) -> Path:
    rows = [f'"{number}" "{name}" "{label}"\n' for number, (name, label) in enumerate(lay_names(desk), 1)]
    desk.write("labels.txt", '"file" "species"\n' + "".join(rows))
    desk.say("row names")
    return desk.root


@add_layout("`labels.csv`: `file,species,site`, then `1,IMG_0001.jpg,bee,north` (the same)", "file and species")
def csv_of_r(desk: Desk) -> Path:
    rows = [(number, *row, "north" if number % 3 else "south") for number, row in enumerate(lay_names(desk), 1)]
    desk.write("labels.csv", rows_to_csv([("file", "species", "site"), *rows]))
    desk.say("row names")
    return desk.root


@add_layout(
    "`notes.csv`: `from,to,species`, then `IMG_0001,IMG_0005,ant`",
    "nothing: ranges of photos",
    refused=("ranges of photos", "'IMG_0001'", "'IMG_0005'", "a row for each photo"),
)
def ranges_of_photos(desk: Desk) -> Path:
    photos = draw_photos(INSECTS)
    for place, photo in enumerate(photos, 1):
        desk.write(f"images/IMG_{place:04}.jpg", photo.encode())
    rows = [(f"IMG_{first + 1:04}", f"IMG_{first + 5:04}", photos[first].label) for first in range(0, len(photos), 5)]
    desk.write("notes.csv", rows_to_csv([("from", "to", "species"), *rows]))
    return desk.root


@add_layout(
    "`labels.csv`: `ant,bee`, with names of photos below each",
    "nothing: a column for a class",
    refused=("'ant' (10), 'bee' (10)", "may be classes", "path and label"),
)
def columns_of_names(desk: Desk) -> Path:
    names: dict[str, list[str]] = {label: [] for label in INSECTS}
    for place, photo in enumerate(mix(draw_photos(INSECTS))):
        desk.write(f"images/{place:03}.jpg", photo.encode())
        names[photo.label].append(f"{place:03}.jpg")
    desk.write("labels.csv", rows_to_csv([INSECTS, *zip(*names.values(), strict=True)]))
    return desk.root


@add_layout(
    "`N001.jpg`, `T002.jpg`; `info.csv`: `file,diagnosis,patient_id` of the same classes", "the table, with its groups"
)
def codes_and_a_table(desk: Desk) -> Path:
    rows = []
    for place, photo in enumerate(draw_photos(("normal", "tumour"))):
        name, patient = f"{photo.label[0].upper()}{place:03}.jpg", f"P{place // 2:02}"
        desk.lay(name, photo, group=patient)
        rows.append((name, photo.label, patient))
    desk.write("info.csv", rows_to_csv([("file", "diagnosis", "patient_id"), *rows]))
    desk.mention("diagnosis", "patient_id")
    return desk.root


@add_layout("`cat.0.jpg`, `dog.7.jpg`; `labels.csv`: `file,label` with 0 and 1", "the names")
def names_and_numbers(desk: Desk) -> Path:
    rows = []
    for photo in draw_photos(("cat", "dog")):
        desk.lay(f"{photo.label}.{photo.number}.jpg", photo)
        rows.append((f"{photo.label}.{photo.number}.jpg", int(photo.label == "dog")))
    desk.write("labels.csv", rows_to_csv([("file", "label"), *rows]))
    return desk.root
