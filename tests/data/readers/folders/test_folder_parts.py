"""Parts of a split among folders: classes of train beside the other parts, tables of parts without class folders."""

from collections import Counter

import pytest

from headstart.data.read import read_source
from headstart.data.samples import Subset
from headstart.settings import DataSettings
from headstart_runtime.errors import DataError

PETS = ("cats", "dogs")


def read(root, **settings):
    return read_source(root, options=DataSettings.model_validate(settings))


def has_note(samples, text):
    return any(text in note for note in samples.ledger.notes)


def count_subsets(samples):
    return dict(Counter(sample.subset for sample in samples.samples))


def labels_of(samples):
    return {sample.name: samples.classes[sample.target] for sample in samples.samples}


def list_photos(*folders, each=4):
    return [f"{folder}/{folder.replace('/', '_')}{i}.png" for folder in folders for i in range(each)]


def skips(samples):
    return {entry.name: entry.reason for entry in samples.ledger.entries if entry.reason}


# --- classes of train beside the parts --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("parts", "count"),
    [
        (("test",), {Subset.TRAIN: 8, Subset.TEST: 8}),
        (("valid",), {Subset.TRAIN: 8, Subset.TEST: 8}),
        (("val", "test"), {Subset.TRAIN: 8, Subset.VALIDATION: 8, Subset.TEST: 8}),
        (("test_set/images",), {Subset.TRAIN: 8, Subset.TEST: 8}),
    ],
)
def test_classes_beside_a_part_that_holds_them_are_train(tmp_path, plant, parts, count):
    root = plant(tmp_path, *list_photos(*PETS, *(f"{part}/{name}" for part in parts for name in PETS)))
    samples = read(root)
    assert samples.classes == PETS
    assert count_subsets(samples) == count
    assert has_note(samples, "the folders 'cats', 'dogs' beside")
    assert read(root, classes_from="parent").classes == PETS


def test_classes_beside_a_part_and_photos_without_labels(tmp_path, plant):
    root = plant(tmp_path, *list_photos(*PETS, "val/cats", "val/dogs", "test"))
    samples = read(root)
    assert count_subsets(samples) == {Subset.TRAIN: 8, Subset.TEST: 8}
    assert has_note(samples, "4 photos in 'test' have no labels and are left for predict")


def test_other_classes_in_the_part_are_asked_for_with_both_readings(tmp_path, plant):
    root = plant(tmp_path, *list_photos(*PETS, "hens", "test/cats", "test/newts"))
    told = r"\('test' .8.\) and other folders .*'cats' .4., 'dogs' .4., 'hens' .4.\) beside; if .*folder; if .*-pattern"
    with pytest.raises(DataError, match=told) as caught:
        read(root)
    by_pattern = read(root, class_pattern=str(caught.value).rpartition("--class-pattern ")[2].strip("'\""))
    assert by_pattern.classes == ("cats", "dogs", "hens", "test")
    with pytest.raises(DataError, match="class 'newts' has no usable photo in train"):
        read(root, classes_from="folder")


def test_a_folder_beside_train_is_left_out_when_that_is_said(tmp_path, plant):
    root = plant(tmp_path, *list_photos("train/cats", "train/dogs", "test/cats", "test/dogs", "more"))
    with pytest.raises(DataError, match=r"another folder with photos \('more' .4.\) beside; to leave 'more' out, add"):
        read(root)
    samples = read(root, classes_from="folder")
    assert count_subsets(samples) == {Subset.TRAIN: 8, Subset.TEST: 8}
    assert skips(samples) == {f"more/more{i}.png": "not in a class folder of a part" for i in range(4)}


# --- parts and classes in one name, copies, photos that belong to no class --------------------------------------------


@pytest.mark.parametrize("form", ["{part}_{name}", "{name}-{part}", "{part} {name}"])
def test_a_part_and_a_class_in_the_name_of_each_folder(tmp_path, plant, form):
    folders = [form.format(part=part, name=name) for part in ("train", "val", "test") for name in PETS]
    samples = read(plant(tmp_path, *list_photos(*folders)))
    assert samples.classes == PETS
    assert count_subsets(samples) == {Subset.TRAIN: 8, Subset.VALIDATION: 8, Subset.TEST: 8}
    assert has_note(samples, "are called by a part and a class, which are read off their names")
    assert len(read(tmp_path, classes_from="folder").classes) == 6


def test_domains_of_two_letters(tmp_path, plant):
    samples = read(plant(tmp_path, *list_photos("trainA", "trainB", "testA", "testB")))
    assert samples.classes == ("A", "B")
    assert count_subsets(samples) == {Subset.TRAIN: 8, Subset.TEST: 8}


@pytest.mark.parametrize("folders", [("train_cats", "train_dogs"), ("train_cats", "train_dogs", "test_newts")])
def test_names_of_folders_that_say_no_split_are_classes(tmp_path, plant, folders):
    assert len(read(plant(tmp_path, *list_photos(*folders))).classes) == len(folders)


def plant_copies(plant, root, name):
    photos = list_photos(*PETS)
    plant(root, *photos)
    (root / name).mkdir()
    for photo in photos[:4]:
        (root / name / photo.rpartition("/")[2]).write_bytes((root / photo).read_bytes())
    return root


@pytest.mark.parametrize("name", ["cats - Copy", "cats copy 2", "Copy of cats", "cats (1)"])
def test_a_copy_of_a_class_folder_is_left_out(tmp_path, plant, name):
    samples = read(plant_copies(plant, tmp_path, name))
    assert samples.classes == PETS
    assert has_note(samples, f"{name!r} (4 photos) is skipped: a copy of 'cats'")
    assert set(skips(samples).values()) == {"in a copy of the folder 'cats'"}


def test_a_folder_called_like_a_copy_with_other_photos_is_asked_for(tmp_path, plant):
    root = plant(tmp_path, *(f"in it/{photo}" for photo in list_photos(*PETS, "cats (2)")))
    with pytest.raises(DataError, match=r"'cats \(2\)' \(4 photos\), which is called like a copy of 'cats'") as caught:
        read(root)
    pattern = str(caught.value).partition("--class-pattern '")[2].partition("'")[0]
    assert Counter(labels_of(read(root, class_pattern=pattern)).values()) == {"cats": 8, "dogs": 4}
    assert read(root, classes_from="folder").classes == ("cats", "cats (2)", "dogs")


def test_photos_beside_the_class_folders_and_unsorted_ones_are_said_to_be_left_out(tmp_path, plant):
    samples = read(plant(tmp_path, *list_photos(*PETS, "unsorted"), *(f"IMG_{i}.png" for i in range(3))))
    assert samples.classes == PETS
    assert has_note(samples, "3 photos beside the class folders left out: no label")
    assert has_note(samples, "4 photos in 'unsorted' have no labels: left for predict; if it is a class, add")


# --- tables of parts --------------------------------------------------------------------------------------------------


def plant_flat_part(plant, root, part="val", classes=PETS):
    names = list_photos(*(f"train/{name}" for name in classes))
    return plant(root, *names, *(f"{part}/{i:03}.png" for i in range(6)))


def write_rows(file, form, header="", classes=PETS):
    rows = [form.format(i=i, c=classes[i % 2], n=i % 2) for i in range(6)]
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("\n".join([*([header] if header else []), *rows]) + "\n")


@pytest.mark.parametrize(
    ("table", "header", "form"),
    [
        ("val/val.txt", "", "{i:03}.png {c}"),
        ("val/val.csv", "filename,label", "{i:03}.png,{c}"),
        ("val.csv", "filename,label", "val/{i:03}.png,{c}"),
        ("labels.csv", "id,species", "{i:03},{c}"),
        ("labels/val_labels.tsv", "", "/home/me/set/val/{i:03}.png\t{c}\t7\t1"),
        ("val_annotations.txt", "", "{i:03}.png\t{c}\t0\t32\t44\t62"),
        ("val.csv", "file;width;x", "{i:03}.png;1;{c}"),
    ],
)
def test_a_part_without_class_folders_gets_its_labels_from_a_table(tmp_path, plant, table, header, form):
    root = plant_flat_part(plant, tmp_path)
    write_rows(root / table, form, header)
    samples = read(root)
    assert count_subsets(samples) == {Subset.TRAIN: 8, Subset.TEST: 6}
    labels = labels_of(samples)
    assert [labels[f"val/{i:03}.png"] for i in range(6)] == [*PETS] * 3
    assert has_note(samples, f"the labels of 6 photos in 'val' are read from '{table}' (column ")
    assert skips(samples) == {table: "a table of labels, which are read"}


def test_photos_of_the_part_that_the_table_lacks_are_left_out(tmp_path, plant):
    root = plant(tmp_path, *list_photos("train/cats", "train/dogs"), *(f"val/{i}.png" for i in range(20)))
    rows = [f"{i}.png,{PETS[i % 2] if i else 'newts'}" for i in range(19)]
    (root / "val.csv").write_text("\n".join(["file,label", *rows]))
    samples = read(root)
    assert count_subsets(samples) == {Subset.TRAIN: 8, Subset.TEST: 18}
    assert has_note(samples, "2 photos without a label there left out")
    assert skips(samples)["val/0.png"] == "its label in val.csv, 'newts', is no class of train"
    assert skips(samples)["val/19.png"] == "no row in val.csv"


def test_labels_that_are_no_classes_of_train_are_said(tmp_path, plant):
    root = plant_flat_part(plant, tmp_path)
    write_rows(root / "val.csv", "{i:03}.png,{n}", "file,label")
    samples = read(root)
    assert count_subsets(samples) == {None: 8}
    assert has_note(samples, "'val.csv' has rows for 'val', but its labels ('0', '1') are none of the class folders")
    assert has_note(samples, "6 photos in 'val' have no labels and are left for predict")


@pytest.mark.parametrize("name", ["sample_submission.csv", "test.csv"])
def test_forms_for_guesses_are_no_labels(tmp_path, plant, name):
    root = plant_flat_part(plant, tmp_path, "test")
    form = "{i:03}.png,{c}" if name == "sample_submission.csv" else "{i:03}.png,cats"
    write_rows(root / name, form, "id,label")
    samples = read(root)
    assert count_subsets(samples) == {None: 8}
    assert has_note(samples, "6 photos in 'test' have no labels and are left for predict")


def test_a_table_that_says_two_labels_of_a_photo(tmp_path, plant):
    root = plant_flat_part(plant, tmp_path)
    write_rows(root / "val.csv", "{i:03}.png,{c}", "file,label")
    with (root / "val.csv").open("a") as table:
        table.write("000.png,dogs\n")
    samples = read(root)
    assert "val/000.png" not in labels_of(samples)
    assert len(samples) == 13


def test_numbers_of_signs_with_tables_in_their_folders(tmp_path, plant):
    classes = ("00000", "00001")
    names = [f"Train/Images/{name}/{t:05}_{i:05}.ppm" for name in classes for t in range(3) for i in range(3)]
    root = plant(tmp_path, *names, *(f"Test/Images/{i:03}.ppm" for i in range(6)))
    write_rows(root / "GT-final_test.csv", "{i:03}.ppm;32;1;{n}", "Filename;Width;Roi.X1;ClassId")
    for number, name in enumerate(classes):
        rows = [f"{t:05}_{i:05}.ppm;32;1;{number}" for t in range(3) for i in range(3)]
        table = root / f"Train/Images/{name}/GT-{name}.csv"
        table.write_text("\n".join(["Filename;Width;Roi.X1;ClassId", *rows]))
    samples = read(root)
    assert samples.classes == classes
    assert count_subsets(samples) == {Subset.TRAIN: 18, Subset.TEST: 6}
    assert has_note(samples, "2 tables or lists in the class folders, such as 'Train/Images/00000/GT-00000.csv', are")
    assert has_note(samples, "they say the same classes")
    note = next(note for note in samples.ledger.notes if "several share" in note)
    again = read(root, class_pattern=note.partition("--class-pattern '")[2].partition("'")[0])
    assert again.classes == classes
    assert count_subsets(again) == count_subsets(samples)
    assert len({sample.group.given_name for sample in again.samples} - {""}) == 6
    table.write_text(table.read_text().replace(";1\n", ";0\n"))
    assert has_note(read(root), "1 of them say other classes than their folders")


# --- numbers of WordNet ----------------------------------------------------------------------------------------------


@pytest.fixture
def tiny(plant, tmp_path):
    """Tiny ImageNet as it is published, with two classes."""
    numbers = ("n01443537", "n01629819")
    train = [f"tiny/train/{name}/images/{name}_{i}.png" for name in numbers for i in range(4)]
    root = plant(
        tmp_path, *train, *(f"tiny/{part}/images/{part}_{i}.png" for part in ("val", "test") for i in range(6))
    )
    write_rows(
        root / "tiny/val/val_annotations.txt", "val_{i}.png\t{c}\t0\t32\t44\t62", classes=("n01443537", "n01629819")
    )
    (root / "tiny/wnids.txt").write_text("\n".join(numbers))
    (root / "tiny/words.txt").write_text(
        "n00001740\tentity\nn01443537\tgoldfish, Carassius\nn01629819\tfire salamander\n"
    )
    return root


def test_numbers_of_wordnet_get_their_names(tiny):
    samples = read(tiny)
    assert samples.classes == ("fire salamander", "goldfish")
    assert count_subsets(samples) == {Subset.TRAIN: 8, Subset.TEST: 6}
    assert labels_of(samples)["tiny/val/images/val_0.png"] == "goldfish"
    assert has_note(samples, "the names of the classes are read from tiny/words.txt (n01443537: goldfish, n01629819")
    assert has_note(samples, "6 photos in 'test' have no labels and are left for predict")
    assert skips(samples)["tiny/words.txt"] == "the names of the classes, which are read"
    assert read(tiny, classes_from="folder").classes == ("n01443537", "n01629819")


def test_a_solution_with_boxes_behind_the_number(plant, tmp_path):
    numbers = ("n01443537", "n01629819")
    root = plant(tmp_path, *list_photos(*(f"d/train/{it}" for it in numbers)), *(f"d/val/v{i}.png" for i in range(6)))
    write_rows(root / "solution.csv", "v{i},{c} 85 1 499 272 {c} 1 2 3 4", "ImageId,PredictionString", classes=numbers)
    (root / "LOC_synset_mapping.txt").write_text("n01443537 goldfish, C.\nn01629819 fire salamander\n")
    samples = read(root)
    assert samples.classes == ("fire salamander", "goldfish")
    assert count_subsets(samples) == {Subset.TRAIN: 8, Subset.TEST: 6}


def test_texts_on_each_photo_are_no_tables_of_classes(plant, tmp_path):
    root = plant(tmp_path, *list_photos(*PETS))
    for photo in list_photos(*PETS):
        (root / photo).with_suffix(".txt").write_text("a photo of a pet")
    assert not has_note(read(root), "tables or lists")


@pytest.mark.parametrize(
    ("words", "classes", "note"),
    [
        ("n01443537\tgoldfish\n", ("n01443537", "n01629819"), "has no name for 'n01629819'"),
        ("n01443537\tfish, a\nn01629819\tfish, b\n", ("fish, a", "fish, b"), "are read from"),
        ("n01443537\tfish\nn01629819\tfish\n", ("n01443537", "n01629819"), "has one name for several classes"),
    ],
)
def test_names_that_are_not_clear(tiny, words, classes, note):
    (tiny / "tiny/words.txt").write_text(words)
    samples = read(tiny)
    assert samples.classes == classes
    assert has_note(samples, note)


@pytest.mark.parametrize(
    ("file", "text", "classes"),
    [
        ("cat_to_name.json", '{"1": "primrose", "2": "lily", "9": "more"}', ("lily", "primrose")),
        ("classes.txt", "primrose\nlily\n", ("lily", "primrose")),
        ("cat_to_name.json", '{"1": "primrose"}', ("1", "2")),
        ("cat_to_name.json", '{"1": "primrose", "2": "primrose"}', ("1", "2")),
        ("settings.json", '{"1": 3, "2": [4]}', ("1", "2")),
        ("broken.json", "{", ("1", "2")),
    ],
)
def test_numbered_folders_get_names_from_a_list_that_has_them_all(tmp_path, plant, file, text, classes):
    root = plant(tmp_path, *list_photos("train/1", "train/2"))
    (root / file).write_text(text)
    samples = read(root)
    assert samples.classes == classes
    assert (skips(samples)[file] == "the names of the classes, which are read") is ("lily" in classes)
    assert read(root, classes_from="folder").classes == ("1", "2")


@pytest.mark.parametrize("above", ["", "train/"])
def test_masks_beside_images_in_each_class_are_skipped(tmp_path, plant, above):
    root = plant(tmp_path, *list_photos(*(f"{above}{name}/{inner}" for name in PETS for inner in ("images", "masks"))))
    samples = read(root)
    assert samples.classes == PETS
    assert len(samples) == 8
    assert set(skips(samples).values()) == {"in a folder of masks and the like"}
    assert has_note(samples, "'masks' in the class folders (8 photos) is skipped: masks and the like beside 'images'")
