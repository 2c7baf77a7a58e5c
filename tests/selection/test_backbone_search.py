"""The search of backbones: what is measured, when the search ends, and which candidate is used."""

import hashlib
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest
import timm
import torch
from numpy.typing import NDArray

from headstart import events
from headstart.backbones.backbone import Backbone, Layer
from headstart.backbones.convert import load_backbone
from headstart.data.groups import encode_groups
from headstart.data.read import read_source
from headstart.data.samples import Sample
from headstart.data.sources import ArraySource
from headstart.engines.choose import choose_engine
from headstart.engines.parity import EngineChoice
from headstart.evaluation.grouping import Targets
from headstart.heads.catalog import fit_head
from headstart.heads.folds import assign_folds
from headstart.heads.head import TrainingSet
from headstart.pipeline.backbones import parity_samples
from headstart.selection.backbone_search import (
    FOLDS,
    MEASURED,
    BackboneSearch,
    nested_cross_val_predict,
    select_backbone,
)
from headstart.selection.budget import Budget
from headstart.selection.sampling import stratified_sample
from headstart.settings import FitSettings
from headstart.storage.store import Store
from headstart.tasks.classification.targets import make_class_space
from headstart_runtime.errors import BackboneError
from headstart_runtime.modalities.batch import Batch
from headstart_runtime.modalities.image.spec import ImageSpec
from headstart_runtime.tasks.task import get_task
from tests.groups import by_content
from tests.selection.choosing import choose_winner

SIZE = 8


def draw(count: int = 120, classes: int = 2, seed: int = 0) -> list[Sample]:
    """Photos whose first number says their class, in memory."""
    chance = np.random.default_rng(seed)
    images = chance.integers(0, 256, (count, SIZE, SIZE, 3), dtype=np.uint8)
    labels = np.arange(count) % classes
    images[:, :, :, 0] = (labels * 200 + 20)[:, None, None]
    digests = [hashlib.blake2b(f"{seed} {index}".encode(), digest_size=20).hexdigest() for index in range(count)]
    return [
        Sample(f"#{index}", digest, int(labels[index]), by_content(digest), None, ArraySource(images, index))
        for index, digest in enumerate(digests)
    ]


class Eye:
    """An engine whose features say the class as clearly as it is good, and as slowly as it is dear."""

    name, batch, streams = "drawn", 16, 1
    precision = "f32"

    def __init__(self, good: float, seed: int):
        self.good, self.seed = good, seed

    def forward(self, batch: Batch) -> dict[str, NDArray[np.float32]]:
        pixels = batch["pixels"]
        told = pixels[:, 0, 0, 0].astype(np.float32) / 100 - 1
        drawn = [np.random.default_rng([self.seed, *photo[0, :, 1].tolist()]).normal(size=4) for photo in pixels]
        rows = np.stack(drawn).astype(np.float32)
        rows[:, 0] += self.good * told
        return {"final": rows}


class World:
    """Backbones by name: how good each is; a name that is not there cannot be had."""

    def __init__(self, folder: Path, **good: float):
        self.good, self.folder = good, folder
        self.asked: list[str] = []

    def obtain(self, name: str) -> Backbone:
        self.asked.append(name)
        if name not in self.good:
            raise BackboneError(f"{name} is not there")
        spec = ImageSpec(SIZE, 1000, (0.0, 0.0, 0.0), (1.0, 1.0, 1.0))
        layers = (Layer("final", 4),)
        return Backbone(name, name, "drawn", name.ljust(64, "0"), "none", 0, layers, spec, self.folder)

    def choose(self, backbone: Backbone) -> EngineChoice:
        return EngineChoice(Eye(self.good[backbone.name], sorted(self.good).index(backbone.name)), ())

    def select(
        self,
        tiers: Sequence[Sequence[str]],
        samples: Sequence[Sample] | None = None,
        *,
        photos: int = 150,
        budget: Budget | None = None,
        listener: events.Listener = events.ignore,
    ) -> BackboneSearch:
        with Store(self.folder / "store") as store:
            return select_backbone(
                draw() if samples is None else samples,
                Whole(photos, 1 + max(it.target for it in samples or draw())),
                self.obtain,
                self.choose,
                store,
                FitSettings(),
                budget or Budget(None),
                tiers,
                listener,
            )


# --- what is measured ------------------------------------------------------------------------------------------------


class Whole:
    """The samples of all subsets, of which only their number and their task count."""

    def __init__(self, count: int, classes: int = 2):
        self.count, self.task = count, get_task("classification")
        self.space = make_class_space([f"class {number}" for number in range(classes)])

    def __len__(self) -> int:
        return self.count


def held_out(training_set: TrainingSet) -> NDArray[np.float32]:
    whole = Whole(0, training_set.outputs)
    return nested_cross_val_predict(training_set, FitSettings(), whole.task, whole.space)


def task(features: NDArray[np.float32], labels: NDArray[np.int64], groups: NDArray[np.int64]) -> TrainingSet:
    return TrainingSet(features, labels, int(labels.max()) + 1, groups, balanced=False, seed=0)


def test_rows_are_answered_by_heads_that_have_not_seen_them_or_their_group() -> None:
    """Labels drawn for pairs of equal rows: whoever has seen the twin knows the answer, whoever has not is guessing."""
    chance = np.random.default_rng(0)
    rows = np.repeat(chance.normal(size=(60, 300)), 2, axis=0).astype(np.float32)
    labels = np.repeat(chance.integers(0, 2, 60), 2)
    twins, strangers = np.repeat(np.arange(60), 2), np.arange(120)
    apart = held_out(task(rows, labels, strangers)).argmax(axis=1) == labels
    together = held_out(task(rows, labels, twins)).argmax(axis=1) == labels
    assert apart.mean() > 0.8  # what it would say if groups were split
    assert together.mean() < 0.7


def test_held_out_answers_are_those_of_scikit_learn() -> None:
    """On the same folds and at the penalty that is chosen inside each."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    chance = np.random.default_rng(1)
    labels = np.arange(90) % 3
    rows = (chance.normal(size=(3, 10))[labels] + chance.normal(size=(90, 10))).astype(np.float32)
    ours = held_out(task(rows, labels, np.arange(90)))
    fold = assign_folds(labels, np.arange(90), FOLDS, 0)
    for number in range(FOLDS):
        inside = fold != number
        fitted = fit_head(
            "logistic", task(rows[inside], labels[inside], np.flatnonzero(inside)), FitSettings(folds=FOLDS)
        )
        theirs = make_pipeline(StandardScaler(), LogisticRegression(C=fitted.chosen["C"], tol=1e-8, max_iter=1000))
        wanted = theirs.fit(rows[inside], labels[inside]).predict_proba(rows[~inside])
        np.testing.assert_allclose(ours[~inside], wanted, atol=1e-3)


def test_where_nothing_can_be_held_out_all_classes_are_alike() -> None:
    one = task(np.zeros((4, 2), np.float32), np.array([0, 1, 0, 1]), np.zeros(4, np.int64))
    np.testing.assert_array_equal(held_out(one), np.full((4, 2), 0.5))


# --- searching -------------------------------------------------------------------------------------------------------


def test_a_dearer_candidate_that_is_better_is_used(tmp_path) -> None:
    search = World(tmp_path, a=0.3, b=3.0).select([("a", "b")])
    assert search.chosen == "b"
    a, b = search.candidates
    assert b.dropped is None
    assert a.dropped == f"{100 * (b.score - a.score):.1f} points below b"
    assert b.score > 0.95
    assert b.loss < a.loss
    assert search.samples == 120
    assert all(candidate.samples_per_second > 0 and candidate.seconds > 0 for candidate in search.candidates)


def test_of_candidates_that_cannot_be_told_apart_the_cheaper_is_used(tmp_path) -> None:
    search = World(tmp_path, a=3.0, b=3.05).select([("a", "b")])
    assert search.chosen == "a"
    assert search.candidates[1].dropped == "cannot be told from a, which is cheaper"


def test_a_tier_ends_after_two_candidates_that_were_not_better(tmp_path) -> None:
    world = World(tmp_path, a=1.0, b=0.2, c=0.3, d=9.0, e=0.2, f=9.0, g=0.2, h=0.2, i=9.0)
    search = world.select([("a", "b", "c", "d"), ("e", "f", "g", "h", "i")])
    assert world.asked == ["a", "b", "c", "e", "f", "g", "h"]  # not d, nor i: two in a row before each
    assert search.chosen == "f"


def test_a_candidate_that_cannot_be_had_does_not_count(tmp_path) -> None:
    world = World(tmp_path, a=1.0, b=0.2, c=9.0)
    search = world.select([("a", "gone", "b", "away", "c")])
    assert search.chosen == "c"
    assert search.candidates[1].dropped == "gone is not there"
    assert search.candidates[1].score is None
    with pytest.raises(BackboneError, match=r"no backbone can be used \(gone: gone is not there\); name one"):
        world.select([("gone",)])


def test_a_candidate_that_is_too_large_does_not_end_the_search(tmp_path, monkeypatch) -> None:
    world, forward = World(tmp_path, a=1.0, b=9.0), Eye.forward

    def short(self: Eye, batch: Batch) -> dict[str, np.ndarray]:
        if self.good == 9.0:
            raise RuntimeError("CUDA out of memory.")
        return forward(self, batch)

    monkeypatch.setattr(Eye, "forward", short)
    search = world.select([("a", "b")])
    assert search.chosen == "a"
    assert search.candidates[1].dropped.startswith("memory was too short (CUDA out of memory.)")


def test_the_winner_is_that_of_the_comparison(tmp_path) -> None:
    """Recomputed from the features that the search left in the store."""
    from headstart.extraction.extract import extract

    world, samples = World(tmp_path, a=0.5, b=0.8, c=1.4), draw()
    search = world.select([("a",), ("b",), ("c",)], samples)
    answers = {}
    chosen = stratified_sample(samples, MEASURED, least_per_class=2)
    labels = np.array([it.target for it in chosen])
    with Store(tmp_path / "store") as store:
        for name in "abc":
            backbone = world.obtain(name)
            done = extract(chosen, backbone, world.choose(backbone).engine, store)
            assert done.computed == 0  # nothing is lost
            rows = store.read(done.space, [it.digest for it in chosen], "final")
            answers[name] = held_out(task(rows, labels, encode_groups(chosen)))
    choice = choose_winner(Targets.independent(labels), answers, None, 0)
    assert search.choice == choice
    assert [candidate.score for candidate in search.candidates] == [
        (it.argmax(axis=1) == labels).mean() for it in answers.values()
    ]


def test_a_budget_ends_the_search_before_a_dearer_candidate_is_loaded(tmp_path) -> None:
    world = World(tmp_path, a=0.3, b=3.0)
    search = world.select([("a", "b"), ("c",)], photos=10**9, budget=Budget(60.0))
    assert search.chosen == "a"  # the first is used whatever it takes
    assert world.asked == ["a"]
    assert "1000000000 photos would take at least" in search.candidates[1].dropped
    assert len(search.candidates) == 2


def test_a_candidate_too_slow_for_the_budget_is_left_out(tmp_path, monkeypatch) -> None:
    world = World(tmp_path, a=0.3, b=3.0)
    paces = {"a": 1e-4, "b": 1.0}
    monkeypatch.setattr(
        "headstart.selection.backbone_search.seconds_per_sample", lambda samples, backbone, engine: paces[backbone.name]
    )
    search = world.select([("a", "b")], photos=1000, budget=Budget(100.0))
    assert world.asked == ["a", "b"]
    assert search.chosen == "a"
    assert search.candidates[1].dropped.startswith("1000 photos would take 1000 s, ")
    assert search.candidates[1].score is None
    assert world.select([("a", "b")], photos=1000, budget=Budget(None)).chosen == "b"


def test_photos_that_do_not_decode_are_left_out(tmp_path, photos) -> None:
    folder = photos(each=12)
    samples = read_source(folder).samples
    (folder / "discs" / "0-001.jpg").write_bytes(b"no photo")
    search = World(tmp_path, a=1.0, b=1.0).select([("a", "b")], samples)
    assert search.samples == len(samples) - 1
    assert all(candidate.score is not None for candidate in search.candidates)


def test_what_is_said(tmp_path) -> None:
    heard: list[events.Event] = []
    World(tmp_path, a=9.0).select([("a", "gone")], listener=heard.append)
    told = [event for event in heard if isinstance(event, events.Finished)]
    assert [event.stage for event in told] == ["candidate", "candidate"]
    assert told[0].summary.startswith("a: 100.0% on 120 photos, ")
    assert told[1].summary == "gone: gone is not there"


# --- real networks ---------------------------------------------------------------------------------------------------


@pytest.fixture
def checkpoint(tmp_path: Path) -> Callable[[str], str]:
    from safetensors.torch import save_file

    def make(architecture: str) -> str:
        torch.manual_seed(0)
        file = tmp_path / f"{architecture}.safetensors"
        save_file(timm.create_model(architecture, pretrained=False).state_dict(), file)
        return f"timm:{architecture}@{file}"

    return make


@pytest.mark.slow
def test_bundled_networks_and_a_checkpoint(warm, checkpoint) -> None:
    samples = read_source(warm.photos).samples
    blank = checkpoint("resnet10t")
    with Store(warm.store) as store:
        search = select_backbone(
            samples,
            read_source(warm.photos),
            lambda name: load_backbone(name, warm.store / "networks"),
            lambda backbone: choose_engine(backbone, parity_samples(samples, backbone)),
            store,
            FitSettings(),
            Budget(None),
            [("efficientnet_lite0", "efficientnet_lite1", "efficientnet_lite2"), (blank,)],
        )
    assert [candidate.name for candidate in search.candidates][-1] == blank
    assert search.chosen.startswith("efficientnet_lite")
    assert all(candidate.score is not None for candidate in search.candidates)
    accuracies = {candidate.name: candidate.score for candidate in search.candidates}
    assert accuracies[search.chosen] > 0.85
    assert accuracies[blank] < accuracies[search.chosen]
    assert [candidate.name for candidate in search.candidates if candidate.dropped is None] == [search.chosen]
