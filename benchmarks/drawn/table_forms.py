"""Forms of tables: encodings, separators, no head, lists of paths, one column for each class, tables in folders."""

import zipfile
from pathlib import Path

from drawn.desk import Desk, add_layout, draw_photos, mix, rows_to_csv

FLOWERS = ("daisy", "rose", "tulip")


@add_layout("`GroundTruth.csv`: `image,MEL,NV,BCC` with one 1.0 in each row (ISIC 2018)", "the column that has the 1")
def one_hot(desk: Desk) -> Path:
    rows, names = [], ("MEL", "NV", "BCC")
    for place, photo in enumerate(mix(draw_photos(names))):
        desk.lay(f"ISIC2018_Training_Input/ISIC_{24306 + place:07}.jpg", photo)
        rows.append((f"ISIC_{24306 + place:07}", *(float(name == photo.label) for name in names)))
    return desk.write("ISIC2018_GroundTruth.csv", rows_to_csv([("image", *names), *rows]))


@add_layout("the same with several 1 in a row, or none", "several labels for each photo; a note says so")
def several_labels(desk: Desk) -> Path:
    desk.say("20 several")
    rows, names = [], ("beach", "sea", "sunset")
    for place, photo in enumerate(mix(draw_photos(names))):
        marks = [int(name == photo.label or (place + at) % 3 == 0) for at, name in enumerate(names)]
        desk.lay(f"img/{place}.jpg", photo, label=";".join(map(str, marks)))
        rows.append((f"img/{place}.jpg", *marks))
    return desk.write("scenes.csv", rows_to_csv([("image", *names), *rows]))


@add_layout("`train/_classes.csv`: `filename, cat, dog`, likewise in `valid/` and `test/` (Roboflow)", "three parts")
def roboflow_classes(desk: Desk) -> Path:
    names = ("cat", "dog")
    for seed, part in enumerate(("train", "valid", "test")):
        rows = []
        for photo in mix(draw_photos(names, (10, 4, 4)[seed], seed=seed)):
            file = f"IMG-{2 * photo.number + names.index(photo.label)}_jpg.rf.{seed}a{photo.number}c.jpg"
            desk.lay(f"{part}/{file}", photo, "validation" if part == "valid" else part)
            rows.append((file, *(f" {int(name == photo.label)}" for name in names)))
        desk.write(f"{part}/_classes.csv", rows_to_csv([("filename", " cat", " dog"), *rows]))
    return desk.root


@add_layout(
    "`train/metadata.csv`: `file_name,label` beside the photos (Hugging Face ImageFolder)", "the table's labels"
)
def hf_metadata_csv(desk: Desk) -> Path:
    rows = desk.lay_rows("train/{place:04}.jpg", FLOWERS, cell="{place:04}.jpg")
    desk.write("train/metadata.csv", rows_to_csv([("file_name", "label"), *rows]))
    return desk.root


@add_layout("`train.csv`, `val.csv`, `test.csv`: `filename,label`, photos in `images/`", "a part for each table")
def table_per_part(desk: Desk) -> Path:
    uses = {"train": "train", "val": "validation", "test": "test"}
    for seed, part in enumerate(uses):
        rows = []
        for photo in mix(draw_photos(FLOWERS, (8, 3, 3)[seed], seed=seed)):
            file = f"{seed}{3 * photo.number + FLOWERS.index(photo.label):04}.jpg"
            desk.lay(f"images/{file}", photo, uses[part])
            rows.append((file, photo.label))
        desk.write(f"{part}.csv", rows_to_csv([("filename", "label"), *rows]))
    return desk.root


@add_layout("a table with semicolons in cp1252, as Excel saves it (`Gänseblümchen`)", "the encoding is found")
def cp1252_semicolons(desk: Desk) -> Path:
    rows = desk.lay_rows("Fotos/{place}.jpg", ("Gänseblümchen", "Löwenzahn", "Rose"))
    text = rows_to_csv([("Datei", "Klasse"), *rows], ";").replace("Datei;Klasse", "path;label")
    return desk.write("blumen.csv", text.encode("cp1252"))


@add_layout("`sep=;` in the first line, a byte-order mark before it", "as Excel means it")
def excel_separator_line(desk: Desk) -> Path:
    rows = desk.lay_rows("img/{place}.jpg", FLOWERS)
    return desk.write("flowers.csv", "\ufeffsep=;\r\n" + rows_to_csv([("path", "label"), *rows], ";"))


@add_layout('tabs in UTF-16, as Excel saves "Unicode text"', "the encoding is found")
def utf16_tabs(desk: Desk) -> Path:
    rows = desk.lay_rows("img/{place}.jpg", FLOWERS)
    return desk.write("flowers.tsv", rows_to_csv([("path", "label"), *rows], "\t").encode("utf-16"))


@add_layout("a table without a head: `img/1.jpg,daisy`", "the column of paths, and the other")
def no_head(desk: Desk) -> Path:
    rows = desk.lay_rows("img/{place}.jpg", FLOWERS)
    return desk.write("flowers.csv", rows_to_csv(rows))


@add_layout("`img\\1.jpg,daisy` with the backslashes of Windows", "as slashes")
def backslashes(desk: Desk) -> Path:
    rows = desk.lay_rows("img/sub/{place}.jpg", FLOWERS, cell="img\\sub\\{place}.jpg")
    return desk.write("flowers.csv", rows_to_csv([("path", "label"), *rows]))


@add_layout(
    "`/kaggle/input/flowers/img/1.jpg,daisy`: paths of another machine", "the same names under the table's folder"
)
def paths_of_elsewhere(desk: Desk) -> Path:
    rows = desk.lay_rows("img/{place}.jpg", FLOWERS, cell="/kaggle/input/flowers/img/{place}.jpg")
    return desk.write("flowers.csv", rows_to_csv([("path", "label"), *rows]))


@add_layout("`annotations.txt`: `img/1.jpg 0` in lines", "path and label")
def path_label_list(desk: Desk) -> Path:
    rows = desk.lay_rows("img/{place}.jpg", ("0", "1", "2"))
    return desk.write("annotations.txt", rows_to_csv(rows, " "))


@add_layout("`list.txt`: `my photos/cat 1.jpg cat`, with blanks in the paths", "the label is what follows the file")
def list_with_blanks(desk: Desk) -> Path:
    rows = []
    for photo in mix(draw_photos(("cat", "dog"))):
        desk.lay(f"my photos/{photo.label} {photo.number}.jpg", photo)
        rows.append((f"my photos/{photo.label} {photo.number}.jpg", photo.label))
    return desk.write("list.txt", rows_to_csv(rows, " "))


@add_layout("`list.txt`: `img\\cat\\1.jpg 0`", "the same, with backslashes")
def list_with_backslashes(desk: Desk) -> Path:
    rows = []
    for photo in mix(draw_photos(("0", "1"))):
        desk.lay(f"img/c{photo.label}/{photo.number}.jpg", photo)
        rows.append((f"img\\c{photo.label}\\{photo.number}.jpg", photo.label))
    return desk.write("list.txt", rows_to_csv(rows, " "))


@add_layout("`labels.xlsx`", "nothing: save it as CSV", refused=("save",))
def spreadsheet(desk: Desk) -> Path:
    for photo in draw_photos(FLOWERS):
        desk.write(f"img/{photo.label}{photo.number}.jpg", photo.encode())
    with zipfile.ZipFile(desk.root / "labels.xlsx", "w") as book:
        book.writestr("[Content_Types].xml", "<Types/>")
        book.writestr("xl/workbook.xml", "<workbook/>")
        book.writestr("xl/worksheets/sheet1.xml", "<worksheet/>")
    return desk.root / "labels.xlsx"
