"""Previews of the report: how large they are, what lies over them, and what they take."""

import io
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from headstart.data.samples import Sample
from headstart.data.sources import FileSource
from headstart.runs.thumbnails import HEAT, preview_explanations
from headstart_runtime.explanation.explainer import Explainer
from headstart_runtime.modalities.facets import Thumbnail
from headstart_runtime.modalities.image.explanation import EDGE
from headstart_runtime.modalities.image.overlay import paint_heat
from headstart_runtime.modalities.image.preview import ImagePreview, make_jpeg
from tests.conftest import Small
from tests.groups import by_content


@pytest.fixture(scope="module")
def photo(small: Small, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One of the drawn photos in the middle of a wide one, of ten times as many pixels as the report shows."""
    with Image.open(min(small.photos.rglob("*.png"))) as drawn:
        square = drawn.convert("RGB").resize((600, 600))
    wide = Image.new("RGB", (1500, 600), (90, 120, 90))
    wide.paste(square, (450, 0))
    file = tmp_path_factory.mktemp("wide") / "wide.png"
    wide.save(file)
    return file


def sample_of(file: Path) -> Sample:
    return Sample(file.name, "one", 0, by_content("one"), None, FileSource(file))


def opened(thumbnail: Thumbnail) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(thumbnail.content))).astype(int)


def test_the_heat_lies_where_it_lies_on_the_whole_photo(small: Small, photo: Path) -> None:
    pictures = preview_explanations(small.run / "model", [sample_of(photo)], ImagePreview()).previews
    shown = opened(pictures[HEAT + "one"])
    assert shown.shape == (77, EDGE, 3)
    with Image.open(photo) as image:
        pixels = np.asarray(image)
    heat = Explainer(small.run).explain(pixels)
    whole = opened(make_jpeg(paint_heat(pixels, heat.values, heat.extent.box, heat.extent.size), EDGE))
    assert np.abs(shown - whole).mean() < 3
    yellow = [picture[:, :, 0] - picture[:, :, 2] for picture in (shown, whole)]
    assert np.corrcoef(yellow[0].ravel(), yellow[1].ravel())[0, 1] > 0.98


def test_only_what_is_shown_is_painted(small: Small, photo: Path) -> None:
    """Paint takes ten times the memory of the pixels under it: of a photo of 24 megapixels 2 GB."""
    tracemalloc.start()
    preview_explanations(small.run / "model", [sample_of(photo)], ImagePreview())
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 5 * 1500 * 600 * 3
