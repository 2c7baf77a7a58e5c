import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from headstart.backbones.backbone import Backbone
from headstart.engines.openvino import OpenVinoEngine
from headstart.heads.head import Dense, Head
from headstart.heads.saving import read_heads
from headstart.saving import EnsembleMember, FittedModel, UnsteadyNoveltyError, add_scores, heads, write_model
from headstart.saving.novelty import add_novelty_score
from headstart.tasks.classification import graph as class_graph
from headstart.tasks.classification.graph_calibration import add_calibration
from headstart.tasks.classification.targets import make_class_space
from headstart_runtime.errors import SaveError
from headstart_runtime.inference import model_format
from headstart_runtime.inference.batch_runner import BatchRunner
from headstart_runtime.inference.classifier import BATCH_FROM, Classifier, load
from headstart_runtime.linalg import softmax
from headstart_runtime.modalities.image import onnx as preprocessing
from headstart_runtime.modalities.image.decode import crop_resize, decode
from headstart_runtime.modalities.image.spec import ImageSpec
from headstart_runtime.tasks.classification.calibration import NONE, Calibration
from headstart_runtime.tasks.classification.conformal import ConformalPredictor
from headstart_runtime.tasks.classification.postprocessor import ClassPostprocessor
from tests.conftest import CLASSES, picture
from tests.saving.drawn import (
    NAMES,
    balanced,
    branch,
    by_hand,
    draw_head,
    draw_novelty,
    draw_photos,
    features,
    parity_examples,
    single,
)


@pytest.mark.parametrize("units", [(3,), (16, 3), (8, 16, 3)])
@pytest.mark.parametrize("layer", ["final", "stage3"])
def test_the_saved_graph_is_the_fitted_path(
    network: Backbone, tmp_path: Path, units: tuple[int, ...], layer: str
) -> None:
    parts = single(network, *units, layer=layer)
    shown = parity_examples(parts)
    classifier = write_model(parts, tmp_path / "model", shown)
    assert classifier.record.parity.mean_difference < 1e-3
    assert classifier.record.parity.same_answers == 1
    assert classifier.record.layer == layer
    expected = softmax(parts.members[0].head.logits(np.stack([example.features[0] for example in shown])))
    for example, row in zip(shown, expected, strict=True):
        np.testing.assert_allclose(classifier.predict(example.load()).probabilities, row, atol=2e-3)


def ensemble(*members: tuple[float, Any], combine: Any = "mean") -> FittedModel:
    """Each member's branches of its own; heads that disagree and heed every layer."""
    branches: list[Any] = []
    answers = []
    for index, (weight, own) in enumerate(members):
        width = sum(it.width for it in own)
        read = tuple(range(len(branches), len(branches) + len(own)))
        answers.append(EnsembleMember(read, draw_head(width, *([9] * (index % 2)), 3, seed=index, scale=2), weight))
        branches += own
    parts = FittedModel(make_class_space(NAMES), tuple(branches), tuple(answers), combine)
    return balanced(parts, features(parts))


def runner_of(classifier: Classifier) -> BatchRunner:
    batch = classifier._predictors.batch
    assert batch is not None
    return batch.runner


COMPOSITES: dict[str, Callable[[Backbone, Backbone], FittedModel]] = {
    "layers joined": lambda a, _: ensemble((1.0, [branch(a, "stage2", "final", "stage4")])),
    "backbones joined": lambda a, b: ensemble((1.0, [branch(a, "final"), branch(b, "stage3", "final")])),
    "layers apart": lambda a, _: ensemble((0.5, [branch(a, "final")]), (0.5, [branch(a, "stage4")])),
    "mean": lambda a, b: ensemble(
        (0.7, [branch(a, "stage3")]), (0.1, [branch(a, "final")]), (0.2, [branch(b, "final")])
    ),
    "vote": lambda a, b: ensemble(
        (0.0, [branch(b, "final"), branch(b, "stage4")]),
        (0.0, [branch(a, "stage3")]),
        (0.0, [branch(a, "final"), branch(a, "stage4")]),
        combine="vote",
    ),
}


@pytest.mark.parametrize("kind", COMPOSITES)
def test_composites_predict_the_same_in_onnx_runtime_in_openvino_and_by_hand(
    network: Backbone, other: Backbone, tmp_path: Path, kind: str
) -> None:
    parts = COMPOSITES[kind](network, other)
    photos = draw_photos()
    expected = by_hand(parts, features(parts))
    classifier = write_model(parts, tmp_path / "model", parity_examples(parts))
    assert classifier.record.parity.same_answers == 1
    assert classifier.record.parity.mean_difference < 5e-4
    alone = np.stack([classifier.predict(photo).probabilities for photo in photos])
    assert classifier.select_engine(BATCH_FROM) == "openvino"
    which = np.arange(BATCH_FROM + 3) % len(photos)
    together = np.stack([it.probabilities for it in classifier.predict([photos[index] for index in which])])
    np.testing.assert_allclose(alone, expected, atol=5e-4)
    np.testing.assert_allclose(together, expected[which], atol=1e-4)  # the same engine: rounding alone


@pytest.mark.parametrize("kind", COMPOSITES)
def test_the_predictions_above_depend_on_every_branch(network: Backbone, other: Backbone, kind: str) -> None:
    """Or the test above could not fail: its tolerance is a third of what the smallest fault makes."""
    parts = COMPOSITES[kind](network, other)
    rows = features(parts)
    expected = by_hand(parts, rows)
    for index in range(len(parts.branches)):
        for others in (rows[index] * 0, rows[index][:, ::-1]):
            spoiled = by_hand(parts, [*rows[:index], others, *rows[index + 1 :]])
            assert np.abs(spoiled - expected).max() > 0.0015
    if len(parts.members) > 1:
        even = tuple(replace(it, weight=1 / len(parts.members)) for it in parts.members)
        combined = replace(parts, members=even, combine="vote" if parts.combine == "mean" else "mean")
        assert np.abs(by_hand(combined, rows) - expected).max() > 0.05


#: What a classifier may say beyond probabilities, one for each composite; thresholds are found with ``between``.
GUARDS: dict[str, tuple[Calibration, ConformalPredictor]] = {
    "layers joined": (Calibration("temperature", 0.6), ConformalPredictor("lac", 0.9, 0)),
    "backbones joined": (Calibration("mixture", 0.7, mix=0.05), ConformalPredictor("lac", 0.9, 0)),
    "layers apart": (
        Calibration(
            "isotonic", knots=((0.1, 0.6), (0.2, 0.3, 0.8), (0.0, 1.0)), values=((0, 1), (0.1, 0.3, 0.9), (0, 1))
        ),
        ConformalPredictor("lac", 0.9, 0),
    ),
    "mean": (Calibration("mixture", 1.4, mix=0.02), ConformalPredictor("lac", 0.9, 0)),
    "vote": (
        Calibration("isotonic", knots=((0.3, 0.7),) * 3, values=((0.05, 0.9),) * 3),
        ConformalPredictor("lac", 0.9, 0),
    ),
}


def between(sets: ConformalPredictor, calibrated: Any) -> ConformalPredictor:
    """With the threshold that stands furthest from any score of a class that is not the likeliest."""
    others = np.sort(np.sort(sets.scores(calibrated), axis=1)[:, 1:], axis=None)
    widest = int(np.diff(others).argmax())
    assert others[widest + 1] - others[widest] > 0.02  # so that rounding decides of no class
    return replace(sets, threshold=float(others[widest : widest + 2].mean()))


@pytest.mark.parametrize("kind", COMPOSITES)
def test_all_outputs_are_the_same_in_onnx_runtime_in_openvino_and_by_hand(
    network: Backbone, other: Backbone, tmp_path: Path, kind: str
) -> None:
    plain, (calibration, sets) = COMPOSITES[kind](network, other), GUARDS[kind]
    novelty = draw_novelty(plain, *reversed(range(len(plain.branches))))
    rows, photos = features(plain), draw_photos()
    uncalibrated = by_hand(plain, rows).astype(np.float32)
    calibrated = calibration.apply(uncalibrated)
    sets = between(sets, calibrated)
    parts = replace(plain, postprocessor=ClassPostprocessor(calibration, sets), novelty=novelty)
    scores = novelty.score([rows[index] for index in novelty.branches], uncalibrated)
    chosen = sets.predict(calibrated)
    assert np.abs(scores - 1).min() > 2e-3
    assert 0 < (scores > 1).sum() < len(photos)
    assert chosen.sum(axis=1).max() > 1
    assert chosen.sum(axis=1).min() < 3

    classifier = write_model(parts, tmp_path / "model", parity_examples(parts))
    assert classifier.record.parity.same_answers == 1
    assert classifier.record.parity.mean_difference < 1e-3
    assert 0 < (classifier.record.parity.novelty_difference or 0) < 2e-3
    assert classifier.select_engine(BATCH_FROM) == "openvino"
    which = np.arange(BATCH_FROM + 3) % len(photos)
    alone = [classifier.predict(photo) for photo in photos]
    together = classifier.predict([photos[index] for index in which])
    for predictions, order, close in ((alone, np.arange(len(photos)), 2e-3), (together, which, 5e-4)):
        for prediction, index in zip(predictions, order, strict=True):
            np.testing.assert_allclose(prediction.uncalibrated, uncalibrated[index], atol=close)
            np.testing.assert_allclose(prediction.probabilities, calibrated[index], atol=3 * close)
            assert prediction.label == NAMES[int(calibrated[index].argmax())]
            names = [NAMES[it] for it in np.argsort(-calibrated[index]) if chosen[index, it]]
            assert list(prediction.prediction_set) == names
            assert prediction.novelty == pytest.approx(float(scores[index]), abs=close)
            assert prediction.out_of_distribution == (scores[index] > 1)
    assert load(classifier.folder).record == classifier.record


def test_bad_photos_are_neither_unfamiliar_nor_in_a_set(network: Backbone, tmp_path: Path) -> None:
    parts = replace(
        single(network, 3),
        postprocessor=ClassPostprocessor(NONE, ConformalPredictor("lac", 0.9, 0.5)),
        novelty=draw_novelty(single(network, 3)),
    )
    classifier = write_model(parts, tmp_path / "model", parity_examples(parts))
    for count in (1, BATCH_FROM // 4):
        prediction = classifier.predict([*draw_photos() * count, b"no photo"])[-1]
        assert prediction.error is not None
        assert (prediction.prediction_set, prediction.novelty, prediction.out_of_distribution) == ((), None, False)
        assert len(prediction.uncalibrated) == 0


def test_without_openvino_many_get_the_same_sets_and_novelty(
    network: Backbone, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    parts = replace(
        single(network, 3),
        postprocessor=ClassPostprocessor(NONE, ConformalPredictor("lac", 0.9, 0.5)),
        novelty=draw_novelty(single(network, 3)),
    )
    classifier = write_model(parts, tmp_path / "model", parity_examples(parts))
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    for many, photo in zip(
        classifier.predict(draw_photos() * (BATCH_FROM // 4)), draw_photos() * (BATCH_FROM // 4), strict=True
    ):
        one = classifier.predict(photo)
        assert (many.prediction_set, many.novelty, many.out_of_distribution) == (
            one.prediction_set,
            one.novelty,
            one.out_of_distribution,
        )


def test_files_are_decoded_for_each_network_as_when_features_were_extracted(
    network: Backbone, other: Backbone, tmp_path: Path
) -> None:
    parts = COMPOSITES["backbones joined"](network, other)
    classifier = write_model(parts, tmp_path / "model", parity_examples(parts))
    files = [tmp_path / f"{index}.jpg" for index in range(3)]
    for index, file in enumerate(files):
        Image.fromarray(picture(CLASSES[index], np.random.default_rng(index), (400, 300))).save(file)
    assert [it.spec.shrink(300, 400) for it in (network, other)] == [8, 4]
    (tmp_path / "bad.jpg").write_bytes(b"no photo")
    rows = []
    for it in parts.branches:
        views = [crop_resize(decode(file.read_bytes(), it.backbone.spec).pixels, it.backbone.spec) for file in files]
        layers = OpenVinoEngine(it.backbone, "f32", streams=1).forward({"pixels": np.stack(views)})
        rows.append(np.concatenate([layers[layer] for layer in it.layers], axis=1))
    expected = by_hand(parts, rows)
    answers = classifier.predict([*files * (BATCH_FROM // 3), tmp_path / "bad.jpg"])
    assert answers.pop().error == "not an image in a known format"
    together = np.stack([prediction.probabilities for prediction in answers])
    np.testing.assert_allclose(together, np.tile(expected, (BATCH_FROM // 3, 1)), atol=1e-4)
    alone = np.stack([classifier.predict(file).probabilities for file in files])
    np.testing.assert_allclose(alone, expected, atol=0.25)  # decoded once, which noise as fine as this shows
    assert np.abs(alone - expected).max() > 1e-4  # the two decodings are not the same


def test_layers_of_one_network_cost_no_room_and_no_second_pass(lite0: Backbone, tmp_path: Path) -> None:
    plain, both = single(lite0, 3), COMPOSITES["layers apart"](lite0, lite0)
    one = write_model(plain, tmp_path / "plain", parity_examples(plain))
    two = write_model(both, tmp_path / "both", parity_examples(both))
    sizes = [(it.folder / model_format.GRAPH).stat().st_size for it in (one, two)]
    assert sizes[1] <= 1.05 * sizes[0]
    assert [set(it.outputs) for it in runner_of(two).passes] == [{0, 1}]


def test_each_network_runs_once_for_all_of_its_branches(network: Backbone, other: Backbone, tmp_path: Path) -> None:
    parts = ensemble(
        (0.5, [branch(network, "stage3"), branch(other, "stage2")]), (0.5, [branch(network, "stage4", "final")])
    )
    runner = runner_of(write_model(parts, tmp_path / "model", parity_examples(parts)))
    assert [set(it.outputs) for it in runner.passes] == [{0, 2}, {1}]
    assert runner.passes[0].runner is not runner.passes[1].runner
    items = [{it.spec: [crop_resize(photo, it.spec)] for it in (network, other)} for photo in draw_photos()]
    for seen, wanted in zip(runner.extract(items), features(parts), strict=True):
        np.testing.assert_allclose(seen, wanted, rtol=1e-3, atol=1e-3)


def test_one_branch_of_another_engine_sends_all_through_onnx_runtime(network: Backbone, tmp_path: Path) -> None:
    parts = COMPOSITES["layers apart"](network, network)
    parts = replace(parts, branches=(parts.branches[0], replace(parts.branches[1], engine="pytorch")))
    photos = draw_photos()
    classifier = write_model(parts, tmp_path / "model", parity_examples(parts))
    assert [it.network for it in classifier.record.branches] == [0, 1]
    many = classifier.predict(photos * (BATCH_FROM // 4))
    assert classifier.select_engine(BATCH_FROM) == "onnxruntime"
    for prediction, photo in zip(many, photos * (BATCH_FROM // 4), strict=True):
        np.testing.assert_array_equal(prediction.probabilities, classifier.predict(photo).probabilities)


def test_the_folder_says_what_it_is_made_of(network: Backbone, other: Backbone, tmp_path: Path) -> None:
    parts = COMPOSITES["vote"](network, other)
    classifier = write_model(parts, tmp_path / "model", parity_examples(parts))
    record = classifier.record
    assert [(it.backbone.name, it.layers, it.network) for it in record.branches] == [
        (other.name, ("final",), 0),
        (other.name, ("stage4",), 0),
        (network.name, ("stage3",), 2),
        (network.name, ("final",), 2),
        (network.name, ("stage4",), 2),
    ]
    assert [it.branches for it in record.members] == [(0, 1), (2,), (3, 4)]
    assert (record.combine, record.spec) == ("vote", other.spec)
    assert f"{other.name} + {network.name}" in repr(classifier)
    for head, answer in zip(read_heads(classifier.folder / model_format.HEAD), parts.members, strict=True):
        assert [layer.weight.tolist() for layer in head.layers] == [it.weight.tolist() for it in answer.head.layers]
    scored = add_scores(classifier, {"test": {"accuracy": 0.5}})
    assert scored.record == replace(record, scores={"test": {"accuracy": 0.5}})
    assert load(classifier.folder).record == scored.record


@pytest.mark.parametrize("step", ["crop and resize", "forward pass", "head", "calibration", "novelty"])
def test_a_graph_that_predicts_otherwise_is_not_saved(
    network: Backbone, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    parts = single(network, 3)
    shown = parity_examples(parts)
    if step == "crop and resize":
        _crops_too_narrowly(monkeypatch, network.spec)
    elif step == "forward pass":
        chance = np.random.default_rng(0)
        shown = [
            replace(example, features=(chance.normal(0, 1, network.layers[-1].width).astype(np.float32),))
            for example in shown
        ]
    elif step == "head":
        _predicts_the_contrary(monkeypatch)
    elif step == "calibration":
        colder = Calibration("temperature", 0.1)
        monkeypatch.setattr(class_graph, "add_calibration", lambda pieces, _, row: add_calibration(pieces, colder, row))
    else:
        novelty = draw_novelty(parts)
        parts, other_novelty = replace(parts, novelty=novelty), replace(novelty, scale=0.5 * novelty.scale)
        monkeypatch.setattr(
            heads, "add_novelty_score", lambda pieces, _, *rows: add_novelty_score(pieces, other_novelty, *rows)
        )
    most = 0.1 if step == "novelty" else 0.03
    with pytest.raises(SaveError, match=rf"differ by 0\.\d+ on average, wanted at most {most}; \w.*\(step: .*{step}\)"):
        write_model(parts, tmp_path / "model", shown)
    assert list(tmp_path.iterdir()) == []


def test_photos_so_alike_that_rounding_decides_are_not_taken_for_a_wrong_graph(
    network: Backbone, tmp_path: Path
) -> None:
    """Distances of which rounding is a large part: the graph is right, and the rest can be saved without novelty."""
    parts = single(network, 3)
    novelty = draw_novelty(parts)
    tiny = replace(parts, novelty=replace(novelty, scale=100 * novelty.scale))
    chance = np.random.default_rng(0)
    rounded = [
        replace(it, features=(it.features[0] * chance.normal(1, 0.02, network.layers[-1].width).astype(np.float32),))
        for it in parity_examples(tiny)
    ]
    with pytest.raises(UnsteadyNoveltyError, match="novelty scores differ"):
        write_model(tiny, tmp_path / "model", rounded)
    plain = tiny.without_novelty()
    assert (plain.novelty, plain.branches) == (None, parts.branches)
    assert write_model(plain, tmp_path / "model", parity_examples(plain)).record.novelty is None


def test_the_branch_that_differs_is_named(
    network: Backbone, lite0: Backbone, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    branches = [branch(network, "final"), branch(network, "stage3"), branch(lite0, "stage4", "final")]
    parts = ensemble((1.0, branches))
    shown = parity_examples(parts)
    spoiled = [replace(it, features=(it.features[0], -9 * it.features[1], it.features[2])) for it in shown]
    with pytest.raises(SaveError, match=rf"in branch 1 \({re.escape(network.name)} up to stage3\) the features differ"):
        write_model(parts, tmp_path / "model", spoiled)
    with monkeypatch.context() as patched:
        _predicts_the_contrary(patched)
        with pytest.raises(SaveError, match=r"; pixels and features agree \(step: the head\)"):
            write_model(parts, tmp_path / "model", shown)
    _crops_too_narrowly(monkeypatch, lite0.spec)
    with pytest.raises(
        SaveError, match=rf"in branch 2 \({re.escape(lite0.name)} up to stage4 \+ final\) the pixels differ"
    ):
        write_model(parts, tmp_path / "model", shown)
    assert list(tmp_path.iterdir()) == []


def _crops_too_narrowly(monkeypatch: pytest.MonkeyPatch, spoiled: ImageSpec) -> None:
    right = preprocessing.add_square

    def narrow(pieces: Any, spec: ImageSpec, prefix: str) -> str:
        return right(pieces, replace(spec, crop_permille=100) if spec == spoiled else spec, prefix)

    monkeypatch.setattr(preprocessing, "add_square", narrow)


def _predicts_the_contrary(monkeypatch: pytest.MonkeyPatch) -> None:
    right = heads._add_head

    def contrary(pieces: Any, head: Head, values: str, prefix: str) -> str:
        negated = tuple(Dense(-3 * layer.weight, -3 * layer.bias) for layer in head.layers)
        return right(pieces, Head(head.kind, negated), values, prefix)

    monkeypatch.setattr(heads, "_add_head", contrary)
