"""Tables of drawn dials for the tasks that answer other than by a class: several labels, a number, a grade."""

import csv
from pathlib import Path

import numpy as np
from PIL import Image

from drawn.dials import draw_dials

GRADES = 5
SETTINGS = {"multilabel": {}, "regression": {}, "ordinal": {"order": ",".join(map(str, range(GRADES)))}}


def write_tables(folder: Path, count: int, seed: int = 0) -> dict[str, Path]:
    """Draw dials into a folder and return a table of them for each task.

    Labels are whether a dial is light, warm in colour, and whether its hand is high; the number is how light it is; the
    grade is what its hand points to.
    """
    photos, grades = draw_dials(count, GRADES, seed)
    means = photos.reshape(count, -1, 3).mean(axis=1)
    light, warm = means.mean(axis=1), means[:, 0] - means[:, 2]
    rows: dict[str, list[tuple[str, str]]] = {name: [] for name in SETTINGS}
    for number, (pixels, grade) in enumerate(zip(photos, grades, strict=True)):
        name = f"{number:04d}.png"
        Image.fromarray(pixels).save(folder / name)
        there = {
            "light": light[number] > np.median(light),
            "warm": warm[number] > np.median(warm),
            "high": grade > GRADES // 2,
        }
        rows["multilabel"].append((name, ";".join(word for word, one in there.items() if one)))
        rows["regression"].append((name, f"{light[number]:.2f}"))
        rows["ordinal"].append((name, str(grade)))
    return {task: _write(folder / f"{task}.csv", own) for task, own in rows.items()}


def _write(file: Path, rows: list[tuple[str, str]]) -> Path:
    with file.open("w", newline="", encoding="utf-8") as stream:
        csv.writer(stream).writerows([("path", "label"), *rows])
    return file
