"""Folders as people have them: classes, parts of a split, wrappers, patients, and classes in the names of files."""

from pathlib import Path

from drawn.desk import Desk, add_layout, draw_photos, split_by_number

PETS = ("cat", "dog", "rabbit")


@add_layout("`photos/cat/1.jpg`", "a folder for each class")
def folder_per_class(desk: Desk) -> Path:
    for photo in draw_photos(PETS):
        desk.lay(f"{photo.label}/{photo.number}.jpg", photo)
    return desk.root


@add_layout("`train/cat/1.jpg`, `val/...`, `test/...`", "three parts as given")
def train_val_test(desk: Desk) -> Path:
    uses = {"train": "train", "val": "validation", "test": "test"}
    for photo in draw_photos(PETS, 12):
        part = split_by_number(photo, {"train": 6, "val": 3, "test": 3})
        desk.lay(f"{part}/{photo.label}/{photo.number}.jpg", photo, uses[part])
    return desk.root


@add_layout("`Training/`, `Testing/` (brain tumours)", "two parts; validation is taken out of train")
def training_testing(desk: Desk) -> Path:
    for photo in draw_photos(("glioma", "meningioma", "notumor", "pituitary"), 12):
        part = split_by_number(photo, {"Training": 8, "Testing": 4})
        use = {"Training": "train", "Testing": "test"}[part]
        desk.lay(f"{part}/{photo.label}/{part[:2]}-{photo.label[:2]}_{photo.number:04}.jpg", photo, use)
    return desk.root


@add_layout("`dataset/training_set/cats/cat.1.jpg`, `dataset/test_set/...`", "two parts")
def training_set_test_set(desk: Desk) -> Path:
    for photo in draw_photos(("cats", "dogs"), 14):
        part = split_by_number(photo, {"training_set": 10, "test_set": 4})
        use = part.partition("_")[0].removesuffix("ing")
        desk.lay(f"dataset/{part}/{photo.label}/{photo.label[:-1]}.{photo.number + 1}.jpg", photo, use)
    return desk.root


@add_layout(
    "`Final_Training/Images/00000/00000_00001.ppm`, `Final_Test/Images/...` in class folders (GTSRB)", "two parts"
)
def gtsrb_folders(desk: Desk) -> Path:
    for photo in draw_photos(("00000", "00001", "00002"), 14):
        part = split_by_number(photo, {"Final_Training": 10, "Final_Test": 4})
        use = "train" if part == "Final_Training" else "test"
        desk.lay(f"{part}/Images/{photo.label}/{photo.number:05}_00000.ppm", photo, use)
    return desk.root


@add_layout("`data/images/cat/1.jpg`", "the wrapping folders are gone through")
def wrapped_twice(desk: Desk) -> Path:
    desk.write("README.txt", "photos of pets\n")
    for photo in draw_photos(PETS):
        desk.lay(f"data/images/{photo.label}/{photo.number}.jpg", photo)
    return desk.root


@add_layout(
    "`seg_train/seg_train/forest/1.jpg`, `seg_test/seg_test/...`, `seg_pred/seg_pred/9.jpg` (Intel scenes)",
    "two parts; photos without labels are left for predict",
)
def intel_scenes(desk: Desk) -> Path:
    for photo in draw_photos(("buildings", "forest", "sea"), 14):
        part = split_by_number(photo, {"seg_train": 10, "seg_test": 4})
        desk.lay(f"{part}/{part}/{photo.label}/{photo.number}.jpg", photo, part.partition("_")[2])
    for photo in draw_photos(("buildings", "forest", "sea"), 2, seed=1):
        desk.leave(f"seg_pred/seg_pred/{photo.label[0]}{photo.number}.jpg", photo.encode())
    desk.say("predict")
    return desk.root


@add_layout(
    "`train/cat.0.jpg`, `test1/1.jpg` (Dogs vs. Cats)",
    "classes from the names of the files; `test1` is left for predict",
    flags="--classes-from name",
)
def dogs_vs_cats(desk: Desk) -> Path:
    for photo in draw_photos(("cat", "dog"), 12):
        desk.lay(f"train/{photo.label}.{photo.number}.jpg", photo)
    for photo in draw_photos(("cat", "dog"), 4, seed=1):
        desk.leave(f"test1/{1 + photo.number + 4 * (photo.label == 'dog')}.jpg", photo.encode())
    desk.say("predict")
    return desk.root


@add_layout(
    "`images/Abyssinian_12.jpg`, `annotations/...` (Oxford Pets)",
    "the name up to the number is the class",
    flags="--classes-from name",
)
def oxford_pets(desk: Desk) -> Path:
    breeds = ("Abyssinian", "american_bulldog", "Bengal", "british_shorthair")
    for photo in draw_photos(breeds):
        desk.lay(f"images/{photo.label}_{photo.number + 1}.jpg", photo)
        trimap = photo.encode(".png")
        desk.leave(f"annotations/trimaps/{photo.label}_{photo.number + 1}.png", trimap[:60] + trimap[60:][::-1])
    desk.leave("annotations/README", "1:Cat 2:Dog\n")
    return desk.root


@add_layout("`tilt-!-3.jpg`", "the name up to the number is the class", flags="--classes-from name")
def names_with_signs(desk: Desk) -> Path:
    for photo in draw_photos(("tilt-!", "tilt-?", "flat")):
        desk.lay(f"{photo.label.replace('?', '+')}-{photo.number}.jpg", photo, label=photo.label.replace("?", "+"))
    return desk.root


@add_layout(
    "`p01/normal/1.png`, `p01/tumor/2.png`, ...",
    "the folder above a photo is its class, the patient its group",
    flags="--classes-from parent --group-from folder",
)
def patients(desk: Desk) -> Path:
    for photo in draw_photos(("normal", "tumor"), 16):
        owner = f"p{photo.number % 8:02}"
        desk.lay(f"{owner}/{photo.label}/{photo.number}.png", photo, group=owner)
    return desk.root


@add_layout(
    "`2023-05-01/ok/1.jpg`, `2023-05-02/defect/2.jpg`",
    "sessions, the folder above a photo is its class",
    flags="--classes-from parent --group-from folder",
)
def sessions(desk: Desk) -> Path:
    for photo in draw_photos(("ok", "defect"), 15):
        day = f"2023-05-{1 + photo.number % 5:02}"
        desk.lay(f"{day}/{photo.label}/{photo.number}.jpg", photo, group=day)
    return desk.root


@add_layout(
    "`pics/ant_1.jpg`, `Results/plot1.jpg`",
    "classes from the names in `pics`; results are no photos",
    flags="--classes-from name",
)
def results_beside(desk: Desk) -> Path:
    for photo in draw_photos(("ant", "bee")):
        desk.lay(f"pics/{photo.label}_{photo.number}.jpg", photo)
    for photo in draw_photos(("ant", "bee"), 3, seed=1):
        desk.leave(f"Results/plot_{photo.label}{photo.number}.jpg", photo.encode())
    return desk.root
