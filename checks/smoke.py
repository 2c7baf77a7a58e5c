"""Fit drawn photos and predict them, as a user would, where headstart is installed: python checks/smoke.py.

Short, for systems on which the tests are not run. The photos are red discs and blue squares on noise.
"""

import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

PHOTOS = 24  #: of each class


def draw_photos(folder: Path) -> None:
    """Draw photos of two classes, a folder each."""
    random = np.random.default_rng(0)
    for name, colour in (("discs", (200, 40, 40)), ("squares", (40, 60, 200))):
        (folder / name).mkdir(parents=True)
        for number in range(PHOTOS):
            image = Image.fromarray(random.integers(90, 160, (160, 200, 3), np.uint8))
            left, top = random.integers(10, 90, 2).tolist()
            box = (left, top, left + 60, top + 60)
            brush = ImageDraw.Draw(image)
            (brush.ellipse if name == "discs" else brush.rectangle)(box, fill=colour)
            image.save(folder / name / f"{number}.jpg", quality=90)


def run(*arguments: str) -> str:
    """Run a command of headstart and return what it prints; the script ends where it fails."""
    print("+ headstart", *arguments, flush=True)
    done = subprocess.run(
        [sys.executable, "-m", "headstart", *arguments], check=True, stdout=subprocess.PIPE, text=True
    )
    return done.stdout


def main() -> int:
    """Fit and predict; 0 where most answers are right."""
    with tempfile.TemporaryDirectory() as scratch:
        photos, out = Path(scratch, "photos"), Path(scratch, "run")
        draw_photos(photos)
        run("check", str(photos))
        run("fit", str(photos), "--out", str(out), "--store", str(Path(scratch, "store")))
        import headstart

        classifier = headstart.load(out)
        files = sorted(photos.rglob("*.jpg"))
        answers = classifier.predict(files)
        right = sum(answer.label == file.parent.name for file, answer in zip(files, answers, strict=True))
        print(f"{right} of {len(files)} answers are right")
        return 0 if right >= 0.9 * len(files) and (out / "report.html").is_file() else 1


if __name__ == "__main__":
    sys.exit(main())
