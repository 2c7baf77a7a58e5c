"""Folders that hold more than one set: each is named, with the command that reads it."""

import re

import pytest

from headstart.data.read import read_source
from headstart.settings import DataSettings
from headstart_runtime.errors import DataError


def refusal(root, **options):
    with pytest.raises(DataError) as caught:
        read_source(root, options=DataSettings(**options))
    return str(caught.value)


def read_by_pattern(root, message):
    value = re.search(r"--class-pattern ('[^']+'|\"[^\"]+\")", message)[1]
    return read_source(root, options=DataSettings(class_pattern=value[1:-1]))


@pytest.mark.parametrize("chosen", [None, "parent"])
def test_two_data_sets_in_one_folder(plant, tmp_path, chosen):
    labels = ("def_front", "ok_front")
    whole = [f"casting_512x512/casting_512x512/{label}/{i}.png" for label in labels for i in range(6)]
    parts = {"train": range(5), "test": range(5, 8)}
    divided = [
        f"casting_data/casting_data/{part}/{label}/{i}.png"
        for part, own in parts.items()
        for label in labels
        for i in own
    ]
    root = plant(tmp_path / "casting", *whole, *divided)
    message = refusal(root, classes_from=chosen)
    assert "2 data sets with the same classes ('def_front', 'ok_front')" in message
    assert f"headstart check {root / 'casting_512x512'} or headstart check {root / 'casting_data'}" in message
    assert read_source(root / "casting_512x512").classes == labels
    assert {sample.subset for sample in read_source(root / "casting_data").samples} == {"train", "test"}


def test_a_class_with_parts_beside_others_without_is_no_second_set(plant, tmp_path):
    names = [f"{label}/{inner}/{i}.png" for label in ("cat", "dog") for inner in ("black", "white") for i in range(5)]
    assert "--classes-from parent" in refusal(plant(tmp_path / "set", *names))


def test_parts_in_which_things_are_found_again(plant, tmp_path):
    folders = ("bounding_box_train", "bounding_box_test", "query", "gallery")
    names = [f"{folder}/{who}_c{i}s1_000451_0{i}.png" for folder in folders for who in ("0002", "0007") for i in (1, 2)]
    root = plant(tmp_path / "market", *names)
    message = refusal(root)
    assert "'0002' (8), '0007' (8)" in message
    samples = read_by_pattern(root, message)
    assert samples.classes == ("0002", "0007")
    assert len(samples) == len(names)
    assert read_source(root, options=DataSettings(classes_from="folder")).classes == tuple(sorted(folders))


def test_queries_with_classes_in_them_are_no_search(plant, tmp_path):
    names = [f"{part}/{label}/{i}.png" for part in ("support", "query") for label in ("ant", "bee") for i in range(5)]
    assert "to be found again" not in refusal(plant(tmp_path / "set", *names))


def plant_products(plant, root, states, masked):
    names = [
        f"{product}/{part}/{state}/{i:03}.png"
        for product in ("bottle", "cable")
        for part, held in states.items()
        for state in held
        for i in range(4)
    ]
    masks = [f"{product}/ground_truth/{masked}/{i:03}_mask.png" for product in ("bottle", "cable") for i in range(4)]
    return plant(root, *names, *masks)


@pytest.mark.parametrize("chosen", [None, "parent"])
def test_products_whose_train_parts_have_good_ones_only(plant, tmp_path, chosen):
    root = plant_products(plant, tmp_path / "mvtec", {"train": ["good"], "test": ["good", "broken"]}, "broken")
    message = refusal(root, classes_from=chosen)
    assert "masks or the like ('ground_truth'); train has no photo of 'broken'" in message
    samples = read_by_pattern(root, message)
    assert samples.classes == ("broken", "good")
    assert len(samples) == 24
    assert not any("ground_truth" in sample.name for sample in samples.samples)


def test_products_whose_parts_have_all_states(plant, tmp_path):
    both = ["good", "broken"]
    root = plant_products(plant, tmp_path / "visa", {"train": both, "test": both}, "broken")
    samples = read_source(root, options=DataSettings(classes_from="parent"))
    assert samples.classes == ("broken", "good")
    assert {sample.subset for sample in samples.samples} == {"train", "test"}
    assert len(samples) == 32
    assert any("'ground_truth' beside them (8 photos) are skipped" in note for note in samples.ledger.notes)
