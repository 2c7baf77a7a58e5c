"""Folders that are no classes, and how to say what is meant."""

import pytest

from headstart.data.read import read_source
from headstart.data.readers.folder_layout import count_classes_in_names, find_subset_in_name
from headstart.data.samples import Subset
from headstart.errors import DataError, SettingError
from headstart.modalities.image.recognition import HINTS
from headstart.settings import DataSettings


def options(classes=None, groups=None):
    return DataSettings(classes_from=classes, group_from=groups)


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


def test_patients_are_no_classes_and_are_proposed_as_groups(patients):
    told = r"the folders 'p0', 'p1', 'p2' and 5 more, which look like patients.*right above the photos, '0', '1'; .*"
    with pytest.raises(DataError, match=told + "--classes-from parent --group-from folder.*--classes-from folder"):
        read_source(patients)
    samples = read_source(patients, options=options("parent", "folder"))
    assert samples.classes == ("0", "1")
    assert all(labels_of(samples)[name] == name.split("/")[1] for name in labels_of(samples))
    assert {sample.group.given_name for sample in samples.samples} == {f"p{i}" for i in range(8)}
    assert any("8 groups, such as 'p0', 'p1', 'p2' and 5 more" in note for note in samples.ledger.notes)
    assert read_source(patients, options=options("folder")).classes == tuple(f"p{i}" for i in range(8))


def test_parts_whose_photos_have_the_class_in_their_names(pets_by_name):
    with pytest.raises(
        DataError, match=r"look like parts of a split.*begin with 'cat' .8., 'dog' .8.; .*--classes-from name"
    ):
        read_source(pets_by_name)
    samples = read_source(pets_by_name, options=options("name"))
    assert samples.classes == ("cat", "dog")
    assert {(sample.subset, sample.name.split("/")[0]) for sample in samples.samples} == {
        (Subset.TRAIN, "train"),
        (Subset.TEST, "test1"),
    }
    assert "the class of a photo is the name up to the number at its end" in samples.ledger.notes


def test_parts_with_classes_further_down(plant, tmp_path):
    names = [
        f"Final_{part}/Images/{label:05d}/{i}.png"
        for part in ("Training", "Test")
        for label in (0, 1)
        for i in range(5)
    ]
    root = plant(tmp_path / "signs", *names)
    with pytest.raises(
        DataError, match=r"look like parts of a split.*right above the photos, '00000', '00001'.*from parent"
    ):
        read_source(root)
    samples = read_source(root, options=options("parent"))
    assert samples.classes == ("00000", "00001")
    assert "the folders 'Final_Test', 'Final_Training' are taken for parts of a split" in samples.ledger.notes
    assert sum(sample.subset is Subset.TEST for sample in samples.samples) == 10


def test_a_folder_of_plots_beside_one_of_photos(plant, tmp_path):
    pics = [f"pics/{name}_{i}.png" for name in ("ant", "bee") for i in range(6)]
    root = plant(tmp_path / "work", *pics, "Results/plot_1.png", "Results/plot_2.png", "Results/plot_3.png")
    with pytest.raises(
        DataError, match=r"'Results', 'pics', which look like places.*begin with 'ant' .6., 'bee' .6."
    ) as told:
        read_source(root)
    assert f"give {root}/pics with --classes-from name" in str(told.value)
    assert read_source(root / "pics", options=options("name")).classes == ("ant", "bee")


def test_photos_in_one_heap_with_the_class_in_their_names(plant, tmp_path):
    names = [f"{name}_{i}.png" for name in ("ant", "bee") for i in range(6)]
    flat = plant(tmp_path / "flat", *names)
    with pytest.raises(
        DataError, match=r"no class folders but 12 photos whose names begin with 'ant' .6., 'bee' .6.; .*from name"
    ):
        read_source(flat)
    assert read_source(flat, options=options("name")).classes == ("ant", "bee")
    heap = plant(tmp_path / "heap", *(f"images/{name}" for name in names))
    with pytest.raises(DataError, match=r"has the folders 'images', which look like places.*--classes-from name"):
        read_source(heap)
    assert read_source(heap, options=options("name")).classes == ("ant", "bee")
    numbered = plant(tmp_path / "numbered", *(f"{i}.png" for i in range(12)))
    with pytest.raises(DataError, match=r"has no class with photos \(skipped: 12 not in a class folder\)"):
        read_source(numbered)


def test_parts_without_folders_say_what_names_begin_with(plant, tmp_path):
    names = [f"{part}/{name}{i}.png" for part in ("train", "test") for name in ("oak", "elm") for i in range(4)]
    root = plant(tmp_path / "trees", *names)
    with pytest.raises(DataError, match=r"no class folders in them; .*begin with 'elm', 'oak': .*--classes-from name"):
        read_source(root)
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
        ([f"{i % 2}_{i}" for i in range(18)], set()),  # numbers may be anything
        ([f"photo{i}" for i in range(18)], set()),
        ([f"{i:03d}" for i in range(18)], set()),
    ],
)
def test_classes_that_names_speak_of(stems, classes):
    assert set(count_classes_in_names(stems, HINTS)) == classes


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
    with pytest.raises(DataError, match=r"right above the photos, 'glass', 'metal', 'paper'; .* --classes-from parent"):
        read_source(root)
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
    with pytest.raises(SettingError, match=r"classes_from is for folders of photos; '.*t.csv' has its columns"):
        read_source(pets / "t.csv", options=options("name"))
    with pytest.raises(DataError, match=r"20 photos whose names speak of no classes .*drop --classes-from name"):
        read_source(pets, options=options("name"))
