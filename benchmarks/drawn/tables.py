"""Tables of photos as they are published: columns by many names, parts, groups, one column for each class."""

import hashlib
from collections.abc import Callable, Sequence
from pathlib import Path

from drawn.desk import Desk, add_layout, draw_photos, mix, rows_to_csv

BREEDS = ("boston_bull", "dingo", "pekinese")


def make_id(label: str, number: int) -> str:
    """Return 32 hexadecimal digits, as the ids of many competitions."""
    return hashlib.blake2b(f"{label} {number}".encode(), digest_size=16).hexdigest()


def lay_breeds(desk: Desk) -> Path:
    """Lay ids with breeds, photos to learn from and others without labels."""
    rows = []
    for photo in mix(draw_photos(BREEDS)):
        name = make_id(photo.label, photo.number)
        desk.lay(f"train/{name}.jpg", photo)
        rows.append((name, photo.label))
    for photo in draw_photos(BREEDS, 2, seed=1):
        desk.write(f"test/{make_id(photo.label, photo.number + 100)}.jpg", photo.encode())
    return desk.write("labels.csv", rows_to_csv([("id", "breed"), *rows]))


@add_layout(
    "`labels.csv`: `id,breed`; photos in `train/ID.jpg` (dog breeds)", "ids are looked for under the table's folder"
)
def dog_breeds(desk: Desk) -> Path:
    desk.mention("breed")
    return lay_breeds(desk)


@add_layout("the folder of such a table", "the table in it")
def folder_with_table(desk: Desk) -> Path:
    lay_breeds(desk)
    return desk.root


@add_layout(
    "`HAM10000_metadata.csv`: `lesion_id,image_id,dx,...`; photos in two folders",
    "`dx` is the class, `lesion_id` the group",
)
def ham10000(desk: Desk) -> Path:
    desk.mention("dx", "lesion_id")
    rows = []
    for place, photo in enumerate(mix(draw_photos(("akiec", "bcc", "nv"), 12))):
        name, lesion = f"ISIC_{24306 + place:07}", f"HAM_{photo.label}{photo.number // 2}"
        desk.lay(f"HAM10000_images_part_{1 + place % 2}/{name}.jpg", photo, group=lesion)
        sex, site = ("male", "female")[place % 2], ("back", "scalp", "face", "ear")[place % 4]
        rows.append((lesion, name, photo.label, ("histo", "consensus")[place % 2], 30.0 + place % 9 * 5, sex, site))
    head = ("lesion_id", "image_id", "dx", "dx_type", "age", "sex", "localization")
    return desk.write("HAM10000_metadata.csv", rows_to_csv([head, *rows]))


@add_layout("`Train.csv`: `Width,Height,Roi.X1,...,ClassId,Path` (GTSRB on Kaggle)", "`ClassId` is the class")
def gtsrb_table(desk: Desk) -> Path:
    desk.mention("ClassId")
    rows = []
    for photo in draw_photos(("20", "0", "9")):
        path = f"Train/{photo.label}/{int(photo.label):05}_{photo.number:05}.png"
        desk.lay(path, photo)
        rows.append((32, 32, 5, 5, 26, 27, photo.label, path))
    head = ("Width", "Height", "Roi.X1", "Roi.Y1", "Roi.X2", "Roi.Y2", "ClassId", "Path")
    return desk.write("Train.csv", rows_to_csv([head, *rows]))


@add_layout("`GT-final_test.csv`: `Filename;Width;Height;...;ClassId`", "semicolons; paths beside the table")
def gtsrb_semicolons(desk: Desk) -> Path:
    rows = []
    for place, photo in enumerate(mix(draw_photos(("16", "1", "38")))):
        desk.lay(f"{place:05}.ppm", photo)
        rows.append((f"{place:05}.ppm", 32, 32, 6, 5, 27, 27, photo.label))
    head = ("Filename", "Width", "Height", "Roi.X1", "Roi.Y1", "Roi.X2", "Roi.Y2", "ClassId")
    return desk.write("GT-final_test.csv", rows_to_csv([head, *rows], ";"))


@add_layout("`train.csv`: `id_code,diagnosis`; `train_images/ID.png` (APTOS)", "`diagnosis` is the class")
def aptos(desk: Desk) -> Path:
    desk.mention("diagnosis")
    rows = []
    for photo in mix(draw_photos(("0", "2", "4"))):
        name = make_id(photo.label, photo.number)[:12]
        desk.lay(f"train_images/{name}.png", photo)
        rows.append((name, photo.label))
    return desk.write("train.csv", rows_to_csv([("id_code", "diagnosis"), *rows]))


@add_layout(
    "`train.csv`: `image_id,label`; `train_images/1000.jpg`, `label_num_to_disease_map.json` (cassava)",
    "names looked for under the folder; numbers get the names of the JSON",
)
def cassava(desk: Desk) -> Path:
    rows, names = [], {"0": "CBB", "1": "CBSD", "3": "CMD"}
    for place, photo in enumerate(mix(draw_photos(tuple(names)))):
        desk.lay(f"train_images/{1000015157 + place}.jpg", photo, label=names[photo.label])
        rows.append((f"{1000015157 + place}.jpg", photo.label))
    desk.write_json("label_num_to_disease_map.json", names)
    desk.mention("label_num_to_disease_map.json")
    return desk.write("train.csv", rows_to_csv([("image_id", "label"), *rows]))


@add_layout("`train.csv`: `image_id,label,variety,age` (paddy)", "`label`; what else could be the label is noted")
def paddy(desk: Desk) -> Path:
    rows = []
    for place, photo in enumerate(mix(draw_photos(("blast", "hispa", "normal")))):
        desk.lay(f"train_images/{photo.label}/{100330 + place}.jpg", photo)
        rows.append((f"{100330 + place}.jpg", photo.label, ("ADT45", "KarnatakaPonni")[place % 2], 45 + place % 5))
    return desk.write("train.csv", rows_to_csv([("image_id", "label", "variety", "age"), *rows]))


@add_layout(
    "`labels.csv`: `name,label,is_valid` (fastai)", "`is_valid` says train and validation, which is used as test"
)
def fastai_valid(desk: Desk) -> Path:
    desk.mention("is_valid")
    rows = []
    for photo in mix(draw_photos(("3", "7"), 12)):
        valid = photo.number >= 9
        path = f"{'valid' if valid else 'train'}/{photo.label}/{photo.number}.png"
        desk.lay(path, photo, "test" if valid else "train")
        rows.append((path, photo.label, valid))
    return desk.write("labels.csv", rows_to_csv([("name", "label", "is_valid"), *rows]))


@add_layout("`cleaned.csv`: `,name,label` with a column of row numbers (fastai)", "row numbers are left alone")
def fastai_cleaned(desk: Desk) -> Path:
    rows = []
    for place, photo in enumerate(mix(draw_photos(("black", "grizzly", "teddys")))):
        desk.lay(f"{photo.label}/{photo.number:08}.jpg", photo)
        rows.append((place, f"{photo.label}/{photo.number:08}.jpg", photo.label))
    return desk.write("cleaned.csv", rows_to_csv([("", "name", "label"), *rows]))


@add_layout("`train_metadata.csv`: `images,targets`; photos in `images/` (Lightning)", "paths under a folder beside it")
def lightning(desk: Desk) -> Path:
    desk.mention("targets")
    rows = desk.lay_rows("images/{place}.png", ("Red", "Green"), cell="{place}.png")
    return desk.write("train_metadata.csv", rows_to_csv([("images", "targets"), *rows]))


@add_layout(
    "`birds.csv`: `class id,filepaths,labels,data set,scientific name`", "`labels` is the class, `data set` the part"
)
def kaggle_birds(desk: Desk) -> Path:
    desk.mention("labels", "data set")
    rows, birds = [], ("ABBOTTS BABBLER", "CROW", "DUNLIN")
    for photo in draw_photos(birds, 12):
        subset = ("train",) * 6 + ("valid",) * 3 + ("test",) * 3
        part = subset[photo.number]
        path = f"{part}/{photo.label}/{photo.number:03}.jpg"
        desk.lay(path, photo, "validation" if part == "valid" else part)
        kind = birds.index(photo.label)
        rows.append((float(kind), path, photo.label, part, f"GENUS {photo.label[::-1]}"))
    head = ("class id", "filepaths", "labels", "data set", "scientific name")
    return desk.write("birds.csv", rows_to_csv([head, *rows]))


@add_layout("`path,label,label_name`", "the names, not the numbers")
def label_and_name(desk: Desk) -> Path:
    desk.mention("label_name")
    rows, names = [], ("daisy", "rose", "tulip")
    for photo in mix(draw_photos(names)):
        desk.lay(f"img/{photo.label[0]}{photo.number}.jpg", photo)
        rows.append((f"img/{photo.label[0]}{photo.number}.jpg", names.index(photo.label), photo.label))
    return desk.write("flowers.csv", rows_to_csv([("path", "label", "label_name"), *rows]))


@add_layout("`path,species,sex`", "the column that is called like classes are")
def known_name(desk: Desk) -> Path:
    desk.mention("species")
    return _lay_pairs(desk, "species,sex", ("Adelie", "Chinstrap", "Gentoo"), ("male", "female"))


@add_layout("`path,breed,species`: two such columns", "is asked which is the label", flags="--label-column breed")
def ambiguous_pair(desk: Desk) -> Path:
    return _lay_pairs(desk, "breed,species", ("beagle", "persian", "pug"), ("cat", "dog"))


@add_layout("`path,colour,finish`: no name that is known", "is asked which is the label", flags="--label-column colour")
def unknown_names(desk: Desk) -> Path:
    return _lay_pairs(desk, "colour,finish", ("blue", "green", "red"), ("matt", "gloss"))


def _lay_pairs(desk: Desk, columns: str, classes: Sequence[str], others: Sequence[str]) -> Path:
    rows = []
    for place, photo in enumerate(draw_photos(classes)):
        desk.lay(f"img/{place}.jpg", photo)
        rows.append((f"img/{place}.jpg", photo.label, others[place % 2]))
    return desk.write("table.csv", rows_to_csv([("path", *columns.split(",")), *rows]))


@add_layout("`path,label,fold` with folds 0 to 4", "the label; a split is made")
def fold_column(desk: Desk) -> Path:
    desk.mention("fold")
    rows = []
    for place, photo in enumerate(mix(draw_photos(BREEDS))):
        desk.lay(f"img/{place}.jpg", photo)
        rows.append((f"img/{place}.jpg", photo.label, place % 5))
    return desk.write("folds.csv", rows_to_csv([("path", "label", "fold"), *rows]))


@add_layout("`path,label,speaker`: a column that is called like groups and makes some", "`speaker` is the group")
def speaker_column(desk: Desk) -> Path:
    desk.say("--group-column none")
    desk.mention("speaker")
    rows = []
    for place, photo in enumerate(mix(draw_photos(("no", "stop", "yes")))):
        desk.lay(f"img/{place}.jpg", photo, group=f"s{place // 2}")
        rows.append((f"img/{place}.jpg", photo.label, f"s{place // 2}"))
    return desk.write("words.csv", rows_to_csv([("path", "label", "speaker"), *rows]))


@add_layout("`path,label,site`: four sites, each with all classes", "named with its flag, not used")
def site_column(desk: Desk) -> Path:
    desk.say("--group-column site")
    return _lay_other(desk, "site", lambda place, label: "ABCD"[place % 4])


@add_layout("`path,label,beetle`: a column whose values have one class each", "named with its flag, not used")
def beetle_column(desk: Desk) -> Path:
    desk.say("--group-column beetle")
    return _lay_other(desk, "beetle", lambda place, label: f"{label} {place // 6}")


def _lay_other(desk: Desk, column: str, tell: Callable[[int, str], str]) -> Path:
    rows = []
    for place, photo in enumerate(mix(draw_photos(BREEDS, 12))):
        desk.lay(f"img/{place}.jpg", photo)
        rows.append((f"img/{place}.jpg", photo.label, tell(place, photo.label)))
    return desk.write("table.csv", rows_to_csv([("path", "label", column), *rows]))
