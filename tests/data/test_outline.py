import json
from dataclasses import replace

import numpy as np

from headstart.data.decisions import ANY, Decision, PlaceKind, Role
from headstart.data.outline import make_outline, outline_files
from headstart.data.outline_text import MOST_FOLDERS, describe_outline, outline_to_json
from headstart.data.read import read_source
from headstart.settings import DataSettings
from headstart.verbs.check import check


def _options(**settings):
    return DataSettings.model_validate(settings)


def _read(source, **kwargs):
    return read_source(source, strict=False, **kwargs)


def test_folders_have_counts_roles_and_what_was_skipped(tmp_path, plant):
    plant(tmp_path, *(f"{part}/{name}/{i}.png" for part in ("train", "test") for name in "ab" for i in range(3)))
    (tmp_path / "train/a/x.png").write_text("none")
    (tmp_path / "notes.txt").write_text("hello")
    root = make_outline(_read(tmp_path)).folders
    test, train = root.folders
    assert (root.items, root.skipped, root.role) == (12, 2, None)
    assert [(it.name, it.role, it.value, it.items) for it in (test, train)] == [
        ("test", Role.SUBSET, "test", 6),
        ("train", Role.SUBSET, "train", 6),
    ]
    assert [(it.name, it.role, it.items, it.skipped) for it in train.folders] == [
        ("a", Role.CLASS, 3, 1),
        ("b", Role.CLASS, 3, 0),
    ]
    assert [(it.count, it.example) for it in train.folders[0].skips] == [(1, "train/a/x.png")]
    assert [it.reason for it in root.skips] == ["not in a class folder"]


def test_folders_inside_a_class_are_not_listed_and_what_they_skip_is(tmp_path, plant):
    plant(tmp_path, *(f"{name}/bay{i}/{i}.png" for name in "ab" for i in range(3)))
    (tmp_path / "a/bay1/x.png").write_text("none")
    first = make_outline(_read(tmp_path)).folders.folders[0]
    assert first.folders == ()
    assert [it.example for it in first.skips] == ["a/bay1/x.png"]


def test_patients_inside_a_class_are_listed_as_groups(tmp_path, plant):
    plant(tmp_path, *(f"{name}/{name}p{i}/{j}.png" for name in "ab" for i in range(3) for j in range(2)))
    outline = make_outline(_read(tmp_path))
    assert [(it.name, it.role) for it in outline.folders.folders] == [("a", Role.CLASS), ("b", Role.CLASS)]


def test_groups_and_classes_on_two_levels(tmp_path, plant):
    plant(tmp_path, *(f"p{n}/{name}/{i}.png" for n in range(3) for name in "ab" for i in range(2)))
    outline = make_outline(_read(tmp_path, options=_options(classes_from="parent", group_from="folder")))
    assert outline.groups == 3
    assert [(it.name, it.role, it.value) for it in outline.folders.folders] == [
        (f"p{n}", Role.GROUP, f"p{n}") for n in range(3)
    ]
    assert [(it.name, it.role) for it in outline.folders.folders[0].folders] == [
        ("a", Role.CLASS),
        ("b", Role.CLASS),
    ]
    assert "3 named groups" in describe_outline(outline)


def test_classes_in_names_stand_in_their_folder(tmp_path, plant):
    plant(tmp_path, *(f"all/{name}.{i}.png" for name in ("cat", "dog") for i in range(4)))
    outline = make_outline(_read(tmp_path, options=_options(classes_from="name")))
    assert outline.folders.folders[0].classes == {"cat": 4, "dog": 4}
    assert "classes cat (4), dog (4)" in describe_outline(outline)


def test_decisions_of_a_reader_come_before_what_is_derived(pets):
    decisions = (
        Decision(PlaceKind.FOLDER, (ANY,), Role.CLASS, "the first folder is the class"),
        Decision(PlaceKind.FOLDER, ("dogs",), Role.GROUP, "looks like a person", "rex"),
        Decision(PlaceKind.COLUMN, ("breed",), Role.LABELS, "it has 12 values", count=12),
    )
    outline = make_outline(replace(_read(pets), decisions=decisions))
    cats, dogs = outline.folders.folders
    assert (cats.role, cats.value, cats.reason) == (Role.CLASS, "cats", "the first folder is the class")
    assert (dogs.role, dogs.value, dogs.reason) == (Role.GROUP, "rex", "looks like a person")
    assert outline.decisions == decisions[2:]
    text = describe_outline(outline)
    assert "cats/  10 photos  = class: the first folder is the class" in text
    assert "breed (12)  = labels: it has 12 values" in text


def test_a_reason_is_told_once_and_many_folders_are_one_line(tmp_path, plant):
    plant(tmp_path, *(f"c{n:02}/{i}.png" for n in range(12) for i in range(3)))
    decision = Decision(PlaceKind.FOLDER, (ANY,), Role.CLASS, "the first folder is the class")
    text = describe_outline(make_outline(replace(_read(tmp_path), decisions=(decision,))))
    assert text.count("the first folder is the class") == 1
    assert f"... {12 - MOST_FOLDERS} more folders, each = class (12 photos)" in text


def test_rows_show_parts_and_classes(tmp_path):
    images = np.random.default_rng(0).integers(0, 256, (8, 5, 4), dtype=np.uint8)
    outline = make_outline(_read(images, labels=["a", "b"] * 4))
    assert outline.folders is None
    assert outline.subsets == {"": {"a": 4, "b": 4}}
    assert "8 photos: classes a (4), b (4)" in describe_outline(outline)
    written = json.loads(json.dumps(outline_to_json(outline)))
    assert (written["noun"], written["unit"], written["folders"]) == ("photos", "rows", None)


def test_folders_of_any_depth(tmp_path, plant):
    plant(tmp_path, *(f"{name}/{'x/' * 100}{i}.png" for name in "ab" for i in range(3)))
    assert [it.items for it in make_outline(_read(tmp_path)).folders.folders] == [3, 3]


def test_folders_with_folders_in_them_are_shown_fewer_times(tmp_path, plant):
    plant(tmp_path, *(f"p{n}/{name}/{i}.png" for n in range(6) for name in "ab" for i in range(2)))
    text = describe_outline(make_outline(_read(tmp_path, options=_options(classes_from="parent", group_from="folder"))))
    assert "... 3 more folders, each = group (12 photos): p3, p4 and 1 more" in text


def test_a_folder_that_is_not_understood_is_shown_as_it_lies(tmp_path, plant):
    plant(tmp_path, "x/1/0.png", "x/2/0.png", "y/0.png")
    (tmp_path / "x/notes.txt").write_text("hello")
    root = outline_files(tmp_path).folders
    assert [(it.name, it.items, it.skipped, it.role) for it in root.folders] == [("x", 2, 1, None), ("y", 1, 0, None)]
    assert [it.name for it in root.folders[0].folders] == ["1", "2"]
    assert "x/  2 photos (1 skipped)" in describe_outline(outline_files(tmp_path))


def test_named_groups_in_several_given_parts_are_a_leak(plant, tmp_path):
    names = [
        f"client_{client}/{part}/{label}/{i}.png"
        for client in range(3)
        for part, own in (("train", range(4)), ("test", range(4, 6)))
        for label in ("ant", "bee")
        for i in own
    ]
    root = plant(tmp_path / "set", *names)
    report = check(root, classes_from="parent", group_from="folder", explain=True, progress=False)
    notes = report.data.samples.ledger.notes
    assert "leak: 3 groups are in more than one given part: 'client_0', 'client_1', 'client_2'" in notes
    assert report.outline.torn_groups == 3
    shown = describe_outline(report.outline)
    assert "3 named groups: 3 of them are in more than one given part, which is a leak" in shown
    whole = check(root, classes_from="parent", explain=True, progress=False)
    assert not any(note.startswith("leak") for note in whole.data.samples.ledger.notes)
