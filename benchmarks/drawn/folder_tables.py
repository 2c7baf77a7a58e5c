"""Folders of classes with tables beside them: labels of a part without folders, names of classes, boxes of photos."""

from pathlib import Path

from drawn.desk import Desk, Photo, add_layout, draw_photos, mix, rows_to_csv, split_by_number

PETS = ("cat", "dog", "rabbit")
SYNSETS = {"n01443537": "goldfish", "n01629819": "European fire salamander", "n01641577": "bullfrog"}
SIGN_HEADER = ("Filename", "Width", "Height", "Roi.X1", "Roi.Y1", "Roi.X2", "Roi.Y2", "ClassId")


@add_layout(
    "`train/n01443537/images/1.JPEG`, flat `val/images/` with `val_annotations.txt`, `words.txt` (Tiny ImageNet)",
    "two parts, the names of `words.txt`; `test` is left for predict",
)
def tiny_imagenet(desk: Desk) -> Path:
    root, rows = "tiny-imagenet-200", []
    for photo in mix(draw_photos(tuple(SYNSETS), 14)):
        label = SYNSETS[photo.label]
        if photo.number < 10:
            name = f"train/{photo.label}/images/{photo.label}_{photo.number}.JPEG"
            desk.lay(f"{root}/{name}", photo, "train", label=label)
        else:
            desk.lay(f"{root}/val/images/val_{len(rows)}.JPEG", photo, "test", label=label)
            rows.append((f"val_{len(rows)}.JPEG", photo.label, 0, 32, 44, 62))
    for name in SYNSETS:
        boxes = "".join(f"{name}_{it}.JPEG\t0\t10\t63\t58\n" for it in range(10))
        desk.leave(f"{root}/train/{name}/{name}_boxes.txt", boxes)
    desk.leave(f"{root}/val/val_annotations.txt", rows_to_csv(rows, "\t"))
    desk.leave(f"{root}/wnids.txt", "".join(f"{name}\n" for name in SYNSETS))
    words = [("n00001740", "entity"), *((number, f"{name}, {name[0]}.") for number, name in SYNSETS.items())]
    desk.leave(f"{root}/words.txt", rows_to_csv(words, "\t"))
    for photo in draw_photos(tuple(SYNSETS), 2, seed=1):
        desk.leave(f"{root}/test/images/test_{photo.label[-2:]}{photo.number}.JPEG", photo.encode(), "predict")
    desk.mention("val_annotations.txt", "words.txt")
    return desk.root


@add_layout(
    "`Final_Training/Images/00000/00000_00001.ppm`, `GT-00000.csv` there, `Final_Test/Images/`, `GT-final_test.csv` "
    "(GTSRB)",
    "two parts, the test's labels from the table; the sign is proposed as the group (`--class-pattern`)",
)
def gtsrb(desk: Desk) -> Path:
    classes, rows = ("00000", "00001", "00002"), []
    for label in classes:
        desk.leave(
            f"GTSRB/Final_Training/Images/{label}/GT-{label}.csv",
            rows_to_csv(
                [
                    SIGN_HEADER,
                    *((f"{it // 4:05}_{it % 4:05}.ppm", 32, 32, 5, 5, 27, 27, int(label)) for it in range(12)),
                ],
                ";",
            ),
        )
    for photo in draw_photos(classes, 16):
        if photo.number < 12:
            name = f"{photo.number // 4:05}_{photo.number % 4:05}.ppm"
            desk.lay(f"GTSRB/Final_Training/Images/{photo.label}/{name}", photo, "train")
        else:
            desk.lay(f"GTSRB/Final_Test/Images/{len(rows):05}.ppm", photo, "test")
            rows.append((f"{len(rows):05}.ppm", 32, 32, 5, 5, 27, 27, int(photo.label)))
    desk.leave("GTSRB/GT-final_test.csv", rows_to_csv([SIGN_HEADER, *rows], ";"))
    desk.leave("GTSRB/Readme-Images.txt", "signs\n")
    desk.mention("GT-final_test.csv")
    desk.say("--class-pattern", "GT-00000.csv")
    return desk.root


def lay_flat_validation(desk: Desk, table: str, header: tuple[str, ...] = (), separator: str = ",") -> Path:
    """Lay class folders of train, and a flat validation part with its labels in a table."""
    rows: list[tuple[str, ...]] = [header] if header else []
    for place, photo in enumerate(mix(draw_photos(PETS, 14))):
        if photo.number < 10:
            desk.lay(f"train/{photo.label}/{photo.number}.jpg", photo, "train")
        else:
            desk.lay(f"val/{place:05}.jpg", photo, "test")
            rows.append((f"{place:05}.jpg", photo.label))
    desk.leave(table, rows_to_csv(rows, separator))
    desk.mention(table)
    return desk.root


@add_layout("`train/cat/1.jpg`, flat `val/1.jpg` with `val/val.txt`: `1.jpg cat`", "two parts, `val` by the list")
def flat_val_with_list(desk: Desk) -> Path:
    return lay_flat_validation(desk, "val/val.txt", separator=" ")


@add_layout("the same with `val.csv` beside: `filename,label`", "two parts, `val` by the table")
def flat_val_with_table_beside(desk: Desk) -> Path:
    return lay_flat_validation(desk, "val.csv", ("filename", "label"))


@add_layout("the same with `val/labels.csv`: `id,breed`", "two parts, `val` by the table")
def flat_val_with_labels(desk: Desk) -> Path:
    return lay_flat_validation(desk, "val/labels.csv", ("id", "breed"))


@add_layout("`cat/1.jpg`, `dog/2.jpg` beside `test/cat/3.jpg`: no folder `train`", "two parts")
def train_beside_test(desk: Desk) -> Path:
    desk.lay_parts("{part}{label}/{number}.jpg", {"": (10, "train"), "test/": (4, "test")}, PETS)
    desk.say("no folder is called train")
    return desk.root


@add_layout("`cat/1.jpg`, `dog/2.jpg` beside `valid/cat/3.jpg`, `test/cat/4.jpg`", "three parts")
def train_beside_valid_and_test(desk: Desk) -> Path:
    desk.lay_parts(
        "{part}{label}/{number}.jpg", {"": (8, "train"), "valid/": (3, "validation"), "test/": (3, "test")}, PETS
    )
    return desk.root


@add_layout(
    "`train/cat/1.jpg`, flat `test/9.jpg`, `sample_submission.csv` with a guess for each",
    "`train`; a form for guesses is no table of labels",
)
def form_for_guesses(desk: Desk) -> Path:
    desk.lay_classes("train/{label}/{number}.jpg", PETS)
    for place, photo in enumerate(draw_photos(PETS, 2, seed=1)):
        desk.leave(f"test/{place}.jpg", photo.encode(), "predict")
    desk.leave(
        "sample_submission.csv", rows_to_csv([("id", "label"), *((f"{it}.jpg", PETS[it % 3]) for it in range(6))])
    )
    return desk.root


@add_layout(
    "`ILSVRC/Data/CLS-LOC/train/n01443537/1.JPEG`, flat `val/`, `LOC_val_solution.csv`, `LOC_synset_mapping.txt` "
    "(ImageNet of Kaggle)",
    "two parts, the names of the mapping",
)
def imagenet_of_kaggle(desk: Desk) -> Path:
    rows = []
    for photo in mix(draw_photos(tuple(SYNSETS), 14)):
        label = SYNSETS[photo.label]
        if photo.number < 10:
            name = f"train/{photo.label}/{photo.label}_{photo.number}.JPEG"
            desk.lay(f"ILSVRC/Data/CLS-LOC/{name}", photo, "train", label=label)
        else:
            name = f"ILSVRC2012_val_{len(rows):08}"
            desk.lay(f"ILSVRC/Data/CLS-LOC/val/{name}.JPEG", photo, "test", label=label)
            rows.append((name, f"{photo.label} 85 1 499 272"))
    desk.leave("LOC_val_solution.csv", rows_to_csv([("ImageId", "PredictionString"), *rows]))
    desk.leave("LOC_synset_mapping.txt", "".join(f"{number} {name}\n" for number, name in SYNSETS.items()))
    desk.mention("LOC_val_solution.csv", "LOC_synset_mapping.txt")
    return desk.root


@add_layout(
    '`train/1/1.jpg`, `valid/1/`, `cat_to_name.json`: `{"1": "pink primrose"}` (102 flowers)', "the names of the file"
)
def numbers_with_names(desk: Desk) -> Path:
    names = {"1": "pink primrose", "2": "canna lily", "10": "globe thistle"}
    for photo in draw_photos(tuple(names), 14):
        part = split_by_number(photo, {"train": 10, "valid": 4})
        use = "train" if part == "train" else "test"
        desk.lay(f"{part}/{photo.label}/image_{photo.number:05}.jpg", photo, use, label=names[photo.label])
    desk.write_json("cat_to_name.json", names)
    desk.mention("cat_to_name.json")
    return desk.root


@add_layout(
    "class folders beside `relabelled.csv`, `exclude.csv`, `patients.csv`, `folds.csv`", "the folders; a note on each"
)
def tables_about_photos_in_folders(desk: Desk) -> Path:
    names = []
    for photo in draw_photos(PETS):
        names.append(f"{photo.label}/{photo.label}{photo.number}.jpg")
        desk.lay(names[-1], photo)
    corrected = [(name, PETS[PETS.index(name.split("/")[0]) - 1]) for name in names[:4]]
    tables = {
        "relabelled.csv": [("file", "label"), *corrected],
        "exclude.csv": [("file", "reason"), *((name, "blurred") for name in names[8:12])],
        "patients.csv": [("file", "patient_id"), *((name, f"P{at // 3}") for at, name in enumerate(names))],
        "folds.csv": [("file", "fold"), *((name, at % 5) for at, name in enumerate(names))],
    }
    for table, rows in tables.items():
        desk.leave(table, rows_to_csv(rows))
    desk.say(*(f"'{table}'" for table in tables))
    return desk.root


@add_layout(
    "`train.csv`, `test.csv`: `file,label` beside `train/` and `test/`, photos numbered from 0 in both",
    "two parts, each table with the photos of its folder",
)
def names_in_both_parts(desk: Desk) -> Path:
    rows: dict[str, list[tuple[str, str]]] = {"train": [], "test": []}
    for photo in mix(draw_photos(PETS, 14)):
        part = split_by_number(photo, {"train": 10, "test": 4})
        name = f"{len(rows[part])}.jpg"
        desk.lay(f"{part}/{name}", photo, part)
        rows[part].append((name, photo.label))
    for part, those in rows.items():
        desk.write(f"{part}.csv", rows_to_csv([("file", "label"), *those]))
    desk.mention("train.csv")
    return desk.root


@add_layout("`images/001.jpg`, `masks/001.png` and `labels.csv`: `id,label` with 001", "the photos; masks are left out")
def masks_of_a_table(desk: Desk) -> Path:
    rows = []
    for place, photo in enumerate(mix(draw_photos(PETS)), 1):
        desk.lay(f"images/{place:03}.jpg", photo)
        mask = Photo(photo.label, photo.number, (photo.pixels > 127).astype("uint8") * 255)
        desk.leave(f"masks/{place:03}.png", mask.encode(".png"), "in no row")
        rows.append((f"{place:03}", photo.label))
    desk.write("labels.csv", rows_to_csv([("id", "label"), *rows]))
    desk.mention("id")
    return desk.root
