"""Spaces of numbers, and drawn photos of which numbers can be told."""

import csv
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from headstart.label_text import LabelForm
from headstart.tasks.facets import LabelSource
from headstart.tasks.regression.targets import NumberTargets
from headstart_runtime.tasks.task import TargetSpace

TARGETS = NumberTargets()


def make_space(*names: str, values: Sequence[Sequence[float]]) -> TargetSpace:
    """The space of these names and numbers, (N, K)."""
    form: LabelForm = "one" if len(names) == 1 else "columns"
    labels = {str(row): ";".join("" if one != one else repr(one) for one in own) for row, own in enumerate(values)}
    return TARGETS.read_space(labels, LabelSource(form=form, columns=names))


def draw_table(folder: Path, *, count: int = 48, several: bool = False) -> Path:
    """Photos of one grey with how bright it is, 2 to 23.6, and perhaps its double, which is missing of some."""
    chance = np.random.default_rng(0)
    folder.mkdir()
    with (folder / "table.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["path", "light (lm)", *(["double"] if several else [])])
        for number in range(count):
            level = int(chance.integers(20, 236))
            pixels = np.clip(chance.normal(level, 6, (48, 48, 3)), 0, 255).astype(np.uint8)
            Image.fromarray(pixels).save(folder / f"{number}.png")
            light = level / 10 + 0.05
            writer.writerow([f"{number}.png", light, *(["" if number % 3 == 1 else 2 * light] if several else [])])
    return folder / "table.csv"
