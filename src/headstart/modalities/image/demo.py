"""Photos for a first try without a network: digits drawn with a pen on paper, written as a folder of JPEG files.

Each digit is one to three strokes through a few points. Where these lie, slant, turn, size, pen, ink, paper and light
are drawn at random by a fixed seed, so that no two are alike, some are hard to read, and all are the same each time.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.random import Generator
from PIL import Image, ImageDraw, ImageFilter

from headstart.storage.atomic import new_folder
from headstart_runtime.arrays import Floats
from headstart_runtime.errors import DataError
from headstart_runtime.modalities.item import NamedItem

EDGE = 128  #: pixels of a photo
EACH = 120  #: photos of a digit
COUNT = 10 * EACH
SEED = 0
SMOOTH = 2  #: the pen draws so many times larger, so that its edges are smooth
STEPS = 8  #: straight pieces between two points of a stroke
UNSTEADY = 0.045  #: deviation of the points of a stroke, in heights of a digit

#: Ways to write each digit. Strokes are points ``x,y`` in percent of a box, y downwards, with a slash between two.
WAYS: Sequence[Sequence[str]] = (
    ("50,0 10,30 10,70 50,100 90,70 90,30 50,0",),
    (
        "50,0 50,50 50,100",
        "20,30 38,17 55,0 / 55,0 55,50 55,100",
    ),
    (
        "10,25 30,2 75,5 85,35 50,70 10,100 / 10,100 50,97 90,100",
        "15,20 50,0 85,25 60,65 20,95 15,75 50,85 90,100",
    ),
    (
        "15,15 50,0 85,20 70,42 40,48 / 40,48 80,55 85,85 50,100 10,85",
        "15,0 50,0 85,0 / 85,0 60,20 40,40 / 40,40 85,55 80,90 45,100 10,85",
    ),
    (
        "55,0 30,35 5,68 / 5,68 50,66 95,68 / 65,35 65,70 65,100",
        "15,0 10,30 15,50 / 15,50 50,52 85,48 / 85,0 82,50 80,100",
    ),
    ("85,0 50,1 20,0 / 20,0 17,22 15,45 / 15,45 55,36 88,60 70,95 10,95",),
    ("75,0 35,25 12,65 30,98 70,97 85,70 55,50 15,70",),
    (
        "10,2 50,0 90,2 / 90,2 60,40 35,100",
        "10,2 50,0 90,2 / 90,2 60,40 35,100 / 30,52 55,50 80,48",
    ),
    ("80,15 45,0 15,20 50,47 88,75 50,100 12,75 50,47 80,15",),
    (
        "85,25 50,0 15,25 40,50 85,28 / 85,28 80,65 60,100",
        "80,20 40,0 15,30 50,48 82,20 82,70 55,100 20,92",
    ),
)


def write_digits(folder: Path) -> Path:
    """Write the digits into a folder per class; a folder that has them already is left as it is.

    Raises:
        DataError: something else is in that folder, or it cannot be written.
    """
    if folder.is_dir() and sum(1 for _ in folder.glob("[0-9]/*.jpg")) == COUNT:
        return folder
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise DataError(f"{str(folder)!r} has something else in it; wanted a new or empty folder; name another one")
    try:
        with new_folder(folder) as draft:
            _write(draft)
    except OSError as error:
        raise DataError(f"the digits cannot be written to {str(folder)!r}: {error.strerror}; name another") from None
    return folder


def _write(folder: Path) -> None:
    for label in range(10):
        (folder / str(label)).mkdir()
        for number in range(EACH):
            photo = draw_digit(label, np.random.default_rng([SEED, label, number]))
            photo.save(folder / str(label) / f"{number:03d}.jpg", quality=90)


def find_seven(folder: Path) -> NamedItem:
    """Return one of the digits."""
    file = sorted((folder / "7").iterdir())[0]
    return NamedItem(str(file), file)


def draw_digit(label: int, random: Generator) -> Image.Image:
    """Return a photo of a digit on paper, RGB, ``EDGE`` pixels wide and high."""
    ways = WAYS[label]
    strokes = ways[int(random.integers(len(ways)))].split(" / ")
    place = _draw_place(random)
    width = random.uniform(0.03, 0.085) * EDGE * SMOOTH
    mask = Image.new("L", (EDGE * SMOOTH, EDGE * SMOOTH))
    pen = ImageDraw.Draw(mask)
    for stroke in strokes:
        percent = np.array([point.split(",") for point in stroke.split()], np.float32)
        points: Floats = (percent / 100).astype(np.float32)
        points += np.float32(UNSTEADY) * random.standard_normal(points.shape, np.float32)
        line = [tuple(point) for point in _bend(points) @ place[:, :2].T + place[:, 2]]
        pen.line(line, fill=255, width=max(1, round(width)), joint="curve")
        for x, y in (line[0], line[-1]):
            pen.ellipse((x - width / 2, y - width / 2, x + width / 2, y + width / 2), fill=255)
    photo = mask.resize((EDGE, EDGE), Image.Resampling.BOX).filter(ImageFilter.GaussianBlur(random.uniform(0.2, 1.6)))
    return _lay_on_paper((np.asarray(photo) / 255).astype(np.float32), random)


def _draw_place(random: Generator) -> Floats:
    """Return the affine map (2, 3) from the box of a digit to the pixels of the pen."""
    high = random.uniform(0.42, 0.8) * EDGE * SMOOTH
    wide = high * random.uniform(0.5, 0.8)
    turn, slant = random.normal(0, 0.14), random.normal(0.12, 0.17)
    rotation = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    linear = rotation @ np.array([[wide, -slant * high], [0, high]])
    middle = EDGE * SMOOTH * (0.5 + random.uniform(-0.09, 0.09, 2))
    return np.column_stack([linear, middle - linear @ (0.5, 0.5)]).astype(np.float32)


def _bend(points: Floats) -> Floats:
    """Return points (M, 2) of a smooth curve through points (N, 2): a Catmull-Rom spline."""
    ends = np.vstack([2 * points[0] - points[1], points, 2 * points[-1] - points[-2]])
    t = np.arange(STEPS)[:, None] / STEPS
    curves = []
    for a, b, c, d in zip(ends, ends[1:], ends[2:], ends[3:], strict=False):
        curves.append(b + 0.5 * t * (c - a + t * (2 * a - 5 * b + 4 * c - d + t * (3 * (b - c) + d - a))))
    return np.vstack([*curves, points[-1:]])


def _lay_on_paper(ink: Floats, random: Generator) -> Image.Image:
    """Return the ink (H, W), 0 to 1, on rough paper in uneven light, perhaps ruled, as a photo."""
    paper = np.float32(random.uniform(165, 250) + random.normal(0, 7, 3))
    pigment = np.float32(random.uniform(15, 110) + random.normal(0, 25, 3))
    grain = np.float32(random.uniform(5, 16)) * random.standard_normal((EDGE, EDGE, 1), np.float32)
    edge = np.linspace(-0.5, 0.5, EDGE, dtype=np.float32)
    light = 1 + np.float32(random.normal(0, 0.12)) * edge[:, None] + np.float32(random.normal(0, 0.12)) * edge
    ruled = np.zeros((EDGE, EDGE), np.float32)
    if random.random() < 0.4:
        ruled[int(random.integers(8, 24)) :: int(random.integers(18, 34))] = random.uniform(0.15, 0.4)
    cover = np.maximum(ink * np.float32(random.uniform(0.75, 1)), ruled)[..., None]
    pixels = (paper + cover * (pigment - paper) + grain) * light[..., None]
    return Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8))
