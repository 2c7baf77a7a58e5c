"""Folders beside classes that are none by their names."""

from collections.abc import Callable
from pathlib import Path

import pytest

from headstart.data.read import read_source
from headstart.data.readers.folders.leftover_names import are_of_camera, find_leftover, may_be_leftover
from headstart.errors import DataError
from headstart.settings import DataSettings

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


@pytest.mark.parametrize("name", ["???", "_misc", "New folder (2)", "Sent"])
def test_a_folder_that_may_be_no_class_is_noted_with_the_flag(tmp_path: Path, plant: Plant, name: str) -> None:
    source = lay(tmp_path, plant, "cats", "dogs", name)
    note = next(note for note in read_source(source).ledger.notes if "--class-pattern" in note)
    pattern = note.partition("--class-pattern '")[2].rstrip("'")
    options = DataSettings.model_validate({"class_pattern": pattern})
    assert read_source(source, options=options).classes == ("cats", "dogs")


def test_a_recycle_bin_is_ignored_and_said(tmp_path: Path, plant: Plant) -> None:
    samples = read_source(lay(tmp_path, plant, "cats", "dogs", "#recycle", "$RECYCLE.BIN"))
    assert samples.classes == ("cats", "dogs")
    assert any("recycle bins of a file server (#recycle): 1" in note for note in samples.ledger.notes)


def test_folders_of_a_camera_are_no_classes(tmp_path: Path, plant: Plant) -> None:
    with pytest.raises(DataError, match=r"which look like folders of a camera.*--classes-from folder"):
        read_source(lay(tmp_path, plant, "DCIM/100CANON", "DCIM/101CANON"))
    assert not are_of_camera(["10012345", "10112345"])
