"""Tables that nearly go with their photos: names that differ a little, folders in a column of their own, other ids."""

from pathlib import Path

from drawn.desk import Desk, add_layout, draw_photos, mix, rows_to_csv

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
