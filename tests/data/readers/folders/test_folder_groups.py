"""Groups inside class folders: patients, videos, numbers of things, and tracks in names of files."""

import re

import pytest

from headstart.data.read import read_source
from headstart.settings import DataSettings
from headstart_runtime.errors import DataError


def read(root, **settings):
    return read_source(root, options=DataSettings.model_validate(settings))


def read_as_proposed(root, samples):
    """Read a folder again with the flag that a note proposes."""
    notes = " ".join(samples.ledger.notes)
    flag, value = re.search(r"add (--group-from|--class-pattern) ('[^']+'|[^\s:]+): ", notes).groups()
    return read(root, **{flag[2:].replace("-", "_"): value.strip("'\"")})


def has_note(samples, text):
    return any(text in note for note in samples.ledger.notes)


def groups_of(samples):
    return {sample.group.given_name for sample in samples.samples}


def lay(plant, root, form, count=4, each=3, classes=("ant", "bee")):
    """Photos under names made of the class {c}, its number {n}, the folder's number {f} and the photo's {i}."""
    fields = [
        {"c": c, "n": n, "f": f, "i": i} for n, c in enumerate(classes) for f in range(count) for i in range(each)
    ]
    return plant(root, *(form.format(**it) for it in fields))


@pytest.mark.parametrize(
    ("form", "groups"),
    [("{c}/p{n}{f}/{i}.png", 8), ("{c}/video_{n}{f}/a/{i}.png", 8), ("{c}/2024-05-1{f}/{n}{i}.png", 4)],
)
def test_folders_called_like_owners_in_the_classes_are_the_groups(tmp_path, plant, form, groups):
    root = lay(plant, tmp_path / "set", form)
    samples = read(root)
    assert samples.classes == ("ant", "bee")
    assert len(groups_of(samples)) == groups
    assert has_note(samples, "look like patients or the like and are the groups, since photos of one in train and in")
    assert groups_of(read(root, classes_from="folder")) == {""}


def test_few_owners_in_a_class_are_proposed(tmp_path, plant):
    samples = read(lay(plant, tmp_path / "set", "{c}/p{n}{f}/{i}.png", count=2))
    assert groups_of(samples) == {""}
    assert has_note(samples, "'ant', 'bee' has fewer than 3, so they are not kept together")
    assert has_note(samples, "add --group-from parent")


def test_owners_in_several_parts_are_proposed(tmp_path, plant):
    root = tmp_path / "set"
    for part in ("train", "test"):
        lay(plant, root, part + "/{c}/p{f}/{n}{i}" + part + ".png")
    samples = read(root)
    assert groups_of(samples) == {""}
    assert has_note(samples, "'p0', 'p1', 'p2' and 1 more are in several parts")


def test_numbers_in_the_classes_are_proposed(tmp_path, plant):
    root = lay(plant, tmp_path / "set", "{c}/A{n}7{f}/{i}.png")
    samples = read(root)
    assert groups_of(samples) == {""}
    assert len(groups_of(read_as_proposed(root, samples))) == 8


def test_numbers_that_begin_anew_in_each_class_are_proposed_with_the_class(tmp_path, plant):
    root = lay(plant, tmp_path / "set", "wrap/{c}/{f}/{n}{i}.png")
    again = read_as_proposed(root, read(root))
    assert groups_of(again) == {f"{name}/{number}" for name in ("ant", "bee") for number in range(4)}
    assert again.classes == ("ant", "bee")


def test_sides_in_the_classes_are_no_groups(tmp_path, plant):
    names = [f"{name}/{side}/{i}.png" for name in ("ant", "bee", "cow") for side in ("left", "right") for i in range(3)]
    samples = read(plant(tmp_path, *names))
    assert has_note(samples, "add --classes-from parent")
    assert not has_note(samples, "--group-from")


def test_tracks_in_names_are_proposed(tmp_path, plant):
    root = lay(plant, tmp_path / "one", "{c}/v{n}{f}_{i}.png")
    assert has_note(read(root), "add --group-from name: ")
    again = read_as_proposed(root, read(root))
    assert len(groups_of(again)) == 8
    assert not has_note(again, "--group-from")
    root = lay(plant, tmp_path / "two", "{c}/0000{f}_{n}{i}.png")
    samples = read(root)
    assert has_note(samples, "begin with 8 numbers that several share, such as '00000' in '00000_00'")
    again = read_as_proposed(root, samples)
    assert (len(groups_of(again)), again.classes) == (8, ("ant", "bee"))


@pytest.mark.parametrize("form", ["{c}/{c}_{f}{i}.png", "{c}/n0{n}_{f}{i}.png", "{c}/IMG_{n}{f}{i}.png"])
def test_numbered_names_have_no_tracks(tmp_path, plant, form):
    assert not has_note(read(lay(plant, tmp_path, form)), "several share")


def test_names_of_people_in_each_class_are_asked_for_with_a_third_reading(tmp_path, plant):
    names = [f"{name}/{owner}/{i}.png" for name in ("calm", "glad") for owner in ("ann", "bo", "cy") for i in range(3)]
    root = plant(tmp_path, *names)
    with pytest.raises(DataError, match=r"--classes-from folder \(and --group-from parent, to keep .* together\)"):
        read(root)
    samples = read(root, classes_from="folder", group_from="parent")
    assert (samples.classes, len(groups_of(samples))) == (("calm", "glad"), 3)


def test_sides_and_altered_copies_in_names_are_proposed(tmp_path, plant):
    eyes = [f"{(p + side) % 2}/{p}_{name}.png" for p in range(8) for side, name in enumerate(("left", "right"))]
    samples = read(plant(tmp_path / "eyes", *eyes))
    assert has_note(samples, "end in a side or the like, such as 'left' in '0_left'")
    assert len(groups_of(read_as_proposed(tmp_path / "eyes", samples))) == 8
    root = lay(plant, tmp_path / "copies", "{c}/{f}_aug{i}.png")
    again = read_as_proposed(root, read(root))
    assert (len(groups_of(again)), again.classes) == (8, ("ant", "bee"))


def test_slices_of_patients_are_tracks(tmp_path, plant):
    root = lay(plant, tmp_path, "{c}/patient0{n}{f}_slice{i}.png")
    samples = read(root)
    assert has_note(samples, "begin with 8 numbers that several share, such as 'patient0")
    assert len(groups_of(read_as_proposed(root, samples))) == 8


@pytest.mark.parametrize(
    ("form", "each", "said"),
    [
        ("{c}/0{n}{f}_{side}.png", 2, "such as 'L' in '001_L'"),
        ("{c}/pat{n}{f}-{side}.png", 2, "such as 'L' in 'pat01-L'"),
        ("{c}/TCGA-AA-35{n}{f}-01Z-00-DX1_{i}_0.png", 3, "such as 'TCGA-AA-3501' in 'TCGA-AA-3501-01Z-00-DX1_0_0'"),
        ("{c}/plate1_{row}0{f}_s{i}_w1.png", 3, "such as 'plate1_A01' in 'plate1_A01_s0_w1'"),
        ("{c}/{row}1{f}_s{i}_w1.png", 4, "such as 'A11' in 'A11_s0_w1'"),
        ("{c}/r0{n}c0{f}f0{i}p01-ch1.png", 3, "such as 'r00c01' in 'r00c01f00p01-ch1'"),
        ("{c}/a b{f}_jpg.rf.{n}{f}{i}90ec5bccbf117861e8aabed1c9504.png", 2, "such as of 'a b1' in 'a b1_jpg.rf."),
    ],
)
def test_owners_in_names_are_proposed(tmp_path, plant, form, each, said):
    names = [
        form.format(c=c, n=n, f=f, i=i, side="LR"[i % 2], row="AB"[n])
        for n, c in enumerate(("ant", "bee"))
        for f in range(1, 5)
        for i in range(each)
    ]
    root = plant(tmp_path / "set", *names)
    samples = read(root)
    assert has_note(samples, said)
    again = read_as_proposed(root, samples)
    assert (len(groups_of(again)), again.classes) == (8, ("ant", "bee"))


def test_copies_of_one_original_in_two_parts_are_a_leak(tmp_path, plant):
    names = [
        f"{part}/{c}/{c}{i}_jpg.rf.{part[:2]}{c}{i}{copy}90ec5bccbf117861e8aabed1c950.jpg"
        for part, start in (("train", 0), ("test", 4))
        for c in ("ant", "bee")
        for i in range(start, start + 6)
        for copy in range(2)
    ]
    root = plant(tmp_path / "set", *names)
    samples = read(root)
    assert has_note(samples, "4 of 20 are in several of the given parts, which is a leak")
    assert len(groups_of(read_as_proposed(root, samples))) == 20


@pytest.mark.parametrize(
    "form",
    [
        "{c}/{n}{f}{i}_jpg.rf.{n}{f}{i}90ec5bccbf117861e8aabed1c9504.png",
        "{c}/{n}{f}{i}_L.png",
        "{c}/A{n}{f}{i}_1.png",
        "{c}/{f}{i}.png",
        "{c}/img_{n}{f}{i}_s.png",
    ],
)
def test_names_with_one_item_each_have_no_owners(tmp_path, plant, form):
    assert not has_note(read(lay(plant, tmp_path, form)), "too good")
