from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageOps
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from headstart import events
from headstart.data.read import read_source
from headstart.data.samples import ArraySource, Sample, compute_digest
from headstart.diagnostics.near_duplicates import candidates as candidates_module
from headstart.diagnostics.near_duplicates.candidates import find_candidates
from headstart.diagnostics.near_duplicates.clusters import LOOSE, connect_pairs, reject_chains
from headstart.diagnostics.near_duplicates.search import DuplicatePair, find_near_duplicates, group_duplicates
from headstart.extraction.extract import load_batch
from headstart.modalities.image.decode import crop_resize
from headstart.modalities.image.near_duplicates.coarse_align import align_coarsely
from headstart.modalities.image.near_duplicates.fine_align import Alignment, align_finely
from headstart.modalities.image.spec import ImageSpec
from headstart.modalities.image.stats import ImageStats, compute_stats
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
        return find_near_duplicates(self.samples, self.features, self.stats, listener=listener)

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
    assert find_near_duplicates(samples, np.zeros((count, 4), np.float32), stats) == ()


def test_two_photos_are_enough() -> None:
    found = PhotoSet([SCENES[0], ALTERED["jpeg"](SCENES[0])])
    assert found.places(found.find()) == {(0, 1)}


@pytest.mark.parametrize("mirrored", [False, True])
def test_a_picture_is_aligned_where_it_was_cut_from(mirrored: bool) -> None:
    image = SCENES[3].crop((30, 0, 290, 260))
    cut = image.crop((20, 5, 254, 239))  # 234 of 260: a scale of 0.9, its centre 7 right and 8 up
    if mirrored:
        cut = ImageOps.mirror(cut)
    grey = measure(np.stack([crop_resize(np.asarray(it), SPEC) for it in (image, cut)])).grey
    pair = np.array([[0, 1]])
    rough = align_coarsely(grey, pair)[0]
    fine = align_finely(grey, pair, rough)
    assert fine.mirrored[0] == mirrored
    np.testing.assert_allclose(fine.place[0], [0.9, 7 / 260, -8 / 260], atol=0.006)
    assert fine.detail[0] > max(0.98, rough.detail[0] - 0.01)


def test_no_step_makes_it_worse() -> None:
    grey = measure(np.stack([crop_resize(np.asarray(it), SPEC) for it in SCENES])).grey
    pairs = np.stack([np.arange(0, 60, 2), np.arange(1, 60, 2)], axis=1)
    start = Alignment(np.zeros(30, np.float32), np.tile(np.float32([1, 0, 0]), (30, 1)), np.zeros(30, bool))
    once = align_finely(grey, pairs, start)
    twice = align_finely(grey, pairs, once)
    assert (twice.detail >= once.detail).all()


def test_many_pairs_of_one_photo_are_aligned_as_alone() -> None:
    grey = measure(np.stack([crop_resize(np.asarray(it), SPEC) for it in SCENES])).grey
    pairs = np.array([(0, other) for other in range(1, 60)] + [(3, 4)])
    together = align_coarsely(grey, pairs)[0]
    for row in (0, 15, 16, 40, 59):
        np.testing.assert_allclose(
            together.detail[row], align_coarsely(grey, pairs[row : row + 1])[0].detail[0], atol=1e-5
        )


def unit_rows(count: int, seed: int = 0) -> NDArray[np.float32]:
    """Clustered directions, so that some are near."""
    chance = np.random.default_rng(seed)
    rows = chance.normal(0, 1, (count // 4, 96))[chance.integers(0, count // 4, count)] + chance.normal(
        0, 0.5, (count, 96)
    )
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)


@pytest.mark.parametrize("count", [2, 9, 63, 64, 300])
def test_candidates_are_the_nearest(count: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(candidates_module, "BLOCK_BYTES", 4 * 320 * 50)
    rows = unit_rows(max(count, 4))[:count]
    cosines = rows @ rows.T
    np.fill_diagonal(cosines, -1)
    expected = set()
    for row in range(count):
        for other in np.argsort(-cosines[row])[: candidates_module.NEAREST]:
            if cosines[row, other] >= candidates_module.LEAST:
                expected.add((min(row, int(other)), max(row, int(other))))
    with ThreadPoolExecutor(2) as pool:
        found = find_candidates(rows, pool)
    assert set(map(tuple, found.tolist())) == expected
    assert found.tolist() == sorted(found.tolist())


def test_the_index_finds_what_comparing_all_finds(monkeypatch: pytest.MonkeyPatch) -> None:
    if candidates_module._import_faiss() is None:
        pytest.skip("faiss is not here")
    rows = unit_rows(3000)
    with ThreadPoolExecutor(2) as pool:
        exact = set(map(tuple, find_candidates(rows, pool).tolist()))
        monkeypatch.setattr(candidates_module, "EXACT", 100)
        indexed = find_candidates(rows, pool)
    assert (indexed[:, 0] < indexed[:, 1]).all()
    assert ((rows[indexed[:, 0]] * rows[indexed[:, 1]]).sum(axis=1) > candidates_module.LEAST - 1e-4).all()
    assert len(exact.intersection(map(tuple, indexed.tolist()))) > 0.97 * len(exact)


def test_a_chain_does_not_become_one_cluster() -> None:
    pairs = np.stack([np.arange(299), np.arange(1, 300)], axis=1)
    odds = np.random.default_rng(0).uniform(0, 5, 299).astype(np.float32)

    def near_in_the_chain(others: NDArray[np.int64]) -> NDArray[np.float32]:
        return np.where(np.abs(others[:, 0] - others[:, 1]) <= 3, 1, -1).astype(np.float32)

    kept = reject_chains(pairs, odds, 300, near_in_the_chain)
    sizes = [len(it) for it in connect_pairs((str(a), str(b)) for a, b in pairs[kept])]
    assert max(sizes) <= LOOSE
    assert kept.mean() > 0.8


def test_many_copies_of_one_photo_stay_one_cluster() -> None:
    chance = np.random.default_rng(0)
    pairs = np.unique(np.sort(chance.integers(0, 150, (900, 2)), axis=1), axis=0)
    pairs = pairs[pairs[:, 0] != pairs[:, 1]]
    odds = chance.uniform(0, 5, len(pairs)).astype(np.float32)
    kept = reject_chains(pairs, odds, 150, lambda others: np.ones(len(others), np.float32))
    assert kept.all()


def test_sets_are_connected_components() -> None:
    chance = np.random.default_rng(0)
    pairs = chance.integers(0, 200, (120, 2))
    graph = coo_array((np.ones(120), (pairs[:, 0], pairs[:, 1])), shape=(200, 200))
    _, component = connected_components(graph, directed=False)
    expected = {frozenset(np.nonzero(component == it)[0].tolist()) for it in set(component[pairs[:, 0]])}
    found = connect_pairs((str(first), str(second)) for first, second in pairs)
    assert {frozenset(map(int, ids)) for ids in found} == expected
    assert [len(ids) for ids in found] == sorted(map(len, found), reverse=True)


@pytest.mark.realdata
def test_the_22_sets_of_equal_scans_are_found(shared_data: Path) -> None:
    samples = read_source(shared_data / "brain_mri").samples
    stats = measure(load_batch(samples, SPEC, len(samples)))
    duplicates = find_near_duplicates(samples, features_of(stats), stats)
    same = [it for it in duplicates if it.kind == "same bytes"]
    sets = group_duplicates(same)
    by_bytes: dict[bytes, set[str]] = {}
    for sample in samples:
        by_bytes.setdefault(sample.source.read(), set()).add(sample.id)  # type: ignore[arg-type]
    assert {frozenset(ids) for ids in sets} == {frozenset(ids) for ids in by_bytes.values() if len(ids) > 1}
    assert len(sets) == 22
