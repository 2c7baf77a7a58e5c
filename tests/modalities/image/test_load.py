import io
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from headstart_runtime.modalities.image import load as photos
from headstart_runtime.modalities.image.decode import crop_resize, decode
from headstart_runtime.modalities.image.load import OpenedPhoto
from headstart_runtime.modalities.image.spec import ImageSpec
from headstart_runtime.modalities.item import BrokenItem
from tests.conftest import picture

SMALL = ImageSpec(224, 875, (0.5, 0.5, 0.5), (0.5, 0.5, 0.5))
LARGE = replace(SMALL, size=240, crop_permille=882)
OTHER = replace(SMALL, interpolation="bicubic")


def photo(width: int, height: int, suffix: str = "JPEG", **options: object) -> bytes:
    file = io.BytesIO()
    Image.fromarray(picture("discs", np.random.default_rng(0), (width, height))).save(file, suffix, **options)
    return file.getvalue()


def turned(width: int, height: int) -> bytes:
    """With an EXIF orientation, which Pillow decodes."""
    exif = Image.Exif()
    exif[0x0112] = 6
    return photo(width, height, exif=exif)


@pytest.mark.parametrize(
    ("data", "decodings"),
    [
        (photo(400, 300), 1),  # no spec lets it shrink
        (photo(700, 530), 2),  # SMALL by 2, LARGE not
        (turned(530, 700), 2),
        (photo(1200, 700), 1),  # all by 2
        (photo(2400, 1070), 2),  # SMALL by 4, LARGE by 2
        (photo(700, 530, "PNG"), 1),  # only JPEGs shrink
        (photo(700, 530, "WEBP"), 1),
    ],
)
def test_each_spec_gets_its_own_pixels_from_as_few_decodings_as_will_do(
    data: bytes, decodings: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    specs = (SMALL, LARGE, OTHER)
    expected = {spec: crop_resize(decode(data, spec).pixels, spec) for spec in specs}
    calls = 0

    def counted(content: bytes, spec: ImageSpec) -> object:
        nonlocal calls
        calls += 1
        return decode(content, spec)

    monkeypatch.setattr(photos, "decode", counted)
    views = OpenedPhoto(data).load_for_specs(specs)
    assert calls == decodings
    for spec in specs:
        np.testing.assert_array_equal(views[spec][0], expected[spec])


def test_an_array_is_prepared_for_each() -> None:
    pixels = picture("checks", np.random.default_rng(0), (300, 260))
    for spec, view in OpenedPhoto(pixels).load_for_specs((SMALL, LARGE)).items():
        np.testing.assert_array_equal(view[0], crop_resize(pixels, spec))


@pytest.mark.parametrize("specs", [(SMALL,), (SMALL, LARGE)])
@pytest.mark.parametrize("spoil", [lambda data: b"", lambda data: b"no photo", lambda data: data[:900]])
def test_broken_photos(specs: tuple[ImageSpec, ...], spoil: Callable[[bytes], bytes]) -> None:
    with pytest.raises(BrokenItem):
        OpenedPhoto(spoil(photo(700, 530))).load_for_specs(specs)


def test_a_truncated_photo_is_repaired_alike() -> None:
    data = photo(700, 530)[:-4000]
    assert decode(data, SMALL).repaired
    for spec, view in OpenedPhoto(data).load_for_specs((SMALL, LARGE)).items():
        np.testing.assert_array_equal(view[0], crop_resize(decode(data, spec).pixels, spec))
