"""Make the pictures of README and the documents: ``python docs/pictures.py``.

Draws photos of leaves, fits a classifier on them with their labels, and stores a picture of the run's report as
``docs/pictures/report.webp``. Needs Chromium (Debian's package is chromium).
"""

import io
import os
import shutil
import subprocess
import sys
from contextlib import chdir
from math import pi
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter

import headstart

PICTURES = Path(__file__).resolve().parent / "pictures"
CHROMIUM = ("chromium", "chromium-browser", "google-chrome", "chrome")
EDGE = 256  #: of a drawn photo, pixels
WIDE, HIGH = 1240, 1740  #: of the picture, pixels
HIDDEN = "main > section:not(#test), footer { display: none }"  #: style: what the picture leaves out
LARGEST = 150_000  #: bytes of a picture
PHOTOS = {"oak": 150, "birch": 130, "maple": 110, "willow": 90, "ginkgo": 70, "ivy": 50}


def main() -> int:
    """Make the pictures; return the exit code."""
    browser = next(filter(None, map(shutil.which, CHROMIUM)), None)
    if browser is None:
        sys.stderr.write(f"no Chromium was found ({', '.join(CHROMIUM)})\n")
        return 1
    PICTURES.mkdir(exist_ok=True)
    with TemporaryDirectory() as folder, chdir(folder):  # the report shows short paths then
        os.environ["HEADSTART_STORE"] = str(Path(folder) / "store")
        draw_photos(Path("leaves"))
        headstart.fit("leaves", out="leaves-run", arms="linear-probe,intermediate-probe")
        content = shrink(take_screenshot(browser, Path("leaves-run/report.html")))
    (PICTURES / "report.webp").write_bytes(content)
    sys.stdout.write(f"docs/pictures/report.webp: {len(content):,} bytes\n")
    return 0


def draw_photos(folder: Path) -> None:
    """Draw leaves, a folder for each kind; one photo in thirty is of another kind than its folder says."""
    chance = np.random.default_rng(12)
    kinds = list(PHOTOS)
    for kind, count in PHOTOS.items():
        (folder / kind).mkdir(parents=True)
        for number in range(count):
            shown = str(chance.choice(kinds)) if number % 30 == 29 else kind
            draw_leaf(shown, chance).save(folder / kind / f"{kind}-{number:03d}.jpg", quality=88)


def draw_leaf(kind: str, chance: np.random.Generator) -> Image.Image:
    """Draw a leaf of a kind: turned, bent, of any green, on paper or ground, more or less sharp."""
    angles = np.linspace(0, 2 * pi, 400, endpoint=False)
    radius = outline(kind, angles) * chance.uniform(0.85, 1.1) + 0.02 * chance.normal(0, 1, 400).cumsum() / 20
    wide, turn = chance.uniform(0.8, 1.2), chance.uniform(0, 2 * pi)
    x, y = radius * np.cos(angles) * wide, radius * np.sin(angles)
    x, y = x * np.cos(turn) - y * np.sin(turn), x * np.sin(turn) + y * np.cos(turn)
    size, centre = EDGE * chance.uniform(0.26, 0.4), EDGE * chance.uniform(0.42, 0.58, 2)
    paper = chance.uniform(0, 1) < 0.7
    ground = (chance.uniform(200, 240) if paper else chance.uniform(60, 130)) + chance.uniform(-12, 12, 3)
    green = np.array([chance.uniform(40, 170), chance.uniform(100, 180), chance.uniform(20, 90)])
    spots = Image.fromarray(chance.integers(0, 256, (EDGE // 8, EDGE // 8), np.uint8)).resize((EDGE, EDGE))
    texture = 0.2 * (np.asarray(spots, np.float64)[..., None] - 128)
    image = Image.fromarray((ground + texture).clip(0, 255).astype(np.uint8))
    draw = ImageDraw.Draw(image)
    points = [(float(a), float(b)) for a, b in zip(centre[0] + size * x, centre[1] + size * y, strict=True)]
    draw.polygon(points, fill=tuple(int(value) for value in green))
    vein = tuple(int(min(255, 1.3 * value)) for value in green)
    along = 0.9 * size * np.array([np.cos(turn), np.sin(turn)])
    draw.line([tuple((centre - along).tolist()), tuple((centre + along).tolist())], vein, 3)
    for place in chance.uniform(-0.6, 0.6, 8):
        side = size * chance.uniform(0.15, 0.3) * np.array([np.cos(turn + 1), np.sin(turn + 1)])
        draw.line([tuple((centre + place * along).tolist()), tuple((centre + place * along + side).tolist())], vein, 2)
    image = image.filter(ImageFilter.GaussianBlur(chance.uniform(0.4, 1.6)))
    pixels = np.asarray(image, np.float64) + chance.normal(0, chance.uniform(4, 14), (EDGE, EDGE, 3))
    light = 1 + chance.uniform(-0.2, 0.2) * np.linspace(-1, 1, EDGE)[:, None, None]
    return Image.fromarray((pixels * light).clip(0, 255).astype(np.uint8))


def outline(kind: str, angles: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the radius of a leaf (N,) over angles (N,); 1 is about its length."""
    oval = 0.75 + 0.25 * np.cos(2 * angles)
    shapes = {
        "oak": oval * (1 + 0.16 * np.cos(11 * angles)),
        "birch": oval * (1 + 0.06 * np.cos(31 * angles)),
        "maple": 0.55 + 0.35 * np.abs(np.cos(2.5 * angles)) + 0.06 * np.cos(15 * angles),
        "willow": 0.25 / np.sqrt(np.sin(angles) ** 2 + (0.25 * np.cos(angles)) ** 2),
        "ginkgo": 0.35 + 0.6 * np.clip(np.cos(angles), 0, None) ** 0.3 - 0.1 * np.cos(9 * angles),
        "ivy": 0.55 + 0.3 * np.abs(np.cos(1.5 * angles)),
    }
    return np.asarray(shapes[kind])


def take_screenshot(browser: str, report: Path) -> Image.Image:
    """Return a picture of a report's first screen and of what its classifier took for what."""
    page, file = report.with_name("shortened.html").resolve(), Path("screen.png")
    page.write_text(report.read_text("utf-8").replace("</head>", f"<style>{HIDDEN}</style></head>"), "utf-8")
    options = ["--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", f"--window-size={WIDE},{HIGH}"]
    command = [browser, *options, f"--screenshot={file}", page.as_uri()]
    subprocess.run(command, check=True, capture_output=True)  # noqa: S603 - our own arguments
    return Image.open(file).convert("RGB")


def shrink(image: Image.Image) -> bytes:
    """Return a picture as WebP.

    Raises:
        ValueError: it is larger than a picture in a repository may be.
    """
    content = io.BytesIO()
    image.save(content, "WEBP", quality=80, method=6)
    if len(content.getvalue()) > LARGEST:
        raise ValueError(f"the picture has {len(content.getvalue()):,} bytes; at most {LARGEST:,} are wanted")
    return content.getvalue()


if __name__ == "__main__":
    sys.exit(main())
