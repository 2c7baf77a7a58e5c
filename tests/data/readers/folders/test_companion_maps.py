"""Masks and depth maps that lie beside photos, one for each."""

import pytest

from headstart.data.read import read_source
from headstart.data.readers.folders.companion_maps import find_depth_maps
from headstart.settings import DataSettings

PAIRS = ("1_rgb.png", "1_depth.png", "2_rgb.png", "2_depth.png")


def labels_of(samples):
    return {sample.name: samples.classes[sample.target] for sample in samples.samples}


def notes_of(samples):
    return "\n".join(samples.ledger.notes)


def test_a_folder_of_masks_beside_the_same_photos_is_left_out(plant, tmp_path):
    names = [
        f"{kind}_image/{kind}_{fish:02}/{kind}_{i:04}_{fish}.png"
        for kind in ("fish", "mask")
        for fish in (1, 2)
        for i in range(6)
    ]
    root = plant(tmp_path / "set", *names)
    for chosen in (None, "parent"):
        samples = read_source(root, options=DataSettings(classes_from=chosen))
        assert samples.classes == ("fish_01", "fish_02")
        assert set(labels_of(samples)) == {name for name in names if name.startswith("fish")}
        assert "'mask_image' (12 photos) is skipped: it has a mask or the like for each photo" in notes_of(samples)
    assert read_source(root, options=DataSettings(classes_from="folder")).classes == ("fish_image", "mask_image")


@pytest.mark.parametrize("names", [("rgb", "depth"), ("images", "depth_maps")])
def test_depth_maps_in_a_folder_of_their_own_are_left_out(plant, tmp_path, names):
    files = [f"{kind}/{label}/{i}.png" for kind in names for label in ("ant", "bee") for i in range(5)]
    samples = read_source(plant(tmp_path / "set", *files))
    assert samples.classes == ("ant", "bee")
    assert {name.split("/")[0] for name in labels_of(samples)} == {names[0]}


def test_depth_maps_in_each_class_are_left_out(plant, tmp_path):
    files = [f"{label}/{kind}/{i}.png" for kind in ("rgb", "depth") for label in ("ant", "bee") for i in range(5)]
    samples = read_source(plant(tmp_path / "set", *files))
    assert samples.classes == ("ant", "bee")
    assert all("/rgb/" in name for name in labels_of(samples))
    assert "skipped: masks and the like" in notes_of(samples)


@pytest.mark.parametrize("classes", [("mask", "no_mask"), ("Mask", "Face"), ("depth", "shallow")])
def test_classes_that_are_called_like_maps_stay_classes(plant, tmp_path, classes):
    root = plant(tmp_path / "set", *(f"{label}/{i}.png" for label in classes for i in range(6)))
    assert set(read_source(root).classes) == set(classes)


def test_depth_maps_beside_photos_are_left_out(plant, tmp_path):
    names = [f"{label}/{i:04}_{kind}.png" for label in ("ant", "bee") for i in range(5) for kind in ("rgb", "depth")]
    samples = read_source(plant(tmp_path / "set", *names))
    assert set(labels_of(samples)) == {name for name in names if "rgb" in name}
    reasons = {entry.name: entry.reason for entry in samples.ledger.entries}
    assert reasons["ant/0000_depth.png"] == "a depth map of '0000_rgb.png'"
    assert "10 files are skipped as depth maps of others beside them" in notes_of(samples)


def test_maps_are_found_by_the_words_of_names():
    assert find_depth_maps(PAIRS) == {
        "1_depth.png": ("depth map", "1_rgb.png"),
        "2_depth.png": ("depth map", "2_rgb.png"),
    }
    crops = ("a_1_crop.png", "a_1_depthcrop.png", "a_1_maskcrop.png")
    assert find_depth_maps([*crops, "a_2_crop.png"])["a_1_maskcrop.png"] == ("mask", "a_1_crop.png")
    assert find_depth_maps(["7.jpg", "7_depth.png"]) == {"7_depth.png": ("depth map", "7.jpg")}
    assert find_depth_maps(["color_1.png", "depth_1.png"]) == {"depth_1.png": ("depth map", "color_1.png")}


@pytest.mark.parametrize(
    "names",
    [
        ("1_depth.png", "2_depth.png", "3_shallow.png", "4_shallow.png"),
        ("1_rgb.png", "2_depth.png", "3_depth.png", "4_depth.png"),
        ("in_depth_1.png", *(f"{i}.png" for i in range(9))),
        ("depth.png", "rgb.png", "other.png"),
        ("man_1.jpg", "man_mask_1.jpg", "man_2.jpg", "man_mask_2.jpg"),
        ("mustang_1.jpg", "mustang_gt_1.jpg", "mustang_2.jpg", "mustang_gt_2.jpg"),
    ],
)
def test_names_without_a_photo_for_each_map_are_photos(names):
    assert find_depth_maps(names) == {}
