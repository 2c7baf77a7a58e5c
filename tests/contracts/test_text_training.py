"""Every strategy that trains, on an encoder of texts as long as they come: from texts to a saved classifier."""

import csv
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from headstart import events
from headstart.backbones.backbone import INPUT
from headstart.data.samples import Subset
from headstart.engines.choose import choose_engine
from headstart.pipeline.model import save_checked
from headstart.selection import STRATEGIES
from headstart.selection.arm import Arm, refit_model
from headstart.selection.context import BackboneMemo, FitContext
from headstart.selection.costs import estimate_costs
from headstart.selection.ensembles import combine_arms
from headstart.selection.finetune import build_arm
from headstart.selection.trainings import build_training
from headstart.training.fine_tuning import FineTuning
from headstart.training.trunk import EngineTrunk, IdentityTrunk, PyTorchTrunk
from tests.backbones.encoders.drawn import save_encoder
from tests.selection.made import make_contexts

STEP = {
    "training_precision": "f32",
    "refit": "never",
    "batch_size": 8,
    "epochs": 2,
    "c_low": 1e-2,
    "c_points": 1,
    "precision": "f32",
}
TRAINED = ("partial-finetune", "full-finetune", "scratch")


def draw_letters(count: int, seed: int = 0) -> list[tuple[str, str]]:
    """Return texts of 1 to 30 letters: of each class a half of the alphabet is twice as usual."""
    chance = np.random.default_rng(seed)
    drawn = []
    for number in range(count):
        early = number % 2 == 0
        letters = "abcdefghijklm" * (4 if early else 1) + "nopqrstuvwxyz" * (1 if early else 4)
        drawn.append((" ".join(chance.choice(list(letters), chance.integers(1, 31))), "early" if early else "late"))
    return drawn


def write_letters(file: Path, count: int = 60) -> Path:
    with file.open("w", newline="", encoding="utf-8") as stream:
        csv.writer(stream).writerows([("text", "label"), *draw_letters(count)])
    return file


@pytest.fixture(scope="module")
def context(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FitContext]:
    """Texts and a drawn encoder of three blocks, converted once."""
    home = tmp_path_factory.mktemp("texts")
    encoder = save_encoder(home / "encoder", "bert")
    table = write_letters(home / "texts.csv")
    with make_contexts(table, home / "store", home / "run", [f"hf:{encoder}"], modality="text", **STEP) as (made,):
        yield made


def choose(context: FitContext, **settings: Any) -> FitContext:
    """Return the context with other settings."""
    return replace(context, settings=context.settings.model_copy(update=settings), memo=BackboneMemo())


def make_arm(context: FitContext, strategy: str) -> Arm:
    (planned,) = STRATEGIES[strategy](context)
    return planned.make()


def check_saved(context: FitContext, arm: Arm, folder: Path) -> None:
    """Check that the saved file gives the answers of the model on texts of all lengths."""
    classifier = save_checked(refit_model(context, arm), context, folder)
    assert classifier.record.parity.same_answers == 1
    assert classifier.record.parity.largest_difference < 0.01
    held_out = context.samples_in(Subset.VALIDATION)
    answers = classifier.predict([text for text, _ in draw_letters(60)])
    assert {answer.label for answer in answers} <= {"early", "late"}
    assert len(held_out) == arm.validation.n


@pytest.mark.slow
@pytest.mark.parametrize("strategy", TRAINED)
def test_from_texts_to_a_saved_classifier(strategy: str, context: FitContext, tmp_path: Path) -> None:
    arm = make_arm(context, strategy)
    assert arm.trains
    assert [epoch.number for epoch in arm.curves] == [0, 1, 2]
    assert np.isfinite(arm.outputs).all()
    assert arm.curves[0].validation_loss == pytest.approx(np.log(2), rel=1e-4)  # a blank head
    assert arm.disk > 0
    check_saved(context, arm, tmp_path / "model")


@pytest.mark.slow
@pytest.mark.parametrize("engine", ["openvino", "pytorch"])
@pytest.mark.parametrize("boundary", ["layer2", "layer1", None])
def test_engines_and_boundaries_give_the_same_states(
    engine: str, boundary: str | None, context: FitContext, tmp_path: Path
) -> None:
    chosen = choose_engine(context.backbone, context.parity_samples, engine=engine, precision="f32")
    context.features.add_engine(context.backbone, chosen.engine)
    training = build_training(replace(context, engine=chosen.engine, memo=BackboneMemo()), "x", boundary, scratch=False)
    kinds = {"openvino": EngineTrunk, "pytorch": PyTorchTrunk}
    assert isinstance(training.trunk, IdentityTrunk if training.boundary == INPUT else kinds[engine])
    trained = training.run()
    assert trained.boundary == (INPUT if boundary in (None, "layer1") else "layer1")
    assert trained.epochs[-1].train_loss < trained.epochs[0].train_loss


@pytest.mark.slow
def test_streamed_states_end_where_stored_ones_do(context: FitContext) -> None:
    kept = build_training(choose(context), "x", "layer2", scratch=False)
    kept_result = kept.run()
    streamed = build_training(choose(context, cache_budget="1KB"), "x", "layer2", scratch=False)
    assert not streamed.is_cached
    streamed.forget()
    assert kept_result.cached
    assert streamed.result_folder == kept.result_folder  # how states are kept changes nothing
    sources = streamed.open_sources(), kept.open_sources()
    for one, other in zip(*sources, strict=True):
        np.testing.assert_array_equal(one.lengths, other.lengths)
        order = np.random.default_rng(0).permutation(len(one.targets))
        for a, b in zip(one.batches(0, order, 8), other.batches(0, order, 8), strict=True):
            (states, mask), (other_states, other_mask) = (kept.trunk.packing.unpack(rows) for rows in (a, b))
            long = other_mask.shape[1]  # a streamed batch may be padded further
            np.testing.assert_array_equal(mask[:, :long], other_mask)
            assert not mask[:, long:].any()
            np.testing.assert_allclose((states[:, :long] - other_states).float() * other_mask[:, :, None], 0, atol=0.02)
    streamed.close()
    kept.close()


@pytest.mark.slow
def test_the_same_command_has_the_result_and_costs_nothing(context: FitContext) -> None:
    training = build_training(context, "x", "layer2", scratch=False)
    first = training.run()
    heard: list[events.Event] = []
    again = FineTuning(training.spec, heard.append)
    assert again.run().backbone == first.backbone
    assert not heard


@pytest.mark.slow
@pytest.mark.parametrize("timed", [False, True])
def test_trainings_are_priced_by_the_length_of_texts(timed: bool, context: FitContext) -> None:
    costs = estimate_costs(choose(context, batch_size=4), timed=timed)
    assert {"partial-finetune", "full-finetune"} <= costs.seconds.keys()
    assert all(seconds is not None and seconds > 0 for seconds in costs.seconds.values())


@pytest.mark.slow
def test_settings_are_searched(context: FitContext) -> None:
    arm = make_arm(choose(context, search=2, start="probe"), "partial-finetune")
    assert "best of 2" in arm.name
    assert not {"mixup", "augmentation"} & arm.chosen.keys()


@pytest.mark.slow
def test_a_trained_network_is_averaged_with_a_probe(context: FitContext, tmp_path: Path) -> None:
    arms = [make_arm(context, name) for name in ("intermediate-probe", "tfidf", "partial-finetune")]
    check_saved(context, combine_arms(context, "average", arms, "mean"), tmp_path / "model")


@pytest.mark.slow
def test_a_start_with_the_head_of_the_probe_scores_as_the_probe(context: FitContext) -> None:
    probe = make_arm(context, "linear-probe")
    own = choose(context, start="probe")
    trained = build_training(own, "x", "layer2", scratch=False)
    arm = build_arm(own, "partial-finetune", "x", "layer2", trained.run())
    assert arm.curves[0].validation_score == pytest.approx(probe.validation.score, abs=0.02)
