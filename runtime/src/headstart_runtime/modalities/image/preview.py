"""Small copies of photos for reports."""

import io
from dataclasses import replace

import numpy as np
from PIL import Image

from headstart_runtime.modalities.facets import Thumbnail
from headstart_runtime.modalities.image.decode import Pixels
from headstart_runtime.modalities.image.spec import WHOLE_EDGE, ImageSpec

EDGE, CLOSE_EDGE, QUALITY = 128, 180, 72  #: of a small photo: its longest edge in pixels, JPEG's quality


class ImagePreview:
    """Small JPEGs of photos, as a facet of the modality."""

    def make_spec(self, spec: ImageSpec | None = None, *, close: bool = False) -> ImageSpec:
        """Return a spec of the whole photo: a JPEG shrinks as far as its shorter edge stays as long as it is shown."""
        whole = ImageSpec(CLOSE_EDGE if close else EDGE, WHOLE_EDGE, mean=(0.5, 0.5, 0.5), std=(0.5, 0.5, 0.5))
        return whole if spec is None else replace(max(whole, spec, key=lambda each: each.size), grey=spec.grey)

    def make_thumbnail(self, value: Pixels, *, close: bool = False) -> Thumbnail:
        """Return a small JPEG of a photo."""
        return make_jpeg(value, CLOSE_EDGE if close else EDGE)


def shrink(pixels: Pixels, edge: int) -> Pixels:
    """Return a photo no longer or wider than ``edge`` pixels; a smaller one as it is."""
    if max(pixels.shape[:2]) <= edge:
        return pixels
    image = Image.fromarray(pixels)
    image.thumbnail((edge, edge), Image.Resampling.BILINEAR)  # takes half of the bicubic one's time
    return np.asarray(image)


def make_jpeg(pixels: Pixels, edge: int) -> Thumbnail:
    """Return a photo no longer or wider than ``edge`` pixels, as a JPEG file."""
    content = io.BytesIO()
    Image.fromarray(shrink(pixels, edge)).save(content, "JPEG", quality=QUALITY)
    return Thumbnail(content.getvalue(), "image/jpeg")
