import io
import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from PIL import Image, ImageFile, PngImagePlugin

from headstart_runtime.modalities.image.decode import decode
from headstart_runtime.modalities.image.decoding import opening
from headstart_runtime.modalities.image.decoding.opening import decode_opened, open_image
from headstart_runtime.modalities.item import BrokenItem


def noisy(size: tuple[int, int] = (160, 200)) -> Image.Image:
    return Image.fromarray(np.random.default_rng(0).integers(0, 256, (size[1], size[0], 3), dtype=np.uint8))


def encoded(image: Image.Image, kind: str, **how: object) -> bytes:
    out = io.BytesIO()
    image.save(out, kind, **how)
    return out.getvalue()


KINDS = {
    "JPEG": {},
    "progressive JPEG": {"progressive": True},
    "PNG": {},
    "stored PNG": {"compress_level": 0},
    "GIF": {},
    "BMP": {},
    "TIFF": {},
    "packed TIFF": {"compression": "tiff_lzw"},
    "WEBP": {},
    "AVIF": {},
    "JPEG2000": {},
    "PPM": {},
    "TGA": {},
}


@pytest.mark.filterwarnings("ignore::UserWarning")
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("share", [0.3, 0.8, 0.97])
def test_a_damaged_photo_is_decoded_as_far_as_pillow_does_with_its_own_switch(kind, share, monkeypatch):
    whole = encoded(noisy(), kind.split()[-1], **KINDS[kind])
    cut = whole[: int(len(whole) * share)]

    def pixels(set_switch: bool) -> bytes | str:
        try:
            if set_switch:
                with Image.open(io.BytesIO(cut)) as image:
                    image.load()
            else:
                with open_image(cut) as image:
                    decode_opened(image, damaged=True)
        except Exception as error:  # noqa: BLE001
            return type(error).__name__
        return image.tobytes()

    ours = pixels(False)
    monkeypatch.setattr(ImageFile, "LOAD_TRUNCATED_IMAGES", True)
    theirs = pixels(True)
    assert ours == theirs or {ours, theirs} <= {"BrokenItem", "UnidentifiedImageError", "OSError", "SyntaxError"}


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "BMP", "TGA", "PPM", "GIF"])
@pytest.mark.parametrize("switch", [False, True])
def test_a_switch_of_the_process_is_neither_obeyed_nor_touched(kind, switch, monkeypatch):
    monkeypatch.setattr(ImageFile, "LOAD_TRUNCATED_IMAGES", switch)  # many programs set it and forget it
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", None)
    whole = encoded(noisy(), kind)
    assert decode(whole).repaired is None
    photo = decode(whole[: int(len(whole) * 0.8)])
    assert photo.repaired is not None
    assert photo.repaired.startswith("truncated: ")
    with pytest.raises(BrokenItem, match=r"truncated: only|does not decode|broken header"):
        decode(whole[: int(len(whole) * 0.3)])
    assert ImageFile.LOAD_TRUNCATED_IMAGES is switch


def test_a_repair_waits_for_no_other_photo(monkeypatch):
    whole = encoded(noisy(), "PNG")
    inside, go_on = threading.Event(), threading.Event()
    end = PngImagePlugin.PngImageFile.load_end

    def held(image: PngImagePlugin.PngImageFile) -> None:
        if threading.current_thread().name.startswith("held"):
            inside.set()
            go_on.wait(60)
        end(image)

    monkeypatch.setattr(PngImagePlugin.PngImageFile, "load_end", held)
    with ThreadPoolExecutor(1, "held") as slow, ThreadPoolExecutor(1, "other") as other:
        good = slow.submit(decode, whole)
        try:
            assert inside.wait(60)
            photo = other.submit(decode, whole[: int(len(whole) * 0.9)]).result(30)
            assert photo.repaired
            assert not good.done()
        finally:
            go_on.set()
    assert good.result().repaired is None


def test_a_png_with_a_broken_chunk_keeps_the_rows_before_it():
    whole = encoded(noisy(), "PNG", compress_level=0)
    second = whole.index(b"IDAT", whole.index(b"IDAT") + 4)
    photo = decode(whole[:second] + b"\x00\x01\x02\x03" + whole[second + 4 :])
    assert photo.repaired == "truncated: 68% of its rows decode"
    assert np.array_equal(photo.pixels[:130], np.asarray(noisy())[:130])


@pytest.mark.parametrize("kind", ["BMP", "TGA"])
def test_rows_stored_from_the_bottom_are_missing_at_the_top(kind):
    whole = encoded(noisy(), kind)
    photo = decode(whole[: int(len(whole) * 0.75)])
    assert photo.repaired == f"truncated: {'75' if kind == 'TGA' else '74'}% of its rows decode"
    assert not photo.pixels[:40].any()
    assert np.array_equal(photo.pixels[60:], np.asarray(noisy())[60:])


@pytest.mark.parametrize("mode", ["RGBA", "P", "LA", "1"])
def test_what_is_missing_counts_whatever_colour_it_becomes(mode):
    image = noisy()
    if mode == "P":
        image = image.quantize(64)
        image.putpalette([255, 255, 255, *range(189)])
    else:
        image = image.convert(mode)
    whole = encoded(image, "PNG", compress_level=0)
    with pytest.raises(BrokenItem, match=r"truncated: only \d+% of its rows decode"):
        decode(whole[: int(len(whole) * 0.4)])


def test_a_large_jpeg_2000_is_refused_sooner(monkeypatch):
    content = encoded(noisy((64, 48)), "JPEG2000")
    assert decode(content).pixels.shape == (48, 64, 3)
    monkeypatch.setattr(opening, "MAX_JPEG2000", 64 * 48 - 1)
    with pytest.raises(BrokenItem, match="too large: 64 x 48 pixels, more than 3,071; save it smaller"):
        decode(content)
