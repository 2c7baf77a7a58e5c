"""Tables beside other things: lists joined by numbers, names of classes, folders that say something else."""

from pathlib import Path

from drawn.desk import Desk, add_layout, draw_photos, mix, rows_to_csv

BIRDS = ("001.Black_footed_Albatross", "002.Laysan_Albatross", "003.Sooty_Albatross")


@add_layout(
    "`images.txt`, `image_class_labels.txt`, `classes.txt`, `train_test_split.txt` beside `images/` (CUB-200-2011)",
    "classes by their names, two parts",
)
def cub_lists(desk: Desk) -> Path:
    lists: dict[str, list[str]] = {"images": [], "image_class_labels": [], "train_test_split": []}
    for photo in mix(draw_photos(BIRDS, 12)):
        path = f"{photo.label}/{photo.label[4:]}_{photo.number:04}.jpg"
        training = photo.number % 3 > 0
        desk.lay(f"images/{path}", photo, "train" if training else "test")
        for name, cell in zip(lists, (path, BIRDS.index(photo.label) + 1, int(training)), strict=True):
            lists[name].append(f"{len(lists[name]) + 1} {cell}\n")
    for name, lines in lists.items():
        desk.write(f"{name}.txt", "".join(lines))
    desk.write("classes.txt", "".join(f"{number} {name}\n" for number, name in enumerate(BIRDS, 1)))
    return desk.root


@add_layout("`train.txt`: `img/1.jpg 0`, `classes.txt` with a name a line beside", "numbers get the names")
def list_with_class_names(desk: Desk) -> Path:
    rows, names = [], ("apple", "pear", "plum")
    for place, photo in enumerate(mix(draw_photos(names))):
        desk.lay(f"img/{place}.jpg", photo)
        rows.append((f"img/{place}.jpg", names.index(photo.label)))
    desk.write("classes.txt", "".join(f"{name}\n" for name in names))
    return desk.write("train.txt", rows_to_csv(rows, " "))


@add_layout(
    "`annotations/list.csv`: `image,label`; photos in `images/` beside that folder", "the folder above is looked in"
)
def neighbouring_folder(desk: Desk) -> Path:
    rows = desk.lay_rows("images/{place:04}.jpg", ("apple", "pear", "plum"), cell="{place:04}")
    return desk.write("annotations/list.csv", rows_to_csv([("image", "label"), *rows]))


@add_layout("`train.csv`, `valid.csv` and `test.csv` that say `train/1.jpg,pear`, given as the folder", "three parts")
def tables_of_parts_in_folders(desk: Desk) -> Path:
    names = ("apple", "pear", "plum")
    for seed, (part, use) in enumerate((("train", "train"), ("valid", "validation"), ("test", "test"))):
        rows = []
        for photo in mix(draw_photos(names, (8, 3, 3)[seed], seed=seed)):
            file = f"{part}/{3 * photo.number + names.index(photo.label)}.jpg"
            desk.lay(file, photo, use)
            rows.append((file, photo.label))
        desk.write(f"{part}.csv", rows_to_csv([("path", "label"), *rows]))
    return desk.root


@add_layout(
    "`metadata.csv`: `image,dx`; photos in `left/` and `right/`, given as the folder",
    "asked: folders and table say other classes",
    flags="--classes-from table",
)
def folders_against_table(desk: Desk) -> Path:
    rows = []
    for place, photo in enumerate(mix(draw_photos(("benign", "malignant")))):
        desk.lay(f"{('left', 'right')[place // 2 % 2]}/e{place}.jpg", photo)
        rows.append((f"e{place}", photo.label))
    desk.write("metadata.csv", rows_to_csv([("image", "dx"), *rows]))
    return desk.root


@add_layout("`labels.csv` with a title, a blank line and a comment above `path,label`", "the header that is there")
def title_lines(desk: Desk) -> Path:
    desk.say("line 4")
    rows = desk.lay_rows("img/{place}.jpg", ("ash", "birch", "cedar"))
    above = "Trees of 2020,\n\n# by hand\n"
    return desk.write("labels.csv", above + rows_to_csv([("path", "label"), *rows]))


@add_layout("`labels.csv` with two rows of headers: `the photo,what it shows` above `path,label`", "the second one")
def two_headers(desk: Desk) -> Path:
    desk.say("line 2")
    rows = desk.lay_rows("img/{place}.jpg", ("ash", "birch", "cedar"))
    return desk.write("labels.csv", rows_to_csv([("the photo", "what it shows"), ("path", "label"), *rows]))
