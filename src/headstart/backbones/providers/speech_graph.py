"""The ONNX graph of Google's speech embedding, built of the weights in its TensorFlow Lite file.

Lin et al. (2020), "Training keyword spotters with limited and synthesized speech data".

The network reads 76 frames of mels and gives 96 numbers, and no convolution is padded in time: run over more frames it
gives 96 numbers every 8 frames (80 ms), the same as for each stretch alone. Those of a clip are pooled.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from onnx import ModelProto, TensorProto

from headstart.backbones.backbone import Layer
from headstart.backbones.network_graph import build_network_model
from headstart.backbones.providers.tflite.model import TfliteModel
from headstart.backbones.providers.tflite.nodes import add_operators
from headstart.modalities.graph_builder import GraphBuilder
from headstart_runtime.errors import BackboneError
from headstart_runtime.modalities.sound.spec import MASK, MELS, SoundSpec

WIDTH = 96
ORDERED = 6  #: steps in order: a clip's are spread over them


@dataclass(frozen=True, slots=True)
class TimeAxis:
    """The places in time of a map inside the network."""

    stride: int  #: frames of mels between places
    field: int  #: frames that one place sees


#: Of the maps behind each of the first four poolings, and of the embeddings.
STAGES = (TimeAxis(2, 6), TimeAxis(2, 14), TimeAxis(4, 24), TimeAxis(4, 40))
STEPS = TimeAxis(8, 76)
STAGE_WIDTHS = (24, 48, 72, 96)
#: "final" has "pooled" in it, and both say little of what is no speech: the AUROC of noise beside spoken digits is .89
#: by these two, .99 by "pooled" and "stage3"; of a word that was left out .987 and .991.
LAYERS = (
    *(Layer(f"stage{number}", width, tells_strangers=number == 3) for number, width in enumerate(STAGE_WIDTHS, 1)),
    Layer("pooled", 3 * WIDTH, tells_strangers=True),
    Layer("final", (3 + ORDERED) * WIDTH),
)


def build_speech_graph(model: TfliteModel, spec: SoundSpec) -> ModelProto:
    """Return the graph from mels, float32 (N, F, 32), and their mask (N, F) to the pooled features of each layer.

    Layers: the mean over each stage's map; mean, maximum and standard deviation over time of the embeddings; the same
    and the embeddings in order, as many steps for each clip.

    Args:
        model: as its file has it.
        spec: of the input.

    Raises:
        BackboneError: another network.
    """
    builder = GraphBuilder()
    mels, _ = spec.tensors
    channel = builder.constant("input/channel", [3])
    nodes = add_operators(
        model,
        builder,
        {model.inputs[0]: builder.node("Unsqueeze", [MELS, channel], "input/map")},
        model.outputs,
        "body/",
    )
    pools = [operator.outputs[0] for operator in model.operators if operator.kind == "max_pool"]
    if len(pools) != len(STAGES) + 1 or model.tensors[model.outputs[0]].shape != (1, 1, 1, WIDTH):
        raise BackboneError("not the speech embedding: it has other layers")
    pooling = _ClipPooling(builder)
    band = builder.constant("pool/band", [3])
    for layer, tensor, axis in zip(LAYERS, pools, STAGES, strict=False):
        found = nodes.find(tensor, channels_first=True)
        places = builder.node("ReduceMean", [found, band], f"{layer.name}/places", keepdims=0)
        inside = pooling.find_inside(axis, layer.name)
        pooling.add_layer(places, inside, layer.name)
    steps = builder.node("Squeeze", [nodes.find(model.outputs[0], channels_first=True), band], "steps/map")
    inside = pooling.find_inside(STEPS, "steps")
    total = pooling.count(inside, "steps")
    builder.node("Concat", pooling.list_statistics(steps, inside, total), "pooled", axis=1)
    builder.node("Concat", ["pooled", pooling.add_order(steps, inside, total)], "final", axis=1)
    inputs: dict[str, tuple[int, list[Any]]] = {
        MELS: (TensorProto.FLOAT, ["N", "F", mels.shape[1]]),
        MASK: (TensorProto.FLOAT, ["N", "F"]),
    }
    return build_network_model(builder, "speech_embedding", inputs, LAYERS)


class _ClipPooling:
    """Pooling over the places in time that see nothing but a clip and its margins.

    A place sees the clip alone where the last frame of its field is one of the clip's: so the mask of a map is every
    so manieth number of the mask of frames.
    """

    def __init__(self, builder: GraphBuilder):
        self._builder = builder
        self._time = builder.constant("pool/time", [2])
        self._frame, self._row = builder.constant("pool/frame", [1]), builder.constant("pool/row", [1])
        self._end = builder.constant("pool/end", [2**31 - 1])
        self._one = builder.constant("pool/one", 1, np.float32)

    def find_inside(self, axis: TimeAxis, name: str) -> str:
        """Add which places of a map see the clip alone, (N, 1, T), 1 and 0."""
        node, constant = self._builder.node, self._builder.constant
        start, step = constant(f"{name}/start", [axis.field - 1]), constant(f"{name}/step", [axis.stride])
        taken = node("Slice", [MASK, start, self._end, self._frame, step], f"{name}/taken")
        return node("Unsqueeze", [taken, self._row], f"{name}/inside")

    def count(self, inside: str, name: str) -> str:
        """Add how many places that are, (N, 1, 1), at least 1."""
        total = self._builder.node("ReduceSum", [inside, self._time], f"{name}/places_inside", keepdims=1)
        return self._builder.node("Max", [total, self._one], f"{name}/total")

    def add_mean(self, places: str, inside: str, total: str, name: str) -> str:
        """Add the mean over time of a map (N, C, T), (N, C, 1)."""
        node = self._builder.node
        kept = node("Mul", [places, inside], f"{name}/kept")
        return node("Div", [node("ReduceSum", [kept, self._time], f"{name}/sum", keepdims=1), total], f"{name}/mean")

    def add_layer(self, places: str, inside: str, name: str) -> None:
        """Add the mean over time of a map (N, C, T) as the features of a layer, (N, C).

        The last node is a plain mean, as those are that ``saving.model`` keeps where arithmetic is in bf16.
        """
        node = self._builder.node
        share = node("ReduceMean", [inside, self._time], f"{name}/share", keepdims=1)
        least = self._builder.constant(f"{name}/least", 1e-6, np.float32)
        weights = node("Div", [inside, node("Max", [share, least], f"{name}/some")], f"{name}/weights")
        node("ReduceMean", [node("Mul", [places, weights], f"{name}/weighted"), self._time], name, keepdims=0)

    def flatten(self, pooled: str, output: str) -> str:
        """Add (N, C, 1) as (N, C)."""
        return self._builder.node("Squeeze", [pooled, self._time], output)

    def list_statistics(self, steps: str, inside: str, total: str) -> list[str]:
        """Add mean, maximum and standard deviation over time of a map (N, C, T); return them, each (N, C)."""
        node, constant = self._builder.node, self._builder.constant
        mean = self.add_mean(steps, inside, total, "steps")
        far = constant("steps/far", 1e4, np.float32)
        outside = node("Mul", [node("Sub", [inside, self._one], "steps/less"), far], "steps/outside")
        lowered = node("Add", ["steps/kept", outside], "steps/lowered")
        most = node("ReduceMax", [lowered, self._time], "steps/most", keepdims=0)
        away = node("Mul", [node("Sub", [steps, mean], "steps/centred"), inside], "steps/away")
        squared = node("Mul", [away, away], "steps/squares")
        scatter = node("ReduceSum", [squared, self._time], "steps/scatter", keepdims=1)
        spread = node("Sqrt", [node("Div", [scatter, total], "steps/variance")], "steps/deviation")
        return [self.flatten(mean, "steps/means"), most, self.flatten(spread, "steps/deviations")]

    def add_order(self, steps: str, inside: str, total: str) -> str:
        """Add the steps (N, C, T) in order, spread over ``ORDERED`` by linear interpolation, (N, ORDERED * C)."""
        node, constant = self._builder.node, self._builder.constant
        shares = constant("order/shares", np.linspace(0, 1, ORDERED).reshape(1, ORDERED, 1), np.float32)
        last = node("Sub", [total, self._one], "order/last")
        at = node("Mul", [shares, last], "order/at")  # (N, ORDERED, 1)
        counted = node("CumSum", [inside, constant("order/axis", 2)], "order/counted")
        numbers = node("Sub", [counted, self._one], "order/numbers")  # (N, 1, T)
        apart = node("Abs", [node("Sub", [numbers, at], "order/behind")], "order/apart")
        near = node("Relu", [node("Sub", [self._one, apart], "order/near")], "order/nearness")
        weights = node("Mul", [near, inside], "order/weights")  # (N, ORDERED, T)
        by_time = node("Transpose", [steps], "order/steps", perm=[0, 2, 1])
        spread = node("MatMul", [weights, by_time], "order/spread")
        return node("Flatten", [spread], "order/flat", axis=1)
