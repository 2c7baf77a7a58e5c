import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import helper

from headstart.backbones.backbone import OPSET
from headstart.modalities.graph_builder import GraphBuilder
from headstart.saving.novelty import add_novelty_score
from headstart.uncertainty.novelty_fits import fit_unscaled
from headstart_runtime.arrays import Floats
from headstart_runtime.inference.novelty import Novelty


def in_onnx(novelty: Novelty, rows: list[Floats]) -> Floats:
    """The score of each photo by ONNX Runtime, (N,)."""
    pieces = GraphBuilder()
    names = [f"features.{index}" for index in range(len(rows))]
    score = add_novelty_score(pieces, novelty, names, "uncalibrated")
    floats = onnx.TensorProto.FLOAT
    inputs = [
        helper.make_tensor_value_info(name, floats, [1, row.shape[1]]) for name, row in zip(names, rows, strict=True)
    ]
    output = helper.make_tensor_value_info(score, floats, [1])
    graph = helper.make_graph(pieces.nodes, "novelty", inputs, [output], pieces.constants)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=8)
    onnx.checker.check_model(model, full_check=True)
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    photos = [
        {name: row[index : index + 1] for name, row in zip(names, rows, strict=True)} for index in range(len(rows[0]))
    ]
    return np.concatenate([session.run([score], photo)[0] for photo in photos])


def like_features(photos: int, widths: tuple[int, ...], seed: int) -> list[Floats]:
    """As after ReLU and pooling: a few strong directions, many small numbers, some zeros, nothing below 0."""
    chance = np.random.default_rng(seed)
    hidden = chance.normal(size=(photos, 12))
    mixes = [np.random.default_rng(width).normal(size=(12, width)) for width in widths]  # the same for all photos
    return [np.maximum(hidden @ mix + chance.normal(0, 0.3, (photos, mix.shape[1])), 0).astype("f4") for mix in mixes]


@pytest.mark.parametrize("widths", [(320, 1280), (64,), (5, 7, 9)])
@pytest.mark.parametrize("photos", [2, 300])
def test_onnx_runtime_says_what_numpy_says(widths: tuple[int, ...], photos: int) -> None:
    novelty = fit_unscaled(like_features(photos, widths, 0), branches=tuple(range(len(widths))), seed=0)
    chance = np.random.default_rng(5)
    familiar = like_features(20, widths, 1)
    strangers = [chance.normal(0, 5, (20, width)).astype("f4") for width in widths]
    rows = [np.concatenate(pair) for pair in zip(familiar, strangers, strict=True)]
    rows = [np.concatenate([row, np.zeros((1, row.shape[1]), np.float32)]) for row in rows]
    expected = novelty.score(rows)
    assert in_onnx(novelty, rows) == pytest.approx(expected, rel=1e-4, abs=1e-4)
    assert np.ptp(expected) > 0.01


def test_photos_of_training_score_alike_too() -> None:
    """Their distance is a small difference of large numbers."""
    rows = like_features(100, (320, 1280), 0)
    novelty = fit_unscaled(rows, branches=(0, 1), seed=0)
    assert in_onnx(novelty, rows) == pytest.approx(novelty.score(rows), abs=1e-3)
