"""The pictures of README and the documents: drawn photos, small files."""

import importlib.util
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

DOCS = Path(__file__).resolve().parents[1] / "docs"


@pytest.fixture(scope="module")
def pictures():
    spec = importlib.util.spec_from_file_location("pictures", DOCS / "pictures.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_leaves_are_drawn_alike_from_one_seed_and_differ_by_kind(pictures) -> None:
    drawn = [np.asarray(pictures.draw_leaf(kind, np.random.default_rng(0))) for kind in pictures.PHOTOS]
    assert {pixels.shape for pixels in drawn} == {(pictures.EDGE, pictures.EDGE, 3)}
    assert len({pixels.tobytes() for pixels in drawn}) == len(drawn)
    again = np.asarray(pictures.draw_leaf("oak", np.random.default_rng(0)))
    assert np.array_equal(again, drawn[list(pictures.PHOTOS).index("oak")])


def test_stored_pictures_are_small(pictures) -> None:
    files = list((DOCS / "pictures").iterdir())
    photos = [file for file in files if file.suffix != ".svg"]
    assert [file.name for file in photos] == ["report.webp"]
    assert all(file.stat().st_size < pictures.LARGEST for file in files)
    for file in photos:
        with Image.open(file) as picture:
            assert picture.size == (pictures.WIDE, pictures.HIGH)
