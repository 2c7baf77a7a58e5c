"""A classifier of items that are no images: several tensors of any length, several parts, prepared on the host."""

import json
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import TensorProto, helper, numpy_helper

from headstart.backbones.backbone import GRAPH, Backbone, Layer
from headstart.saving import EnsembleMember, FeatureBranch, FittedModel, ParityExample, write_model
from headstart.tasks.classification.targets import make_class_space
from headstart_runtime.errors import ClassifierError, DataError, SaveError
from headstart_runtime.inference.classifier import Classifier, load
from headstart_runtime.modalities import modality
from headstart_runtime.modalities.batch import average_parts
from tests.saving.codes import Codes, CodeSpec
from tests.saving.drawn import NAMES, draw_head

WIDTH, KNOWN = 6, 20


@pytest.fixture(autouse=True)
def codes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(modality.MODALITIES, "codes", "tests.saving.codes:Codes")


def table(seed: int) -> np.ndarray:
    return np.random.default_rng(seed).normal(0, 1, (KNOWN, WIDTH)).astype(np.float32)


def backbone(folder: Path, seed: int, window: int) -> Backbone:
    """The mean of the vectors of codes, squared: the mean over parts is not that over all codes."""
    folder.mkdir()
    node, info = helper.make_node, helper.make_tensor_value_info
    nodes = [
        node("Gather", ["table", "ids"], ["vectors"]),
        node("Unsqueeze", ["mask", "last"], ["weights"]),
        node("Mul", ["vectors", "weights"], ["kept"]),
        node("ReduceSum", ["kept", "codes"], ["sum"], keepdims=0),
        node("ReduceSum", ["mask", "codes"], ["count"], keepdims=1),
        node("Div", ["sum", "count"], ["mean"]),
        node("Mul", ["mean", "mean"], ["final"]),
    ]
    constants = [
        numpy_helper.from_array(table(seed), "table"),
        numpy_helper.from_array(np.array([2]), "last"),
        numpy_helper.from_array(np.array([1]), "codes"),
    ]
    inputs = [info("ids", TensorProto.INT64, ["n", "l"]), info("mask", TensorProto.FLOAT, ["n", "l"])]
    outputs = [info("final", TensorProto.FLOAT, ["n", WIDTH])]
    graph = helper.make_graph(nodes, "codes", inputs, outputs, constants)
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=8), folder / GRAPH)
    spec = CodeSpec(window)
    return Backbone("codes", "codes", "drawn", str(seed), "mit", 120, (Layer("final", WIDTH),), spec, folder)


def by_hand(rows: Sequence[str], seed: int, window: int) -> np.ndarray:
    features = []
    for row in rows:
        ids = read(row)
        parts = [ids[start : start + window] for start in range(0, len(ids), window)]
        features.append(np.mean([np.square(table(seed)[part].mean(axis=0)) for part in parts], axis=0))
    return np.array(features, np.float32)


def draw_rows(count: int, seed: int = 0) -> list[str]:
    chance = np.random.default_rng(seed)
    return [" ".join(map(str, chance.integers(0, KNOWN, chance.integers(1, 30)))) for _ in range(count)]


NETWORKS = ((0, 4), (1, 4), (0, 7))  #: seed of the weights and window of each branch


def fitted(folder: Path) -> FittedModel:
    branches = [
        FeatureBranch(backbone(folder / f"{index}", *network), "openvino", "f32", ("final",))
        for index, network in enumerate(NETWORKS)
    ]
    head = draw_head(WIDTH * len(branches), 3, scale=5)
    members = (EnsembleMember(tuple(range(len(branches))), head),)
    return FittedModel(make_class_space(NAMES), tuple(branches), members)


def read(row: str) -> list[int]:
    return [int(word) for word in row.split()]


@pytest.fixture
def classifier(tmp_path: Path) -> Classifier:
    rows = draw_rows(5)
    features = [by_hand(rows, *network) for network in NETWORKS]
    shown = [
        ParityExample(partial(read, row), tuple(each[index] for each in features)) for index, row in enumerate(rows)
    ]
    return write_model(fitted(tmp_path), tmp_path / "model", shown)


def test_both_engines_average_parts_as_by_hand(classifier: Classifier, tmp_path: Path) -> None:
    rows = draw_rows(40, seed=1)
    (tmp_path / "again").mkdir()
    expected = (
        fitted(tmp_path / "again").predict([by_hand(rows, *network) for network in NETWORKS]).outputs["probabilities"]
    )
    assert classifier.record.modality.name == "codes"
    assert len({one.label for one in classifier.predict(rows)}) > 1
    for engine in ("onnxruntime", "openvino"):
        found = classifier.with_engine(engine).predict(rows)
        np.testing.assert_allclose(np.stack([one.probabilities for one in found]), expected, atol=1e-5)
    both = list(classifier.predict_by_engine(rows.__getitem__, [True] * len(rows)))
    assert all(set(one) == {"onnxruntime", "openvino"} for one in both)


def test_the_graph_begins_at_the_tensors_of_each_spec(classifier: Classifier) -> None:
    session = onnxruntime.InferenceSession(classifier.folder / "model.onnx", providers=["CPUExecutionProvider"])
    found = {one.name: one.type for one in session.get_inputs()}
    kinds = {"mask": "tensor(float)", "ids": "tensor(int64)"}
    assert found == kinds | {f"{name}.2": kind for name, kind in kinds.items()}  # the second branch reads as the first


def test_an_item_that_is_none_is_said_as_its_modality_tells_it(classifier: Classifier) -> None:
    with pytest.raises(DataError, match=r"one two: is no row of codes; give whole numbers"):
        classifier.predict("one two")
    good, bad = classifier.predict(["1 2 3", "one"])
    assert (good.error, bad.error) == (None, "is no row of codes")


def test_a_graph_that_predicts_otherwise_counts_items_by_their_noun(tmp_path: Path) -> None:
    row = "1 2 3 4 5 6 7"
    wrong = ParityExample(lambda: [1, 2, 3, 4, 5, 6, 7], tuple(-by_hand([row], *network)[0] for network in NETWORKS))
    with pytest.raises(SaveError, match=r"fitted on 1 row of codes: .*the features differ, mean cosine -1\.0000"):
        write_model(fitted(tmp_path), tmp_path / "model", [wrong])


def test_a_modality_that_is_not_installed_is_named(classifier: Classifier, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(modality.MODALITIES, "codes")
    with pytest.raises(ClassifierError, match=r"model\.json' cannot be used: no modality 'codes' is installed"):
        load(classifier.folder)


def test_branches_of_two_modalities_are_refused(classifier: Classifier) -> None:
    file = classifier.folder / "model.json"
    record = json.loads(file.read_text())
    image = {"kind": "image", "size": 8, "crop_permille": 1000, "mean": [0, 0, 0], "std": [1, 1, 1]}
    record["branches"][1]["spec"] = image
    file.write_text(json.dumps(record))
    with pytest.raises(ClassifierError, match="is incomplete"):
        load(classifier.folder)


def test_parts_stay_apart_until_the_features() -> None:
    parts = Codes().make_parts(list(range(9)), CodeSpec(4))
    assert [len(part) for part in parts] == [4, 4, 1]
    rows = np.arange(8, dtype=np.float32).reshape(4, 2)
    np.testing.assert_array_equal(average_parts(rows, [3, 1]), [[2, 3], [6, 7]])
    assert average_parts(rows, [1, 1, 1, 1]) is rows
