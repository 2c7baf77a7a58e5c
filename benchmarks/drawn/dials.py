"""Dials that are drawn: a hand on a scale of grades, under any colours, size, place and light."""

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

Pixels = NDArray[np.uint8]

EDGE = 192  #: of a photo, pixels
_FINE = 2  #: times as large is drawn, then made smaller
_FROM, _ARC = 150.0, 240.0  #: of the scale, degrees: it begins at the lower left and goes over the top


def draw_dials(count: int, grades: int, seed: int) -> tuple[Pixels, NDArray[np.int64]]:
    """Return photos (count, EDGE, EDGE, 3) of dials, and the grade that each hand points to, (count,).

    The hand is anywhere within its grade's part of the scale, so that neighbours look alike near their border.
    """
    chance = np.random.default_rng([seed, grades])
    labels = chance.permutation(np.arange(count) % grades)
    return np.stack([_draw_dial(label, grades, chance) for label in labels]), labels


def shift_labels(labels: NDArray[np.int64], grades: int, share: float, seed: int) -> NDArray[np.int64]:
    """Return labels of which a share is off by one grade, up or down; inwards at both ends."""
    chance = np.random.default_rng([seed, 1])
    step = np.where(chance.random(len(labels)) < 0.5, 1, -1)
    step = np.where(labels == 0, 1, np.where(labels == grades - 1, -1, step))
    return np.where(chance.random(len(labels)) < share, labels + step, labels)


def _draw_dial(label: int, grades: int, chance: np.random.Generator) -> Pixels:
    edge = EDGE * _FINE
    ground, face, hand = (
        tuple(int(value) for value in chance.integers(low, high, 3)) for low, high in ((50, 190), (205, 256), (0, 110))
    )
    image = Image.new("RGB", (edge, edge), ground)
    pen = ImageDraw.Draw(image)
    radius = edge * chance.uniform(0.36, 0.45)
    x, y = edge / 2 + edge * chance.uniform(-0.04, 0.04, 2)
    pen.ellipse([x - radius, y - radius, x + radius, y + radius], fill=face, outline=(0, 0, 0), width=3 * _FINE)
    tilt = chance.normal(0, 2)
    angle = _FROM + tilt + _ARC * (label + chance.uniform(0.02, 0.98)) / grades
    _draw_ray(pen, (x, y), angle, (0, chance.uniform(0.75, 0.9) * radius), hand, int(_FINE * chance.uniform(4, 7)))
    pixels = np.asarray(image.resize((EDGE, EDGE), Image.Resampling.BOX), np.float64)
    pixels = pixels * chance.uniform(0.75, 1.15) + chance.normal(0, 6, pixels.shape)
    return np.clip(pixels, 0, 255).astype(np.uint8)


def _draw_ray(
    pen: ImageDraw.ImageDraw,
    centre: tuple[float, float],
    degrees: float,
    ends: tuple[float, float],
    colour: tuple[int, ...],
    width: int,
) -> None:
    """Draw a line from one distance of the centre to another."""
    direction = np.array([np.cos(np.radians(degrees)), np.sin(np.radians(degrees))])
    points = [tuple(np.array(centre) + end * direction) for end in ends]
    pen.line(points, fill=colour, width=width)
