"""The embedded networks without PyTorch are those of timm: their features, their facts, their classifier."""

import hashlib
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import onnx
import pytest
import torch
from numpy.typing import NDArray

from headstart.backbones.backbone import OPSET, Backbone
from headstart.backbones.catalog import resolve_origin
from headstart.backbones.convert import load_backbone
from headstart.backbones.loaded import LoadedNetwork
from headstart.backbones.origin import Origin
from headstart.backbones.pretrained import read_pretrained_classifier
from headstart.backbones.providers.bundled import BUNDLED, draw_pixels
from headstart.backbones.reference import REFERENCE, read_reference
from headstart.backbones.zoo import build_network, load_network
from headstart.engines.onnxruntime import OnnxRuntimeEngine
from headstart.engines.openvino import OpenVinoEngine
from headstart_runtime.errors import BackboneError
from tests.conftest import CLASSES, picture

LAYERS = ["stage1", "stage2", "stage3", "stage4", "stage5", "final"]


@dataclass(frozen=True)
class Pair:
    """A network as it was built here, and as timm has it."""

    backbone: Backbone
    timm: LoadedNetwork

    def run_timm(self, pixels: NDArray[np.uint8]) -> dict[str, NDArray[np.float32]]:
        with torch.inference_mode():
            rows = self.timm.network(torch.from_numpy(pixels))
        return {layer.name: row.numpy() for layer, row in zip(self.timm.layers, rows, strict=True)}


@pytest.fixture(scope="module", params=BUNDLED)
def pair(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Pair:
    folder = tmp_path_factory.mktemp("networks")
    return Pair(load_backbone(request.param, folder), load_network(resolve_origin(request.param)))


def assert_same(seen: NDArray[np.float32], expected: NDArray[np.float32]) -> None:
    """To 1e-5 of the largest, and the same direction."""
    np.testing.assert_allclose(seen, expected, rtol=1e-5, atol=1e-5 * max(1, float(np.abs(expected).max())))
    lengths = np.linalg.norm(seen, axis=1) * np.linalg.norm(expected, axis=1)
    assert ((seen * expected).sum(axis=1) / lengths).min() >= 0.99999


def test_features_are_those_of_timm(pair: Pair) -> None:
    chance, size = np.random.default_rng(3), BUNDLED[pair.backbone.name].size
    pixels = np.stack([picture(kind, chance, (size, size)) for kind in CLASSES])
    expected = pair.run_timm(pixels)
    assert list(expected) == LAYERS
    for engine in (OnnxRuntimeEngine(pair.backbone), OpenVinoEngine(pair.backbone, "f32", streams=1)):
        seen = engine.forward({"pixels": pixels})
        assert list(seen) == LAYERS
        for layer, rows in seen.items():
            assert_same(rows, expected[layer])


def test_the_rows_that_were_kept_are_those_of_timm(pair: Pair) -> None:
    kept = read_reference(pair.backbone.folder)
    pixels = draw_pixels(BUNDLED[pair.backbone.name].size)
    np.testing.assert_array_equal(kept.batch["pixels"], pixels)
    expected = pair.run_timm(pixels)
    assert kept.rows.keys() == expected.keys()
    for layer, rows in kept.rows.items():
        assert_same(rows, expected[layer])


def test_facts_are_those_of_timm(pair: Pair) -> None:
    facts = ("spec", "layers", "weights", "weights_sha256", "licence", "parameters")
    for fact in facts:
        assert getattr(pair.backbone, fact) == getattr(pair.timm, fact)
    kept, expected = read_pretrained_classifier(pair.backbone), pair.timm.classifier
    assert kept is not None
    assert expected is not None
    np.testing.assert_array_equal(kept.weight, expected.weight)
    np.testing.assert_array_equal(kept.bias, expected.bias)


def test_the_graph_is_a_valid_one_without_normalisation_left(pair: Pair) -> None:
    model = onnx.load(pair.backbone.graph)
    onnx.checker.check_model(model, full_check=True)
    assert (model.opset_import[0].version, model.ir_version) == (OPSET, 8)
    assert {node.op_type for node in model.graph.node} == {
        "Transpose", "Cast", "Sub", "Mul", "Conv", "Clip", "Add", "ReduceMean", "GlobalAveragePool", "Flatten",
    }  # fmt: skip


def test_drawn_pixels_are_the_same_everywhere() -> None:
    pixels = draw_pixels(224)
    assert pixels.shape == (2, 224, 224, 3)
    assert hashlib.sha256(pixels.tobytes()).hexdigest()[:16] == "4514e611d3bd6be7"


def test_rows_of_two_conversions_are_never_mixed(pair: Pair) -> None:
    origin = resolve_origin(pair.backbone.name)
    by_timm = replace(origin, conversion="pytorch")
    assert by_timm.key != origin.key != replace(origin, conversion="headstart-lite-0").key
    assert pair.backbone.conversion == origin.conversion
    prints = {replace(pair.backbone, conversion=name).fingerprint for name in ("pytorch", origin.conversion, "other")}
    assert len(prints) == 3


def test_without_its_rows_a_network_is_converted_anew(tmp_path: Path) -> None:
    first = load_backbone("efficientnet_lite0", tmp_path)
    (first.folder / REFERENCE).unlink()
    assert load_backbone("efficientnet_lite0", tmp_path) == first
    assert len(read_reference(first.folder).rows) == len(LAYERS)


def test_a_provider_that_builds_no_graph_is_said_so() -> None:
    with pytest.raises(BackboneError, match="its provider builds no graph"):
        build_network(Origin("timm:x", "timm", "x", None, "", "some-1"))
