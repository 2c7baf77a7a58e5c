from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Literal

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import helper
from tests.conftest import CLASSES, Warm, picture

from headstart import saving
from headstart.backbones.backbone import Backbone
from headstart.backbones.convert import obtain
from headstart.engines.openvino import OpenVinoEngine
from headstart.errors import SaveError
from headstart.heads.head import Dense, Head
from headstart.pixels.decode import prepare
from headstart.runtime import folder as layout
from headstart.saving import Parts, Witness, compose, save


@pytest.fixture(scope="module")
def lite0(warm: Warm) -> Backbone:
    return obtain("efficientnet_lite0", warm.store / "networks")


def drawn_head(width: int, *units: int, kind: str = "drawn") -> Head:
    chance = np.random.default_rng(0)
    layers, inputs = [], width
    for outputs in units:
        weight = chance.normal(0, inputs**-0.5, (inputs, outputs)).astype(np.float32)
        layers.append(Dense(weight, chance.normal(0, 1, outputs).astype(np.float32)))
        inputs = outputs
    return Head(kind, tuple(layers))


def parts_of(backbone: Backbone, head: Head, layer: str = "final") -> Parts:
    return Parts(("ant", "bee", "cat"), backbone, "openvino", "f32", layer, head)


def witnesses(backbone: Backbone, layer: str, count: int = 4) -> list[Witness]:
    chance = np.random.default_rng(1)
    engine = OpenVinoEngine(backbone, "f32")
    pixels = [picture(CLASSES[index % 3], chance, (200 + 61 * index, 150 + 97 * index)) for index in range(count)]
    rows = engine.forward(np.stack([prepare(photo, backbone.contract) for photo in pixels]))[layer]
    return [Witness(partial(np.asarray, photo), row) for photo, row in zip(pixels, rows, strict=True)]


@pytest.mark.parametrize(
    ("height", "width"), [(500, 375), (375, 500), (224, 224), (256, 256), (100, 80), (33, 1000), (1, 1), (1999, 1201)]
)
@pytest.mark.parametrize("interpolation", ["bilinear", "bicubic"])
def test_the_graph_makes_the_hosts_pixels(
    lite0: Backbone, height: int, width: int, interpolation: Literal["bilinear", "bicubic"]
) -> None:
    contract = replace(lite0.contract, interpolation=interpolation)
    nodes, constants = saving._pixel_nodes(contract)
    image = helper.make_tensor_value_info(layout.IMAGE, onnx.TensorProto.UINT8, ["h", "w", 3])
    pixels = helper.make_tensor_value_info(layout.PIXELS, onnx.TensorProto.UINT8, ["n", "s", "s", 3])
    graph = helper.make_graph(nodes, "pixels", [image], [pixels], constants)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=8)
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    photo = picture("discs", np.random.default_rng(height), (width, height))
    (made,) = session.run(None, {layout.IMAGE: photo})
    difference = np.abs(made[0].astype(int) - prepare(photo, contract))
    assert made.shape == (1, contract.size, contract.size, 3)
    shrinks = contract.crop_side(height, width) >= contract.size
    assert difference.mean() <= (0.001 if shrinks else 0.05)
    assert difference.max() <= (1 if shrinks else 2)


@pytest.mark.parametrize("units", [(3,), (16, 3), (8, 16, 3)])
@pytest.mark.parametrize("layer", ["final", "stage3"])
def test_the_saved_graph_is_the_fitted_path(
    lite0: Backbone, tmp_path: Path, units: tuple[int, ...], layer: str
) -> None:
    parts = parts_of(lite0, drawn_head(lite0.layer(layer).width, *units), layer)
    shown = witnesses(lite0, layer)
    classifier = save(parts, tmp_path / "model", shown)
    assert classifier.record.parity.mean_difference < 1e-3
    assert classifier.record.parity.same_answers == 1
    assert classifier.record.layer == layer
    expected = parts.head.probabilities(np.stack([witness.features for witness in shown]))
    for witness, row in zip(shown, expected, strict=True):
        np.testing.assert_allclose(classifier.predict(witness.load()).probabilities, row, atol=2e-3)


def test_the_graph_has_the_promised_ends(lite0: Backbone, tmp_path: Path) -> None:
    model = compose(lite0.graph, parts_of(lite0, drawn_head(1280, 3)))
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    (image,), (output,) = session.get_inputs(), session.get_outputs()
    assert (image.name, image.type, image.shape[2]) == ("image", "tensor(uint8)", 3)
    assert (output.name, output.type, output.shape) == ("probabilities", "tensor(float)", [3])
    assert session.get_modelmeta().custom_metadata_map["classes"] == '["ant", "bee", "cat"]'
    (probabilities,) = session.run(None, {"image": np.zeros((50, 70, 3), np.uint8)})
    assert probabilities.dtype == np.float32
    assert probabilities.sum() == pytest.approx(1, abs=1e-5)


def test_only_what_the_layer_needs_is_shipped(lite0: Backbone) -> None:
    whole = compose(lite0.graph, parts_of(lite0, drawn_head(1280, 3)))
    early = compose(lite0.graph, parts_of(lite0, drawn_head(40, 3), "stage3"))
    assert len(early.SerializeToString()) < 0.2 * len(whole.SerializeToString())


@pytest.mark.parametrize("step", ["crop and resize", "forward pass", "head"])
def test_a_graph_that_answers_otherwise_is_not_saved(
    lite0: Backbone, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    parts = parts_of(lite0, drawn_head(1280, 3))
    shown = witnesses(lite0, "final")
    if step == "crop and resize":
        narrow = saving._pixel_nodes
        monkeypatch.setattr(saving, "_pixel_nodes", lambda contract: narrow(replace(contract, crop_permille=300)))
    elif step == "forward pass":
        chance = np.random.default_rng(0)
        shown = [replace(witness, features=chance.normal(0, 1, 1280).astype(np.float32)) for witness in shown]
    else:
        other = drawn_head(1280, 3)
        flipped = Head("drawn", (Dense(-3 * other.layers[0].weight, -3 * other.layers[0].bias),))
        nodes = saving._head_nodes
        monkeypatch.setattr(saving, "_head_nodes", lambda head: nodes(flipped))
    with pytest.raises(SaveError, match=rf"differ by 0\.\d+ on average.*\(?step: .*{step}"):
        save(parts, tmp_path / "model", shown)
    assert list(tmp_path.iterdir()) == []
