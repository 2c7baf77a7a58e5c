"""Photos of which a number is known: dots to count among other shapes, the angle of a hand, the area of a shape.

Colours, sizes, places, light and noise are drawn anew for each photo, so that no number can be read off any of them.
"""

import csv
from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

EDGE = 224  #: pixels
MOST_DOTS, OTHERS = 20, 8
LEAST_ANGLE, MOST_ANGLE = 10.0, 350.0  #: degrees, clockwise from the top
FINER = 3  #: times the edge at which shapes are drawn, for smooth edges

Drawer = Callable[[np.random.Generator], tuple[Image.Image, float]]


def draw_dots(chance: np.random.Generator) -> tuple[Image.Image, float]:
    """Draw 0 to 20 discs among squares and bars, none on another; return how many discs there are."""
    image, pen, colours = _start(chance)
    count, others = int(chance.integers(0, MOST_DOTS + 1)), int(chance.integers(0, OTHERS + 1))
    taken: list[tuple[float, float, float]] = []
    for index in range(count + others):
        radius = FINER * float(chance.uniform(5, 9))
        place = _find_place(chance, taken, radius)
        if place is None:
            return draw_dots(chance)  # the photo is full: another one
        x, y = place
        taken.append((x, y, radius))
        colour = tuple(int(one) for one in colours[int(chance.integers(1, len(colours)))])
        if index < count:
            pen.ellipse((x - radius, y - radius, x + radius, y + radius), fill=colour)
        elif chance.random() < 0.5:
            pen.rectangle((x - radius, y - radius, x + radius, y + radius), fill=colour)
        else:
            pen.rectangle((x - radius, y - radius / 3, x + radius, y + radius / 3), fill=colour)
    return _finish(image, chance), float(count)


def draw_hand(chance: np.random.Generator) -> tuple[Image.Image, float]:
    """Draw a dial with one hand; return the hand's angle, degrees from 10 to 350, clockwise from the top."""
    image, pen, colours = _start(chance)
    radius = FINER * float(chance.uniform(60, 95))
    x, y = (FINER * EDGE / 2 + FINER * float(chance.uniform(-14, 14)) for _ in range(2))
    face, hand = (tuple(int(one) for one in colours[index]) for index in (1, 2))
    pen.ellipse((x - radius, y - radius, x + radius, y + radius), fill=face)
    angle = float(chance.uniform(LEAST_ANGLE, MOST_ANGLE))
    turn = np.deg2rad(angle)
    reach = radius * float(chance.uniform(0.7, 0.95))
    tip = (x + reach * np.sin(turn), y - reach * np.cos(turn))
    pen.line((x, y, *tip), fill=hand, width=FINER * int(chance.integers(4, 9)))
    hub = FINER * 7
    pen.ellipse((x - hub, y - hub, x + hub, y + hub), fill=hand)
    return _finish(image, chance), round(angle, 2)


def draw_area(chance: np.random.Generator) -> tuple[Image.Image, float]:
    """Draw a blob, and bars beside it; return what share of the photo the blob covers, percent."""
    image, _, colours = _start(chance)
    turns = np.linspace(0, 2 * np.pi, 120, endpoint=False)
    mean = FINER * float(chance.uniform(12, 62))
    waves = sum(float(chance.normal(0, 0.12)) * np.cos(n * turns + float(chance.uniform(0, 6.3))) for n in (2, 3, 5))
    reach = mean * np.clip(1 + waves, 0.3, 1.7)
    x, y = (FINER * EDGE / 2 + FINER * float(chance.uniform(-30, 30)) for _ in range(2))
    points = [(float(a), float(b)) for a, b in zip(x + reach * np.cos(turns), y + reach * np.sin(turns), strict=True)]
    mask = Image.new("L", image.size, 0)
    ImageDraw.Draw(mask).polygon(points, fill=255)
    image.paste(tuple(int(one) for one in colours[1]), mask=mask)
    covered = np.asarray(mask.resize((EDGE, EDGE), Image.Resampling.BOX), np.float64).mean() / 255
    return _finish(image, chance), round(100 * covered, 3)


DRAWERS: dict[str, tuple[str, Drawer]] = {
    "dots": ("dots", draw_dots),
    "angle": ("angle (degrees)", draw_hand),
    "area": ("area (%)", draw_area),
}


def draw_measured(folder: Path, kind: str, count: int, seed: int = 0) -> Path:
    """Draw so many photos of a kind; return the table of their numbers. What is there already stays."""
    table = folder / kind / "numbers.csv"
    if table.exists():
        return table
    table.parent.mkdir(parents=True, exist_ok=True)
    column, draw = DRAWERS[kind]
    rows = []
    for number in range(count):
        image, value = draw(np.random.default_rng([seed, list(DRAWERS).index(kind), number]))
        image.save(table.parent / f"{number:05d}.png")
        rows.append((f"{number:05d}.png", value))
    with table.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(("file", column))
        writer.writerows(rows)
    return table


def _start(chance: np.random.Generator) -> tuple[Image.Image, ImageDraw.ImageDraw, np.ndarray]:
    """Return an empty photo at the finer size, what draws on it, and colours, the background first."""
    dark = chance.random() < 0.5
    low, high = chance.integers(0, 90, 3), chance.integers(150, 256, (5, 3))
    if not dark:
        low, high = chance.integers(165, 256, 3), chance.integers(0, 110, (5, 3))
    colours = np.concatenate([low[None], high])
    if chance.random() < 0.5:  # a hand or a blob may be as light as the background
        colours[2] = np.clip(colours[0] + chance.integers(-40, 41, 3), 0, 255)
        colours[1] = np.clip(255 - colours[0] + chance.integers(-30, 31, 3), 0, 255)
    else:
        colours[2] = np.clip(255 - colours[1] + chance.integers(-20, 21, 3), 0, 255)
    image = Image.new("RGB", (FINER * EDGE, FINER * EDGE), tuple(int(one) for one in colours[0]))
    return image, ImageDraw.Draw(image), colours


def _finish(image: Image.Image, chance: np.random.Generator) -> Image.Image:
    """Return a photo in its size, lit from one side, with noise."""
    pixels = np.asarray(image.resize((EDGE, EDGE), Image.Resampling.BOX), np.float64)
    across, down = chance.uniform(-0.25, 0.25, 2)
    y, x = np.mgrid[:EDGE, :EDGE] / EDGE - 0.5
    light = 1 + across * x + down * y
    noisy = pixels * light[:, :, None] + chance.normal(0, chance.uniform(2, 10), pixels.shape)
    return Image.fromarray(np.clip(noisy, 0, 255).astype(np.uint8))


def _find_place(
    chance: np.random.Generator, taken: list[tuple[float, float, float]], radius: float
) -> tuple[float, float] | None:
    """Return a place where a shape lies on no other; None where none was found."""
    edge = FINER * EDGE
    for _ in range(200):
        x, y = (float(one) for one in chance.uniform(radius + 4, edge - radius - 4, 2))
        if all((x - a) ** 2 + (y - b) ** 2 > (1.5 * (radius + other)) ** 2 for a, b, other in taken):
            return x, y
    return None
