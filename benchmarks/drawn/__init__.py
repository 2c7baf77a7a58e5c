"""Pictures of little detail, drawn: no two show the same, and many are alike."""

from collections.abc import Callable
from functools import cache

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

Chance = np.random.Generator
Draw = Callable[[Chance, int], Image.Image]
#: Of the fields of a form.
NAMES = ("Name", "Street", "Town", "Phone", "Born", "Sex", "Weight", "Height", "Reason", "Doctor", "Date", "Sign")
LINE = 52  #: from one to the next


@cache
def _scans() -> NDArray[np.float64]:
    from sklearn.datasets import load_digits

    scans: NDArray[np.float64] = load_digits().images
    return scans


def digit(chance: Chance, number: int) -> Image.Image:
    """A handwritten digit, scanned at 8 x 8 and saved at 64 x 64 pixels."""
    pixels = np.rint(_scans()[number % len(_scans())] * (255 / 16)).astype(np.uint8)
    return Image.fromarray(pixels).resize((64, 64), Image.Resampling.BICUBIC)


def strokes(chance: Chance, number: int) -> Image.Image:
    """A 0, 1, 3 or 7 in thick strokes, 28 x 28."""
    shapes = (
        [(42, 14), (60, 30), (58, 56), (42, 70), (26, 56), (26, 28), (42, 14)],
        [(40, 14), (44, 70)],
        [(26, 18), (56, 20), (40, 40), (58, 54), (28, 68)],
        [(22, 18), (60, 18), (42, 70)],
    )
    image = Image.new("L", (84, 84), 0)
    points = [(x + chance.normal(0, 3.5), y + chance.normal(0, 3.5)) for x, y in shapes[number % 4]]
    ImageDraw.Draw(image).line(points, fill=255, width=int(chance.integers(6, 10)), joint="curve")
    return image.resize((28, 28), Image.Resampling.LANCZOS)


def icon(chance: Chance, number: int) -> Image.Image:
    """A ring, box, cross or arrow in one of four colours, 64 x 64."""
    image, size = Image.new("RGB", (64, 64), "white"), int(chance.integers(18, 27))
    x, y = (32 + int(chance.integers(-3, 4)) for _ in range(2))
    colour, width = ("black", "crimson", "navy", "green")[chance.integers(4)], int(chance.integers(3, 8))
    draw, box = ImageDraw.Draw(image), (x - size, y - size, x + size, y + size)
    kind = number % 4
    if kind == 0:
        draw.ellipse(box, outline=colour, width=width)
    elif kind == 1:
        draw.rectangle(box, outline=colour, width=width)
    elif kind == 2:
        draw.line(box, fill=colour, width=width)
        draw.line((box[0], box[3], box[2], box[1]), fill=colour, width=width)
    else:
        half = size // 2
        tip = [(x - size, y), (x, y - size), (x, y - half), (x + size, y - half), (x + size, y + half), (x, y + half)]
        draw.polygon([*tip, (x, y + size)], fill=colour)
    return image


def sketch(chance: Chance, number: int) -> Image.Image:
    """A house in a few thin lines, by a hand that shakes, 256 x 256."""
    image = Image.new("L", (256, 256), 255)
    draw = ImageDraw.Draw(image)
    corners = [(60, 200), (60, 110), (128, 50), (196, 110), (196, 200), (60, 200)]
    draw.line([(x + chance.normal(0, 5), y + chance.normal(0, 5)) for x, y in corners], fill=0, width=4)
    left, top = 100 + chance.normal(0, 8), 140 + chance.normal(0, 8)
    draw.rectangle((left, top, left + 36, top + 58), outline=0, width=4)
    return image


def blank(chance: Chance, number: int) -> Image.Image:
    """Paper with a fleck or a number, 300 x 400."""
    shade = np.linspace(0, chance.uniform(-8, 8), 400)[:, None] + np.linspace(0, chance.uniform(-8, 8), 300)
    pixels = chance.uniform(225, 250) + shade + chance.normal(0, 2, (400, 300))
    image = Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8))
    if number % 2:
        ImageDraw.Draw(image).text((140, 380), str(number), fill=60)
    else:
        left, top = (int(place) for place in chance.integers(20, 280, 2))
        ImageDraw.Draw(image).ellipse((left, top, left + 3, top + 3), fill=90)
    return image


def code(chance: Chance, number: int) -> Image.Image:
    """A square code of 25 x 25 cells with three finders, 330 x 330."""
    cells = np.where(chance.random((25, 25)) < 0.5, 255, 0).astype(np.uint8)
    finder = np.pad(np.pad(np.zeros((3, 3), np.uint8), 1, constant_values=255), 1)
    for down, right in ((0, 0), (0, 18), (18, 0)):
        cells[max(down - 1, 0) : down + 8, max(right - 1, 0) : right + 8] = 255
        cells[down : down + 7, right : right + 7] = finder
    return Image.fromarray(np.pad(cells, 4, constant_values=255)).resize((330, 330), Image.Resampling.NEAREST)


def form(chance: Chance, number: int) -> Image.Image:
    """One form, scanned, its fields filled in by hand, 600 x 800."""
    image = Image.new("L", (600, 800), 250)
    draw = ImageDraw.Draw(image)
    draw.rectangle((20, 20, 580, 90), outline=0, width=3)
    draw.text((200, 45), "APPLICATION", fill=0, font_size=24)
    for field in range(len(NAMES)):
        top = 120 + field * LINE
        draw.text((30, top + 10), NAMES[field], fill=20)
        draw.rectangle((150, top, 570, top + 40), outline=60, width=2)
        if chance.random() < 0.75:
            _write(draw, chance, 160, top + 4)
    draw.rectangle((30, 745, 130, 790), fill=40)
    image = image.rotate(chance.normal(0, 0.3), fillcolor=250, translate=tuple(chance.integers(-4, 5, 2).tolist()))
    pixels = np.asarray(image, np.float32) * chance.uniform(0.96, 1.03) + chance.normal(0, 3, (800, 600))
    return Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8))


def _write(draw: ImageDraw.ImageDraw, chance: Chance, left: int, top: int) -> None:
    points = int(chance.integers(8, 20))
    across = np.linspace(left, left + 390 * chance.uniform(0.4, 1), points) + chance.normal(0, 6, points)
    down = top + 16 + chance.normal(0, 11, points)
    draw.line(list(zip(across.tolist(), down.tolist(), strict=True)), fill=30, width=2, joint="curve")


#: name -> how one is drawn, and whether it is saved as a JPEG (else as a PNG)
KINDS: dict[str, tuple[Draw, bool]] = {
    "digits of 8 x 8": (digit, False),
    "strokes": (strokes, False),
    "icons": (icon, False),
    "line drawings": (sketch, False),
    "blank pages": (blank, True),
    "square codes": (code, False),
    "forms": (form, True),
}
