from collections.abc import Callable
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageOps

from headstart import events
from headstart.data.read import read_source
from headstart.data.samples import Sample, compute_digest
from headstart.data.sources import ArraySource
from headstart.diagnostics.near_duplicates.search import (
    DuplicatePair,
    NearDuplicates,
    find_near_duplicates,
    group_duplicates,
)
from headstart.extraction.extract import load_batch
from headstart.modalities.image.stats import ImageStats, compute_stats
from headstart_runtime.modalities.image.decode import crop_resize
from headstart_runtime.modalities.image.modality import ImageModality
from headstart_runtime.modalities.image.spec import ImageSpec
from tests.groups import by_content

SPEC = ImageSpec(224, 1000, (0.5, 0.5, 0.5), (0.5, 0.5, 0.5))
Photos = list[Image.Image]
SQUARES = 40


def scene(seed: int) -> Image.Image:
    """A drawn photo, 320 x 260: soft light and shapes of any colour, under noise."""
    chance = np.random.default_rng([7, seed])
    coarse = chance.integers(40, 216, (5, 6, 3), dtype=np.uint8)
    pixels = np.asarray(Image.fromarray(coarse).resize((320, 260), Image.Resampling.BICUBIC)).astype(np.float32)
    for _ in range(SQUARES):
        left, top = chance.integers(0, 290), chance.integers(0, 230)
        width, height = chance.integers(10, 70, 2)
        pixels[top : top + height, left : left + width] += chance.normal(0, 45, 3)
    return Image.fromarray(np.clip(pixels + chance.normal(0, 4, pixels.shape), 0, 255).astype(np.uint8))


def again(image: Image.Image, **options: int) -> Image.Image:
    """Saved as a JPEG and read back."""
    buffer = BytesIO()
    image.save(buffer, "JPEG", **options)
    return Image.open(buffer).convert("RGB")


def exposed(image: Image.Image, gain: float) -> Image.Image:
    return Image.fromarray(np.clip(np.asarray(image, np.float32) * gain, 0, 255).astype(np.uint8))


ALTERED: dict[str, Callable[[Image.Image], Image.Image]] = {
    "jpeg": lambda image: again(image, quality=40),
    "centre crop": lambda image: again(image.crop((16, 13, 304, 247)), quality=90),
    "corner crop": lambda image: again(image.crop((0, 0, 288, 234)), quality=90),
    "half": lambda image: again(image.resize((160, 130)), quality=90),
    "mirrored": lambda image: again(ImageOps.mirror(image), quality=90),
    "brighter": lambda image: again(exposed(image, 1.2), quality=90),
    "darker": lambda image: again(exposed(image, 0.8), quality=90),
}


def features_of(stats: ImageStats) -> NDArray[np.float32]:
    """What a network might make of photos: soft, mirror-blind, far from exact; (N, 96)."""
    colour = stats.colour + stats.colour[:, :, ::-1]
    flat = (colour / colour.mean(axis=(1, 2, 3), keepdims=True)).reshape(len(colour), -1)
    mixed = flat @ np.random.default_rng(0).normal(0, 1, (flat.shape[1], 96))
    return (mixed + np.random.default_rng(1).normal(0, 0.05 * mixed.std(), mixed.shape)).astype(np.float32)


def measure(pixels: NDArray[np.uint8]) -> ImageStats:
    rows = compute_stats(pixels)
    facts = {name: rows["facts"][:, place] for place, name in enumerate(("brightness", "contrast", "sharpness"))}
    grey, colour = rows["grey"].reshape(-1, 24, 24), rows["colour"].reshape(-1, 8, 8, 3)
    return ImageStats(grey, colour, **facts, saturation=rows["facts"][:, 3])


class PhotoSet:
    """Drawn photos as samples, features and stats."""

    def __init__(self, photos: Photos, digests: list[str] | None = None):
        arrays = [np.asarray(photo) for photo in photos]
        digests = digests or [compute_digest(array) for array in arrays]
        seen: dict[str, int] = {}
        self.samples = []
        for place, (digest, array) in enumerate(zip(digests, arrays, strict=True)):
            number = seen[digest] = seen.get(digest, -1) + 1
            source = ArraySource(array[None], 0)
            self.samples.append(Sample(f"#{place}", digest, 0, by_content(digest), None, source, copy=number))
        self.stats = measure(np.stack([crop_resize(array, SPEC) for array in arrays]))
        self.features = features_of(self.stats)

    def find(self, listener: events.Listener = events.ignore) -> tuple[DuplicatePair, ...]:
        return find_near_duplicates(self.samples, self.features, self.stats, ImageModality(), listener=listener).pairs

    def places(self, duplicates: tuple[DuplicatePair, ...]) -> set[tuple[int, int]]:
        place = {sample.id: number for number, sample in enumerate(self.samples)}
        return {(place[it.first], place[it.second]) for it in duplicates}


SCENES = [scene(number) for number in range(60)]


@pytest.mark.parametrize("kind", ALTERED)
def test_altered_copies_are_found_and_nothing_else(kind: str) -> None:
    found = PhotoSet([*SCENES, *(ALTERED[kind](image) for image in SCENES[:15])])
    duplicates = found.find()
    assert found.places(duplicates) == {(number, 60 + number) for number in range(15)}
    assert {it.kind for it in duplicates} == {"near"}
    assert all(0.5 <= it.similarity <= 1 for it in duplicates)
    assert [it.similarity for it in duplicates] == sorted((it.similarity for it in duplicates), reverse=True)


def test_equal_bytes_are_duplicates_whatever_they_show() -> None:
    flat = Image.new("RGB", (50, 50), "grey")
    found = PhotoSet([flat, SCENES[0], flat, SCENES[1], flat])
    duplicates = found.find()
    assert found.places(duplicates) == {(0, 2), (0, 4)}
    assert {(it.kind, it.similarity) for it in duplicates} == {("same bytes", 1.0)}
    assert group_duplicates(duplicates) == (tuple(found.samples[place].id for place in (0, 2, 4)),)


def test_flat_photos_are_not_taken_for_one_another() -> None:
    chance = np.random.default_rng(0)
    papers = [
        Image.fromarray(
            (np.linspace(200 + n, 230, 224 * 224 * 3) + chance.normal(0, 1, 224 * 224 * 3))
            .reshape(224, 224, 3)
            .astype(np.uint8)
        )
        for n in range(20)
    ]
    assert PhotoSet([*papers, *SCENES]).find() == ()


def test_photos_that_share_a_backdrop_are_not_duplicates() -> None:
    backdrop = np.linspace(90, 220, 224)[:, None, None] * np.linspace(0.7, 1, 224)[None, :, None]
    photos = []
    for number in range(30):
        chance = np.random.default_rng([3, number])
        pixels = np.repeat(backdrop, 3, axis=2) + chance.normal(0, 2, (224, 224, 3))
        for _ in range(3):
            left, top = chance.integers(60, 120, 2)
            pixels[top : top + chance.integers(15, 60), left : left + chance.integers(15, 60)] += chance.normal(
                0, 50, 3
            )
        photos.append(Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8)))
    assert PhotoSet(photos).find() == ()


def test_the_order_of_the_photos_decides_nothing() -> None:
    photos = [*SCENES[:40], *(ALTERED["corner crop"](image) for image in SCENES[:10])]
    order = np.random.default_rng(0).permutation(len(photos))
    straight, mixed = PhotoSet(photos), PhotoSet([photos[place] for place in order])
    mixed.features = straight.features[order]
    duplicates = {(frozenset((it.first, it.second)), it.similarity) for it in straight.find()}
    assert duplicates == {(frozenset((it.first, it.second)), it.similarity) for it in mixed.find()}
    place = {sample.id: number for number, sample in enumerate(mixed.samples)}
    assert all(place[it.first] < place[it.second] for it in mixed.find())


@pytest.mark.parametrize("count", [0, 1])
def test_too_few_photos_have_no_duplicates(count: int) -> None:
    rows = compute_stats(np.zeros((1, 224, 224, 3), np.uint8))
    stats = ImageStats(
        np.zeros((count, 24, 24), np.float32), np.zeros((count, 8, 8, 3), np.float32), *(rows["facts"][:count].T)
    )
    samples = PhotoSet(SCENES[:1]).samples[:count]
    features = np.zeros((count, 4), np.float32)
    assert find_near_duplicates(samples, features, stats, ImageModality()) == NearDuplicates((), "")


def test_two_photos_are_enough() -> None:
    found = PhotoSet([SCENES[0], ALTERED["jpeg"](SCENES[0])])
    assert found.places(found.find()) == {(0, 1)}


@pytest.mark.realdata
def test_the_22_sets_of_equal_scans_are_found(shared_data: Path) -> None:
    samples = read_source(shared_data / "brain_mri").samples
    stats = measure(load_batch(samples, SPEC, len(samples))["pixels"])
    duplicates = find_near_duplicates(samples, features_of(stats), stats, ImageModality()).pairs
    same = [it for it in duplicates if it.kind == "same bytes"]
    sets = group_duplicates(same)
    by_bytes: dict[bytes, set[str]] = {}
    for sample in samples:
        by_bytes.setdefault(sample.source.read(), set()).add(sample.id)  # type: ignore[arg-type]
    assert {frozenset(ids) for ids in sets} == {frozenset(ids) for ids in by_bytes.values() if len(ids) > 1}
    assert len(sets) == 22
