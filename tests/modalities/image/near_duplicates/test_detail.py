"""Pictures with too little detail to tell a copy from what is merely alike, and small photographs that have enough."""

import tracemalloc
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageOps
from sklearn.datasets import load_digits

from headstart import events
from headstart.modalities.image.near_duplicates.detail import LEAST_DETAIL, have_equal_pixels, measure_detail
from headstart.modalities.image.near_duplicates.score import EQUAL, DuplicateScorer
from tests.modalities.image.near_duplicates.test_score import PhotoSet, again, exposed, scene

Chance = np.random.Generator
DIGITS = load_digits().images


def digit(number: int) -> Image.Image:
    """A scan of 8 x 8 pixels, saved larger."""
    pixels = np.rint(DIGITS[number] * (255 / 16)).astype(np.uint8)
    return Image.fromarray(pixels).convert("RGB").resize((64, 64), Image.Resampling.BICUBIC)


def stroke(chance: Chance) -> Image.Image:
    """A seven in thick strokes, 28 x 28."""
    image = Image.new("L", (84, 84), 0)
    points = [(x + chance.normal(0, 3), y + chance.normal(0, 3)) for x, y in ((22, 18), (60, 18), (42, 70))]
    ImageDraw.Draw(image).line(points, fill=255, width=int(chance.integers(6, 10)), joint="curve")
    return image.resize((28, 28), Image.Resampling.LANCZOS).convert("RGB")


def icon(chance: Chance) -> Image.Image:
    """A ring, a box or a cross, 64 x 64."""
    image, size, width = Image.new("RGB", (64, 64), "white"), int(chance.integers(18, 27)), int(chance.integers(3, 7))
    draw, box = ImageDraw.Draw(image), (32 - size, 32 - size, 32 + size, 32 + size)
    kind = chance.integers(3)
    if kind == 0:
        draw.ellipse(box, outline="black", width=width)
    elif kind == 1:
        draw.rectangle(box, outline="black", width=width)
    else:
        draw.line(box, fill="black", width=width)
        draw.line((box[0], box[3], box[2], box[1]), fill="black", width=width)
    return image


def sketch(chance: Chance) -> Image.Image:
    """A house in a few thin lines, 256 x 256."""
    image = Image.new("RGB", (256, 256), "white")
    corners = [(60, 200), (60, 110), (128, 50), (196, 110), (196, 200), (60, 200)]
    ImageDraw.Draw(image).line([tuple(place + chance.normal(0, 5, 2)) for place in corners], fill="black", width=4)
    return image


def blank(chance: Chance) -> Image.Image:
    """Paper with a fleck."""
    pixels = chance.uniform(225, 250) + chance.normal(0, 2, (300, 240))
    image = Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8)).convert("RGB")
    left, top = (int(place) for place in chance.integers(20, 200, 2))
    ImageDraw.Draw(image).ellipse((left, top, left + 3, top + 3), fill="grey")
    return image


def code(chance: Chance) -> Image.Image:
    """A square code of 25 x 25 cells with three finders."""
    cells = np.where(chance.random((25, 25)) < 0.5, 255, 0).astype(np.uint8)
    finder = np.pad(np.pad(np.zeros((3, 3), np.uint8), 1, constant_values=255), 1)
    for down, right in ((0, 0), (0, 18), (18, 0)):
        cells[down : down + 7, right : right + 7] = finder
    page = Image.fromarray(np.pad(cells, 4, constant_values=255)).convert("RGB")
    return page.resize((330, 330), Image.Resampling.NEAREST)


POOR: dict[str, Callable[[int], Image.Image]] = {
    "scans of 8 x 8 pixels": digit,
    "strokes": lambda number: stroke(np.random.default_rng([1, number])),
    "icons": lambda number: icon(np.random.default_rng([2, number])),
    "line drawings": lambda number: sketch(np.random.default_rng([3, number])),
    "blank pages": lambda number: blank(np.random.default_rng([4, number])),
}


@pytest.mark.parametrize("kind", POOR)
def test_pictures_of_little_detail_are_the_same_where_their_pixels_are(kind: str) -> None:
    pictures = [POOR[kind](number) for number in range(100)]
    distinct = {image.tobytes(): image for image in pictures}
    pictures = list(distinct.values())
    copies = [f"again{number}" for number in range(2)]  # of equal pixels, but other bytes
    digests = [f"{number:040x}" for number in range(len(pictures))] + copies
    found = PhotoSet([*pictures, *pictures[:2]], digests)
    assert (measure_detail(found.stats.grey, found.stats.colour) < LEAST_DETAIL).mean() > 0.97
    assert found.places(found.find()) == {(0, len(pictures)), (1, len(pictures) + 1)}


def test_codes_are_told_apart() -> None:
    assert PhotoSet([code(np.random.default_rng([5, number])) for number in range(100)]).find() == ()


SMALL = [scene(number).resize((32, 32), Image.Resampling.LANCZOS) for number in range(60)]
ALTERED: dict[str, Callable[[Image.Image], Image.Image]] = {
    "jpeg": lambda image: again(image, quality=60),
    "mirrored": lambda image: again(ImageOps.mirror(image), quality=92),
    "brighter": lambda image: again(exposed(image, 1.2), quality=92),
    "a pixel cut off": lambda image: again(image.crop((1, 1, 32, 32)), quality=92),
}


@pytest.mark.parametrize("kind", ALTERED)
def test_copies_of_small_photographs_are_found(kind: str) -> None:
    found = PhotoSet([*SMALL, *(ALTERED[kind](image) for image in SMALL[:15])])
    assert found.places(found.find()) == {(number, 60 + number) for number in range(15)}


def test_a_cut_out_photograph_is_compared_though_most_of_it_is_backdrop() -> None:
    def cut_out(number: int, size: int) -> Image.Image:
        page = Image.new("RGB", (300, 300), "white")
        page.paste(scene(number).resize((180, 180)), (60, 60))
        return page.resize((size, size))

    found = PhotoSet([*(cut_out(number, 300) for number in range(40)), *(cut_out(number, 150) for number in range(10))])
    assert found.places(found.find()) == {(number, 40 + number) for number in range(10)}


def test_it_is_said_how_many_have_too_little() -> None:
    heard: list[str] = []

    def listener(event: events.Event) -> None:
        if isinstance(event, events.Note):
            heard.append(event.text)

    PhotoSet([*(sketch(np.random.default_rng(number)) for number in range(3)), *SMALL[:5]]).find(listener)
    said = (
        "3 of 8 photos have too little detail (drawings, blank or tiny pictures) to tell copies from look-alikes; "
        "there only equal pixels count as the same"
    )
    assert heard == [said]
    heard.clear()
    PhotoSet(SMALL[:5]).find(listener)
    assert heard == []


def test_detail_is_what_is_not_backdrop_as_far_as_it_is_independent() -> None:
    chance = np.random.default_rng(0)
    noise = chance.uniform(0, 1, (24, 24))
    half = np.where(np.arange(24)[:, None] < 12, 0.5, noise)
    smooth = np.asarray(Image.fromarray(noise[:4, :4].astype(np.float32)).resize((24, 24), Image.Resampling.BICUBIC))
    grey = np.stack([noise, half, smooth, np.full((24, 24), 0.5)]).astype(np.float32)
    detail = measure_detail(grey, np.zeros((4, 8, 8, 3), np.float32))
    assert detail[0] > 400
    assert 200 < detail[1] < 280
    assert detail[2] < 60
    assert detail[3] == 0
    colour = chance.uniform(0, 1, (4, 8, 8, 3)).astype(np.float32)
    np.testing.assert_allclose(measure_detail(grey, colour), 1.5 * detail, rtol=0.03)
    one_ink = (1 - colour[..., :1]) * np.array([0.9, 0.2, 0.1], np.float32)
    np.testing.assert_allclose(measure_detail(grey, one_ink), detail, rtol=1e-3)
    assert measure_detail(grey[:0], colour[:0]).shape == (0,)


def test_pixels_are_equal_but_for_rounding() -> None:
    first = np.random.default_rng(0).uniform(0, 1, (3, 8, 8, 3)).astype(np.float32)
    second = first.copy()
    second[1] += 1e-6
    second[2, 0, 0, 0] += 1e-3
    assert have_equal_pixels(first, second).tolist() == [True, True, False]
    assert have_equal_pixels(first[:0], second[:0]).tolist() == []


def test_many_pairs_of_little_detail_are_compared_in_bounded_memory() -> None:
    grey, colour = np.zeros((20, 24, 24), np.float32), np.zeros((20, 8, 8, 3), np.float32)
    grey[1::2] = 1
    nothing = np.zeros((20, 1), np.float32)
    scorer = DuplicateScorer(nothing, nothing[0], grey, colour, np.arange(20), nothing[:, 0])
    pairs = np.stack(np.triu_indices(20, 1), axis=1)[np.sort(np.arange(24_000) % 190)]
    with ThreadPoolExecutor(1) as pool:
        tracemalloc.start()
        odds = scorer.score(pairs, pool)
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    np.testing.assert_array_equal(odds, np.where(np.diff(pairs % 2)[:, 0] == 0, np.float32(EQUAL), -np.inf))
    assert peak < 60e6


def test_levels_beyond_black_and_white_count_as_these() -> None:
    grey = np.random.default_rng(0).uniform(-0.2, 1.2, (2, 24, 24)).astype(np.float32)
    assert np.isfinite(measure_detail(grey, np.zeros((2, 8, 8, 3), np.float32))).all()
