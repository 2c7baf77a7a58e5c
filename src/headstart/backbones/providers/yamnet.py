"""YAMNet (Plakal and Ellis, 2020) out of a TensorFlow Lite file of the user's own: ``yamnet@FILE``.

Of the file the network alone is taken, from patches of 96 frames of 64 mels on. The mels before it are as published
(``yamnet/features.py`` of TensorFlow's models), and prepared like those of any other network, so that many patches are
computed at once.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from onnx import ModelProto, TensorProto

from headstart.backbones.backbone import Layer
from headstart.backbones.network_graph import build_network_model
from headstart.backbones.origin import BackboneListing, Origin
from headstart.backbones.provider import Provider
from headstart.backbones.providers.tflite.model import TfliteModel, TfliteOperator, read_tflite
from headstart.backbones.providers.tflite.nodes import add_operators, find_between
from headstart.backbones.reference import ReferenceRows
from headstart.modalities.graph_builder import GraphBuilder
from headstart_runtime.errors import BackboneError
from headstart_runtime.modalities.sound.spec import MASK, MELS, MelSpec, SoundSpec
from headstart_runtime.whole_files import hash_file

if TYPE_CHECKING:
    from headstart.backbones.loaded import BuiltNetwork, LoadedNetwork

NAME = "yamnet"
CONVERSION = "headstart-yamnet-1"
FRAMES, BANDS = 96, 64  #: of a patch
YAMNET_MELS = MelSpec(
    fft=512,
    window=400,
    hop=160,
    bands=BANDS,
    low=125.0,
    high=7500.0,
    scale="htk",
    triangles="mels",
    is_normalized=False,
    power=1,
    log="natural",
    floor=0.001,
    range=0.0,
    amplitude=1.0,
    factor=1.0,
    offset=0.0,
)
#: One patch is seen at a time, half a patch after the other.
YAMNET_SPEC = SoundSpec(16_000, (FRAMES - 1) * 160 + 512, 7_680, mels=YAMNET_MELS, fixed=True)


class YamnetProvider:
    """YAMNet's weights in a file of the user's own."""

    scheme = NAME

    def resolve(self, name: str) -> Origin | None:
        """See ``Provider.resolve``; the file is hashed."""
        plain, at, path = name.partition("@")
        if plain.strip().lower() != NAME:
            return None
        file = Path(path).expanduser()
        if not at or not path:
            raise BackboneError("yamnet is read from a file of yours; wanted yamnet@FILE.tflite")
        if not file.is_file():
            raise BackboneError(f"{str(file)!r} is not there; check the path after '@'")
        return Origin(f"{NAME}@{path}", self.scheme, NAME, file, hash_file(file), CONVERSION)

    def search(self, pattern: str) -> Iterator[BackboneListing]:
        """See ``Provider.search``; files are not looked for."""
        yield from ()

    def build_graph(self, origin: Origin) -> "BuiltNetwork":
        """See ``GraphProvider.build_graph``."""
        from headstart.backbones.loaded import BuiltNetwork
        from headstart_runtime.libraries import start_onnxruntime

        assert origin.file is not None
        model = read_tflite(origin.file.read_bytes())
        graph, layers = build_yamnet_graph(model)
        batch = {MELS: _draw_patches(), MASK: np.ones((2, FRAMES), np.float32)}
        rows = start_onnxruntime(graph.SerializeToString()).run([layer.name for layer in layers], batch)
        named = {layer.name: values for layer, values in zip(layers, rows, strict=True)}
        return BuiltNetwork(
            graph=graph,
            reference=ReferenceRows(batch, named, "onnx runtime f32"),
            spec=YAMNET_SPEC,
            layers=layers,
            weights=f"file, {origin.file.name}",
            weights_sha256=origin.sha256,
            licence="your own file's",
            parameters=_count_parameters(model),
        )

    def load(self, origin: Origin, seed: int | None = None) -> "LoadedNetwork":
        """See ``Provider.load``.

        Raises:
            BackboneError: always: it is run, and not trained.
        """
        raise BackboneError("yamnet is run from its file and cannot be trained; use the probes on it")


def build_yamnet_graph(model: TfliteModel) -> tuple[ModelProto, tuple[Layer, ...]]:
    """Return the graph from mels (N, 96, 64), and their mask, which is not looked at, to the features of each layer.

    Layers: the mean over the last map of each size, then what the file's own classifier reads.

    Raises:
        BackboneError: the file holds another network.
    """
    start, end = _find_ends(model)
    builder = GraphBuilder()
    between = find_between(model, {start}, {end})
    channel = builder.constant("input/channel", [3])
    given = {start: builder.node("Unsqueeze", [MELS, channel], "input/map")}
    nodes = add_operators(model, builder, given, [end], "body/")
    axes = builder.constant("map/axes", [2, 3])
    layers = []
    for number, tensor in enumerate(_find_stages(model, between), 1):
        found = nodes.find(tensor, channels_first=True)
        layers.append(Layer(f"stage{number}", model.tensors[tensor].shape[3]))
        builder.node("ReduceMean", [found, axes], layers[-1].name, keepdims=0)
    width = model.tensors[end].shape[-1]
    builder.node("Reshape", [nodes.find(end), builder.constant("final/shape", [-1, width])], "final")
    layers.append(Layer("final", width))
    inputs = {MELS: (TensorProto.FLOAT, ["N", FRAMES, BANDS]), MASK: (TensorProto.FLOAT, ["N", FRAMES])}
    return build_network_model(builder, NAME, inputs, layers), tuple(layers)


def _find_ends(model: TfliteModel) -> tuple[int, int]:
    """Return the tensor of patches that the first convolution reads, and the one that the last dense layer reads."""
    convolutions = [one for one in model.operators if one.kind in ("conv", "depthwise_conv")]
    dense = [one for one in model.operators if one.kind == "fully_connected"]
    patch = model.tensors[convolutions[0].inputs[0]].shape if convolutions else ()
    if not dense or tuple(patch[1:]) != (FRAMES, BANDS, 1):
        seen = f"its first convolution reads {patch}" if convolutions else "it has no convolution"
        raise BackboneError(
            f"not YAMNet: {seen}, wanted patches of (1, {FRAMES}, {BANDS}, 1), and a dense layer at the end"
        )
    return convolutions[0].inputs[0], dense[-1].inputs[0]


def _find_stages(model: TfliteModel, operators: list[TfliteOperator]) -> list[int]:
    """Return the last map of each height but the last one, whose mean the classifier reads."""
    maps: dict[int, int] = {}
    for operator in operators:
        for tensor in operator.outputs:
            shape = model.tensors[tensor].shape
            if len(shape) == 4 and shape[1] > 1:
                maps[shape[1]] = tensor
    return list(maps.values())[:-1]


def _count_parameters(model: TfliteModel) -> int:
    read = {index for one in model.operators if one.kind in _WEIGHTED for index in one.inputs[1:] if index >= 0}
    values = [model.tensors[index].values for index in read]
    return sum(one.size for one in values if one is not None)


_WEIGHTED = ("conv", "depthwise_conv", "fully_connected")


def _draw_patches() -> np.ndarray:
    time, band = np.arange(FRAMES)[:, None], np.arange(BANDS)[None, :]
    waves = [abs((time * (3 + index) + band * (5 - 2 * index)) % (30 + 11 * index) - 15) for index in (0, 1)]
    return np.stack(waves).astype(np.float32) / 4 - 5


_CHECKED: Provider = YamnetProvider()
