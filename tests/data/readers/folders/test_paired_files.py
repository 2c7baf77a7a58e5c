"""Masks and copies beside photos under other names, one for each."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from headstart.data.read import read_source
from headstart.data.readers.folders.paired_files import find_paired_files
from headstart_runtime.modalities.modality import get_modality

CLASSES = ("healthy", "tumour")


def draw(path: Path, seed: int, *, mask: bool = False) -> None:
    """Draw noise, or a mask of two values."""
    path.parent.mkdir(parents=True, exist_ok=True)
    pixels = np.random.default_rng(seed).integers(0, 256, (16, 16), dtype=np.uint8)
    Image.fromarray(pixels // 128 * 255 if mask else pixels).save(path)


def draw_pairs(root: Path, tail: str, *, mask: bool, each: int = 5, masked: int = 5) -> Path:
    for at, label in enumerate(CLASSES):
        for number in range(1, each + 1):
            draw(root / label / f"{number}.jpg", 100 * at + number)
            if number <= masked:
                draw(root / label / f"{number}{tail}", 100 * at + 50 + number, mask=mask)
    return root


def read_names(root: Path) -> set[str]:
    return {sample.name for sample in read_source(root).samples}


@pytest.mark.parametrize(
    ("tail", "plural"),
    [
        ("_label.png", "masks"),
        ("_gtFine_labelIds.png", "masks"),
        ("_lesion.png", "masks"),
        ("mask.png", "masks"),
        (" (mask).png", "masks"),
        ("_Overlay.png", "drawn-on copies"),
        ("_anno.jpg", "drawn-on copies"),
    ],
)
def test_files_called_so_beside_each_photo_are_left_out(tmp_path: Path, tail: str, plural: str) -> None:
    root = draw_pairs(tmp_path, tail, mask=False)
    samples = read_source(root)
    assert {sample.name for sample in samples.samples} == {f"{it}/{i}.jpg" for it in CLASSES for i in range(1, 6)}
    assert any(f"10 files are skipped as {plural} of others beside them" in note for note in samples.ledger.notes)


@pytest.mark.parametrize("tail", [".png", "_P.png", "_1.png"])
def test_pictures_of_two_values_beside_each_photo_are_masks_whatever_they_are_called(tmp_path: Path, tail: str) -> None:
    assert len(read_names(draw_pairs(tmp_path / "masks", tail, mask=True))) == 10
    assert len(read_names(draw_pairs(tmp_path / "photos", tail, mask=False))) == 20


@pytest.mark.parametrize("tail", ["_label.png", ".png"])
def test_a_few_such_files_are_photos(tmp_path: Path, tail: str) -> None:
    assert len(read_names(draw_pairs(tmp_path, tail, mask=True, masked=2))) == 14


def test_drawings_of_two_values_are_no_masks_of_each_other(tmp_path: Path) -> None:
    for number in range(4):
        draw(tmp_path / f"{number}.png", number, mask=True)
        draw(tmp_path / f"{number}.bmp", 50 + number, mask=True)
    assert find_paired_files(sorted(tmp_path.iterdir()), get_modality("image")) == {}


def test_names_that_are_classes_stay_photos(tmp_path: Path) -> None:
    for number in range(4):
        for name in ("man", "man_target"):
            draw(tmp_path / f"{name}_{number}.png", number)
    assert find_paired_files(sorted(tmp_path.iterdir()), get_modality("image")) == {}
