"""Clips as pictures of their mels, seen by an embedded network of photos: ``mel:efficientnet_lite0``.

A fallback for sounds that no network of clips was trained on: 64 bands up to 7.6 kHz, in decibels below the loudest,
drawn as a grey square of the network's size, time from left to right.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np
from onnx import ModelProto, TensorProto, compose, helper

from headstart.backbones.origin import BackboneListing, Origin
from headstart.backbones.provider import Provider
from headstart.backbones.providers.bundled import BUNDLED, BundledProvider
from headstart.backbones.reference import ReferenceRows
from headstart.modalities.graph_builder import GraphBuilder
from headstart_runtime.arrays import Floats
from headstart_runtime.errors import BackboneError, nearest
from headstart_runtime.modalities.sound.spec import MASK, MELS, MelSpec, SoundSpec

if TYPE_CHECKING:
    from headstart.backbones.loaded import BuiltNetwork, LoadedNetwork

SCHEME = "mel"
CONVERSION = "headstart-mel-1"
BANDS = 64
RANGE = 80.0  #: decibels from black to white
FRAMES = 98  #: of the reference rows
PICTURE_MELS = MelSpec(
    fft=512,
    window=400,
    hop=160,
    bands=BANDS,
    low=50.0,
    high=7600.0,
    scale="htk",
    triangles="hertz",
    is_normalized=False,
    power=2,
    log="decibel",
    floor=1e-10,
    range=RANGE,
    amplitude=1.0,
    factor=1.0,
    offset=0.0,
)
PICTURE_SPEC = SoundSpec(16_000, 32_000, mels=PICTURE_MELS, longest=160_000)


class MelPictureProvider:
    """Networks of photos that look at mels."""

    scheme = SCHEME

    def resolve(self, name: str) -> Origin | None:
        """See ``Provider.resolve``."""
        scheme, colon, inner = name.partition(":")
        if not colon or scheme != SCHEME:
            return None
        found = BundledProvider().resolve(inner)
        if found is None:
            raise BackboneError(f"{inner!r} cannot look at mels; {nearest(inner, list(BUNDLED))}")
        conversion = f"{CONVERSION} {found.conversion}"
        return Origin(f"{SCHEME}:{found.name}", SCHEME, found.architecture, found.file, found.sha256, conversion)

    def search(self, pattern: str) -> Iterator[BackboneListing]:
        """See ``Provider.search``; named by the scheme only, for others look for the networks themselves."""
        if SCHEME not in pattern.lower():
            return
        for listed in BundledProvider().search(pattern.removeprefix(f"{SCHEME}:")):
            yield BackboneListing(
                f"{SCHEME}:{listed.name}",
                listed.parameters,
                0,
                listed.licence,
                listed.weights,
                is_local=listed.is_local,
                modality="sound",
                shape=(None,),
            )

    def build_graph(self, origin: Origin) -> "BuiltNetwork":
        """See ``GraphProvider.build_graph``."""
        from headstart.backbones.loaded import BuiltNetwork
        from headstart_runtime.libraries import start_onnxruntime

        inner = _build_inner(origin)
        names = [layer.name for layer in inner.layers]
        mels = _draw_mels()
        drawn = draw_picture(mels, inner.spec.size)
        (pixels,) = inner.spec.tensors
        rows = start_onnxruntime(inner.graph.SerializeToString()).run(names, {pixels.name: drawn})
        mask = np.ones(mels.shape[:2], np.float32)
        kept = ReferenceRows({MELS: mels, MASK: mask}, dict(zip(names, rows, strict=True)), "onnx runtime f32, numpy")
        return BuiltNetwork(
            graph=_join(inner.graph, pixels.name, inner.spec.size),
            reference=kept,
            spec=PICTURE_SPEC,
            layers=inner.layers,
            weights=inner.weights,
            weights_sha256=inner.weights_sha256,
            licence=inner.licence,
            parameters=inner.parameters,
        )

    def load(self, origin: Origin, seed: int | None = None) -> "LoadedNetwork":
        """See ``Provider.load``.

        Raises:
            BackboneError: always: it is run, and not trained.
        """
        raise BackboneError(f"{origin.name} is run and cannot be trained; use the probes on it, or another backbone")


def _build_inner(origin: Origin) -> "BuiltNetwork":
    provider = BundledProvider()
    inner = provider.resolve(origin.name.partition(":")[2])
    assert inner is not None
    return provider.build_graph(inner)


def draw_picture(mels: Floats, size: int) -> np.ndarray:
    """Return mels (N, F, bands) as squares, uint8 (N, S, S, 3); the graph draws the same."""
    loudest = mels.max(axis=(1, 2), keepdims=True)
    grey = np.clip((mels - loudest) / RANGE + 1, 0, 1) * 255
    upright = grey.transpose(0, 2, 1)[:, ::-1]
    across, down = _weigh(upright.shape[2], size), _weigh(upright.shape[1], size)
    square = np.rint(np.einsum("ab,nbc,dc->nad", down, upright, across)).astype(np.uint8)
    return np.repeat(square[..., None], 3, axis=3)


def _weigh(length: int, size: int) -> Floats:
    """Return weights of linear interpolation between the middles of cells, (size, length)."""
    at = np.clip((np.arange(size) + 0.5) * length / size - 0.5, 0, length - 1)
    return np.maximum(0, 1 - np.abs(at[:, None] - np.arange(length))).astype(np.float32)


def _join(graph: ModelProto, pixels: str, size: int) -> ModelProto:
    """Return the network behind the nodes that draw mels."""
    builder = GraphBuilder()
    node, constant = builder.node, builder.constant
    axes = constant("picture/axes", [1, 2])
    loudest = node("ReduceMax", [MELS, axes], "picture/loudest", keepdims=1)
    below = node(
        "Div",
        [node("Sub", [MELS, loudest], "picture/below"), constant("picture/range", RANGE, np.float32)],
        "picture/share",
    )
    ends = [constant(f"picture/{end}", end, np.float32) for end in (0, 1, 255)]
    lifted = node("Clip", [node("Add", [below, ends[1]], "picture/lifted"), *ends[:2]], "picture/limited")
    grey = node("Mul", [lifted, ends[2]], "picture/grey")
    upright = node("Transpose", [grey], "picture/turned", perm=[0, 2, 1])
    flipped = node(
        "Slice",
        [
            upright,
            constant("picture/last", [-1]),
            constant("picture/before", [-(2**31)]),
            constant("picture/row", [1]),
            constant("picture/back", [-1]),
        ],
        "picture/upright",
    )
    plane = node("Unsqueeze", [flipped, constant("picture/channel", [1])], "picture/plane")
    parts = node("Shape", [MELS], "picture/parts", end=1)
    sizes = node("Concat", [parts, constant("picture/edges", [1, size, size])], "picture/sizes", axis=0)
    resized = node(
        "Resize", [plane, "", "", sizes], "picture/resized", mode="linear", coordinate_transformation_mode="half_pixel"
    )
    whole = node("Cast", [node("Round", [resized], "picture/round")], "picture/bytes", to=TensorProto.UINT8)
    last = node("Transpose", [whole], "picture/squares", perm=[0, 2, 3, 1])
    shape = node("Concat", [parts, constant("picture/colours", [size, size, 3])], "picture/shape", axis=0)
    node("Expand", [last, shape], "picture/pixels")
    info = helper.make_tensor_value_info
    front = helper.make_graph(
        builder.nodes,
        "mel_picture",
        [info(MELS, TensorProto.FLOAT, ["N", "F", BANDS]), info(MASK, TensorProto.FLOAT, ["N", "F"])],
        [info("picture/pixels", TensorProto.UINT8, ["N", size, size, 3])],
        builder.constants,
    )
    opsets = list(graph.opset_import)
    model = helper.make_model(front, opset_imports=opsets, ir_version=graph.ir_version, producer_name="headstart")
    return compose.merge_models(model, graph, io_map=[("picture/pixels", pixels)])


def _draw_mels() -> Floats:
    time, band = np.arange(FRAMES)[:, None], np.arange(BANDS)[None, :]
    waves = [abs((time * (2 + index) + band * (5 - index)) % (60 + 9 * index) - 30) for index in (0, 1)]
    return np.stack(waves).astype(np.float32) * 2 - 70


_CHECKED: Provider = MelPictureProvider()
