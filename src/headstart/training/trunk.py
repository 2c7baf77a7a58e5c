"""The frozen part of a network, up to a boundary, run by the engine of the main job."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from headstart.backbones.backbone import PIXELS, Backbone
from headstart.backbones.convert import write_graph
from headstart.backbones.tracing import Traced, trunk_of
from headstart.data.writing import replace_bytes
from headstart.engines.choose import mean_cosine
from headstart.engines.engine import Arithmetic, Engine
from headstart.engines.rounding import rounded_graph
from headstart.runtime.openvino import BATCH, Runner, cores, has_bf16
from headstart.settings import Precision

VERSION = 1  #: raised whenever the same frozen part would give other activations
ACTIVATIONS = "activations"
#: Between bf16 and float32, mean over the proof's photos, for the bf16 of changed views: broken is far below it.
LEAST_LIKENESS = 0.99


class Trunk(Protocol):
    """Runs the frozen part. ``run`` may be called from ``lanes`` threads at once."""

    fingerprint: str  #: changes whenever the activations would
    description: str
    shape: tuple[int, ...]  #: of one photo's activations
    kind: Literal["bf16", "u8"]  #: what they are kept as
    batch: int
    lanes: int

    def run(self, pixels: NDArray[np.uint8]) -> NDArray[Any]:
        """Uint8 (B, S, S, 3) -> (B, *shape): float32, or uint8 where nothing is frozen."""
        ...


class Nothing:
    """Nothing is frozen: the pixels themselves."""

    kind: Literal["bf16", "u8"] = "u8"
    batch = BATCH

    def __init__(self, size: int):
        self.fingerprint = f"{VERSION} pixels {size}"
        self.description = f"pixels, {size} x {size}"
        self.shape: tuple[int, ...] = (size, size, 3)
        self.lanes = cores()

    def run(self, pixels: NDArray[np.uint8]) -> NDArray[Any]:
        """The same."""
        return pixels


class OpenVinoTrunk:
    """On a CPU, one stream per core."""

    kind: Literal["bf16", "u8"] = "bf16"

    def __init__(self, backbone: Backbone, traced: Traced, boundary: str, precision: Arithmetic):
        graph = trunk_graph(backbone, traced, boundary)
        self.shape = traced.shape(boundary)
        self.batch, self.lanes = BATCH, cores()
        self.fingerprint = f"{VERSION} {backbone.fingerprint} {boundary} openvino {precision}"
        self.description = f"{backbone.name} up to {boundary}, openvino {precision}"
        self.precision = precision
        self._runner = Runner(
            rounded_graph(graph) if precision == "bf16" else graph,
            size=backbone.contract.size,
            precision=precision,
            lanes=self.lanes,
            outputs=(ACTIVATIONS,),
        )

    def run(self, pixels: NDArray[np.uint8]) -> NDArray[Any]:
        """See ``Trunk.run``."""
        return self._runner.run(pixels)[ACTIVATIONS]


class PyTorchTrunk:
    """On a GPU, or where OpenVINO does not run the network."""

    kind: Literal["bf16", "u8"] = "bf16"
    lanes = 1

    def __init__(self, backbone: Backbone, traced: Traced, boundary: str, precision: Arithmetic, device: str):
        self.shape = traced.shape(boundary)
        self.batch = BATCH if device == "cpu" else 128
        self.fingerprint = f"{VERSION} {backbone.fingerprint} {boundary} pytorch {device} {precision}"
        self.description = f"{backbone.name} up to {boundary}, pytorch {precision}"
        self._device, self._precision = torch.device(device), precision
        self._module: nn.Module = trunk_of(traced, boundary).to(self._device)

    def run(self, pixels: NDArray[np.uint8]) -> NDArray[Any]:
        """See ``Trunk.run``."""
        batch = torch.from_numpy(np.array(pixels)).to(self._device)
        autocast = torch.autocast(self._device.type, torch.bfloat16, enabled=self._precision == "bf16")
        with torch.inference_mode(), autocast:
            return self._module(batch).float().cpu().numpy()


def trunk(backbone: Backbone, traced: Traced, boundary: str, engine: Engine, device: str) -> Trunk:
    """The frozen part under a boundary, on the engine that the features were computed on."""
    if boundary == PIXELS:
        return Nothing(backbone.contract.size)
    if engine.name == "openvino":
        return OpenVinoTrunk(backbone, traced, boundary, engine.precision)
    return PyTorchTrunk(backbone, traced, boundary, engine.precision, device)


def for_changed_views(
    exact: Trunk,
    backbone: Backbone,
    traced: Traced,
    boundary: str,
    precision: Precision,
    photos: Callable[[], NDArray[np.uint8]],
) -> Trunk:
    """The frozen part for views that are trained on: in bf16 where that is faster and nobody asked for another.

    What bf16 loses is little beside how the views were changed, and they are kept as bf16 in any case. The plain view,
    which is judged on, stays with ``exact``: the engine that has proved itself.

    Args:
        exact: the frozen part on the engine that the features were computed on.
        backbone: as converted.
        traced: its graph.
        boundary: where it ends.
        precision: as set.
        photos: give real photos, uint8 (B, S, S, 3), on which bf16 has to be about the same.
    """
    if not isinstance(exact, OpenVinoTrunk) or exact.precision == "bf16" or precision != "auto" or not has_bf16():
        return exact
    fast = OpenVinoTrunk(backbone, traced, boundary, "bf16")
    shown = photos()[: fast.batch]
    likeness = mean_cosine(*(it.run(shown).reshape(len(shown), -1) for it in (fast, exact)))
    return fast if likeness >= LEAST_LIKENESS else exact


def trunk_graph(backbone: Backbone, traced: Traced, boundary: str) -> Path:
    """The frozen part as an ONNX file beside the converted network; made once."""
    file = backbone.folder / f"trunk-{boundary}-v{VERSION}.onnx"
    if not file.is_file():
        draft = file.with_name(f".{file.name}")
        write_graph(trunk_of(traced, boundary), backbone.contract.size, [ACTIVATIONS], draft)
        replace_bytes(file, draft.read_bytes())
        draft.unlink()
    return file
