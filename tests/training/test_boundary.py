import itertools
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor

from headstart.data.samples import Sample, compute_digest
from headstart.data.sources import ArraySource
from headstart.extraction.activations import Activations
from headstart.modalities.image.augment.augmentation import make_view
from headstart.modalities.image.augment.augmenter import ImageAugmenter
from headstart.modalities.image.augment.presets import PRESETS
from headstart.training.boundary import (
    CachedActivations,
    StreamedActivations,
    activations_key,
    compute_activations,
    to_tensor,
)
from headstart.training.trunk import IdentityTrunk
from headstart.training.views import ViewLoader
from headstart_runtime.errors import StoreError
from headstart_runtime.modalities.batch import Batch
from headstart_runtime.modalities.image.decode import crop_resize
from tests.groups import by_content
from tests.training import tiny


def cached_activations(photos: Sequence[Sample], kept: Activations, count: int) -> CachedActivations:
    return CachedActivations(photos, np.array([sample.target for sample in photos]), kept, count)


def streamed_activations(photos: Sequence[Sample], trunk: Any, views: ViewLoader) -> StreamedActivations:
    return StreamedActivations(photos, np.array([sample.target for sample in photos]), trunk, views)


COUNT = 11  #: photos, which no batch size here divides


def samples(count: int = COUNT) -> list[Sample]:
    images = np.random.default_rng(0).integers(0, 256, (count, 24, 20, 3), dtype=np.uint8)
    found = []
    for index, image in enumerate(images):
        digest = compute_digest(image)
        found.append(Sample(f"#{index}", digest, index % 3, by_content(digest), None, ArraySource(images, index)))
    return found


class Means:
    """A frozen part that is quick and right whatever else is in the batch: means over squares of 4 x 4 pixels."""

    fingerprint = "means"
    description = "means"
    shape: tuple[int, ...] = (4, 4, 3)
    kind: Literal["bf16", "u8"] = "bf16"
    batch, streams = 4, 2
    packing = None

    def __init__(self) -> None:
        self.ran: list[int] = []
        self.lock = threading.Lock()

    def run(self, batch: Batch) -> NDArray[Any]:
        pixels = batch["pixels"]
        with self.lock:
            self.ran.append(len(pixels))
        return pixels.reshape(-1, 4, 4, 4, 4, 3).astype(np.float32).mean((2, 4)) / 7


STANDARD = ViewLoader(tiny.SPEC, ImageAugmenter(PRESETS["standard"]), seed=3)
PLAIN = ViewLoader(tiny.SPEC, ImageAugmenter(PRESETS["none"]), seed=3)


def kept_in(folder: Path, trunk: Any, views: ViewLoader) -> Activations:
    return Activations(folder, activations_key(trunk, views), trunk.shape, trunk.kind, "test")


def expected(photos: list[Sample], order: NDArray[np.int64], number: int, views: ViewLoader = STANDARD) -> Tensor:
    """One photo at a time, by the functions below."""
    rows = []
    for index in order:
        photo = np.array(photos[index].source.read())
        changed = make_view(
            photo, tiny.SPEC, views.augmenter.changes, seed=views.seed, digest=photos[index].digest, number=number
        )
        rows.append(Means().run({"pixels": changed[None]})[0])
    return torch.from_numpy(np.stack(rows)).bfloat16()


def shuffled(seed: int = 0) -> NDArray[np.int64]:
    return np.random.default_rng(seed).permutation(COUNT)


@pytest.mark.parametrize("size", [1, 3, 4, 5, 11, 64])
def test_cached_takes_the_views_in_turn_and_in_order(size: int, tmp_path: Path) -> None:
    photos, trunk = samples(), Means()
    with kept_in(tmp_path, trunk, STANDARD) as kept:
        assert compute_activations(photos, 3, trunk, STANDARD, kept) == 3 * COUNT
        source = cached_activations(photos, kept, 3)
        assert source.targets.tolist() == [sample.target for sample in photos]
        for epoch in (0, 2, 4):
            order = shuffled(epoch)
            batches = list(source.batches(epoch, order, size))
            assert [len(batch) for batch in batches] == [
                len(range(start, min(start + size, COUNT))) for start in range(0, COUNT, size)
            ]
            assert torch.equal(torch.cat(batches), expected(photos, order, epoch % 3))
            assert batches[0].dtype == torch.bfloat16


def test_views_differ() -> None:
    order = shuffled()
    one, other = expected(samples(), order, 0), expected(samples(), order, 1)
    assert not any(torch.equal(a, b) for a, b in zip(one, other, strict=True))
    assert not any(torch.equal(a, b) for a, b in itertools.combinations(one, 2))


@pytest.mark.parametrize("size", [1, 3, 4, 5, 11, 64])
def test_streamed_gives_bit_for_bit_what_cached_gives(size: int, tmp_path: Path) -> None:
    photos = samples()
    with kept_in(tmp_path, Means(), STANDARD) as kept:
        compute_activations(photos, 4, Means(), STANDARD, kept)
        cached, streamed = cached_activations(photos, kept, 4), streamed_activations(photos, Means(), STANDARD)
        assert cached.targets.tolist() == streamed.targets.tolist()
        for epoch in range(4):
            order = shuffled(epoch)
            pairs = list(zip(cached.batches(epoch, order, size), streamed.batches(epoch, order, size), strict=True))
            assert len(pairs) == -(-COUNT // size)
            assert all(torch.equal(one, other) for one, other in pairs)


def test_streamed_sees_new_views_in_every_epoch_and_some_photos_only() -> None:
    photos = samples()
    order = shuffled()[:5]
    for epoch in (0, 7, 2**16):
        seen = torch.cat(list(streamed_activations(photos, Means(), STANDARD).batches(epoch, order, 2)))
        assert torch.equal(seen, expected(photos, order, epoch % 2**16))
    assert list(streamed_activations(photos, Means(), STANDARD).batches(0, order[:0], 2)) == []


def test_plain_views_are_the_photo_as_predicted_on(tmp_path: Path) -> None:
    photos = samples()
    order = np.arange(COUNT)
    squares = [crop_resize(np.array(photo.source.read()), tiny.SPEC) for photo in photos]
    rows = [Means().run({"pixels": square[None]})[0] for square in squares]
    wanted = torch.from_numpy(np.stack(rows)).bfloat16()
    assert torch.equal(torch.cat(list(streamed_activations(photos, Means(), PLAIN).batches(5, order, 4))), wanted)
    with kept_in(tmp_path, Means(), PLAIN) as kept:
        compute_activations(photos, 1, Means(), PLAIN, kept)
        assert torch.equal(torch.cat(list(cached_activations(photos, kept, 1).batches(5, order, 4))), wanted)


def test_only_what_is_missing_is_computed(tmp_path: Path) -> None:
    photos = samples()
    with kept_in(tmp_path, Means(), STANDARD) as kept:
        for count, of, fresh in ((2, photos[:6], 12), (2, photos[:6], 0), (3, photos[:6], 6), (3, photos, 15)):
            trunk = Means()
            assert compute_activations(of, count, trunk, STANDARD, kept) == fresh
            assert sum(trunk.ran) == fresh
            assert all(size <= trunk.batch for size in trunk.ran)
    with kept_in(tmp_path, Means(), STANDARD) as again:
        trunk = Means()
        assert compute_activations(photos, 3, trunk, STANDARD, again) == 0
        assert trunk.ran == []
        order = shuffled()
        assert torch.equal(
            torch.cat(list(cached_activations(photos, again, 3).batches(2, order, 4))), expected(photos, order, 2)
        )


def test_the_same_photo_twice_is_computed_once(tmp_path: Path) -> None:
    photos = samples(3)
    twice = [*photos, *photos[:1]]
    with kept_in(tmp_path, Means(), STANDARD) as kept:
        assert compute_activations(twice, 2, Means(), STANDARD, kept) == 6
        (batch,) = cached_activations(twice, kept, 2).batches(0, np.array([3, 0]), 8)
        assert torch.equal(batch[0], batch[1])


def test_what_was_not_computed_is_not_trained_on(tmp_path: Path) -> None:
    photos = samples()
    with kept_in(tmp_path, Means(), STANDARD) as kept:
        compute_activations(photos, 2, Means(), STANDARD, kept)
        with pytest.raises(StoreError, match="11 of 33 rows are not among the activations"):
            cached_activations(photos, kept, 3)


class Breaking(Means):
    """Fails in its third call."""

    def run(self, batch: Batch) -> NDArray[Any]:
        if len(self.ran) == 2:
            raise RuntimeError("the third call")
        return super().run(batch)


def test_errors_of_threads_surface(tmp_path: Path) -> None:
    photos, order = samples(), shuffled()
    before = threading.active_count()
    with pytest.raises(RuntimeError, match="the third call"):
        list(streamed_activations(photos, Breaking(), STANDARD).batches(0, order, 4))
    with kept_in(tmp_path, Means(), STANDARD) as kept:
        with pytest.raises(RuntimeError, match="the third call"):
            compute_activations(photos, 3, Breaking(), STANDARD, kept)
        # What was right is kept; the rest is computed by the next run.
        assert 0 < compute_activations(photos, 3, Means(), STANDARD, kept) < 33
        source = cached_activations(photos, kept, 3)
        source._numbers = source._numbers + 10**6
        with pytest.raises(StoreError):
            list(source.batches(0, order, 4))
    assert threading.active_count() == before


@pytest.mark.parametrize(
    "make",
    [lambda kept: cached_activations(samples(), kept, 1), lambda _: streamed_activations(samples(), Means(), PLAIN)],
)
def test_an_epoch_that_is_left_early_leaves_no_threads(make: Callable[[Activations], Any], tmp_path: Path) -> None:
    with kept_in(tmp_path, Means(), PLAIN) as kept:
        compute_activations(samples(), 1, Means(), PLAIN, kept)
        before = threading.active_count()
        batches = make(kept).batches(0, shuffled(), 2)
        next(batches)
        batches.close()
        assert threading.active_count() == before


def test_where_nothing_is_frozen_the_pixels_are_kept_as_they_are(tmp_path: Path) -> None:
    photos, trunk, order = samples(), IdentityTrunk(tiny.SPEC), shuffled()
    assert trunk.shape == (16, 16, 3)
    with kept_in(tmp_path, trunk, STANDARD) as kept:
        compute_activations(photos, 2, trunk, STANDARD, kept)
        assert kept.row_bytes == 16 * 16 * 3
        cached = torch.cat(list(cached_activations(photos, kept, 2).batches(3, order, 4)))
    streamed = torch.cat(list(streamed_activations(photos, trunk, STANDARD).batches(1, order, 4)))
    wanted = np.stack([STANDARD.load(photos[index], [1])[0] for index in order])
    assert cached.dtype == streamed.dtype == torch.uint8
    assert np.array_equal(cached.numpy(), wanted)
    assert np.array_equal(streamed.numpy(), wanted)


def test_a_photo_is_decoded_once_for_its_views() -> None:
    (photo,) = samples(1)
    several = STANDARD.load(photo, [4, 0, 4])
    assert np.array_equal(several[0], several[2])
    assert np.array_equal(several[1], STANDARD.load(photo, [0])[0])
    assert not np.array_equal(several[0], several[1])


def test_keys_change_with_what_the_activations_depend_on() -> None:
    other = Means()
    other.fingerprint = "others"
    plain_again = ViewLoader(tiny.SPEC, ImageAugmenter(PRESETS["none"]), seed=4)
    keys = [
        activations_key(Means(), STANDARD),
        activations_key(other, STANDARD),
        activations_key(Means(), ViewLoader(tiny.SPEC, ImageAugmenter(PRESETS["standard"]), seed=4)),
        activations_key(Means(), ViewLoader(tiny.SPEC, ImageAugmenter(PRESETS["light"]), seed=3)),
        activations_key(Means(), PLAIN),
    ]
    assert len(set(keys)) == len(keys)
    assert activations_key(Means(), plain_again) == activations_key(Means(), PLAIN)  # nothing is drawn
    assert all(len(key) == 40 and int(key, 16) >= 0 for key in keys)


def test_as_tensor() -> None:
    numbers = np.array([1.0, -2.5, 3.14159], np.float32)
    bits = torch.from_numpy(numbers).bfloat16()
    assert torch.equal(to_tensor(bits.view(torch.int16).numpy().view(np.uint16)), bits)
    assert torch.equal(to_tensor(numbers), bits)
    assert to_tensor(np.array([3], np.uint8)).dtype == torch.uint8
