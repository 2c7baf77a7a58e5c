"""Networks as modules of PyTorch, as converters are given them, compute what ONNX Runtime does."""

from pathlib import Path

import numpy as np
import onnx
import pytest
import torch
from onnx import TensorProto, helper, numpy_helper

from headstart.deployment.torch_graph import OnnxModule
from headstart_runtime.errors import SettingError
from headstart_runtime.libraries import start_onnxruntime
from tests import small_network

CHANCE = np.random.default_rng(0)


def draw(*shape: int) -> np.ndarray:
    return CHANCE.normal(0, 1, shape).astype(np.float32)


def build(nodes: list[onnx.NodeProto], x: np.ndarray, **constants: np.ndarray) -> onnx.ModelProto:
    info = helper.make_tensor_value_info
    weights = [numpy_helper.from_array(values, name) for name, values in constants.items()]
    inputs = [info("x", helper.np_dtype_to_tensor_dtype(x.dtype), x.shape)]
    graph = helper.make_graph(nodes, "g", inputs, [info("y", TensorProto.FLOAT, None)], weights)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=8)


def assert_alike(model: onnx.ModelProto, x: np.ndarray) -> None:
    (wanted,) = start_onnxruntime(model.SerializeToString()).run(["y"], {"x": x})
    (found,) = OnnxModule(model.graph, ["x"], ["y"]).eval()(torch.from_numpy(x))
    assert tuple(found.shape) == wanted.shape
    np.testing.assert_allclose(found.numpy(), wanted, atol=1e-5)


IMAGE, ROWS = draw(1, 4, 9, 11), draw(2, 3, 8)
INTS = {"one": np.array([1]), "last": np.array([-1])}
UNEVEN = {"strides": [2, 2], "pads": [0, 1, 1, 1]}
STATISTICS = {"s": draw(4), "b": draw(4), "m": draw(4), "v": draw(4) ** 2}
RANGES = {"s": np.array([1, 2]), "e": np.array([2**62, 7]), "a": np.array([1, 2]), "t": np.array([1, 2])}
NODES = {
    "Conv": (IMAGE, {"w": draw(6, 2, 3, 3), "b": draw(6)}, ["x", "w", "b"], {"group": 2, **UNEVEN}),
    "Conv same": (IMAGE, {"w": draw(6, 4, 3, 3)}, ["x", "w"], {"strides": [2, 2], "auto_pad": "SAME_UPPER"}),
    "MaxPool": (IMAGE, {}, ["x"], {"kernel_shape": [3, 3], "strides": [2, 2], "pads": [1, 1, 1, 1]}),
    "AveragePool": (IMAGE, {}, ["x"], {"kernel_shape": [3, 3], "pads": [1, 1, 1, 1], "count_include_pad": 1}),
    "GlobalAveragePool": (IMAGE, {}, ["x"], {}),
    "Clip": (IMAGE, {"low": np.float32(0), "high": np.float32(6)}, ["x", "low", "high"], {}),
    "LeakyRelu": (IMAGE, {}, ["x"], {"alpha": 0.2}),
    "HardSigmoid": (IMAGE, {}, ["x"], {"alpha": 0.3}),
    "BatchNormalization": (IMAGE, STATISTICS, ["x", *STATISTICS], {}),
    "LayerNormalization": (ROWS, {"s": draw(8), "b": draw(8)}, ["x", "s", "b"], {"axis": -1}),
    "Softmax": (ROWS, {}, ["x"], {"axis": 1}),
    "ReduceMean": (ROWS, INTS, ["x", "last"], {"keepdims": 0}),
    "ReduceL2": (ROWS, INTS, ["x", "one"], {}),
    "Squeeze": (draw(2, 1, 3), INTS, ["x", "one"], {}),
    "Unsqueeze": (ROWS, INTS, ["x", "one"], {}),
    "Slice": (ROWS, RANGES, ["x", *RANGES], {}),
    "Reshape": (ROWS, {"shape": np.array([0, -1, 4])}, ["x", "shape"], {}),
    "Pad": (ROWS, {"p": np.array([0, 1, 2, 0, 0, 3]), "v": np.float32(5)}, ["x", "p", "v"], {}),
    "CumSum": (ROWS, {"axis": np.array(1)}, ["x", "axis"], {}),
    "Gemm": (draw(3, 5), {"w": draw(4, 5), "b": draw(4)}, ["x", "w", "b"], {"transB": 1, "alpha": 0.5}),
    "Flatten": (IMAGE, {}, ["x"], {"axis": 2}),
    "Transpose": (IMAGE, {}, ["x"], {"perm": [0, 2, 3, 1]}),
    "Concat": (ROWS, {"w": draw(2, 3, 1)}, ["x", "w"], {"axis": -1}),
    "Gather": (np.array([[2, 0], [1, 1]]), {"w": draw(4, 3)}, ["w", "x"], {}),
    "Gather along": (np.array([1, -1]), {"w": draw(2, 4, 3)}, ["w", "x"], {"axis": 1}),
    "Cast": (np.arange(6, dtype=np.uint8), {}, ["x"], {"to": TensorProto.FLOAT}),
    "Expand": (draw(2, 1, 3), {"shape": np.array([1, 4, 1])}, ["x", "shape"], {}),
}  # fmt: skip


@pytest.mark.parametrize("name", NODES)
def test_an_operator_computes_what_onnx_runtime_does(name: str) -> None:
    x, constants, inputs, attributes = NODES[name]
    assert_alike(build([helper.make_node(name.split()[0], inputs, ["y"], **attributes)], x, **constants), x)


def test_operators_without_a_counterpart_may_compute_with_shapes() -> None:
    """As PyTorch writes padding that depends on the input's size: networks that were trained have it."""
    nodes = [
        helper.make_node("Shape", ["x"], ["shape"], start=2),
        helper.make_node("Cast", ["shape"], ["sizes"], to=TensorProto.FLOAT),
        helper.make_node("Div", ["sizes", "two"], ["halves"]),
        helper.make_node("Ceil", ["halves"], ["up"]),
        helper.make_node("Cast", ["up"], ["behind"], to=TensorProto.INT64),
        helper.make_node("ConstantOfShape", ["six"], ["before"], value=numpy_helper.from_array(np.array([0]))),
        helper.make_node("Concat", ["before", "behind"], ["pads"], axis=0),
        helper.make_node("Pad", ["x", "pads"], ["y"]),
    ]
    assert_alike(build(nodes, IMAGE, two=np.float32(2), six=np.array([6])), IMAGE)


def test_what_depends_on_shapes_only_is_computed_ahead() -> None:
    nodes = [
        helper.make_node("Shape", ["x"], ["shape"], start=0, end=1),
        helper.make_node("Concat", ["shape", "rest"], ["wanted"], axis=0),
        helper.make_node("Reshape", ["x", "wanted"], ["y"]),
    ]
    assert_alike(build(nodes, ROWS, rest=np.array([-1])), ROWS)


def test_several_outputs_of_a_split_are_taken_in_their_order() -> None:
    nodes = [
        helper.make_node("Split", ["x", "sizes"], ["a", "b"], axis=2),
        helper.make_node("ReduceMax", ["b", "axes"], ["y"], keepdims=0),
    ]
    assert_alike(build(nodes, ROWS, sizes=np.array([5, 3]), axes=np.array([2])), ROWS)


def test_an_operator_that_is_not_known_is_named() -> None:
    model = build([helper.make_node("Det", ["x"], ["y"])], draw(3, 3))
    with pytest.raises(SettingError, match=r"its operators Det have no counterpart; choose another"):
        OnnxModule(model.graph, ["x"], ["y"])


@pytest.mark.parametrize("family", ["ResNet", "ConvNeXt"])
def test_a_whole_network_computes_what_onnx_runtime_does(family: str, tmp_path: Path) -> None:
    from headstart.backbones.convert import load_backbone

    architecture = small_network.FAMILIES[family]
    weights = small_network.write_weights(tmp_path / f"{architecture}.safetensors", architecture)
    backbone = load_backbone(small_network.name_of(weights, architecture), tmp_path / "networks")
    model = onnx.load(backbone.folder / "network.onnx")
    size, layers = backbone.spec.size, [one.name for one in model.graph.output]
    pixels = CHANCE.integers(0, 256, (1, size, size, 3)).astype(np.uint8)
    name = model.graph.input[0].name
    wanted = start_onnxruntime(model.SerializeToString()).run(layers, {name: pixels})
    found = OnnxModule(model.graph, [name], layers).eval()(torch.from_numpy(pixels))
    for one, other in zip(found, wanted, strict=True):
        np.testing.assert_allclose(one.numpy(), other, atol=1e-4)
