import os
import shutil
import sys
from collections import Counter
from pathlib import Path

import pytest

from headstart.data.names import normalise_class_name
from headstart.data.own_output import mark_folder
from headstart.data.read import read_source
from headstart.data.samples import FileStatus, Samples, Subset, compute_digest
from headstart.events import Progress
from headstart.settings import DataSettings
from headstart_runtime.errors import DataError


def reasons(samples: Samples) -> dict[str, str]:
    return {entry.name: entry.reason for entry in samples.ledger.entries if entry.status is FileStatus.SKIPPED}


def test_a_folder_per_class(pets):
    samples = read_source(pets)
    assert samples.classes == ("cats", "dogs")
    assert len(samples) == 20
    assert samples.samples[0].name == "cats/0.png"
    assert (
        samples.samples[0].digest == compute_digest((pets / "cats/0.png").read_bytes()) == samples.samples[0].group.name
    )
    assert samples.samples[0].subset is None
    assert Counter(samples.targets.tolist()) == {0: 10, 1: 10}
    assert samples.ledger.counts()[FileStatus.ACCEPTED] == 20


def test_the_path_may_be_text(pets):
    assert read_source(str(pets)).classes == ("cats", "dogs")


def test_classes_and_names_stand_in_natural_order(plant, tmp_path):
    plant(tmp_path, *(f"{name}/{i}.png" for name in ("10", "2", "b", "A", "a") for i in (1, 2, 10)))
    samples = read_source(tmp_path)
    assert samples.classes == ("2", "10", "A", "a", "b")
    assert [sample.name for sample in samples.samples[:3]] == ["2/1.png", "2/2.png", "2/10.png"]


def test_blanks_other_alphabets_deep_folders_and_upper_case_endings(plant, tmp_path):
    plant(tmp_path, *(f"schöne Äpfel/{i} a.PNG" for i in range(3)), *(f"りんご/deep/er/{i}.JPG" for i in range(3)))
    samples = read_source(tmp_path)
    assert samples.classes == ("schöne Äpfel", "りんご")
    assert len(samples) == 6


def test_a_decomposed_name_is_the_same_class(plant, tmp_path):
    plant(tmp_path / "train", "caf\u00e9/1.png", "b/1.png")
    plant(tmp_path / "val", "cafe\u0301/1.png", "b/1.png", first_seed=5)
    plant(tmp_path / "test", "cafe\u0301/1.png", "b/1.png", first_seed=9)
    assert read_source(tmp_path).classes == ("b", "caf\u00e9")


def test_hidden_and_system_files_are_counted_not_inspected(pets):
    (pets / ".git").mkdir()
    (pets / "__MACOSX").mkdir()
    for name in (".DS_Store", "cats/Thumbs.db", "dogs/desktop.ini", "dogs/._1.png"):
        (pets / name).write_bytes(b"x")
    samples = read_source(pets)
    assert samples.ledger.ignored == 6
    assert len(samples.ledger.entries) == 20


def test_links_to_files_and_folders_are_followed_but_not_in_circles(pets, plant, tmp_path):
    plant(tmp_path / "elsewhere", "x.png", "inner/y.png", first_seed=100)
    (pets / "cats/linked.png").symlink_to(tmp_path / "elsewhere/x.png")
    (pets / "dogs/linked").symlink_to(tmp_path / "elsewhere/inner")
    (pets / "cats/up").symlink_to(pets)
    (pets / "cats/self").symlink_to(pets / "cats")
    (pets / "cats/ring").symlink_to(pets / "cats/ring")
    (pets / "cats/nowhere").symlink_to(tmp_path / "nowhere")
    samples = read_source(pets)
    names = {sample.name for sample in samples.samples}
    assert len(names) == 22
    assert {"cats/linked.png", "dogs/linked/y.png"} <= names
    assert reasons(samples)["cats/nowhere"].startswith("missing file: a link to ")
    assert "cats/ring" in reasons(samples)
    assert sum("link" in note for note in samples.ledger.notes) == 2


def test_every_bad_file_is_skipped_with_its_reason(pets, draw):
    (pets / "cats/empty.jpg").write_bytes(b"")
    (pets / "cats/notes.txt").write_text("a cat")
    (pets / "cats/broken.png").write_bytes(draw(50)[:20])
    (pets / "cats/film.eps").write_bytes(b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 5 5\n%%EndComments\n")
    (pets / "cats/no-ending").write_bytes(draw(51, format="JPEG"))
    (pets / "loose.png").write_bytes(draw(52))
    os.mkfifo(pets / "cats/pipe.jpg")
    samples = read_source(pets)
    assert "cats/no-ending" in {sample.name for sample in samples.samples}
    assert reasons(samples) == {
        "cats/empty.jpg": "zero bytes: the download or copy broke off; fetch again",
        "cats/notes.txt": "not an image in a known format",
        "cats/broken.png": reasons(samples)["cats/broken.png"],
        "cats/film.eps": "not an image in a known format",
        "cats/pipe.jpg": "not a file",
        "loose.png": "not in a class folder",
    }


@pytest.mark.skipif(os.geteuid() == 0, reason="nothing is forbidden to root")
def test_what_may_not_be_read_is_skipped(pets):
    (pets / "cats/0.png").chmod(0)
    (pets / "dogs/locked").mkdir(mode=0)
    try:
        samples = read_source(pets)
    finally:
        (pets / "dogs/locked").chmod(0o755)
    assert reasons(samples)["cats/0.png"] == "unreadable: Permission denied"
    assert reasons(samples)["dogs/locked"] == "unreadable folder: Permission denied"


def test_a_huge_file_is_not_read(pets):
    with (pets / "cats/film.mp4").open("wb") as film:
        film.truncate(3_000_000_000)
    assert reasons(read_source(pets))["cats/film.mp4"] == "3.0 GB; files of more than 1 GB are not read"


def test_the_same_bytes_under_two_labels_are_all_skipped(pets):
    shutil.copy(pets / "cats/3.png", pets / "dogs/three.png")
    samples = read_source(pets)
    assert reasons(samples) == {
        "cats/3.png": "the same bytes as 'dogs/three.png', which is labelled 'dogs'",
        "dogs/three.png": "the same bytes as 'cats/3.png', which is labelled 'cats'",
    }
    assert len(samples) == 19


def test_copies_under_one_label_are_one_group_with_ids_of_their_own(pets):
    shutil.copy(pets / "cats/3.png", pets / "cats/again.png")
    samples = read_source(pets)
    (same,) = samples.copies
    assert [sample.name for sample in same] == ["cats/3.png", "cats/again.png"]
    assert [sample.id for sample in same] == [same[0].digest, same[0].digest + ".1"]
    assert len({sample.group for sample in same}) == 1


def test_progress_is_reported(pets):
    seen = []
    read_source(pets, listener=seen.append)
    assert seen[0] == Progress("read", 0, 20, "photos")
    assert seen[-1] == Progress("read", 20, 20, "photos")


@pytest.mark.parametrize(
    "names", [("train", "val", "test"), ("Training", "VALID", "testing"), ("train", "validation", "Test")]
)
def test_given_parts(plant, tmp_path, names):
    for i, name in enumerate(names):
        plant(tmp_path / name, "a/1.png", "b/1.png", "b/2.png", first_seed=10 * i)
    samples = read_source(tmp_path)
    assert samples.classes == ("a", "b")
    assert Counter(sample.subset for sample in samples.samples) == dict.fromkeys(Subset, 3)
    assert samples.ledger.notes == ()


@pytest.mark.parametrize("second", ["val", "test"])
def test_the_second_of_two_parts_is_the_test_part(plant, tmp_path, second):
    plant(tmp_path / "train", "a/1.png", "b/1.png", "a/2.png", "b/2.png")
    plant(tmp_path / second, "a/1.png", "b/1.png", first_seed=10)
    samples = read_source(tmp_path)
    assert Counter(sample.subset for sample in samples.samples) == {Subset.TRAIN: 4, Subset.TEST: 2}
    assert "a new validation part is taken out of train" in samples.ledger.notes[0]
    assert ("used as the test part" in samples.ledger.notes[0]) == (second == "val")


def test_train_alone_is_no_split(pets, tmp_path):
    pets.rename(tmp_path / "train")
    (tmp_path / "data").mkdir()
    (tmp_path / "train").rename(tmp_path / "data/train")
    samples = read_source(tmp_path / "data")
    assert samples.samples[0].subset is None
    assert "no split is given" in samples.ledger.notes[0]


def test_unlabelled_photos_in_a_test_folder_are_skipped(pets, plant, tmp_path):
    pets.rename(tmp_path / "train")
    plant(tmp_path / "test", "1.png", "2.png", first_seed=90)
    samples = read_source(tmp_path)
    assert len(samples) == 20
    assert reasons(samples)["test/1.png"] == "no label: left for predict"
    assert samples.samples[0].subset is None
    assert "2 photos in 'test' have no labels and are left for predict" in samples.ledger.notes
    assert any("no split is given" in note for note in samples.ledger.notes)


def test_a_part_that_lacks_a_class_shifts_nothing(plant, tmp_path):
    plant(tmp_path / "train", "a/1.png", "b/1.png", "c/1.png", "a/2.png", "b/2.png", "c/2.png")
    plant(tmp_path / "test", "a/1.png", "c/1.png", first_seed=10)
    samples = read_source(tmp_path)
    assert {sample.name: sample.target for sample in samples.samples}["test/c/1.png"] == 2


def test_train_may_be_the_name_of_a_class(plant, tmp_path):
    plant(tmp_path, *(f"{name}/{i}.png" for name in ("bus", "car", "train") for i in range(3)))
    assert read_source(tmp_path).classes == ("bus", "car", "train")


def test_a_wrapping_folder_is_descended_into(pets, tmp_path):
    (tmp_path / "outer/inner").mkdir(parents=True)
    pets.rename(tmp_path / "outer/inner/pets")
    samples = read_source(tmp_path / "outer")
    assert samples.classes == ("cats", "dogs")
    assert samples.samples[0].name == "inner/pets/cats/0.png"
    assert "the classes were looked for in 'inner/pets'" in samples.ledger.notes


def test_notes_beside_the_parts_do_no_harm(plant, tmp_path):
    for i, name in enumerate(("train", "val", "test")):
        plant(tmp_path / name, "a/1.png", "b/1.png", first_seed=10 * i)
    (tmp_path / "annotations").mkdir()
    (tmp_path / "annotations/all.xml").write_text("<all/>")
    (tmp_path / "README.md").write_text("photos")
    (tmp_path / "train/list.txt").write_text("photos")
    assert reasons(read_source(tmp_path)) == {
        "README.md": "not in a class folder",
        "annotations/all.xml": "not in a class folder of a part",
        "train/list.txt": "not in a class folder",
    }


def planted_problem(name: str, root: Path, plant) -> Path:
    if name == "missing":
        return root / "nowhere"
    if name == "empty":
        return root
    if name == "mixture":
        return plant(root, "train/a/1.png", "val/a/1.png", "cats/1.png")
    if name == "twice":
        return plant(root, "train/a/1.png", "val/a/1.png", "valid/a/1.png")
    if name == "flat parts":
        return plant(root, "train/1.png", "test/1.png")
    if name == "no train":
        return plant(root, "val/a/1.png", "test/a/1.png")
    if name == "one class":
        return plant(root, "cats/1.png", "cats/2.png", "cats/3.png")
    if name == "no class folder":
        return plant(root, "1.png", "2.png")
    if name == "no usable photo":
        plant(root, *(f"{name}/{i}.png" for name in "ab" for i in range(3)), "c/0.png")
        (root / "c/0.png").write_bytes(b"")
        return root
    if name == "too few":
        return plant(root, "a/1.png", "a/2.png", "b/1.png", *(f"c/{i}.png" for i in range(3)))
    if name == "not in train":
        return plant(root, "train/a/1.png", "train/a/2.png", "test/a/1.png", "test/b/1.png")
    if name == "one in train":
        return plant(root, "train/a/1.png", "train/a/2.png", "train/b/2.png", "test/a/1.png", "test/b/1.png")
    if name == "a file":
        (root / "notes.docx").write_bytes(b"x")
        return root / "notes.docx"
    assert name == "table beside"
    (root / "labels.csv").write_text("path,label\n")
    return plant(root, "images/1.png")


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("missing", "does not exist; wanted a folder"),
        ("empty", "has no class with photos; wanted a folder per class"),
        (
            "mixture",
            r"has part folders \('train' .1., 'val' .1.\) and another .* photos \('cats' .1.\) .*from folder; if",
        ),
        ("twice", "has two folders for validation: 'val' and 'valid'; merge them"),
        ("flat parts", "has the parts 'test', 'train' but no class folders in them, .*; wanted"),
        ("no train", "validation and test are given without train; name"),
        ("one class", "has only one class, 'cats'; wanted two or more"),
        ("no class folder", r"has no class with photos \(skipped: 2 not in a class folder\); wanted"),
        ("no usable photo", r"^class 'c' has no usable photo \(skipped: 1 zero bytes: .*\); add photos or remove it;"),
        ("too few", "class 'a' has 2 usable photos; wanted 3 .*; also: class 'b' has 1 usable photo; wanted 3"),
        ("not in train", "class 'b' has no usable photo in train; wanted one at least"),
        ("one in train", "class 'b' has 1 photo in train; wanted 2"),
        ("a file", "is a file of no kind that is read; wanted a folder or a file ending in [.]"),
        ("table beside", "has no two class folders but 'labels.csv'; wanted .* name the file: .*labels.csv"),
    ],
)
def test_problems_in_one_line(name, message, plant, tmp_path):
    with pytest.raises(DataError, match=message) as caught:
        read_source(planted_problem(name, tmp_path, plant))
    assert "\n" not in str(caught.value)


def test_problems_can_be_left_for_a_survey(plant, tmp_path):
    assert len(read_source(plant(tmp_path, "a/1.png", "b/1.png"), strict=False)) == 2


@pytest.mark.realdata
def test_scans_with_real_duplicates(shared_data):
    samples = read_source(shared_data / "brain_mri")
    assert samples.classes == ("no", "yes")
    assert len(samples) == 253
    assert len(samples.copies) == 22
    assert reasons(samples) == {}


@pytest.mark.skipif(sys.platform in ("win32", "darwin"), reason="names there are Unicode")
def test_names_that_are_no_text_are_read_or_escaped_when_listed(pets):
    (pets / "cats").rename(os.fsdecode(os.fsencode(pets) + b"/chats d'\xe9t\xe9"))
    assert read_source(pets).classes == ("chats d'été", "dogs")
    assert read_source(pets, options=DataSettings(encoding="cp1251")).classes == ("chats d'йtй", "dogs")
    (pets / "dogs").rename(os.fsdecode(os.fsencode(pets) + b"/\xb0\xb1"))
    samples = read_source(pets)
    assert set(samples.classes) == {"chats d'\\xe9t\\xe9", "\\xb0\\xb1"}
    assert any(
        r"2 names of folders and files are not UTF-8 and are kept with escapes" in it for it in samples.ledger.notes
    )
    assert all(name.encode("utf-8") for name in samples.classes)


def test_a_surrogate_that_stands_for_no_byte_is_escaped():
    assert normalise_class_name(" a\ud800 ") == "a\\ud800"


def test_a_root_that_is_inspected_for_parts_first_is_said_of_once(pets, plant, tmp_path):
    """With the class right above each photo, or in its name, the root is seen twice: for parts, then for photos."""
    (pets / "Thumbs.db").write_bytes(b"x")
    (pets / "run").mkdir()
    mark_folder(pets / "run")
    found = read_source(pets, options=DataSettings(classes_from="parent"))
    assert found.ledger.ignored == 1
    assert [note for note in found.ledger.notes if "headstart wrote" in note] == [
        "1 folders that headstart wrote are skipped: 'run'"
    ]


def test_what_lies_beside_parts_is_skipped_once(plant, tmp_path):
    outer = tmp_path / "outer"
    places = [f"{part}/{label}/{n}.png" for part in ("train", "test") for label in ("cats", "dogs") for n in range(3)]
    plant(outer / "inner", *places)
    for file in (outer / "a.txt", outer / "inner" / "b.txt"):
        file.write_bytes(b"x")
    (outer / "Thumbs.db").write_bytes(b"x")
    found = read_source(outer, options=DataSettings(classes_from="parent"))
    told = [(it.name, it.reason) for it in found.ledger.entries if it.reason]
    assert told == [(name, "not in a class folder") for name in ("a.txt", "inner/b.txt")]
    assert found.ledger.ignored == 1


def test_a_name_that_is_too_long_does_not_exist():
    with pytest.raises(DataError, match="does not exist; wanted a folder"):
        read_source(300 * "a")
