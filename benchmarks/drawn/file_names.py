"""Classes in the names of files, and folders of patients, days or places above the classes."""

from pathlib import Path

from drawn.desk import Desk, add_layout, draw_photos


@add_layout(
    "`train/cat.0.jpg`, `test1/1.jpg` (Dogs vs. Cats)",
    "classes from the names of the files; `test1` is left for predict",
)
def dogs_vs_cats(desk: Desk) -> Path:
    desk.mention("name")
    desk.lay_classes("train/{label}.{number}.jpg", ("cat", "dog"), 12)
    for photo in draw_photos(("cat", "dog"), 4, seed=1):
        desk.leave(f"test1/{1 + photo.number + 4 * (photo.label == 'dog')}.jpg", photo.encode())
    desk.say("predict")
    return desk.root


@add_layout(
    "`images/Abyssinian_12.jpg`, `annotations/...` (Oxford Pets)",
    "the name up to the number is the class",
)
def oxford_pets(desk: Desk) -> Path:
    desk.mention("name")
    for photo in draw_photos(("Abyssinian", "american_bulldog", "Bengal", "british_shorthair")):
        desk.lay(f"images/{photo.label}_{photo.number + 1}.jpg", photo)
    for photo in draw_photos(("Abyssinian", "american_bulldog", "Bengal", "british_shorthair"), seed=1, grey=True):
        desk.leave(f"annotations/trimaps/{photo.label}_{photo.number + 1}.png", photo.encode(".png"))
    desk.leave("annotations/README", "1:Cat 2:Dog\n")
    return desk.root


@add_layout("`tilt-!-3.jpg`", "the name up to the number is the class")
def names_with_signs(desk: Desk) -> Path:
    desk.lay_classes("{label}-{number}.jpg", ("tilt-!", "tilt-+", "flat"))
    return desk.root


@add_layout("`cat (1).jpg`, `cat (2).jpg`, `dog (1).jpg`", "the name up to the number")
def names_with_brackets(desk: Desk) -> Path:
    for photo in draw_photos(("cat", "dog")):
        desk.lay(f"{photo.label} ({photo.number + 1}).jpg", photo)
    return desk.root


@add_layout("`IMG_0001_cat.jpg`, `IMG_0002_dog.jpg`", "the end of the name")
def class_at_the_end(desk: Desk) -> Path:
    for place, photo in enumerate(draw_photos(("cat", "dog"))):
        desk.lay(f"IMG_{place:04}_{photo.label}.jpg", photo)
    return desk.root


@add_layout(
    "`10253_idx5_x1001_y1351_class0.png` in one folder",
    "the number behind the word class",
)
def class_in_a_word(desk: Desk) -> Path:
    for photo in draw_photos(("class0", "class1"), 12):
        name = f"{10253 + photo.number % 4}_idx5_x{1001 + 50 * photo.number}_y{1351 + photo.number}"
        desk.lay(f"{name}_{photo.label}.png", photo, label=photo.label.removeprefix("class"))
    return desk.root


@add_layout(
    "`pics/ant_1.jpg`, `Results/plot1.jpg`",
    "classes from the names in `pics`; results are no photos",
)
def results_beside(desk: Desk) -> Path:
    desk.lay_classes("pics/{label}_{number}.jpg", ("ant", "bee"))
    desk.leave_photos("Results/plot_{label}{number}.jpg", ("ant", "bee"), 3, seed=1)
    return desk.root


@add_layout(
    "`p01/normal/1.png`, `p01/tumor/2.png`",
    "the folder above a photo is its class, the patient its group",
)
def patients(desk: Desk) -> Path:
    desk.mention("group")
    for photo in draw_photos(("normal", "tumor"), 16):
        owner = f"p{photo.number % 8:02}"
        desk.lay(f"{owner}/{photo.label}/{photo.number}.png", photo, group=owner)
    return desk.root


@add_layout("`10253/0/1.png`, `10253/1/2.png` (breast histopathology)", "the same")
def numbered_patients(desk: Desk) -> Path:
    for photo in draw_photos(("0", "1"), 16):
        owner = str(8863 + 211 * (photo.number % 8))
        name = f"{owner}_idx5_x{1001 + 50 * photo.number}_y1051_class{photo.label}.png"
        desk.lay(f"{owner}/{photo.label}/{name}", photo, group=owner)
    return desk.root


@add_layout(
    "`2023-05-01/ok/1.jpg`, `2023-05-02/defect/2.jpg`",
    "the folder above a photo is its class, the day its group",
)
def sessions(desk: Desk) -> Path:
    desk.mention("group")
    for photo in draw_photos(("ok", "defect"), 15):
        day = f"2023-05-{1 + photo.number % 5:02}"
        desk.lay(f"{day}/{photo.label}/{photo.number}.jpg", photo, group=day)
    return desk.root


@add_layout(
    "`Hamburg/benign/1.png`, `Lyon/malignant/2.png`",
    "the folder above a photo is its class, the place its group",
)
def sites(desk: Desk) -> Path:
    desk.mention("group")
    places = ("Hamburg", "Lyon", "Porto", "Turin", "Bergen")
    for photo in draw_photos(("benign", "malignant"), 15):
        place = places[photo.number % 5]
        desk.lay(f"{place}/{photo.label}/{photo.number}.png", photo, group=place)
    return desk.root


@add_layout("`train/p01/normal/1.png`, `test/p09/tumor/2.png`", "parts, and the same in each")
def patients_in_parts(desk: Desk) -> Path:
    desk.mention("group")
    for photo in draw_photos(("normal", "tumor"), 16):
        owner = photo.number % 8
        part = "train" if owner < 6 else "test"
        desk.lay(f"{part}/p{owner:02}/{photo.label}/{photo.number}.png", photo, part, f"p{owner:02}")
    return desk.root


@add_layout(
    "`p01/normal_1.png`, `p01/tumor_2.png`",
    "the name up to the number is the class, the patient its group",
    flags="--classes-from name --group-from folder",
)
def patients_with_names(desk: Desk) -> Path:
    for photo in draw_photos(("normal", "tumor"), 16):
        owner = f"p{photo.number % 8:02}"
        desk.lay(f"{owner}/{photo.label}_{photo.number}.png", photo, group=owner)
    return desk.root


@add_layout("`s01_happy.png`, `s02_sad.png`", "the second word is the class, the first the group")
def people_in_names(desk: Desk) -> Path:
    desk.mention("group")
    for photo in draw_photos(("calm", "happy", "sad"), 12):
        owner = f"s{photo.number:02}"
        desk.lay(f"{owner}_{photo.label}.png", photo, group=owner)
    return desk.root


@add_layout(
    "`red_cat_1.jpg`, `blue_dog_2.jpg`: two words that vary",
    "the word that is said",
    flags="--class-pattern '^[^\\s._-]+[\\s._-]+([^\\s._\\d-]+)'",
)
def two_words_in_names(desk: Desk) -> Path:
    for photo in draw_photos(("cat", "dog"), 12):
        desk.lay(f"{('red', 'blue')[photo.number % 2]}_{photo.label}_{photo.number}.jpg", photo)
    return desk.root


@add_layout("`0_17.png`, `1_18.png`", "the first number is the class", flags="--classes-from name")
def numbers_in_names(desk: Desk) -> Path:
    desk.lay_classes("{label}_{number}.png", ("0", "1"))
    return desk.root


@add_layout(
    "`healthy/003_L.jpg`, `healthy/003_R.jpg`: both eyes of a person",
    "the folder is the class; the person is proposed as the group (`--group-from name`)",
)
def eyes_in_names(desk: Desk) -> Path:
    for photo in draw_photos(("healthy", "ill"), 12):
        person = photo.number // 2 + 40 * (photo.label == "ill")
        desk.lay(f"{photo.label}/{person:03}_{'LR'[photo.number % 2]}.jpg", photo)
    desk.say("--group-from name")
    return desk.root


@add_layout(
    "`tumour/TCGA-AA-3500-01Z-00-DX1_0_512.png` (tiles of TCGA)",
    "the folder is the class; the patient is proposed as the group (`--class-pattern`)",
)
def tcga_tiles(desk: Desk) -> Path:
    for photo in draw_photos(("normal", "tumour"), 12):
        patient = 3500 + photo.number // 3 + 40 * (photo.label == "tumour")
        desk.lay(f"{photo.label}/TCGA-AA-{patient}-01Z-00-DX1_{photo.number % 3 * 512}_512.png", photo)
    desk.say("barcodes of TCGA", "TCGA-AA-3500", "--class-pattern")
    return desk.root


@add_layout(
    "`active/plate1_A01_s1_w1.tif`: sites in the wells of a plate",
    "the folder is the class; the well is proposed as the group (`--class-pattern`)",
)
def wells_in_names(desk: Desk) -> Path:
    for photo in draw_photos(("active", "control"), 12):
        row = "AB"[photo.label == "control"]
        desk.lay(f"{photo.label}/plate1_{row}0{1 + photo.number // 3}_s{1 + photo.number % 3}_w1.tif", photo)
    desk.say("wells", "plate1_A01", "--class-pattern")
    return desk.root


@add_layout(
    "`train/ant/ant4_jpg.rf.90ec5bccbf11...jpg`, `test/...`: Roboflow's copies of one original in both parts",
    "two parts; the original is proposed as the group (`--class-pattern`), and a leak is said",
)
def roboflow_copies(desk: Desk) -> Path:
    for seed, (part, start) in enumerate((("train", 0), ("test", 4))):
        for photo in draw_photos(("ant", "bee"), 12, seed=seed):
            name = (
                f"{photo.label}{start + photo.number // 2}_jpg.rf.{seed}{photo.number:02}90ec5bccbf117861e8aabed1c95042"
            )
            desk.lay(f"{part}/{photo.label}/{name}.jpg", photo, part)
    desk.say("Roboflow's copies", "which is a leak", "--class-pattern")
    return desk.root


@add_layout(
    "`0001a.jpg`, `0002b.jpg`",
    "asked: the letter behind the number",
    flags="--class-pattern '^\\d+(?P<label>[A-Za-z]+)'",
)
def letter_behind_a_number(desk: Desk) -> Path:
    for at, photo in enumerate(draw_photos(("a", "b"))):
        desk.lay(f"{at:04}{photo.label}.jpg", photo)
    return desk.root


@add_layout(
    "`AF01ANS.JPG`, `AF01HAS.JPG` (KDEF)",
    "asked: the letters behind the number",
    flags="--class-pattern '^[A-Za-z]+\\d+(?P<label>[A-Za-z]+)'",
)
def letters_behind_a_number(desk: Desk) -> Path:
    desk.lay_classes("AF{number:02}{label}.JPG", ("ANS", "HAS"))
    return desk.root


@add_layout(
    "`21_0_2_20170109150550001.jpg.chip.jpg` (UTKFace)",
    "asked: one of the numbers",
    flags="--class-pattern '^\\d+_(?P<label>\\d+)'",
)
def numbers_of_a_face(desk: Desk) -> Path:
    for at, photo in enumerate(draw_photos(("0", "1"))):
        desk.lay(f"{21 + at}_{photo.label}_{photo.number % 3}_201701091505500{at:02}.jpg.chip.jpg", photo)
    return desk.root


@add_layout(
    "`id=1,label=ants.jpg`",
    "asked: what `label` says",
    flags="--class-pattern '(?:^|[,;&_])label=(?P<label>[^=,;&]+?)(?=[,;&]|\\.[^.]*$)'",
)
def words_and_values(desk: Desk) -> Path:
    for at, photo in enumerate(draw_photos(("ants", "bees"))):
        desk.lay(f"id={at},label={photo.label}.jpg", photo)
    return desk.root


@add_layout(
    "`img1_grade1.jpg`, `img2_grade2.jpg`",
    "asked: the number behind the second word",
    flags="--class-pattern '^[A-Za-z]+\\d+_[A-Za-z]+(?P<label>\\d+)'",
)
def grades(desk: Desk) -> Path:
    for at, photo in enumerate(draw_photos(("1", "2"))):
        desk.lay(f"img{at}_grade{photo.label}.jpg", photo)
    return desk.root
