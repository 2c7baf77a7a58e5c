"""Items of several parts, without statistics and augmentation, through extraction and views."""

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from numpy.typing import NDArray

from headstart.backbones.backbone import Backbone, Layer
from headstart.data.samples import Sample, compute_digest
from headstart.data.sources import ArraySource
from headstart.extraction.extract import extract, load_batch, pool_parts
from headstart.storage.store import Store
from headstart.training.views import (
    ViewLoader,
    explain_views,
    find_smallest_window,
    fit_view_spec,
    make_augmenter,
    make_plain,
)
from headstart_runtime.errors import TrainingError
from headstart_runtime.modalities import modality
from headstart_runtime.modalities.batch import Batch, count_parts
from headstart_runtime.tasks.task import get_task
from tests.extraction.clips import Clips, ClipSpec
from tests.groups import by_content

SPEC = ClipSpec()
LENGTHS = (9, 1, 4, 30, 5, 8, 2)


class Sums:
    """An engine whose features are sums, with what it was given."""

    name, precision, batch, streams = "sums", "f32", 3, 2

    def __init__(self) -> None:
        self.given: list[int] = []

    def forward(self, batch: Batch) -> dict[str, NDArray[np.float32]]:
        self.given.append(count_parts(batch))
        return {"final": batch["wave"].sum(axis=1, keepdims=True)}


@pytest.fixture
def clips(monkeypatch: pytest.MonkeyPatch) -> list[Sample]:
    monkeypatch.setitem(modality.MODALITIES, ClipSpec.kind, f"{Clips.__module__}:Clips")
    rows = np.full((len(LENGTHS), max(LENGTHS)), np.nan, np.float32)
    for row, length in zip(rows, LENGTHS, strict=True):
        row[:length] = np.random.default_rng(length).integers(0, 9, length)
    digests = [compute_digest(row) for row in rows]
    return [
        Sample(f"#{index}", digest, 0, by_content(digest), None, ArraySource(rows, index), {"length": LENGTHS[index]})
        for index, digest in enumerate(digests)
    ]


def test_rows_of_an_items_parts_are_averaged(clips: list[Sample], tmp_path: Path) -> None:
    backbone = Backbone("sums", "sums", "none", "0" * 64, "none", 0, (Layer("final", 1),), SPEC, Path())
    engine, own = Sums(), Clips()
    with Store(tmp_path / "store") as store:
        done = extract(clips, backbone, engine, store)
        rows = store.read(done.space, [clip.digest for clip in clips], "final")
    values = [clip.source.read() for clip in clips]
    parts = [np.stack(own.make_parts(value[np.isfinite(value)], SPEC)) for value in values]
    np.testing.assert_allclose(rows[:, 0], [each.sum(axis=1).mean() for each in parts], rtol=1e-6)
    assert max(engine.given) <= engine.batch
    assert sum(engine.given) == sum(map(len, parts))
    assert done.computed == len(clips)


def test_items_of_like_length_go_together(clips: list[Sample], tmp_path: Path) -> None:
    backbone = Backbone("sums", "sums", "none", "0" * 64, "none", 0, (Layer("final", 1),), SPEC, Path())
    engine = Sums()
    with Store(tmp_path / "store") as store:
        extract(clips, backbone, engine, store, workers=1)
    assert engine.given == [3, 3, 3, 1, 3, 3, 2]  # of lengths 1, 2 and 4; of 5, 8 and 9, in 7 parts; of 30, in 8


def test_one_part_of_each_stays_as_it_is() -> None:
    rows = {"final": np.ones((3, 2), np.float32)}
    assert pool_parts(rows, [1, 1, 1])["final"] is rows["final"]
    pooled = pool_parts({"final": np.arange(4, dtype=np.float32)[:, None]}, [1, 3])["final"]
    assert pooled.dtype == np.float32
    assert pooled.tolist() == [[0.0], [2.0]]


def test_a_batch_to_prove_engines_on_has_so_many_parts(clips: list[Sample]) -> None:
    assert count_parts(load_batch(clips, SPEC, 5)) == 5
    assert count_parts(load_batch([], SPEC, 5)) == 0


def test_without_augmentation_what_is_one_part_is_trained_on_and_nothing_else(clips: list[Sample]) -> None:
    task = get_task("classification")
    assert fit_view_spec(None, SPEC, task) is SPEC
    assert find_smallest_window(None, SPEC, task) == 1
    assert explain_views(SimpleNamespace(mixup=0.0), SPEC.kind, task) == []
    views = ViewLoader(SPEC, make_augmenter(None, SPEC, task), seed=1)
    assert views.plain
    assert views.fingerprint == ViewLoader(SPEC, make_plain(SPEC), seed=2).fingerprint
    single = clips[2]
    first, again = views.load(single, [0, 7])
    np.testing.assert_array_equal(first, single.source.read()[:4])
    np.testing.assert_array_equal(views.collate([first, again])["wave"], np.stack([first, first]))
    with pytest.raises(TrainingError, match="only a network that sees each clip in one part can be trained"):
        views.load(clips[3], [0])
