from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from headstart.modalities.image.stats import COLOUR, GREY, compute_stats, read_stats, stats_space
from headstart.storage.store import Store
from headstart_runtime.errors import StoreError
from headstart_runtime.modalities.image.spec import ImageSpec

SPEC = ImageSpec(224, 1000, (0.5, 0.5, 0.5), (0.5, 0.5, 0.5))
SIZES = (32, 128, 224, 240, 299)


def draw(size: int, count: int = 6, seed: int = 0) -> NDArray[np.uint8]:
    """Soft coloured blobs, (count, size, size, 3)."""
    chance = np.random.default_rng([seed, size])
    coarse = chance.integers(0, 256, (count, 12, 12, 3), dtype=np.uint8)
    pictures = [Image.fromarray(it).resize((size, size), Image.Resampling.BICUBIC) for it in coarse]
    return np.stack([np.asarray(it) for it in pictures])


def fact(stats: Mapping[str, NDArray[np.float32]], name: str) -> NDArray[np.float32]:
    return stats["facts"][:, ("brightness", "contrast", "sharpness", "saturation").index(name)]


@pytest.mark.parametrize("size", SIZES)
def test_the_small_pictures_are_what_pillow_makes(size: int) -> None:
    pixels = draw(size)
    stats = compute_stats(pixels)
    for photo, grey, colour in zip(pixels, stats["grey"], stats["colour"], strict=True):
        image = Image.fromarray(photo)
        if size == 299:  # 49 cells of 6 pixels
            image = image.crop((2, 2, 296, 296))
        wanted = np.asarray(image.convert("L").resize((GREY, GREY), Image.Resampling.BILINEAR)) / 255
        # Two steps (cells, then a triangle) blur a little more than Pillow's one.
        assert np.abs(grey.reshape(GREY, GREY) - wanted).mean() < 0.02
        wanted = np.asarray(image.resize((COLOUR, COLOUR), Image.Resampling.BILINEAR)) / 255
        assert np.abs(colour.reshape(COLOUR, COLOUR, 3) - wanted).mean() < 0.02


@pytest.mark.parametrize("size", SIZES)
def test_facts_are_those_of_pillow(size: int) -> None:
    pixels = draw(size)
    stats = compute_stats(pixels)
    luma = np.stack([np.asarray(Image.fromarray(photo).convert("L")) for photo in pixels]) / 255
    saturation = np.stack([np.asarray(Image.fromarray(photo).convert("HSV"))[..., 1] for photo in pixels]) / 255
    np.testing.assert_allclose(fact(stats, "brightness"), luma.mean(axis=(1, 2)), atol=0.006)
    np.testing.assert_allclose(fact(stats, "contrast"), luma.std(axis=(1, 2)), atol=0.01)
    np.testing.assert_allclose(fact(stats, "saturation"), saturation.mean(axis=(1, 2)), atol=0.05)


def test_sharpness_falls_with_every_blur_and_is_nothing_where_all_is_flat() -> None:
    sharp = Image.fromarray(np.random.default_rng(0).integers(0, 256, (224, 224, 3), dtype=np.uint8))
    blurred = [np.asarray(sharp.filter(ImageFilter.GaussianBlur(radius))) for radius in (0, 1, 2, 4)]
    flat = np.full((224, 224, 3), 90, np.uint8)
    sharpness = fact(compute_stats(np.stack([*blurred, flat])), "sharpness")
    assert (np.diff(sharpness) < -0.5).all()
    assert sharpness[-1] == 0


def test_white_noise_has_the_energy_that_the_laplacian_gives_it() -> None:
    noise = np.random.default_rng(0).normal(128, 10, (224, 224, 3)).round().clip(0, 255).astype(np.uint8)
    expected = np.log2(1 + (16 + 4) * 10**2)  # weights 4, -1, -1, -1, -1
    assert fact(compute_stats(noise[None]), "sharpness")[0] == pytest.approx(expected, abs=0.1)


def test_a_sharp_quarter_before_a_blurred_background_counts_as_sharp() -> None:
    noise = np.random.default_rng(0).integers(0, 256, (224, 224, 3), dtype=np.uint8)
    subject = np.full((224, 224, 3), 120, np.uint8)
    subject[:112, :112] = noise[:112, :112]
    sharpness = fact(compute_stats(np.stack([noise, subject])), "sharpness")
    assert sharpness[0] - sharpness[1] < 0.3


def test_a_photo_has_the_same_stats_alone_and_in_a_batch() -> None:
    pixels = draw(224)
    together, alone = compute_stats(pixels), compute_stats(pixels[2:3])
    for name, rows in together.items():
        np.testing.assert_allclose(alone[name][0], rows[2], atol=1e-5)


def test_the_space_is_small_and_of_pixels_alone() -> None:
    space = stats_space(SPEC)
    assert space.row_bytes < 3500
    assert stats_space(replace(SPEC, mean=(0.1, 0.2, 0.3))) == space
    for change in ({"size": 240}, {"crop_permille": 875}, {"interpolation": "bicubic"}):
        assert stats_space(replace(SPEC, **change)).fingerprint != space.fingerprint


def test_stats_are_read_in_the_order_asked_for(tmp_path) -> None:
    pixels, digests = draw(224, 3), ["0a" * 20, "1b" * 20, "2c" * 20]
    stats = compute_stats(pixels)
    with Store(tmp_path) as store:
        with store.writer(stats_space(SPEC)) as writer:
            writer.add(digests, stats)
        found = read_stats(store, SPEC, [digests[2], digests[0]])
        with pytest.raises(StoreError, match="compute what is missing"):
            read_stats(store, SPEC, ["3d" * 20])
    assert (len(found), found.grey.shape, found.colour.shape) == (2, (2, GREY, GREY), (2, COLOUR, COLOUR, 3))
    np.testing.assert_array_equal(found.grey.reshape(2, -1), stats["grey"][[2, 0]])
    np.testing.assert_array_equal(found.colour.reshape(2, -1), stats["colour"][[2, 0]])
    for place, name in enumerate(("brightness", "contrast", "sharpness", "saturation")):
        np.testing.assert_array_equal(getattr(found, name), stats["facts"][[2, 0], place])
