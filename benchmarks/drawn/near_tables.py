"""Tables that nearly go with their photos: names that differ a little, folders in a column of their own, other ids."""

import zipfile
from pathlib import Path

from drawn.desk import Desk, add_layout, draw_photos, mix, rows_to_csv, split_by_number

BIRDS = ("owl", "rail", "wren")


@add_layout("`labels.csv`: `id,Foto,label`; the id numbers rows, and other photos are called so", "the column `Foto`")
def row_numbers_and_names(desk: Desk) -> Path:
    photos = mix(draw_photos(BIRDS))
    for place, photo in enumerate(photos):
        desk.lay(f"{place + 1}.jpg", photo)
    rows = [(len(photos) - place, f"{place + 1}.jpg", photo.label) for place, photo in enumerate(photos)]
    desk.write("labels.csv", rows_to_csv([("id", "Foto", "label"), *rows]))
    desk.mention("Foto")
    return desk.root


def lay_sites(desk: Desk) -> list[tuple[str, str, str]]:
    """Lay photos that are numbered from 1 at each site, and return site, name and label of each."""
    rows = []
    for place, photo in enumerate(draw_photos(BIRDS)):
        site, name = f"site0{1 + place % 3}", f"RCNX{1 + place // 3:04}.JPG"
        desk.lay(f"{site}/100RECNX/{name}", photo)
        rows.append((site, name, photo.label))
    return rows


@add_layout("`TimelapseData.csv`: `File,RelativePath,Species`; photos numbered from 1 at each site", "folder and name")
def timelapse(desk: Desk) -> Path:
    rows = [("deployment", name, f"{site}\\100RECNX", label) for site, name, label in lay_sites(desk)]
    desk.mention("RelativePath")
    return desk.write("TimelapseData.csv", rows_to_csv([("RootFolder", "File", "RelativePath", "Species"), *rows]))


@add_layout("the folder of such a table", "the sites or the table", flags="--classes-from table")
def folder_of_timelapse(desk: Desk) -> Path:
    timelapse(desk)
    return desk.root


@add_layout("`labels.csv`: `specimen,label` with 1, 2, ...; photos `00001.jpg`", "each number with zeros before it")
def zeros_before_numbers(desk: Desk) -> Path:
    rows = []
    for place, photo in enumerate(mix(draw_photos(BIRDS)), 1):
        desk.lay(f"photos/{place:05}.jpg", photo)
        rows.append((place, photo.label))
    desk.write("labels.csv", rows_to_csv([("specimen", "label"), *rows]))
    desk.say("zeros")
    return desk.root


@add_layout(
    "`occurrence.csv`: `image` with `scans\\B 10 1_01.tif`; photos `B 10 1_01.jpg`", "the same with another ending"
)
def other_ending(desk: Desk) -> Path:
    rows = []
    for place, photo in enumerate(mix(draw_photos(BIRDS)), 1):
        desk.lay(f"scans/B 10 {place:07}_01.jpg", photo)
        rows.append((f"B 10 {place:07}", photo.label, f"herbarium\\scans\\B 10 {place:07}_01.tif"))
    return desk.write("occurrence.csv", rows_to_csv([("catalogNumber", "scientificName", "image"), *rows]))


@add_layout(
    "`labels.csv` with `/mnt/lab/site2/IMG_0001.JPG`; here lies `site1/IMG_0001.JPG`",
    "nothing: these may be other photos",
    refused=("site2", "site1", "--path-column path"),
)
def other_site(desk: Desk) -> Path:
    rows = []
    for place, photo in enumerate(mix(draw_photos(BIRDS)), 1):
        desk.write(f"site1/IMG_{place:04}.JPG", photo.encode())
        rows.append((f"/mnt/lab/site2/IMG_{place:04}.JPG", photo.label))
    desk.write("labels.csv", rows_to_csv([("path", "species"), *rows]))
    return desk.root


@add_layout("`labels.csv`: `Datei,label,Teilmenge` with Training, Test and Validierung", "three parts by their cells")
def parts_in_other_words(desk: Desk) -> Path:
    rows, parts = [], {"Training": "train", "Validierung": "validation", "Test": "test"}
    for place, photo in enumerate(mix(draw_photos(BIRDS))):
        part = list(parts)[0 if photo.number < 6 else photo.number % 2 + 1]
        desk.lay(f"img/{place:03}.jpg", photo, parts[part])
        rows.append((f"{place:03}.jpg", photo.label, part))
    desk.mention("Teilmenge")
    return desk.write("labels.csv", rows_to_csv([("Datei", "label", "Teilmenge"), *rows]))


def lay_sides(desk: Desk, *, said: str = "") -> list[tuple[str, str]]:
    """Lay photos whose names say a side, which is no class, and return name and label of each."""
    rows = []
    for place, photo in enumerate(draw_photos(("defect", "ok"), 12)):
        name = f"{('left', 'right')[place % 2]}_{place:03}.jpg"
        desk.lay(f"photos/{name}", photo) if not said else desk.write(f"photos/{name}", photo.encode())
        rows.append((name, photo.label))
    return rows


@add_layout(
    "`left_001.jpg`, `right_002.jpg` and `lab.csv`: `photo,result` with `left 001.jpg`",
    "asked: names or table",
    flags="--classes-from table",
)
def names_with_other_signs(desk: Desk) -> Path:
    rows = [(name.replace("_", " "), label) for name, label in lay_sides(desk)]
    desk.write("lab.csv", rows_to_csv([("photo", "result"), *rows]))
    return desk.root


@add_layout(
    "`left_001.jpg`, `right_002.jpg` and a workbook",
    "nothing: the table as CSV, or the names",
    refused=("Labels.xlsx", "save the table as CSV", "--classes-from name"),
)
def workbook_beside_names(desk: Desk) -> Path:
    lay_sides(desk, said="workbook")
    with zipfile.ZipFile(desk.root / "Labels.xlsx", "w") as archive:
        archive.writestr("xl/workbook.xml", "<workbook/>")
    return desk.root


@add_layout("class folders and a workbook beside", "the folders; the workbook is named")
def workbook_beside_folders(desk: Desk) -> Path:
    desk.lay_classes("{label}/{number}.jpg", BIRDS)
    with zipfile.ZipFile(desk.root / "Birds.xlsx", "w") as archive:
        archive.writestr("xl/workbook.xml", "<workbook/>")
    desk.say("Birds.xlsx", "save the table as CSV")
    return desk.root


@add_layout(
    "`left_001.jpg` with `left_001.txt` beside, which says `ok`",
    "nothing: which labels are meant is asked",
    refused=("*.txt", "'defect', 'ok'", "--classes-from name"),
)
def texts_beside_names(desk: Desk) -> Path:
    for name, label in lay_sides(desk, said="text"):
        desk.write(f"photos/{name.replace('.jpg', '.txt')}", f"{label}\n")
    return desk.root


@add_layout(
    "`K000001_dorsal.jpg`, `K000001_lateral.jpg` and `specimens.csv`: `barcode,species` with `K000001`",
    "nothing: the ids are only the beginnings of names",
    refused=("specimens.csv", "2 names begin with 'K000001'", "--classes-from name"),
)
def beginnings_of_names(desk: Desk) -> Path:
    rows = []
    for place, photo in enumerate(draw_photos(("ant", "bee")), 1):
        for side in ("dorsal", "lateral"):
            desk.write(f"scans/K{place:06}_{side}.jpg", photo.encode() + side.encode())
        rows.append((f"K{place:06}", photo.label))
    desk.write("specimens.csv", rows_to_csv([("barcode", "species"), *rows]))
    return desk.root


@add_layout(
    "`labels.csv` with `4.00638E+12`; photos `4006381333900.jpg`",
    "nothing: a spreadsheet has rounded the numbers",
    refused=("4.00638E+12", "rounded"),
)
def rounded_numbers(desk: Desk) -> Path:
    rows = []
    for place, photo in enumerate(draw_photos(("ant", "bee"))):
        desk.write(f"photos/{4006381333900 + 10 * place}.jpg", photo.encode())
        rows.append((f"{4006381333900 + 10 * place:.5E}", photo.label))
    desk.write("labels.csv", rows_to_csv([("barcode", "species"), *rows]))
    return desk.root


@add_layout(
    "`full/1.jpg`, `crop/1.jpg` and `labels.csv`: `file,label` with `1.jpg`",
    "nothing: each row may mean two photos",
    refused=("labels.csv", "may be one of 2", "--classes-from folder"),
)
def names_in_two_folders(desk: Desk) -> Path:
    rows = []
    for place, photo in enumerate(draw_photos(("ant", "bee"))):
        desk.write(f"full/{place}.jpg", photo.encode())
        desk.write(f"crop/{place}.jpg", photo.encode() + b"crop")
        rows.append((f"{place}.jpg", photo.label))
    desk.write("labels.csv", rows_to_csv([("file", "label"), *rows]))
    return desk.root


@add_layout("class folders, `exif.csv` with a camera for each photo, `prices.csv`", "the folders")
def tables_of_other_things(desk: Desk) -> Path:
    rows = []
    for place, photo in enumerate(draw_photos(BIRDS)):
        desk.lay(f"{photo.label}/{place}.jpg", photo)
        rows.append((f"{photo.label}/{place}.jpg", f"{(2, 4, 8)[place % 3]}.8", ("Canon", "Nikon")[place % 2]))
    desk.write("exif.csv", rows_to_csv([("SourceFile", "FNumber", "Make"), *rows]))
    desk.write("prices.csv", rows_to_csv([("item", "price"), ("film", 3), ("lens", 400), ("bag", 40)]))
    return desk.root


def lay_split(desk: Desk) -> dict[str, list[str]]:
    """Lay class folders whose split is known, and return part -> paths."""
    of_part: dict[str, list[str]] = {"train": [], "validation": [], "test": []}
    for photo in draw_photos(BIRDS, 12):
        part = split_by_number(photo, {"train": 8, "validation": 2, "test": 2})
        desk.lay(f"images/{photo.label}/{photo.number}.jpg", photo, part)
        of_part[part].append(f"{photo.label}/{photo.number}.jpg")
    return of_part


@add_layout("`images/wren/1.jpg`, `train.txt`, `val.txt` and `test.txt` of paths", "three parts")
def lists_of_parts(desk: Desk) -> Path:
    of_part = lay_split(desk)
    for name, part in (("train", "train"), ("val", "validation"), ("test", "test")):
        desk.write(f"{name}.txt", "".join(f"{path}\n" for path in of_part[part]))
    desk.mention("train.txt")
    return desk.root


@add_layout("the same with `validation_list.txt` and `testing_list.txt` only", "three parts: the rest is train")
def lists_without_train(desk: Desk) -> Path:
    of_part = lay_split(desk)
    for name, part in (("validation_list", "validation"), ("testing_list", "test")):
        desk.write(f"{name}.txt", "".join(f"images/{path}\n" for path in of_part[part]))
    return desk.root


@add_layout("class folders and `split.csv`: `file,split`", "three parts")
def table_of_parts(desk: Desk) -> Path:
    rows = [(path, part) for part, paths in lay_split(desk).items() for path in paths]
    desk.write("split.csv", rows_to_csv([("file", "split"), *rows]))
    desk.mention("split.csv")
    return desk.root


@add_layout(
    "`train.csv`: `id,label` beside `images.zip` (Kaggle, as loaded)",
    "nothing: unpack the archive",
    refused=("train.csv", "30 of 30 rows lead to one photo", "unpack 'images.zip'"),
)
def table_beside_archive(desk: Desk) -> Path:
    rows = []
    with zipfile.ZipFile(desk.root / "images.zip", "w") as archive:
        for place, photo in enumerate(mix(draw_photos(BIRDS))):
            archive.writestr(f"images/{place:04}.jpg", photo.encode())
            rows.append((f"{place:04}", photo.label))
    desk.write("train.csv", rows_to_csv([("id", "label"), *rows]))
    return desk.root


@add_layout("`train.csv`: `Path,ClassId`, `signnames.csv`: `ClassId,SignName`", "the names")
def table_of_names(desk: Desk) -> Path:
    rows = []
    for place, photo in enumerate(mix(draw_photos(BIRDS))):
        desk.lay(f"images/{place}.png", photo)
        rows.append((f"images/{place}.png", BIRDS.index(photo.label)))
    desk.write("train.csv", rows_to_csv([("Path", "ClassId"), *rows]))
    desk.write("signnames.csv", rows_to_csv([("ClassId", "SignName"), *enumerate(BIRDS)]))
    desk.mention("signnames.csv")
    return desk.root


@add_layout("`images/1/7.jpg`, `labels.csv`: `ClassId,Name`", "the names")
def folders_of_numbers(desk: Desk) -> Path:
    for photo in draw_photos(BIRDS):
        desk.lay(f"images/{1 + BIRDS.index(photo.label)}/{photo.number}.jpg", photo)
    desk.leave("labels.csv", rows_to_csv([("ClassId", "Name"), *enumerate(BIRDS, 1)]))
    desk.mention("labels.csv")
    return desk.root
