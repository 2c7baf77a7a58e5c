"""Photos for a first try without a network: scikit-learn's handwritten digits as a folder of PNG files."""

from pathlib import Path

import numpy as np
from PIL import Image

from headstart.errors import DataError
from headstart.storage.atomic import new_folder

EDGE = 64  #: pixels; the digits are 8 x 8 and smooth, so they are drawn larger
COUNT = 1797


def write_digits(folder: Path) -> Path:
    """Write the digits into a folder per class; a folder that has them already is left as it is.

    Raises:
        DataError: something else is in that folder, or it cannot be written.
    """
    if folder.is_dir() and sum(1 for _ in folder.glob("[0-9]/*.png")) == COUNT:
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
    from sklearn.datasets import load_digits

    digits = load_digits()
    grey = np.rint(digits.images * (255 / 16)).astype(np.uint8)
    for label in range(10):
        (folder / str(label)).mkdir()
    for i, (pixels, label) in enumerate(zip(grey, digits.target, strict=True)):
        image = Image.fromarray(pixels).resize((EDGE, EDGE), Image.Resampling.BICUBIC)
        image.save(folder / str(label) / f"{i:04d}.png", compress_level=1)
