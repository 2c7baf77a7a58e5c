"""Folders beside classes that are none by their names."""

from collections.abc import Callable
from pathlib import Path

import pytest

from headstart.data.read import read_source
from headstart.data.readers.folders.leftover_names import are_of_camera, find_leftover, may_be_leftover
from headstart.settings import DataSettings
from headstart_runtime.errors import DataError

Plant = Callable[..., Path]


def lay(root: Path, plant: Plant, *folders: str) -> Path:
    return plant(root, *(f"{name}/{i}.png" for name in folders for i in range(4)))


@pytest.mark.parametrize("name", ["gradcam", "to sort", "Unsortiert", "Papierkorb", "Ergebnisse", "Grad-CAM", "_todo"])
def test_a_folder_left_from_other_work_is_skipped_with_a_note(tmp_path: Path, plant: Plant, name: str) -> None:
    source = lay(tmp_path, plant, "cats", "dogs", name)
    samples = read_source(source)
    assert samples.classes == ("cats", "dogs")
    assert any(f"'{name}' (4 photos; " in note for note in samples.ledger.notes)
    assert sum(entry.reason == find_leftover(name) for entry in samples.ledger.entries) == 4
    options = DataSettings.model_validate({"classes_from": "folder"})
    assert name in read_source(source, options=options).classes


@pytest.mark.parametrize("name", ["trash", "paper", "alt", "other", "none", "+"])
def test_classes_may_be_called_so(name: str) -> None:
    assert not find_leftover(name)
    assert not may_be_leftover(name)


@pytest.mark.parametrize("name", ["???", "_misc", "New folder (2)", "Sent", "rejected", "Blurred"])
def test_a_folder_that_may_be_no_class_is_noted_with_the_flag(tmp_path: Path, plant: Plant, name: str) -> None:
    source = lay(tmp_path, plant, "cats", "dogs", name)
    note = next(note for note in read_source(source).ledger.notes if "--class-pattern" in note)
    pattern = note.partition("--class-pattern '")[2].rstrip("'")
    options = DataSettings.model_validate({"class_pattern": pattern})
    assert read_source(source, options=options).classes == ("cats", "dogs")


@pytest.mark.parametrize("classes", [("validated", "rejected"), ("good", "bad", "worn"), ("sharp", "blurred")])
def test_classes_of_a_quality_control_are_not_noted(tmp_path: Path, plant: Plant, classes: tuple[str, ...]) -> None:
    samples = read_source(lay(tmp_path, plant, *classes))
    assert set(samples.classes) == set(classes)
    assert not any("--class-pattern" in note for note in samples.ledger.notes)


def test_folders_put_aside_in_class_folders_are_noted_with_the_flag(tmp_path: Path, plant: Plant) -> None:
    source = lay(tmp_path, plant, "elm", "oak", "oak/bad", "elm/deleted", "oak/near")
    samples = read_source(source)
    assert len(samples.samples) == 20
    note = next(note for note in samples.ledger.notes if "are read as of these classes" in note)
    assert note.startswith("'bad', 'deleted' in the class folders (8 photos)")
    pattern = note.partition("--class-pattern '")[2].partition("'")[0]
    options = DataSettings.model_validate({"class_pattern": pattern})
    assert len(read_source(source, options=options).samples) == 12


def test_folders_put_aside_in_classes_of_parts_are_noted(tmp_path: Path, plant: Plant) -> None:
    folders = [f"{part}/{label}" for part in ("train", "test") for label in ("elm", "oak")]
    notes = read_source(lay(tmp_path, plant, *folders, "train/oak/rejected")).ledger.notes
    assert any("'rejected' in the class folders (4 photos)" in note and "move them elsewhere" in note for note in notes)


def test_a_recycle_bin_is_ignored_and_said(tmp_path: Path, plant: Plant) -> None:
    samples = read_source(lay(tmp_path, plant, "cats", "dogs", "#recycle", "$RECYCLE.BIN"))
    assert samples.classes == ("cats", "dogs")
    assert any("recycle bins of a file server (#recycle): 1" in note for note in samples.ledger.notes)


def test_folders_of_a_camera_are_no_classes(tmp_path: Path, plant: Plant) -> None:
    with pytest.raises(DataError, match=r"which look like folders of a camera.*--classes-from folder"):
        read_source(lay(tmp_path, plant, "DCIM/100CANON", "DCIM/101CANON"))
    assert not are_of_camera(["10012345", "10112345"])
