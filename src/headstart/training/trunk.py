"""The frozen part of a network, up to a boundary, run by the engine of the main job."""

import copy
import hashlib
import json
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from headstart.backbones.backbone import INPUT, Backbone
from headstart.backbones.graph import TracedNetwork, extract_top, extract_trunk, infer_shape
from headstart.backbones.torch_export import write_graph
from headstart.engines.engine import Engine
from headstart.engines.parity import mean_cosine
from headstart.engines.placement import GPU_BATCH, place_network, run_on_device
from headstart.engines.pytorch import to_device
from headstart.extraction.activations import ValueKind
from headstart.settings import Precision
from headstart.storage.atomic import replace_bytes
from headstart.storage.intact import is_file_intact, write_digest
from headstart.training.packing import AnyPacking, crop_batch, find_packing
from headstart.training.windows import accepts_smaller_maps, has_position_weights
from headstart_runtime.errors import EngineError
from headstart_runtime.hardware import ComputePrecision, count_cores, has_bf16
from headstart_runtime.inference.openvino import BATCH
from headstart_runtime.modalities.batch import AnySpec, Batch, InputSpec

VERSION = 2  #: raised whenever the same frozen part would give other activations
ACTIVATIONS = "activations"
#: Between bf16 and float32, mean over the proof's samples, for the bf16 of changed views: broken is far below it.
LEAST_COSINE = 0.99


class Trunk(Protocol):
    """Runs the frozen part. ``run`` may be called from ``streams`` threads at once."""

    fingerprint: str  #: changes whenever the activations would
    description: str
    shape: tuple[int, ...]  #: of one part's activations
    kind: ValueKind  #: what they are kept as
    batch: int
    streams: int

    @property
    def packing(self) -> AnyPacking | None:
        """The way rows are packed; None where they are the activations, or the one input, themselves."""

    def run(self, batch: Batch) -> NDArray[Any]:
        """Return (B, *shape) of a batch: float32; uint8 where nothing is frozen, or rows are packed.

        Of parts that are as long as they come (B, T, *shape), a row for each token.
        """
        ...


@dataclass(frozen=True)
class FrozenPart:
    """The part of a backbone under a boundary."""

    backbone: Backbone
    traced: TracedNetwork
    boundary: str

    @cached_property
    def packing(self) -> AnyPacking | None:
        """The way rows are packed; None where they are the activations, or the one input, themselves."""
        return find_packing(self.traced, self.boundary)

    @property
    def kind(self) -> ValueKind:
        """The kind of value that rows are kept as."""
        return "u8" if self.packing is not None or self.boundary == INPUT else "bf16"

    def shape(self, spec: InputSpec) -> tuple[int, ...]:
        """Return the shape of a part's row for views of a spec.

        Raises:
            EngineError: the network does not take them.
        """
        if self.packing is not None:
            return self.packing.shape
        same = spec.tensors == self.backbone.spec.tensors and self.boundary != INPUT
        shape = self.traced.shape_at(self.boundary) if same else infer_shape(self.traced, self.boundary, spec.tensors)
        if shape is None:
            own, other = describe_shapes(self.backbone.spec), describe_shapes(spec)
            raise EngineError(f"{self.backbone.name} takes inputs of {own}, not {other}")
        return shape

    def fingerprint(self, engine: str, spec: InputSpec) -> str:
        """Return what changes whenever the activations would."""
        other = "" if spec == self.backbone.spec else f" {hash_spec(spec)}"
        return f"{VERSION} {self.backbone.fingerprint} {self.boundary} {engine}{other}"

    def export(self, spec: InputSpec) -> Path:
        """Return the part as an ONNX file beside the converted network, for views of a spec; made once."""
        other = "" if spec.tensors == self.backbone.spec.tensors else f"-{describe_shapes(spec, '-', 'x')}"
        file = self.backbone.folder / f"trunk-{self.boundary}{other}-v{VERSION}.onnx"
        if not is_file_intact(file):
            draft = file.with_name(f".{file.name}.{uuid.uuid4().hex[:12]}")  # another process may be at it too
            write_graph(extract_trunk(self.traced, self.boundary), spec.tensors, [ACTIVATIONS], draft)
            replace_bytes(file, draft.read_bytes())
            draft.unlink()
            write_digest(file)
        return file

    def pack(self, batch: Batch, activations: NDArray[np.float32]) -> NDArray[Any]:
        """Return the rows of activations, with what the top reads beside them."""
        return activations if self.packing is None else self.packing.pack(batch, activations)


def describe_shapes(spec: InputSpec, between: str = ", ", times: str = " x ") -> str:
    """Return the shapes of a spec's tensors for a person or a file's name, such as "224 x 224 x 3"."""
    return between.join(times.join(str(axis or "any") for axis in one.shape) for one in spec.tensors)


def hash_spec(spec: InputSpec) -> str:
    """Return 16 hexadecimal digits that change with a spec."""
    return hashlib.blake2b(json.dumps(spec.to_json(), sort_keys=True).encode(), digest_size=8).hexdigest()


class IdentityTrunk:
    """The trunk where nothing is frozen: the inputs themselves."""

    kind: ValueKind = "u8"
    batch = BATCH

    def __init__(self, spec: AnySpec, packing: AnyPacking | None = None):
        self.fingerprint = f"{VERSION} {INPUT} {hash_spec(spec)}"
        self.description = f"{INPUT}, {describe_shapes(spec)}"
        self.shape: tuple[int, ...] = spec.tensors[0].shape if packing is None else packing.shape
        self.streams = count_cores()
        self.packing, self._name = packing, spec.tensors[0].name

    def run(self, batch: Batch) -> NDArray[Any]:
        """Return the input."""
        return batch[self._name] if self.packing is None else self.packing.pack(batch)


class EngineTrunk:
    """The frozen part on the engine that ran the whole network."""

    def __init__(self, part: FrozenPart, network: Engine, spec: AnySpec):
        """Takes what ``Engine.subgraph`` gave for views of a spec."""
        self.network, self.part = network, part
        self.shape, self.kind = part.shape(spec), part.kind
        self.batch, self.streams, self.precision = network.batch, network.streams, network.precision
        self.fingerprint = part.fingerprint(f"{network.name} {network.precision}", spec)
        self.description = f"{part.backbone.name} up to {part.boundary}, {network.name} {network.precision}"
        self.packing = part.packing

    def run(self, batch: Batch) -> NDArray[Any]:
        """See ``Trunk.run``."""
        return self.part.pack(batch, self.network.forward(batch)[ACTIVATIONS])


class PyTorchTrunk:
    """The frozen part in PyTorch, where the engine runs whole networks only."""

    def __init__(self, part: FrozenPart, precision: ComputePrecision, device: str, spec: AnySpec = None):
        spec = part.backbone.spec if spec is None else spec
        #: One thread computes on CUDA for all that ask, while they make views.
        self.streams = count_cores() if device == "cuda" else 1
        self.part, self.precision, self.device = part, precision, device
        self.shape, self.kind = part.shape(spec), part.kind
        self.batch = BATCH if device == "cpu" else GPU_BATCH
        self.fingerprint = part.fingerprint(f"pytorch {device} {precision}", spec)
        self.description = f"{part.backbone.name} up to {part.boundary}, pytorch {precision}"
        self.packing = part.packing
        self._device, self._tensors = torch.device(device), spec.tensors
        # Of its own: it would take the network that is trained along to the device.
        module: nn.Module = copy.deepcopy(extract_trunk(part.traced, part.boundary))
        self._module = place_network(module, self._device)

    def run(self, batch: Batch) -> NDArray[Any]:
        """See ``Trunk.run``."""
        return self.part.pack(batch, run_on_device(self._device, partial(self._compute, batch)))

    def _compute(self, batch: Batch) -> NDArray[np.float32]:
        inputs = to_device(batch, self._tensors, self._device)
        autocast = torch.autocast(self._device.type, torch.bfloat16, enabled=self.precision == "bf16")
        with torch.inference_mode(), autocast:
            activations: NDArray[np.float32] = self._module(*inputs).float().cpu().numpy()
        return activations


def build_trunk(part: FrozenPart, engine: Engine, device: str) -> Trunk:
    """Return the frozen part on the engine that the features were computed on."""
    spec = part.backbone.spec
    if part.boundary == INPUT:
        return IdentityTrunk(spec, part.packing)
    return _run_on_engine(part, engine, engine.precision, spec) or PyTorchTrunk(part, engine.precision, device)


def _run_on_engine(
    part: FrozenPart, engine: Engine, precision: ComputePrecision, spec: InputSpec
) -> EngineTrunk | None:
    network = engine.subgraph(lambda: part.export(spec), spec.tensors, (ACTIVATIONS,), precision)
    return None if network is None else EngineTrunk(part, network, spec)


def build_view_trunk(exact: Trunk, spec: AnySpec, precision: Precision, samples: Callable[[], Batch]) -> Trunk:
    """Return the frozen part for views that are trained on: in bf16 where that is faster and nobody asked for another.

    What bf16 loses is little beside how the views were changed, and they are kept as bf16 in any case. The plain view,
    which is judged on, stays with ``exact``: the engine that has proved itself.

    Args:
        exact: the frozen part on the engine that the features were computed on.
        spec: of the views; see ``limit_view_spec``.
        precision: as set.
        samples: give real samples, prepared by the backbone's spec, on which bf16 has to be about the same.
    """
    if isinstance(exact, IdentityTrunk):
        return IdentityTrunk(spec, exact.packing)
    if isinstance(exact, PyTorchTrunk):
        same = spec == exact.part.backbone.spec
        return exact if same else PyTorchTrunk(exact.part, exact.precision, exact.device, spec)
    assert isinstance(exact, EngineTrunk)
    part = exact.part
    if exact.precision == "f32" and precision == "auto" and has_bf16():
        fast = _run_on_engine(part, exact.network, "bf16", spec)
        if fast is not None and _is_close(fast, crop_batch(samples(), spec.tensors, fast.batch), spec):
            return fast
    if spec == part.backbone.spec:
        return exact
    return _run_on_engine(part, exact.network, exact.precision, spec) or exact


def _is_close(fast: EngineTrunk, batch: Batch, spec: InputSpec) -> bool:
    """Return whether activations are about those of PyTorch in float32."""
    with torch.inference_mode():
        inputs = to_device(batch, spec.tensors, torch.device("cpu"))
        sure = extract_trunk(fast.part.traced, fast.part.boundary)(*inputs).numpy()
    seen = fast.network.forward(batch)[ACTIVATIONS]
    return mean_cosine(*(values.reshape(len(values), -1) for values in (seen, sure))) >= LEAST_COSINE


def limit_view_spec(traced: TracedNetwork, boundary: str, spec: AnySpec, wanted: AnySpec) -> AnySpec:
    """Return the spec of views that a network can be trained on: the wanted one, or its own where it bears no other.

    Args:
        traced: its graph.
        boundary: where the frozen part ends.
        spec: its own.
        wanted: of views that may be smaller.
    """
    if wanted.tensors == spec.tensors:
        return wanted
    if find_packing(traced, boundary) is not None:
        return spec  # rows have one length
    shape = infer_shape(traced, boundary, wanted.tensors)
    if shape is None or len(shape) != 3 or has_position_weights(traced.module):
        return spec
    kind = torch.uint8 if boundary == INPUT else torch.float32
    return wanted if accepts_smaller_maps(extract_top(traced, boundary), torch.zeros(1, *shape, dtype=kind)) else spec
