"""Small copies of photos."""

from dataclasses import replace
from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from headstart_runtime.modalities.image.preview import CLOSE_EDGE, EDGE, ImagePreview, shrink
from headstart_runtime.modalities.image.spec import ImageSpec


@pytest.mark.parametrize(("edge", "shape"), [(30, (12, 30, 3)), (75, (30, 75, 3)), (100, (30, 75, 3))])
def test_a_picture_shrinks_and_never_grows(edge: int, shape: tuple[int, ...]) -> None:
    assert shrink(np.zeros((30, 75, 3), np.uint8), edge).shape == shape


@pytest.mark.parametrize(("close", "edge"), [(False, EDGE), (True, CLOSE_EDGE)])
def test_a_thumbnail_is_a_small_jpeg(close: bool, edge: int) -> None:
    thumbnail = ImagePreview().make_thumbnail(np.full((300, 400, 3), 90, np.uint8), close=close)
    assert thumbnail.media_type == "image/jpeg"
    assert Image.open(BytesIO(thumbnail.content)).size == (edge, edge * 3 // 4)


def test_what_is_shown_is_decoded_for_the_network_too() -> None:
    network = ImageSpec(224, 875, (0.5, 0.5, 0.5), (0.5, 0.5, 0.5))
    preview = ImagePreview()
    assert preview.make_spec(network) == network
    assert preview.make_spec(replace(network, size=32)) == preview.make_spec()
    assert preview.make_spec(close=True).size == CLOSE_EDGE
