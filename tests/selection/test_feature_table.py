"""Features in memory: the rows of the store, each read once, within a bound."""

from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from headstart.extraction.extract import get_feature_space
from headstart.saving import FeatureBranch
from headstart.selection.feature_table import FeatureSource
from headstart.storage.space import FeatureSpace
from headstart.storage.store import Store
from headstart_runtime.arrays import Floats

LAYERS = {"stage1": 3, "final": 5}
N = 20


class CountingStore:
    """A store that counts how often each row of each layer is read."""

    def __init__(self, store: Store):
        self.store = store
        self.reads: Counter[tuple[str, str]] = Counter()

    def read(self, space: FeatureSpace, digests: Sequence[str], layer: str, out: Floats | None = None) -> Floats:
        self.reads.update((layer, digest) for digest in digests)
        return self.store.read(space, digests, layer, out)


def draw_samples(count: int = N) -> list[Any]:
    return [SimpleNamespace(digest=f"{row:040x}") for row in range(count)]


@pytest.fixture
def backbone() -> Any:
    layers = tuple(SimpleNamespace(name=name, width=width) for name, width in LAYERS.items())
    return SimpleNamespace(
        fingerprint="ab" * 20,
        name="drawn",
        layers=layers,
        layer=lambda name: next(layer for layer in layers if layer.name == name),
    )


@pytest.fixture
def engine() -> Any:
    return SimpleNamespace(name="openvino", precision="f32", batch=4, lanes=1)


@pytest.fixture
def filled(tmp_path: Path, backbone: Any, engine: Any) -> Iterator[tuple[CountingStore, dict[str, Floats]]]:
    random = np.random.default_rng(0)
    rows = {name: random.standard_normal((N, width)).astype(np.float32) for name, width in LAYERS.items()}
    with Store(tmp_path) as store:
        with store.writer(get_feature_space(backbone, engine)) as writer:
            writer.add([sample.digest for sample in draw_samples()], rows)
        yield CountingStore(store), rows


def make_source(store: Any, backbone: Any, engine: Any, samples: Sequence[Any], **options: Any) -> FeatureSource:
    source = FeatureSource(store, samples, **options)
    source.add_engine(backbone, engine, stored=True)
    return source


def test_rows_are_those_of_the_store_and_read_once(filled: Any, backbone: Any, engine: Any) -> None:
    store, rows = filled
    samples = draw_samples()
    source = make_source(store, backbone, engine, samples)
    random = np.random.default_rng(1)
    for layers in (("final",), ("stage1", "final"), ("final", "stage1")):
        branch = FeatureBranch(backbone, "openvino", "f32", layers)
        for _ in range(5):
            order = random.integers(0, N, 12)
            loaded = source.load(branch, [samples[row] for row in order])
            assert loaded.dtype == np.float32
            np.testing.assert_array_equal(loaded, np.concatenate([rows[name][order] for name in layers], axis=1))
            loaded[:] = 0  # the caller's own copy
    assert max(store.reads.values()) == 1


def test_only_what_is_asked_for_is_read(filled: Any, backbone: Any, engine: Any) -> None:
    store, _ = filled
    samples = draw_samples()
    source = make_source(store, backbone, engine, samples)
    source.load(FeatureBranch(backbone, "openvino", "f32", ("final",)), samples[3:5])
    assert set(store.reads) == {("final", sample.digest) for sample in samples[3:5]}


def test_photos_that_are_none_of_the_runs_are_read_each_time(filled: Any, backbone: Any, engine: Any) -> None:
    store, rows = filled
    samples = draw_samples()
    source = make_source(store, backbone, engine, samples[:4])
    branch = FeatureBranch(backbone, "openvino", "f32", ("final",))
    for _ in range(2):
        np.testing.assert_array_equal(source.load(branch, samples[2:8]), rows["final"][2:8])
    assert store.reads["final", samples[6].digest] == 2


@pytest.mark.parametrize(("kept_bytes", "reads"), [(N * 8 * 4, 1), (N * 5 * 4, 3), (0, 3)], ids=["both", "one", "none"])
def test_the_bound_holds_and_changes_no_row(
    kept_bytes: int, reads: int, filled: Any, backbone: Any, engine: Any
) -> None:
    store, rows = filled
    samples = draw_samples()
    source = make_source(store, backbone, engine, samples, kept_bytes=kept_bytes)
    for _ in range(3):
        for name in LAYERS:
            loaded = source.load(FeatureBranch(backbone, "openvino", "f32", (name,)), samples)
            np.testing.assert_array_equal(loaded, rows[name])
            assert source.bytes_kept <= kept_bytes
    assert max(store.reads.values()) == reads
