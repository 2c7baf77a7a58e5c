from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from headstart import events
from headstart.backbones.backbone import Backbone, Layer
from headstart.data.read import read_source
from headstart.data.sources import ArraySource, FileSource
from headstart.extraction.extract import extract, get_feature_space, load_batch
from headstart.modalities.image.stats import compute_stats, read_stats, stats_space
from headstart.storage.store import Store, Writer
from headstart_runtime.modalities.batch import Batch
from headstart_runtime.modalities.image.spec import ImageSpec
from tests.conftest import Photos

SPEC = ImageSpec(32, 875, (0.5, 0.5, 0.5), (0.5, 0.5, 0.5))


class MeanColour:
    """An engine whose features are known: the mean colour, and its square."""

    name, batch, streams = "mean-colour", 4, 2
    precision = "f32"

    def __init__(self) -> None:
        self.seen = 0
        self.fail_at: int | None = None

    def forward(self, batch: Batch) -> dict[str, NDArray[np.float32]]:
        pixels = batch["pixels"]
        self.seen += len(pixels)
        if self.fail_at is not None and self.seen >= self.fail_at:
            raise RuntimeError("the engine broke")
        mean = pixels.mean(axis=(1, 2)).astype(np.float32)
        return {"stage1": mean, "final": mean**2}


@pytest.fixture
def backbone() -> Backbone:
    layers = (Layer("stage1", 3), Layer("final", 3))
    return Backbone("drawn", "drawn", "none", "0" * 64, "none", 0, layers, SPEC, Path())


@pytest.fixture
def engine() -> MeanColour:
    return MeanColour()


def test_every_layer_of_every_photo_is_stored(
    photos: Photos, backbone: Backbone, engine: MeanColour, tmp_path: Path
) -> None:
    samples = read_source(photos()).samples
    heard: list[events.Event] = []
    with Store(tmp_path / "store") as store:
        done = extract(samples, backbone, engine, store, listener=heard.append)
        digests = [sample.digest for sample in samples]
        rows = store.read(done.space, digests, "stage1")
        squares = store.read(done.space, digests, "final")
    expected = load_batch(samples, SPEC, len(samples))["pixels"].mean(axis=(1, 2)).astype(np.float32)
    np.testing.assert_allclose(rows, expected, rtol=1e-6)
    np.testing.assert_array_equal(squares, rows**2)
    assert done.asked == done.computed == len(samples)
    assert heard[-1] == events.Progress("extract", len(samples), len(samples), "photos")


def test_only_new_photos_are_computed(photos: Photos, backbone: Backbone, engine: MeanColour, tmp_path: Path) -> None:
    folder = photos(each=10)
    with Store(tmp_path / "store") as store:
        extract(read_source(folder).samples, backbone, engine, store)
        assert extract(read_source(folder).samples, backbone, engine, store).computed == 0
        before = engine.seen
        photos(folder, each=3, seed=1)
        assert extract(read_source(folder).samples, backbone, engine, store).computed == 9
        assert engine.seen == before + 9


def test_copies_are_computed_once(photos: Photos, backbone: Backbone, engine: MeanColour, tmp_path: Path) -> None:
    folder = photos(each=5)
    for number, file in enumerate(sorted((folder / "discs").iterdir())):
        (folder / "discs" / f"copy{number}{file.suffix}").write_bytes(file.read_bytes())
    with Store(tmp_path / "store") as store:
        done = extract(read_source(folder).samples, backbone, engine, store)
    assert (done.asked, engine.seen) == (15, 15)


def test_photos_that_do_not_decode_are_found_once(
    photos: Photos, backbone: Backbone, engine: MeanColour, tmp_path: Path
) -> None:
    folder = photos(each=5)
    broken, cut = folder / "discs" / "broken.jpg", folder / "discs" / "cut.jpg"
    pixels = np.random.default_rng(0).integers(0, 256, (200, 200, 3), dtype=np.uint8)
    for file, share in ((broken, 0.2), (cut, 0.9)):
        Image.fromarray(pixels + np.uint8(share * 10)).save(file)
        file.write_bytes(file.read_bytes()[: int(file.stat().st_size * share)])
    samples = read_source(folder).samples
    names = {sample.digest: sample.name for sample in samples}
    with Store(tmp_path / "store") as store:
        done = extract(samples, backbone, engine, store)
        again = extract(samples, backbone, engine, store)
    found = {names[digest]: finding for digest, finding in done.issues.items()}
    assert set(found) == {"discs/broken.jpg", "discs/cut.jpg"}
    assert found["discs/broken.jpg"].broken
    assert "truncated" in found["discs/broken.jpg"].reason
    assert not found["discs/cut.jpg"].broken
    assert again.issues == done.issues
    assert again.computed == 0


def test_a_file_that_cannot_be_read_now_is_not_branded(
    photos: Photos, backbone: Backbone, engine: MeanColour, tmp_path: Path
) -> None:
    samples = read_source(photos(each=4)).samples
    lost = samples[3]
    away = replace(lost, source=FileSource(tmp_path / "away.jpg"))
    with Store(tmp_path / "store") as store:
        done = extract([*samples[:3], away, *samples[4:]], backbone, engine, store)
        assert done.issues[lost.digest].broken
        assert "cannot be read" in done.issues[lost.digest].reason
        back = extract(samples, backbone, engine, store)
    assert back.computed == 1
    assert back.issues == {}


def test_an_engine_that_breaks_ends_the_pass_and_keeps_what_was_done(
    photos: Photos, backbone: Backbone, engine: MeanColour, tmp_path: Path
) -> None:
    samples = read_source(photos(each=20)).samples
    engine.fail_at = 40
    with Store(tmp_path / "store") as store:
        with pytest.raises(RuntimeError, match="the engine broke"):
            extract(samples, backbone, engine, store)
        engine.fail_at = None
        rest = extract(samples, backbone, engine, store)
    assert 20 <= rest.computed <= 60 - 30


def test_arrays_are_photos_too(backbone: Backbone, engine: MeanColour, tmp_path: Path) -> None:
    images = np.random.default_rng(0).integers(0, 256, (12, 40, 40), dtype=np.uint8)
    samples = read_source((images, [index % 2 for index in range(12)])).samples
    assert all(isinstance(sample.source, ArraySource) for sample in samples)
    with Store(tmp_path / "store") as store:
        done = extract(samples, backbone, engine, store)
        rows = store.read(done.space, [sample.digest for sample in samples], "stage1")
    np.testing.assert_array_equal(rows[:, 0], rows[:, 1])
    assert done.computed == 12


def test_what_could_change_a_row_changes_its_space(backbone: Backbone, engine: MeanColour) -> None:
    plain = get_feature_space(backbone, engine)
    engine.precision = "bf16"
    assert get_feature_space(backbone, engine).fingerprint != plain.fingerprint
    engine.precision = "f32"
    assert get_feature_space(replace(backbone, weights_sha256="1" * 64), engine).fingerprint != plain.fingerprint
    assert get_feature_space(replace(backbone, name="other"), engine).fingerprint == plain.fingerprint


def test_looks_come_with_the_features(photos: Photos, backbone: Backbone, engine: MeanColour, tmp_path: Path) -> None:
    samples = read_source(photos()).samples
    digests = [sample.digest for sample in samples]
    with Store(tmp_path / "store") as store:
        extract(samples, backbone, engine, store)
        looks = read_stats(store, SPEC, digests)
    expected = compute_stats(load_batch(samples, SPEC, len(samples))["pixels"])
    np.testing.assert_allclose(looks.grey.reshape(len(samples), -1), expected["grey"], atol=1e-6)
    np.testing.assert_allclose(looks.sharpness, expected["facts"][:, 2], atol=1e-5)


def test_where_features_are_known_only_looks_are_computed(
    photos: Photos, backbone: Backbone, engine: MeanColour, tmp_path: Path
) -> None:
    samples = read_source(photos(each=6)).samples
    digests = [sample.digest for sample in samples]
    with Store(tmp_path / "store") as store:
        batch = load_batch(samples[:10], SPEC, 10)
        with store.writer(get_feature_space(backbone, engine)) as writer:  # as a store that knew of no looks
            writer.add(digests[:10], engine.forward(batch))
        done = extract(samples, backbone, engine, store)
        assert (done.computed, engine.seen) == (8, 18)
        assert len(read_stats(store, SPEC, digests)) == 18
        heard: list[events.Event] = []
        again = extract(samples, backbone, engine, store, listener=heard.append)
    assert (again.computed, engine.seen, heard) == (0, 18, [])


def test_a_broken_photo_is_not_decoded_again_for_its_looks(
    photos: Photos, backbone: Backbone, engine: MeanColour, tmp_path: Path
) -> None:
    folder = photos(each=4)
    (folder / "discs" / "broken.jpg").write_bytes((folder / "discs" / "0-001.jpg").read_bytes()[:700])
    samples = read_source(folder).samples
    heard: list[events.Event] = []
    with Store(tmp_path / "store") as store:
        assert len(extract(samples, backbone, engine, store).issues) == 1
        extract(samples, backbone, engine, store, listener=heard.append)
    assert heard == []


def test_after_a_break_no_stored_row_is_computed_again(
    photos: Photos, backbone: Backbone, engine: MeanColour, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    samples = read_source(photos(each=60)).samples
    digests = [sample.digest for sample in samples]
    added: list[tuple[str, str]] = []
    add = Writer.add

    def logged(writer: Writer, digests: list[str], rows: dict[str, NDArray[np.float32]]) -> None:
        added.extend((writer.space.description, digest) for digest in digests)
        add(writer, digests, rows)

    monkeypatch.setattr(Writer, "add", logged)
    engine.fail_at = 100
    with Store(tmp_path / "store") as store:
        with pytest.raises(RuntimeError, match="the engine broke"):
            extract(samples, backbone, engine, store)
        spaces = (get_feature_space(backbone, engine), stats_space(SPEC))
        kept = {
            (space.description, it) for space in spaces for it in set(digests) - set(store.find_missing(space, digests))
        }
        assert len(kept) > 100
        added.clear()
        engine.fail_at = None
        extract(samples, backbone, engine, store)
        assert all(not store.find_missing(space, digests) for space in spaces)
    assert len(set(added)) == len(added)
    assert kept.isdisjoint(added)
