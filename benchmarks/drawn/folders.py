"""Folders as people have them: classes, parts of a split, wrappers, results beside."""

from pathlib import Path

from drawn.desk import Desk, add_layout, draw_photos, split_by_number

PETS = ("cat", "dog", "rabbit")


@add_layout("`photos/cat/1.jpg`", "a folder for each class")
def folder_per_class(desk: Desk) -> Path:
    desk.lay_classes("{label}/{number}.jpg", PETS)
    return desk.root


@add_layout("`cat/2021/may/1.jpg`", "the first folder is the class, however deep a photo lies")
def deep_folders(desk: Desk) -> Path:
    for photo in draw_photos(PETS):
        inner = ("", "may/", "2021/june/")[photo.number % 3]
        desk.lay(f"{photo.label}/{inner}{photo.number}.jpg", photo)
    return desk.root


@add_layout("photos as `.JPG`, `.jpeg`, `.png`, `.webp`, `.bmp`, `.tif`, `.gif` beside each other", "all of them")
def many_formats(desk: Desk) -> Path:
    endings = ("JPG", "jpeg", "png", "webp", "bmp", "tif", "gif", "PNG", "TIFF", "jpg")
    for photo in draw_photos(PETS):
        desk.lay(f"{photo.label}/{photo.number}.{endings[photo.number]}", photo)
    return desk.root


@add_layout("`Löwenzahn/1.jpg`, `向日葵/2.jpg`, `rosa canina (wild)/3.jpg`", "names in any script, as they are")
def names_of_all_scripts(desk: Desk) -> Path:
    for photo in draw_photos(("Löwenzahn", "向日葵", "rosa canina (wild)")):
        desk.lay(f"{photo.label}/{photo.number}.jpg", photo)
    return desk.root


@add_layout("`train/cat/1.jpg`, `val/...`, `test/...`", "three parts as given")
def train_val_test(desk: Desk) -> Path:
    desk.lay_parts(
        "{part}/{label}/{number}.jpg", {"train": (6, "train"), "val": (3, "validation"), "test": (3, "test")}, PETS
    )
    return desk.root


@add_layout(
    "`train/ants/1.jpg`, `val/bees/2.jpg`", "two parts: `val` is used as test, validation is taken out of train"
)
def train_val(desk: Desk) -> Path:
    desk.lay_parts("{part}/{label}/{number}.jpg", {"train": (8, "train"), "val": (4, "test")}, ("ants", "bees"))
    return desk.root


@add_layout("`train/cat/1.jpg` and no other part", "no part: the split is made")
def train_alone(desk: Desk) -> Path:
    desk.lay_classes("train/{label}/{number}.jpg", PETS)
    return desk.root


@add_layout("`Training/`, `Testing/` (brain tumours)", "two parts")
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


@add_layout("`Final_Training/Images/00000/00000_00001.ppm`, `Final_Test/Images/...` (GTSRB)", "two parts")
def gtsrb_folders(desk: Desk) -> Path:
    desk.lay_parts(
        "{part}/Images/{label}/{number:05}_00000.ppm",
        {"Final_Training": (10, "train"), "Final_Test": (4, "test")},
        ("00000", "00001", "00002"),
    )
    return desk.root


@add_layout("`train/images/cat/1.jpg`, `test/images/...`", "two parts, a wrapper in each")
def wrapped_in_parts(desk: Desk) -> Path:
    desk.lay_parts("{part}/images/{label}/{number}.jpg", {"train": (8, "train"), "test": (4, "test")}, PETS)
    return desk.root


@add_layout("`chest_xray/train/NORMAL/1.jpeg`, `val/`, `test/`, and `__MACOSX/` beside", "three parts")
def chest_xray(desk: Desk) -> Path:
    uses = {"train": "train", "val": "validation", "test": "test"}
    for photo in draw_photos(("NORMAL", "PNEUMONIA"), 16, grey=True):
        part = split_by_number(photo, {"train": 8, "val": 4, "test": 4})
        desk.lay(f"chest_xray/{part}/{photo.label}/{photo.number}.jpeg", photo, uses[part])
        desk.leave(
            f"__MACOSX/chest_xray/{part}/{photo.label}/._{photo.number}.jpeg", b"\x00\x05\x16\x07\x00\x02\x00\x00"
        )
    return desk.root


@add_layout("`data/images/cat/1.jpg`", "the wrapping folders are gone through")
def wrapped_twice(desk: Desk) -> Path:
    desk.write("README.txt", "photos of pets\n")
    desk.lay_classes("data/images/{label}/{number}.jpg", PETS)
    return desk.root


@add_layout(
    "`ILSVRC/Data/CLS-LOC/train/n01440764/n01440764_18.JPEG`, `val/...`, `Annotations/` (ImageNet)", "two parts"
)
def imagenet(desk: Desk) -> Path:
    for photo in draw_photos(("n01440764", "n01443537", "n01484850"), 14):
        part = split_by_number(photo, {"train": 10, "val": 4})
        name = f"{part}/{photo.label}/{photo.label}_{photo.number}"
        desk.lay(f"ILSVRC/Data/CLS-LOC/{name}.JPEG", photo, "train" if part == "train" else "test")
        desk.leave(f"ILSVRC/Annotations/CLS-LOC/{name}.xml", "<annotation></annotation>\n")
    return desk.root


@add_layout("`Images/n02085620-Chihuahua/1.jpg`, `Annotation/n02085620-Chihuahua/1` (Stanford Dogs)", "`Images` only")
def stanford_dogs(desk: Desk) -> Path:
    for photo in draw_photos(("n02085620-Chihuahua", "n02085936-Maltese_dog", "n02086240-Shih-Tzu")):
        desk.lay(f"Images/{photo.label}/{photo.label[:9]}_{photo.number}.jpg", photo)
        desk.leave(f"Annotation/{photo.label}/{photo.label[:9]}_{photo.number}", "<annotation></annotation>\n")
    return desk.root


@add_layout("`CUB/images/001.Albatross/1.jpg`, `images.txt`, `train_test_split.txt`, `attributes/`", "`images` only")
def cub_birds(desk: Desk) -> Path:
    lines = []
    for place, photo in enumerate(draw_photos(("001.Albatross", "002.Auklet", "003.Blackbird")), 1):
        desk.lay(f"CUB/images/{photo.label}/{photo.label[4:]}_{photo.number:04}.jpg", photo)
        lines.append(f"{place} {photo.label}/{photo.label[4:]}_{photo.number:04}.jpg\n")
    desk.leave("CUB/images.txt", "".join(lines))
    desk.leave("CUB/train_test_split.txt", "".join(f"{it + 1} {it % 2}\n" for it in range(len(lines))))
    desk.leave("CUB/attributes/attributes.txt", "1 has_bill_shape::curved\n")
    return desk.root


@add_layout("`images/apple_pie/1.jpg`, `meta/train.txt` (Food-101)", "`images` only")
def food_101(desk: Desk) -> Path:
    desk.lay_classes("images/{label}/{number}.jpg", ("apple_pie", "beignets", "ceviche"))
    desk.leave("meta/train.txt", "".join(f"apple_pie/{it}\n" for it in range(8)))
    desk.leave("meta/classes.txt", "apple_pie\nbeignets\nceviche\n")
    return desk.root


@add_layout("`benign/SOB/adenosis/40X/1.png`, `malignant/...` (BreakHis)", "the first folder is the class")
def breakhis(desk: Desk) -> Path:
    kinds = {"benign": ("adenosis", "fibroadenoma"), "malignant": ("ductal", "lobular")}
    for photo in draw_photos(tuple(kinds), 12):
        kind = kinds[photo.label][photo.number % 2]
        desk.lay(f"breast/{photo.label}/SOB/{kind}/{('40X', '100X')[photo.number // 2 % 2]}/{photo.number}.png", photo)
    return desk.root


@add_layout(
    "`seg_train/seg_train/forest/1.jpg`, `seg_test/...`, `seg_pred/seg_pred/9.jpg` (Intel scenes)",
    "two parts; photos without labels are left for predict",
)
def intel_scenes(desk: Desk) -> Path:
    desk.lay_parts(
        "{part}/{part}/{label}/{number}.jpg",
        {"seg_train": (10, "train"), "seg_test": (4, "test")},
        ("buildings", "forest", "sea"),
    )
    desk.leave_photos("seg_pred/seg_pred/{label[0]}{number}.jpg", ("buildings", "forest", "sea"), 2, seed=1)
    desk.say("predict")
    return desk.root


@add_layout(
    "`train/Maize/1.png`, `test/9.png` without classes (plant seedlings)", "`train`; `test` is left for predict"
)
def test_without_classes(desk: Desk) -> Path:
    desk.lay_classes("train/{label}/{number:04}.png", ("Black-grass", "Charlock", "Maize"))
    desk.leave_photos("test/{label[0]}{number:03}.png", ("Black-grass", "Charlock"), 3, seed=1)
    desk.say("predict")
    return desk.root


@add_layout(
    "`yes/Y1.jpg`, `no/1.jpg`, and both again in `brain_tumor_dataset/`",
    "two classes; what is there once more is skipped",
)
def set_inside_itself(desk: Desk) -> Path:
    for photo in draw_photos(("no", "yes"), 12):
        for place in ("", "brain_tumor_dataset/"):
            desk.lay(f"{place}{photo.label}/{photo.label[0].upper()}{photo.number}.jpg", photo)
    return desk.root


@add_layout("`cat/1.jpg`, `dog/2.jpg`, `results/plot.png`", "folders of results are left out")
def plots_beside_classes(desk: Desk) -> Path:
    desk.lay_classes("{label}/{number}.jpg", PETS)
    desk.leave_photos("results/plot_{number}.png", ("cat",), 4, seed=1, edge=64, word="results")
    return desk.root


@add_layout("`fold_1/cat/1.jpg`, `fold_2/...`", "the folder above a photo is its class")
def folds(desk: Desk) -> Path:
    for photo in draw_photos(PETS, 12):
        desk.lay(f"fold_{1 + photo.number % 4}/{photo.label}/{photo.number}.jpg", photo)
    return desk.root


@add_layout("`cat/train/1.jpg`, `cat/test/2.jpg`, `dog/...`", "two parts inside each class")
def parts_in_classes(desk: Desk) -> Path:
    desk.lay_parts("{label}/{part}/{number}.jpg", {"train": (10, "train"), "test": (4, "test")}, PETS)
    return desk.root


@add_layout("`train/`, `dev/`, `eval/`", "three parts; `eval` is the test part")
def train_dev_eval(desk: Desk) -> Path:
    desk.lay_parts(
        "{part}/{label}/{number}.jpg", {"train": (6, "train"), "dev": (3, "validation"), "eval": (3, "test")}, PETS
    )
    return desk.root


@add_layout("`train_1/cat/1.jpg`, `train_2/...`, `test_1/...`", "two parts; numbered ones count together")
def numbered_parts(desk: Desk) -> Path:
    desk.lay_parts(
        "{part}/{label}/{number}.jpg", {"train_1": (5, "train"), "train_2": (5, "train"), "test_1": (4, "test")}, PETS
    )
    return desk.root


@add_layout("`train/`, `test/`, and both again in `chest/` (chest X-ray)", "two parts; what is there again is skipped")
def parts_inside_themselves(desk: Desk) -> Path:
    for photo in draw_photos(("NORMAL", "PNEUMONIA"), 14):
        part = split_by_number(photo, {"train": 10, "test": 4})
        content = desk.lay(f"{part}/{photo.label}/{photo.number}.jpg", photo, part)
        desk.leave(f"chest/{part}/{photo.label}/{photo.number}.jpg", content, "once more")
    return desk.root


@add_layout("`cat/1.jpg`, `dog/1.jpg`, `unlabelled/9.jpg`", "the classes; the rest is left for predict")
def unlabelled_beside(desk: Desk) -> Path:
    desk.lay_classes("{label}/{number}.jpg", PETS)
    desk.leave_photos("unlabelled/{label[0]}{number}.jpg", PETS, 2, seed=1, word="predict")
    return desk.root


@add_layout("`benign/benign (1).png`, `benign/benign (1)_mask.png` (BUSI)", "masks are skipped")
def masks_beside_photos(desk: Desk) -> Path:
    desk.lay_classes("{label}/{label} ({number}).png", ("benign", "malignant", "normal"))
    desk.leave_photos(
        "{label}/{label} ({number})_mask.png", ("benign", "malignant", "normal"), seed=1, grey=True, word="mask"
    )
    return desk.root


@add_layout(
    "`cat/1.jpg`, `dog/1.jpg`, `test/1.jpg`", "a class, or a part without labels", flags="--classes-from folder"
)
def test_beside_classes(desk: Desk) -> Path:
    desk.lay_classes("{label}/{number}.jpg", ("cat", "dog", "test"))
    return desk.root


@add_layout(
    "`ann/glad/1.jpg`, `bo/glad/1.jpg`: people or classes?",
    "the folder above a photo is its class, the first its group",
    flags="--classes-from parent --group-from folder",
)
def people_with_moods(desk: Desk) -> Path:
    for photo in draw_photos(("calm", "glad", "sad"), 12):
        owner = ("ann", "bo", "cy", "di")[photo.number % 4]
        desk.lay(f"{owner}/{photo.label}/{photo.number}.jpg", photo, group=owner)
    return desk.root


@add_layout("`train_cats/1.jpg`, `train_dogs/`, `test_cats/`, `test_dogs/`", "two parts, the class behind the part")
def part_and_class_in_names(desk: Desk) -> Path:
    desk.lay_parts("{part}_{label}/{number}.jpg", {"train": (10, "train"), "test": (4, "test")}, ("cats", "dogs"))
    return desk.root


@add_layout("`trainA/1.jpg`, `trainB/`, `testA/`, `testB/` (CycleGAN)", "two parts, classes `A` and `B`")
def domains(desk: Desk) -> Path:
    desk.lay_parts("{part}{label}/{number}.jpg", {"train": (10, "train"), "test": (4, "test")}, ("A", "B"))
    return desk.root


@add_layout("`cat/1.jpg`, `cat - Copy/1.jpg`", "copies of class folders are skipped")
def copied_class(desk: Desk) -> Path:
    for photo in draw_photos(PETS):
        content = desk.lay(f"{photo.label}/{photo.number}.jpg", photo)
        if photo.label == "cat":
            desk.leave(f"cat - Copy/{photo.number}.jpg", content, "copy")
    return desk.root


@add_layout(
    "`cat/1.jpg`, `cat (2)/1.jpg` with other photos",
    "one class, or two",
    flags="--class-pattern '^(?P<label>[^/]+?)(?: \\(2\\))?/'",
)
def second_folder_of_a_class(desk: Desk) -> Path:
    for photo in draw_photos(PETS):
        second = " (2)" if photo.label == "cat" and photo.number > 5 else ""
        desk.lay(f"{photo.label}{second}/{photo.number}.jpg", photo)
    return desk.root


@add_layout("`cat/1.jpg`, `dog/1.jpg`, `unsorted/9.jpg`, `IMG_7.jpg` beside", "the classes; the rest is left out")
def photos_without_class_beside(desk: Desk) -> Path:
    desk.lay_classes("{label}/{number}.jpg", PETS)
    for photo in draw_photos(PETS, 2, seed=1):
        desk.leave(f"unsorted/{photo.label[0]}{photo.number}.jpg", photo.encode(), "predict")
        desk.leave(f"IMG_{photo.label[0]}{photo.number}.jpg", photo.encode(), "class folder")
    desk.say("beside the class folders")
    return desk.root


@add_layout("`COVID/images/1.png`, `COVID/masks/1.png`, `Normal/images/` (COVID-19 radiography)", "masks are skipped")
def masks_in_classes(desk: Desk) -> Path:
    desk.lay_classes("{label}/images/{label}-{number}.png", ("COVID", "Normal"))
    desk.leave_photos("{label}/masks/{label}-{number}.png", ("COVID", "Normal"), seed=1, grey=True, word="masks")
    return desk.root


@add_layout(
    "`0/10_left.jpeg`, `1/10_right.jpeg` (diabetic retinopathy)",
    "the folder is the class; the patient is proposed as the group (`--group-from name`)",
)
def sides_in_names(desk: Desk) -> Path:
    for photo in draw_photos(("0", "1"), 12):
        desk.lay(f"{photo.label}/{photo.number + 10}_{('left', 'right')[int(photo.label)]}.jpeg", photo)
    desk.say("--group-from name")
    return desk.root
