"""The frozen part of a network, up to a boundary, run by the engine of the main job."""

import copy
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from headstart.backbones.backbone import INPUT, Backbone
from headstart.backbones.convert import write_graph
from headstart.backbones.graph import TracedNetwork, extract_top, extract_trunk, infer_shape
from headstart.engines.engine import Engine
from headstart.engines.parity import mean_cosine
from headstart.engines.rounding import round_graph
from headstart.errors import EngineError
from headstart.extraction.activations import ValueKind
from headstart.hardware import ComputePrecision, count_cores, has_bf16
from headstart.inference.openvino import BATCH, Runner
from headstart.settings import Precision
from headstart.storage.atomic import replace_bytes
from headstart.training.windows import accepts_smaller_maps, has_position_weights

VERSION = 2  #: raised whenever the same frozen part would give other activations
ACTIVATIONS = "activations"
#: Between bf16 and float32, mean over the proof's photos, for the bf16 of changed views: broken is far below it.
LEAST_COSINE = 0.99


class Trunk(Protocol):
    """Runs the frozen part. ``run`` may be called from ``streams`` threads at once."""

    fingerprint: str  #: changes whenever the activations would
    description: str
    shape: tuple[int, ...]  #: of one photo's activations
    kind: ValueKind  #: what they are kept as
    batch: int
    streams: int

    def run(self, pixels: NDArray[np.uint8]) -> NDArray[Any]:
        """Return (B, *shape) of pixels, uint8 (B, S, S, 3): float32, or uint8 where nothing is frozen."""
        ...


class IdentityTrunk:
    """The trunk where nothing is frozen: the pixels themselves."""

    kind: ValueKind = "u8"
    batch = BATCH

    def __init__(self, size: int):
        self.fingerprint = f"{VERSION} pixels {size}"
        self.description = f"pixels, {size} x {size}"
        self.shape: tuple[int, ...] = (size, size, 3)
        self.streams = count_cores()

    def run(self, pixels: NDArray[np.uint8]) -> NDArray[Any]:
        """Return the pixels."""
        return pixels


class OpenVinoTrunk:
    """On a CPU, one stream per core."""

    kind: ValueKind = "bf16"

    def __init__(
        self,
        backbone: Backbone,
        traced: TracedNetwork,
        boundary: str,
        precision: ComputePrecision,
        size: int | None = None,
    ):
        size = backbone.spec.size if size is None else size
        graph = export_trunk(backbone, traced, boundary, size)
        self.shape = _shape(backbone, traced, boundary, size)
        self.batch, self.streams = BATCH, count_cores()
        self.fingerprint = _fingerprint(backbone, boundary, f"openvino {precision}", size)
        self.description = f"{backbone.name} up to {boundary}, openvino {precision}"
        self.precision = precision
        self._tensor = backbone.spec.tensors[0].name
        self._runner = Runner(
            round_graph(graph) if precision == "bf16" else graph,
            tensors=replace(backbone.spec, size=size).tensors,
            precision=precision,
            streams=self.streams,
            outputs=(ACTIVATIONS,),
        )

    def run(self, pixels: NDArray[np.uint8]) -> NDArray[Any]:
        """See ``Trunk.run``."""
        return self._runner.run({self._tensor: pixels})[ACTIVATIONS]


class PyTorchTrunk:
    """On a GPU, or where OpenVINO does not run the network."""

    kind: ValueKind = "bf16"
    streams = 1

    def __init__(
        self,
        backbone: Backbone,
        traced: TracedNetwork,
        boundary: str,
        precision: ComputePrecision,
        device: str,
        size: int | None = None,
    ):
        size = backbone.spec.size if size is None else size
        self.shape = _shape(backbone, traced, boundary, size)
        self.batch = BATCH if device == "cpu" else 128
        self.fingerprint = _fingerprint(backbone, boundary, f"pytorch {device} {precision}", size)
        self.description = f"{backbone.name} up to {boundary}, pytorch {precision}"
        self.precision, self.device = precision, device
        self._device = torch.device(device)
        # Of its own: it would take the network that is trained along to the device.
        self._module: nn.Module = copy.deepcopy(extract_trunk(traced, boundary)).to(self._device)

    def run(self, pixels: NDArray[np.uint8]) -> NDArray[Any]:
        """See ``Trunk.run``."""
        batch = torch.from_numpy(np.array(pixels)).to(self._device)
        autocast = torch.autocast(self._device.type, torch.bfloat16, enabled=self.precision == "bf16")
        with torch.inference_mode(), autocast:
            return self._module(batch).float().cpu().numpy()


def _shape(backbone: Backbone, traced: TracedNetwork, boundary: str, size: int) -> tuple[int, ...]:
    shape = traced.shape_at(boundary) if size == backbone.spec.size else infer_shape(traced, boundary, size)
    if shape is None:
        raise EngineError(f"{backbone.name} takes {backbone.spec.size} pixels, not {size}")
    return shape


def _fingerprint(backbone: Backbone, boundary: str, engine: str, size: int) -> str:
    smaller = "" if size == backbone.spec.size else f" {size}"
    return f"{VERSION} {backbone.fingerprint} {boundary} {engine}{smaller}"


def build_trunk(backbone: Backbone, traced: TracedNetwork, boundary: str, engine: Engine, device: str) -> Trunk:
    """Return the frozen part under a boundary, on the engine that the features were computed on."""
    if boundary == INPUT:
        return IdentityTrunk(backbone.spec.size)
    if engine.name == "openvino":
        return OpenVinoTrunk(backbone, traced, boundary, engine.precision)
    return PyTorchTrunk(backbone, traced, boundary, engine.precision, device)


def build_view_trunk(
    exact: Trunk,
    backbone: Backbone,
    traced: TracedNetwork,
    boundary: str,
    size: int,
    precision: Precision,
    photos: Callable[[], NDArray[np.uint8]],
) -> Trunk:
    """Return the frozen part for views that are trained on: in bf16 where that is faster and nobody asked for another.

    What bf16 loses is little beside how the views were changed, and they are kept as bf16 in any case. The plain view,
    which is judged on, stays with ``exact``: the engine that has proved itself.

    Args:
        exact: the frozen part on the engine that the features were computed on.
        backbone: as converted.
        traced: its graph.
        boundary: where it ends.
        size: edge of the views, pixels; see ``limit_view_size``.
        precision: as set.
        photos: give real photos, uint8 (B, S, S, 3), on which bf16 has to be about the same.
    """
    if isinstance(exact, IdentityTrunk):
        return IdentityTrunk(size)
    same = size == backbone.spec.size
    if isinstance(exact, PyTorchTrunk):
        return exact if same else PyTorchTrunk(backbone, traced, boundary, exact.precision, exact.device, size)
    assert isinstance(exact, OpenVinoTrunk)
    if exact.precision == "f32" and precision == "auto" and has_bf16():
        fast = OpenVinoTrunk(backbone, traced, boundary, "bf16", size)
        shown = np.ascontiguousarray(photos()[: fast.batch, :size, :size])
        with torch.inference_mode():
            sure = extract_trunk(traced, boundary)(torch.from_numpy(shown)).numpy()
        cosine = mean_cosine(*(values.reshape(len(shown), -1) for values in (fast.run(shown), sure)))
        if cosine >= LEAST_COSINE:
            return fast
    return exact if same else OpenVinoTrunk(backbone, traced, boundary, exact.precision, size)


def limit_view_size(traced: TracedNetwork, boundary: str, size: int, wanted: int) -> int:
    """Return the edge of views that a network can be trained on: the wanted one, or its own where it bears no other.

    Args:
        traced: its graph.
        boundary: where the frozen part ends.
        size: its input's, pixels.
        wanted: likewise.
    """
    if wanted == size:
        return size
    shape = infer_shape(traced, boundary, wanted)
    if shape is None or len(shape) != 3 or has_position_weights(traced.module):
        return size
    kind = torch.uint8 if boundary == INPUT else torch.float32
    return wanted if accepts_smaller_maps(extract_top(traced, boundary), torch.zeros(1, *shape, dtype=kind)) else size


def export_trunk(backbone: Backbone, traced: TracedNetwork, boundary: str, size: int) -> Path:
    """Return the frozen part as an ONNX file beside the converted network, for pixels of a size; made once."""
    smaller = "" if size == backbone.spec.size else f"-{size}"
    file = backbone.folder / f"trunk-{boundary}{smaller}-v{VERSION}.onnx"
    if not file.is_file():
        draft = file.with_name(f".{file.name}")
        write_graph(extract_trunk(traced, boundary), size, [ACTIVATIONS], draft)
        replace_bytes(file, draft.read_bytes())
        draft.unlink()
    return file
