"""A note on what of a photo no network sees, for tasks whose answer may hang on it."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from headstart.data.read import read_source
from headstart.data.unseen_parts import note_unseen_parts
from headstart.modalities.image.augment.augmenter import ImageAugmentation
from headstart.settings import DataSettings
from tests.plugins import install_plugin, package_folder


@pytest.fixture
def table(tmp_path: Path):
    """Twelve photos, eight of them twice as wide as high, with a number each."""
    for number in range(12):
        pixels = np.random.default_rng(number).integers(0, 256, (40, 80 if number < 8 else 40, 3), np.uint8)
        Image.fromarray(pixels).save(tmp_path / f"{number}.png")
    rows = [f"{number}.png,{number + 0.5}" for number in range(12)]
    (tmp_path / "table.csv").write_text("\n".join(["path,label", *rows]), "utf-8")
    install_plugin(tmp_path / "site", "amount", "headstart.tasks", "tests.tasks.amount:TASK")
    with package_folder(tmp_path / "site"):
        yield tmp_path / "table.csv"


def test_a_task_that_crops_do_not_keep_is_told_what_is_not_seen(table: Path) -> None:
    samples = read_source(table, options=DataSettings.model_validate({"task": "amount"}))
    (note,) = [note for note in samples.ledger.notes if "square" in note]
    assert note == (
        "networks see the square in the middle of a photo, 50% of 8 of these 12 photos: what lies beyond is not "
        "seen; pad them to squares if it should be"
    )


def test_a_class_is_mostly_told_from_the_middle(table: Path) -> None:
    named = [f"{number}.png,{('a', 'b')[number % 2]}" for number in range(12)]
    table.write_text("\n".join(["path,label", *named]), "utf-8")
    samples = read_source(table)
    assert samples.space.task == "classification"
    assert not any("square" in note for note in samples.ledger.notes)
    assert note_unseen_parts(samples) == samples


def test_squares_and_few_others_are_no_matter(table: Path) -> None:
    samples = read_source(table, options=DataSettings.model_validate({"task": "amount"}))
    square = replace(samples, samples=samples.samples[8:])
    assert note_unseen_parts(square).ledger.notes == samples.ledger.notes
    facet = ImageAugmentation()
    assert facet.note_unseen([{"width": 100, "height": 97}] * 3) == []
    assert facet.note_unseen([{"width": 100, "height": 60}, *[{"width": 9, "height": 9}] * 99]) == []
    assert facet.note_unseen([]) == []
