"""Small pictures of the photos that the report shows, so that it can be made again where the photos are gone."""

import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from headstart import events
from headstart.data.inspection import default_workers, map_in_threads
from headstart.data.load import load_item
from headstart.data.samples import Sample
from headstart.diagnostics.examples import select_examples
from headstart.diagnostics.run import Diagnostics
from headstart.errors import HeadstartError
from headstart.explanation.explainer import Explainer
from headstart.modalities.image.augment.augmentation import Augmentation
from headstart.modalities.image.augment.sheet import build_rows, draw_sheet
from headstart.modalities.image.decode import Pixels
from headstart.modalities.image.spec import WHOLE_EDGE, ImageSpec
from headstart.modalities.modality import BrokenItem
from headstart.runs.examples import select_shown_photos
from headstart.selection.context import FitContext
from headstart.selection.results import TestResult
from headstart.storage.atomic import replace_bytes
from headstart.storage.run_layout import MODEL

EDGE, QUALITY = 128, 72  #: of a small picture: its longest edge in pixels, JPEG's quality
SHEET_EDGE = 1200  #: of the sheet of augmented views
HEAT, SHEET = "heat/", "sheet"  #: a photo with its heat map is kept under this and its id; the sheet under this

#: A JPEG shrinks while it is decoded, as far as its shorter edge stays as long as the picture's longer one.
_SPEC = ImageSpec(EDGE, WHOLE_EDGE, mean=(0.5, 0.5, 0.5), std=(0.5, 0.5, 0.5))

Jpegs = dict[str, NDArray[np.uint8]]  #: a picture's name -> the bytes of its JPEG file, (B,)


@dataclass(frozen=True)
class Thumbnails:
    """Small pictures for the report."""

    jpegs: Jpegs
    method: str = ""  #: of the heat maps
    explained: tuple[str, ...] = ()  #: ids of the photos that have one


def make_thumbnails(diagnostics: Diagnostics, context: FitContext, test: TestResult, *, trained: bool) -> Thumbnails:
    """Return all that the report shows; nothing where none is written.

    Args:
        diagnostics: of the run.
        context: of the first backbone.
        test: the saved classifier's answers.
        trained: whether a network was trained, so that changed views were seen.
    """
    examples = select_examples(test)
    if not context.settings.report:
        return Thumbnails({})
    try:
        heat, method = heat_pictures(context.folder / MODEL, examples)
    except HeadstartError as error:  # a network that has no places to point at; the rest can be shown
        context.log(events.Note(f"no heat maps: {error}"))
        heat, method = {}, ""
    jpegs = small_pictures(select_shown_photos(diagnostics, context, test), context.log) | heat
    jpegs |= sheet_picture(context) if trained else {}
    return Thumbnails(jpegs, method, tuple(sample.id for sample in examples if HEAT + sample.id in heat))


def describe_thumbnails(thumbnails: Thumbnails) -> str:
    """Return how many there are, in one line."""
    count, explained = len(thumbnails.jpegs), len(thumbnails.explained)
    return f"{count} small pictures, {explained} of them with what spoke for the answer"


def small_pictures(samples: Iterable[Sample], listener: events.Listener = events.ignore) -> Jpegs:
    """Return a small JPEG of each photo, by its id; those that can no longer be read are left out."""
    things = list(samples)
    made = map_in_threads(_small, things, stage="thumbnails", workers=default_workers(), listener=listener)
    return {sample.id: content for sample, content in zip(things, made, strict=True) if content is not None}


def heat_pictures(folder: Path, samples: Sequence[Sample]) -> tuple[Jpegs, str]:
    """Return photos with what spoke for the predicted class laid over them, and the method's name; "" of nothing.

    Args:
        folder: of the saved classifier.
        samples: photos to explain.
    """
    if not samples:
        return {}, ""
    explainer, pictures = Explainer(folder), {}
    spec = max(_SPEC, explainer.record.spec, key=lambda spec: spec.size)
    spec = replace(spec, grey=explainer.record.spec.grey)
    for sample in samples:
        try:
            photo = load_item(sample.source, spec).value
        except BrokenItem:
            continue
        heat = explainer.explain(photo)
        pictures[HEAT + sample.id] = np.frombuffer(explainer.overlay(photo, heat).content, np.uint8)
    return pictures, explainer.method


def sheet_picture(context: FitContext) -> Jpegs:
    """Return the sheet of augmented views, as they were trained on."""
    augmentation = Augmentation.from_settings(context.settings)
    rows = build_rows(context.samples, context.backbone.spec, augmentation, seed=context.settings.seed)
    if not rows:
        return {}
    return {SHEET: jpeg(np.asarray(draw_sheet(rows, augmentation.describe())), SHEET_EDGE)}


def save_pictures(pictures: Mapping[str, NDArray[np.uint8]], file: Path) -> None:
    """Write all pictures as one ``.npz``, whole or not at all."""
    content = io.BytesIO()
    arrays: dict[str, Any] = dict(pictures)
    np.savez(content, allow_pickle=False, **arrays)
    replace_bytes(file, content.getvalue())


def shrink(pixels: Pixels, edge: int) -> Pixels:
    """Return a picture no longer or wider than ``edge`` pixels; a smaller one as it is."""
    if max(pixels.shape[:2]) <= edge:
        return pixels
    image = Image.fromarray(pixels)
    image.thumbnail((edge, edge))
    return np.asarray(image)


def jpeg(pixels: Pixels, edge: int) -> NDArray[np.uint8]:
    """Return a picture no longer or wider than ``edge`` pixels, as the bytes of a JPEG file."""
    content = io.BytesIO()
    Image.fromarray(shrink(pixels, edge)).save(content, "JPEG", quality=QUALITY)
    return np.frombuffer(content.getvalue(), np.uint8)


def _small(sample: Sample) -> NDArray[np.uint8] | None:
    try:
        return jpeg(load_item(sample.source, _SPEC).value, EDGE)
    except BrokenItem:
        return None
