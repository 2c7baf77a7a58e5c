"""Folders that are no classes, and how to say what is meant."""

import re

import pytest

from headstart.data.read import read_source
from headstart.data.readers.folders.file_names import read_names
from headstart.data.readers.folders.folder_names import find_subset_in_name
from headstart.data.samples import Subset
from headstart.settings import DataSettings
from headstart_runtime.errors import DataError, SettingError
from headstart_runtime.modalities.image.recognition import HINTS


def options(classes=None, groups=None):
    return DataSettings(classes_from=classes, group_from=groups)


def said(samples, pattern):
    return any(re.search(pattern, note) for note in samples.ledger.notes)


def skips(samples):
    return {entry.name: entry.reason for entry in samples.ledger.entries if entry.reason}


def labels_of(samples):
    return {sample.name: samples.classes[sample.target] for sample in samples.samples}


@pytest.fixture
def patients(plant, tmp_path):
    """Eight patients, with photos of both findings of each."""
    names = [f"p{patient}/{label}/{i}.png" for patient in range(8) for label in (0, 1) for i in range(2)]
    return plant(tmp_path / "patients", *names)


@pytest.fixture
def pets_by_name(plant, tmp_path):
    """Two parts whose photos have the class in their name."""
    train = [f"train/{name}.{i}.png" for name in ("cat", "dog") for i in range(8)]
    test = [f"test1/{name}.{i}.png" for name in ("cat", "dog") for i in range(8, 12)]
    return plant(tmp_path / "named", *train, *test)


def test_patients_are_the_groups_and_what_they_all_hold_the_classes(patients):
    samples = read_source(patients)
    assert samples.classes == ("0", "1")
    assert all(labels_of(samples)[name] == name.split("/")[1] for name in labels_of(samples))
    assert {sample.group.given_name for sample in samples.samples} == {f"p{i}" for i in range(8)}
    assert said(samples, r"\('p0', 'p1', 'p2' and 5 more\) look like patients .* right above the photos \('0', '1'\)")
    assert said(samples, "8 groups, such as 'p0', 'p1', 'p2' and 5 more")
    assert read_source(patients, options=options("parent", "folder")).classes == ("0", "1")
    assert read_source(patients, options=options("folder")).classes == tuple(f"p{i}" for i in range(8))


def test_parts_whose_photos_have_the_class_in_their_names(pets_by_name):
    for chosen in (None, "name"):
        samples = read_source(pets_by_name, options=options(chosen))
        assert samples.classes == ("cat", "dog")
        assert {(sample.subset, sample.name.split("/")[0]) for sample in samples.samples} == {
            (Subset.TRAIN, "train"),
            (Subset.TEST, "test1"),
        }
        assert said(samples, "the name up to the number at its end")


def test_parts_with_classes_further_down(plant, tmp_path):
    names = [
        f"Final_{part}/Images/{label:05d}/{i}.png"
        for part in ("Training", "Test")
        for label in (0, 1)
        for i in range(5)
    ]
    root = plant(tmp_path / "signs", *names)
    for chosen in (None, "parent"):
        samples = read_source(root, options=options(chosen))
        assert samples.classes == ("00000", "00001")
        assert said(samples, "the folders 'Final_Test', 'Final_Training' are parts of a split")
        assert sum(sample.subset is Subset.TEST for sample in samples.samples) == 10
    assert read_source(root, options=options("folder")).classes == ("Final_Test", "Final_Training")


def test_a_folder_of_plots_beside_one_of_photos(plant, tmp_path):
    pics = [f"pics/{name}_{i}.png" for name in ("ant", "bee") for i in range(6)]
    root = plant(tmp_path / "work", *pics, "Results/plot_1.png", "Results/plot_2.png", "Results/plot_3.png")
    for chosen in (None, "name"):
        samples = read_source(root, options=options(chosen))
        assert samples.classes == ("ant", "bee")
        assert said(samples, r"'Results' \(3 photos\) is skipped: results and the like")
        assert skips(samples) == {f"Results/plot_{i}.png": "in a folder of results" for i in (1, 2, 3)}
    assert read_source(root / "pics", options=options("name")).classes == ("ant", "bee")


def test_a_folder_of_results_beside_classes(plant, tmp_path):
    names = [f"{name}/{i}.png" for name in ("ant", "bee", "Results") for i in range(4)]
    samples = read_source(plant(tmp_path / "work", *names))
    assert samples.classes == ("ant", "bee")
    assert set(skips(samples).values()) == {"in a folder of results"}
    assert read_source(tmp_path / "work", options=options("folder")).classes == ("ant", "bee", "Results")


def test_masks_beside_classes_may_be_either(plant, tmp_path):
    root = plant(tmp_path / "work", *(f"{name}/{i}.png" for name in ("ant", "bee", "masks") for i in range(4)))
    told = (
        r"has the folder 'masks' beside 'ant' .4., 'bee' .4., which may be no class: .*from folder; .*--class-pattern"
    )
    with pytest.raises(DataError, match=told) as caught:
        read_source(root)
    assert read_source(root, options=options("folder")).classes == ("ant", "bee", "masks")
    pattern = str(caught.value).rpartition("--class-pattern ")[2].strip("'")
    samples = read_source(root, options=DataSettings(class_pattern=pattern))
    assert samples.classes == ("ant", "bee")
    assert set(skips(samples).values()) == {"no class in its name"}


def test_photos_in_one_heap_with_the_class_in_their_names(plant, tmp_path):
    names = [f"{name}_{i}.png" for name in ("ant", "bee") for i in range(6)]
    flat = plant(tmp_path / "flat", *names)
    heap = plant(tmp_path / "heap", *(f"images/{name}" for name in names))
    for root in (flat, heap):
        assert read_source(root, options=options("name")).classes == ("ant", "bee")
        samples = read_source(root)
        assert samples.classes == ("ant", "bee")
        assert said(samples, r"the class is read off the names of the files: .* \('ant' \(6\), 'bee' \(6\)\)")
    numbered = plant(tmp_path / "numbered", *(f"{i}.png" for i in range(12)))
    with pytest.raises(DataError, match=r"has no class with photos \(skipped: 12 not in a class folder\)"):
        read_source(numbered)


def test_numbers_in_names_are_classes_only_when_said(plant, tmp_path):
    root = plant(tmp_path / "flat", *(f"{label}_{i}.png" for label in (0, 1) for i in range(6)))
    with pytest.raises(
        DataError, match=r"12 photos whose names begin with '0' .6., '1' .6.; .* add --classes-from name"
    ):
        read_source(root)
    assert read_source(root, options=options("name")).classes == ("0", "1")


def test_names_with_a_person_and_a_class(plant, tmp_path):
    names = [f"s{person:02}_{mood}.png" for person in range(5) for mood in ("happy", "sad", "calm")]
    samples = read_source(plant(tmp_path / "faces", *names))
    assert samples.classes == ("calm", "happy", "sad")
    assert {sample.group.given_name for sample in samples.samples} == {f"s{person:02}" for person in range(5)}
    assert said(samples, "the class is read off the names of the files: the second word of the name")
    assert said(samples, "the group of a photo is the first word of the name: 5 groups")


@pytest.mark.parametrize(
    "stems",
    [
        [f"{colour}_{what}_{i}" for colour in ("red", "blue") for what in ("cat", "dog") for i in range(4)],
        [f"{who}.{mood}{i}.{i}" for who in ("KA", "KL", "KM") for mood in ("AN", "DI", "HA") for i in range(3)],
    ],
)
def test_two_words_that_may_be_the_class(stems, plant, tmp_path):
    root = plant(tmp_path / "names", *(f"{stem}.png" for stem in stems))
    with pytest.raises(DataError, match=r"several words that may be the class: .*--class-pattern .*; or ") as caught:
        read_source(root)
    patterns = [part.split("'")[1] for part in str(caught.value).split("--class-pattern ")[1:]]
    found = [set(read_source(root, options=DataSettings(class_pattern=one)).classes) for one in patterns]
    assert found in ([{"red", "blue"}, {"cat", "dog"}], [{"KA", "KL", "KM"}, {"AN", "DI", "HA"}])


def test_a_pattern_of_class_and_group(plant, tmp_path):
    names = [f"day{day}/{label}-{i}.png" for day in range(3) for label in ("ok", "torn") for i in range(2)]
    root = plant(tmp_path / "belt", *names)
    samples = read_source(root, options=DataSettings(class_pattern="(?P<group>day[0-9])/(?P<label>[a-z]+)-"))
    assert samples.classes == ("ok", "torn")
    assert {sample.group.given_name for sample in samples.samples} == {"day0", "day1", "day2"}
    with pytest.raises(DataError, match=r"class_pattern '\^\(x\)' fits none of 12 photos, such as 'day0/ok-0.png'"):
        read_source(root, options=DataSettings(class_pattern="^(x)"))
    with pytest.raises(SettingError, match=r"classes_from is 'folder' beside a class_pattern"):
        read_source(root, options=DataSettings(class_pattern="^(ok)", classes_from="folder"))


def test_a_test_part_with_numbers_only_is_left_for_predict(plant, tmp_path):
    train = [f"train/{name}.{i}.png" for name in ("cat", "dog") for i in range(8)]
    samples = read_source(plant(tmp_path / "named", *train, *(f"test1/{i}.png" for i in range(6))))
    assert samples.classes == ("cat", "dog")
    assert {sample.subset for sample in samples.samples} == {None}
    assert skips(samples) == {f"test1/{i}.png": "no label: left for predict" for i in range(6)}
    assert said(samples, "6 photos in the test part have no class of the others in their names and are left for pre")


def test_doubled_folders_of_parts(plant, tmp_path):
    names = [f"seg_{part}/seg_{part}/{label}/{i}.png" for part in ("train", "test") for label in "ab" for i in range(4)]
    samples = read_source(plant(tmp_path / "scenes", *names, "seg_pred/seg_pred/1.png", "seg_pred/seg_pred/2.png"))
    assert samples.classes == ("a", "b")
    assert sum(sample.subset is Subset.TEST for sample in samples.samples) == 8
    assert set(skips(samples).values()) == {"no label: left for predict"}


def test_parts_inside_each_class(plant, tmp_path):
    names = [f"{label}/{part}/{i}.png" for label in ("ant", "bee") for part in ("train", "test") for i in range(4)]
    samples = read_source(plant(tmp_path / "deep", *names))
    assert samples.classes == ("ant", "bee")
    assert {(it.subset, it.name.split("/")[1]) for it in samples.samples} == {
        (Subset.TRAIN, "train"),
        (Subset.TEST, "test"),
    }


def test_eval_is_the_test_part_beside_dev(plant, tmp_path):
    names = [f"{part}/{label}/{i}.png" for part in ("train", "dev", "eval") for label in "ab" for i in range(4)]
    samples = read_source(plant(tmp_path / "parts", *names))
    assert {(it.name.split("/")[0], it.subset) for it in samples.samples} == {
        ("train", Subset.TRAIN),
        ("dev", Subset.VALIDATION),
        ("eval", Subset.TEST),
    }


def test_pieces_of_one_heap_are_no_classes(plant, tmp_path):
    names = [f"batch_{piece}/{label}/{i}.png" for piece in (1, 2, 3) for label in ("ant", "bee") for i in range(3)]
    assert read_source(plant(tmp_path / "nested", *names)).classes == ("ant", "bee")
    flat = plant(tmp_path / "flat", *(f"images_{piece}/{piece}{i}.png" for piece in (1, 2, 3) for i in range(4)))
    with pytest.raises(DataError, match="which look like places for photos, not like classes; wanted"):
        read_source(flat)
    assert len(read_source(flat, options=options("folder")).classes) == 3


def test_names_that_only_count_the_photos_of_each_folder_are_no_classes(plant, tmp_path):
    root = plant(tmp_path / "parts", *(f"part{piece}/{i}.png" for piece in (1, 2, 3) for i in range(1, 13)))
    with pytest.raises(DataError, match="if the folders are the classes, add --classes-from folder") as caught:
        read_source(root)
    assert "--classes-from name" not in str(caught.value)
    assert read_source(root, options=options("folder")).classes == ("part1", "part2", "part3")


def test_people_with_the_same_folders_may_be_either(plant, tmp_path):
    names = [f"{who}/{mood}/{i}.png" for who in ("ann", "bo", "cy") for mood in ("glad", "sad") for i in range(3)]
    root = plant(tmp_path / "people", *names)
    told = (
        r"either the classes are .* 'glad' .9., 'sad' .9., then add --classes-from parent --group-from folder, .*; or "
    )
    with pytest.raises(DataError, match=told + r"they are the first folders, 'ann' .6.*--classes-from folder"):
        read_source(root)


def test_a_table_beside_a_heap_says_the_classes(plant, tmp_path):
    root = plant(tmp_path / "heap", *(f"images/{i}.png" for i in range(8)))
    rows = "".join(f"images/{i}.png,{'ant' if i % 2 else 'bee'}\n" for i in range(8))
    (root / "labels.csv").write_text("path,label\n" + rows)
    for chosen in (None, "table"):
        samples = read_source(root, options=options(chosen))
        assert samples.classes == ("ant", "bee")
        assert said(samples, "the classes are read from 'labels.csv'")
    (root / "labels.csv").unlink()
    with pytest.raises(DataError, match=r"has no one table with labels .seen: none.; .*drop --classes-from table"):
        read_source(root, options=options("table"))


def test_folders_of_notes_are_no_classes(plant, tmp_path):
    root = plant(tmp_path / "photos", *(f"{name}/{i}.png" for name in ("ant", "bee") for i in range(3)))
    (root / "annotations").mkdir()
    (root / "annotations" / "1.xml").write_text("<a/>")
    samples = read_source(root)
    assert samples.classes == ("ant", "bee")
    assert skips(samples) == {"annotations/1.xml": "not in a class folder"}


def test_a_second_level_is_noted(plant, tmp_path):
    names = [f"{kind}/{i}.png" for kind in ("fruit/apple", "fruit/pear", "nut/almond", "nut/hazel") for i in range(3)]
    samples = read_source(plant(tmp_path / "levels", *names))
    assert samples.classes == ("fruit", "nut")
    assert said(samples, "if the folders right above the photos are .*, add --classes-from parent")


def test_parts_without_folders_are_read_by_names(plant, tmp_path):
    names = [f"{part}/{name}{i}.png" for part in ("train", "test") for name in ("oak", "elm") for i in range(4)]
    root = plant(tmp_path / "trees", *names)
    assert read_source(root).classes == ("elm", "oak")
    assert read_source(root, options=options("name")).classes == ("elm", "oak")


@pytest.mark.parametrize(
    "folders",
    [
        ("train", "bus", "car"),  # of vehicles
        ("steam train", "bullet train"),
        ("0", "1", "2"),
        ("00000", "00001", "00002"),
        ("a", "b"),
        ("photo", "drawing"),
        ("photo", "plot", "form"),
        ("positive", "negative"),
        ("class_1", "class_2", "class_3"),
        ("ants/camera 1", "ants/camera 2", "bees/camera 1", "bees/camera 2"),
        ("ants/2023", "ants/2024", "bees/2023", "bees/2024", "wasps/2023", "wasps/2024"),
        ("ants/0", "ants/1", "bees/0", "bees/1"),
        ("n01440764/images", "n01443537/images", "n01484850/images"),
        ("test tubes", "training shoes"),
        ("1/left", "1/right", "2/left", "2/right", "3/left", "3/right"),
        ("train/cats", "train/dogs", "test/cats", "test/dogs"),
    ],
)
def test_good_class_folders_are_not_refused(folders, plant, tmp_path):
    root = plant(tmp_path / "good", *(f"{folder}/{i}.png" for folder in folders for i in range(4)))
    first = {folder.removeprefix("train/").removeprefix("test/").split("/")[0] for folder in folders}
    assert set(read_source(root).classes) == first


@pytest.mark.parametrize(
    ("stems", "classes"),
    [
        ([f"cat.{i}" for i in range(9)] + [f"dog.{i}" for i in range(9)], {"cat", "dog"}),
        ([f"great_pyrenees_{i}" for i in range(9)] + [f"pug_{i}" for i in range(9)], {"great_pyrenees", "pug"}),
        ([f"ant {i} crop{i}" for i in range(9)] + [f"bee {i} crop{i}" for i in range(9)], {"ant", "bee"}),
        ([f"IMG_{i}" for i in range(9)] + [f"DSC{i}" for i in range(9)], set()),  # two cameras
        ([f"{i % 2}_{i}" for i in range(18)], {"0", "1"}),
        ([f"WhatsApp Image {i}" for i in range(9)] + [f"IMG-{i}" for i in range(9)], set()),
        ([f"train_{i}" for i in range(9)] + [f"test_{i}" for i in range(9)], set()),
        ([f"{name}-{i}" for name in ("tilt-!", "tilt-?", "flat") for i in range(9)], {"tilt-!", "tilt-?", "flat"}),
        ([f"photo{i}" for i in range(18)], set()),
        ([f"{i:03d}" for i in range(18)], set()),
    ],
)
def test_classes_that_names_speak_of(stems, classes):
    reading = read_names(stems, HINTS)
    assert set(reading.classes if reading else ()) == classes


@pytest.mark.parametrize(
    ("name", "part"),
    [
        ("test1", Subset.TEST),
        ("Final_Training", Subset.TRAIN),
        ("trainingSet", Subset.TRAIN),
        ("val_images", Subset.VALIDATION),
        ("steam train", None),
        ("training shoes", None),
        ("attest", None),
    ],
)
def test_names_of_parts_in_other_words(name, part):
    assert find_subset_in_name(name, HINTS) is part


@pytest.mark.parametrize("owners", [("pat1", "pat2"), ("patient 01", "patient 02"), ("2019", "2020")])
def test_two_owners_of_the_same_folders_are_no_classes(owners, plant, tmp_path):
    folders = [f"{owner}/{name}" for owner in owners for name in ("glass", "metal", "paper")]
    root = plant(tmp_path / "nest", *(f"{folder}/{i}.png" for folder in folders for i in range(4)))
    samples = read_source(root)
    assert samples.classes == ("glass", "metal", "paper")
    assert {sample.group.given_name for sample in samples.samples} == set(owners)
    assert read_source(root, options=options("parent")).classes == ("glass", "metal", "paper")


def test_other_files_make_no_classes(patients):
    (patients / "p0" / "notes.txt").write_text("of p0")
    (patients / "read me.txt").write_text("all")
    samples = read_source(patients, options=options("parent", "folder"))
    assert samples.classes == ("0", "1")
    assert {entry.name: entry.reason for entry in samples.ledger.entries if entry.reason} == {
        "p0/notes.txt": "not in a class folder",
        "read me.txt": "not in a class folder",
    }


def test_groups_in_names(plant, tmp_path):
    names = [f"{label}/mouse{mouse}_slice{i}.png" for label in ("ill", "well") for mouse in range(4) for i in range(3)]
    samples = read_source(plant(tmp_path / "mice", *names), options=options(None, "name"))
    assert {sample.group.given_name for sample in samples.samples} == {f"mouse{i}" for i in range(4)}


def test_what_cannot_be_said(pets, plant, tmp_path):
    with pytest.raises(SettingError, match="classes and groups are both read from the folder"):
        read_source(pets, options=options(None, "folder"))
    (pets / "t.csv").write_text("path,label\ncats/1.png,a\n")
    with pytest.raises(SettingError, match=r"classes_from is for folders of items; '.*t.csv' has its columns"):
        read_source(pets / "t.csv", options=options("name"))
    with pytest.raises(DataError, match=r"20 photos whose names speak of no classes .*drop --classes-from name"):
        read_source(pets, options=options("name"))


def test_a_copy_of_the_parts_is_skipped(plant, tmp_path):
    names = [f"{part}/{label}/{i}.png" for part in ("train", "test") for label in "ab" for i in range(4)]
    samples = read_source(plant(tmp_path / "chest", *names, *(f"chest/{name}" for name in names)))
    assert len(samples) == 16
    assert set(skips(samples).values()) == {"in a folder that has those beside it once more"}


@pytest.mark.parametrize("odd", ["test", "images"])
def test_a_folder_beside_classes_that_may_be_none(odd, plant, tmp_path):
    root = plant(tmp_path / "pets", *(f"{name}/{i}.png" for name in ("ant", "bee", odd) for i in range(4)))
    with pytest.raises(DataError, match=rf"has the folder '{odd}' beside 'ant' .4., 'bee' .4., which may be no class"):
        read_source(root)
    assert set(read_source(root, options=options("folder")).classes) == {"ant", "bee", odd}


def test_unlabelled_photos_beside_classes_are_left_for_predict(plant, tmp_path):
    root = plant(tmp_path / "pets", *(f"{name}/{i}.png" for name in ("ant", "bee", "unlabelled") for i in range(4)))
    samples = read_source(root)
    assert samples.classes == ("ant", "bee")
    assert said(samples, "4 photos in 'unlabelled' have no labels: left for predict")


def test_people_in_folders_with_classes_in_the_names(plant, tmp_path):
    root = plant(tmp_path / "u", *(f"user_{who}/{mood}.png" for who in range(5) for mood in ("glad", "sad")))
    with pytest.raises(
        DataError, match=r"look like patients .* 'glad' .5., 'sad' .5.: .*from name --group-from folder"
    ):
        read_source(root)
    samples = read_source(root, options=options("name", "folder"))
    assert samples.classes == ("glad", "sad")
    assert len({sample.group.given_name for sample in samples.samples}) == 5
    people = plant(tmp_path / "s", *(f"s{who}/{i}.png" for who in range(4) for i in range(3)))
    samples = read_source(people)
    assert samples.classes == ("s0", "s1", "s2", "s3")
    assert said(samples, "look like patients or the like and are read as the classes")


def test_sides_of_coins_and_of_people(plant, tmp_path):
    coins = plant(
        tmp_path / "c", *(f"{n}/{side}/{i}.png" for n in (10, 50, 200) for side in ("front", "back") for i in "12")
    )
    assert read_source(coins).classes == ("10", "50", "200")
    eyes = plant(
        tmp_path / "e", *(f"p{n}/{side}/{i}.png" for n in range(3) for side in ("left", "right") for i in "12")
    )
    with pytest.raises(DataError, match=r"either the classes are .* 'left' .6., 'right' .6."):
        read_source(eyes)


def test_masks_beside_their_photos(plant, tmp_path):
    names = [f"{label}/{label} ({i}){end}.png" for label in ("ill", "well") for i in range(4) for end in ("", "_mask")]
    samples = read_source(plant(tmp_path / "scans", *names))
    assert len(samples) == 8
    assert skips(samples)["ill/ill (0)_mask.png"] == "a mask of 'ill (0).png'"


def test_files_without_endings_have_their_parts(plant, tmp_path):
    names = [f"{part}/{label}/{i}.png" for part in ("train", "test") for label in "ab" for i in range(4)]
    root = plant(tmp_path / "bare", *names)
    for name in names:
        (root / name).rename((root / name).with_suffix(""))
    samples = read_source(root)
    assert samples.classes == ("a", "b")
    assert {sample.subset for sample in samples.samples} == {Subset.TRAIN, Subset.TEST}


def test_dates_in_names_are_no_groups(plant, tmp_path):
    names = [f"{label}_2023{month:02}01_{i}.png" for label in ("ant", "bee") for month in (1, 2, 3) for i in range(3)]
    samples = read_source(plant(tmp_path / "d", *names))
    assert samples.classes == ("ant", "bee")
    assert {sample.group.given_name for sample in samples.samples} == {""}


def test_classes_that_are_there_once_more(plant, tmp_path):
    names = [f"{label}/{i}.png" for label in ("no", "yes") for i in range(4)]
    root = plant(tmp_path / "scans", *names, *(f"scans/{name}" for name in names))
    samples = read_source(root)
    assert samples.classes == ("no", "yes")
    assert len(samples) == 8
    assert said(samples, r"'scans' .8 photos. has the folders beside it, 'no', 'yes', once more and is skipped")


def test_a_bare_folder_beside_parts_is_left_for_predict(plant, tmp_path):
    names = [f"{part}/{label}/{i}.png" for part in ("Training", "Test") for label in "ab" for i in range(4)]
    samples = read_source(plant(tmp_path / "fruits", *names, "test-multiple_fruits/1.png"))
    assert len(samples) == 16
    assert skips(samples) == {"test-multiple_fruits/1.png": "no label: left for predict"}


def test_a_number_behind_the_word_class(plant, tmp_path):
    names = [f"{10 + i % 3}_x{i}_class{i % 2}.png" for i in range(12)]
    assert read_source(plant(tmp_path / "tiles", *names)).classes == ("0", "1")


def test_folds_with_parts_of_their_own(plant, tmp_path):
    names = [f"fold{n}/{part}/{label}/{n}.png" for n in (1, 2) for part in ("train", "test") for label in "ab"]
    root = plant(tmp_path / "folds", *names)
    with pytest.raises(
        DataError, match=r"'fold1', 'fold2', each with the parts 'test', 'train': give one of them, such"
    ):
        read_source(root)


def test_groups_that_are_the_classes_are_refused(plant, tmp_path):
    root = plant(tmp_path / "heap", *(f"{name}_{i}.png" for name in ("ant", "bee") for i in range(6)))
    with pytest.raises(SettingError, match=r"each class is one group \(ant: ant, bee: bee\), so none could be split"):
        read_source(root, options=options(None, "name"))


@pytest.mark.parametrize(
    ("inside", "beside"),
    [
        ("data/{label}/{i}.png", ("docs/img/{i}.png", "static/assets/{i}.png")),
        ("dataset/train/{label}/{i}.png", ("app/static/uploads/{i}.png",)),
        ("dataset/{label}/{i}.png", ("screens/{i}.png",)),
    ],
)
def test_a_repository_with_its_data_beside_screenshots(plant, tmp_path, inside, beside):
    own = [inside.format(label=label, i=i) for label in ("ants", "bees") for i in range(6)]
    root = plant(tmp_path / "repo", *own, *(other.format(i=i) for other in beside for i in range(3)))
    folder = root / inside.partition("/")[0]
    with pytest.raises(DataError) as caught:
        read_source(root)
    assert f"run headstart check {folder}; to read all these folders as classes" in str(caught.value)
    assert read_source(folder).classes == ("ants", "bees")


def test_raw_and_cooked_stay_two_readings(plant, tmp_path):
    root = plant(
        tmp_path / "set",
        *(f"{label}/{day}/{i}.png" for label, day in (("raw", "a"), ("cooked", "b")) for i in range(5)),
    )
    with pytest.raises(DataError, match="--classes-from folder; to leave 'raw' out"):
        read_source(root)
    assert read_source(root, options=options("folder")).classes == ("cooked", "raw")
