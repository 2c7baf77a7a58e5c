"""Tables of photos as they are published: columns, parts, encodings and paths of all kinds."""

from pathlib import Path

from drawn.desk import Desk, add_layout, draw_photos, mix, rows_to_csv

BREEDS = ("boston_bull", "dingo", "pekinese")


@add_layout(
    "`labels.csv`: `id,breed`; photos in `train/ID.jpg`, `test/` without labels (dog breeds)",
    "ids are found as files under the table's folder",
)
def dog_breeds(desk: Desk) -> Path:
    rows = []
    for photo in mix(draw_photos(BREEDS)):
        name = f"{hash_of(photo.label, photo.number)}"
        desk.lay(f"train/{name}.jpg", photo)
        rows.append((name, photo.label))
    for photo in draw_photos(BREEDS, 2, seed=1):
        desk.write(f"test/{hash_of(photo.label, photo.number + 100)}.jpg", photo.encode())
    return desk.write("labels.csv", rows_to_csv([("id", "breed"), *rows]))


@add_layout(
    "`HAM10000_metadata.csv`: `lesion_id,image_id,dx,dx_type,age,sex,localization`; photos in two folders",
    "`dx` is the class, `lesion_id` the group",
    flags="--label-column dx --group-column lesion_id",
)
def ham10000(desk: Desk) -> Path:
    rows = []
    for place, photo in enumerate(mix(draw_photos(("akiec", "bcc", "nv"), 12))):
        name, lesion = (
            f"ISIC_{24306 + place:07}",
            f"HAM_{photo.label}{photo.number // 2}",
        )
        desk.lay(f"HAM10000_images_part_{1 + place % 2}/{name}.jpg", photo, group=lesion)
        sex, site = ("male", "female")[place % 2], ("back", "scalp", "face", "ear")[place % 4]
        rows.append((lesion, name, photo.label, ("histo", "consensus")[place % 2], 30.0 + place % 9 * 5, sex, site))
    head = ("lesion_id", "image_id", "dx", "dx_type", "age", "sex", "localization")
    return desk.write("HAM10000_metadata.csv", rows_to_csv([head, *rows]))


@add_layout("`Train.csv`: `Width,Height,Roi.X1,...,ClassId,Path` (GTSRB on Kaggle)", "`ClassId` is the class")
def gtsrb_table(desk: Desk) -> Path:
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


@add_layout("`train.csv`: `name,label,is_valid` (fastai)", "`is_valid` says train and validation")
def fastai_valid(desk: Desk) -> Path:
    rows = []
    for photo in mix(draw_photos(("3", "7"), 12)):
        valid = photo.number >= 9
        path = f"{'valid' if valid else 'train'}/{photo.label}/{photo.number}.png"
        desk.lay(path, photo, "test" if valid else "train")
        rows.append((path, photo.label, valid))
    return desk.write("labels.csv", rows_to_csv([("name", "label", "is_valid"), *rows]))


@add_layout(
    "`birds.csv`: `class id,filepaths,labels,data set,scientific name` (Kaggle birds)",
    "`labels` is the class, `data set` the part",
)
def kaggle_birds(desk: Desk) -> Path:
    rows = []
    birds = ("ABBOTTS BABBLER", "CROW", "DUNLIN")
    for photo in draw_photos(birds, 12):
        part = ("train",) * 6 + ("valid",) * 3 + ("test",) * 3
        subset = part[photo.number]
        path = f"{subset}/{photo.label}/{photo.number:03}.jpg"
        desk.lay(path, photo, "validation" if subset == "valid" else subset)
        kind = birds.index(photo.label)
        rows.append((float(kind), path, photo.label, subset, f"GENUS {photo.label[::-1]}"))
    head = ("class id", "filepaths", "labels", "data set", "scientific name")
    return desk.write("birds.csv", rows_to_csv([head, *rows]))


@add_layout("`annotations.txt`: `path label` in lines, without a head", "the two columns as they are")
def path_label_list(desk: Desk) -> Path:
    rows = []
    for photo in draw_photos(("cat", "dog")):
        desk.lay(f"img/{photo.label}_{photo.number}.jpg", photo)
        rows.append((f"img/{photo.label}_{photo.number}.jpg", photo.label))
    return desk.write("annotations.txt", rows_to_csv(rows, " "))


def hash_of(label: str, number: int) -> str:
    """Return 32 hexadecimal digits, as Kaggle's ids."""
    import hashlib

    return hashlib.blake2b(f"{label} {number}".encode(), digest_size=16).hexdigest()
