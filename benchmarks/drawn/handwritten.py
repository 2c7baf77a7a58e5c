"""Scikit-learn's 1,797 handwritten digits, scanned at 8 x 8 pixels, as a folder of PNG files of 64 x 64."""

from pathlib import Path

import numpy as np
from PIL import Image
from sklearn.datasets import load_digits

EDGE = 64  #: pixels; the scans are smooth, so they are drawn larger


def write_scans(folder: Path) -> Path:
    """Write the digits into a folder per class, and return it."""
    digits = load_digits()
    grey = np.rint(digits.images * (255 / 16)).astype(np.uint8)
    for label in range(10):
        (folder / str(label)).mkdir(parents=True)
    for number, (pixels, label) in enumerate(zip(grey, digits.target, strict=True)):
        image = Image.fromarray(pixels).resize((EDGE, EDGE), Image.Resampling.BICUBIC)
        image.save(folder / str(label) / f"{number:04d}.png", compress_level=1)
    return folder
