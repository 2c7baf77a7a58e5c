"""``headstart.explain``."""

import itertools
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import numpy as np
from PIL import Image

from headstart.data.own_output import mark_folder, save_picture
from headstart.display.html import html_table
from headstart.errors import DataError, SettingError, UserError
from headstart.explanation.explainer import Explainer, HeatMap, overlay_heat
from headstart.inference.classifier import PhotoLike
from headstart.modalities.image.load import is_one_photo, load_image, name_photo
from headstart.storage.atomic import replace_bytes
from headstart.verbs.predict import expand_folders

PICTURE_HEIGHT = 480  #: pixels


@dataclass(frozen=True, eq=False)
class ExplainedPhoto:
    """Where a classifier looked in a photo."""

    source: str  #: the path as given, or what was given: "bytes", "array", "image", "file"
    heat: HeatMap | None  #: None on an error
    picture: Path | None  #: the photo beside its heat map, where a folder was given
    error: str | None


class Explanations(list[ExplainedPhoto]):
    """Explanations in the order of the photos; a photo that could not be read has an ``error`` and no heat."""

    def _repr_html_(self) -> str:
        rows = [
            (one.source, one.heat.label, f"{one.heat.probability:.1%}", one.picture)
            if one.heat is not None
            else (one.source, None, None, one.error)
            for one in self
        ]
        return html_table(("photo", "label", "probability", "picture"), rows)


def explain(
    model: str | os.PathLike[str],
    photos: PhotoLike | Iterable[PhotoLike],
    *,
    out: str | Path | None = None,
    label: str | None = None,
) -> Explanations:
    """Return where a saved classifier looked in photos, for each in order.

    Args:
        model: a saved classifier, its folder, or the run.
        photos: a photo, a folder, which is searched in depth, or several of them.
        out: a folder for pictures of each photo beside its heat map; nothing there is overwritten. None draws none.
        label: the class to explain; the likeliest of each photo when not given.

    Raises:
        UserError: a classifier or a class that cannot be used, or a folder without photos. A photo that cannot be read
            is no error: its record says so.
    """
    several = [cast("PhotoLike", photos)] if is_one_photo(photos) else cast("Iterable[PhotoLike]", photos)
    skipped: list[str] = []
    found = Explanations(explain_each(model, expand_folders(several, skipped), out=out, label=label))
    if not found and (skipped or several):
        raise UserError(f"no photos found in {str(photos)[:300]}; give files, or folders with photos")
    return found


def explain_each(
    model: str | os.PathLike[str],
    photos: Iterable[PhotoLike],
    *,
    out: str | Path | None = None,
    label: str | None = None,
) -> Iterator[ExplainedPhoto]:
    """Yield where a classifier looked, photo by photo, as they come.

    Raises:
        UserError: a classifier, a class or a folder that cannot be used.
    """
    folder = Path(out).expanduser() if out is not None else None
    if folder is not None and folder.exists() and not folder.is_dir():
        raise SettingError(f"--out {str(folder)!r} is a file; name a folder for the pictures")
    explainer = Explainer(Path(model))
    for photo in photos:
        name = name_photo(photo)
        try:
            heat = explainer.explain(photo, label)
            picture = _write_picture(explainer, photo, heat, folder) if folder is not None else None
            yield ExplainedPhoto(name, heat, picture, None)
        except DataError as error:
            yield ExplainedPhoto(name, None, None, str(error).removeprefix(f"{name}: "))


def _write_picture(explainer: Explainer, photo: PhotoLike, heat: HeatMap, folder: Path) -> Path:
    """Write the photo beside its heat map; return the file."""
    pixels = load_image(photo, explainer.record.spec)
    width = max(1, round(PICTURE_HEIGHT * pixels.shape[1] / pixels.shape[0]))
    scaled = np.asarray(Image.fromarray(pixels).resize((width, PICTURE_HEIGHT), Image.Resampling.BILINEAR))
    drawn = Image.fromarray(np.concatenate([scaled, overlay_heat(scaled, heat)], axis=1))
    mark_folder(folder)
    file = _find_free_name(folder, Path(name_photo(photo)).stem)
    replace_bytes(file, save_picture(drawn, "JPEG", quality=90))
    return file


def _find_free_name(folder: Path, stem: str) -> Path:
    """Return a file that is not there yet."""
    numbered = itertools.chain([stem], (f"{stem}-{number}" for number in itertools.count(2)))
    return next(file for name in numbered if not (file := folder / f"{name}.jpg").exists())
