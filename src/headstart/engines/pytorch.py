"""PyTorch: on CUDA and MPS, and on a CPU where a network does not convert. The reference that others are held to."""

import threading
from collections.abc import Callable, Sequence
from functools import cached_property, partial
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from headstart.backbones.backbone import Backbone
from headstart.backbones.catalog import resolve_origin
from headstart.backbones.outputs import check_outputs
from headstart.backbones.zoo import load_network
from headstart.engines.placement import GPU_BATCH, place_network, run_on_device
from headstart_runtime.arrays import Floats
from headstart_runtime.errors import EngineError
from headstart_runtime.hardware import ComputePrecision, has_bf16, is_bf16_off
from headstart_runtime.modalities.batch import Batch, TensorSpec, count_parts


class PyTorchEngine:
    """Runs a backbone's own network in inference mode, one batch at a time."""

    name = "pytorch"
    streams = 1

    def __init__(
        self,
        backbone: Backbone,
        precision: ComputePrecision,
        *,
        device: str | None = None,
        network: nn.Module | None = None,
    ):
        """Takes a backbone; its weights are loaded for the first batch.

        Args:
            backbone: what to run.
            precision: arithmetic inside.
            device: where; the fastest there is by default.
            network: the spec's tensors -> a tensor for each layer, where it is in memory already.
        """
        self.device = torch.device(device or select_device())
        self.precision: ComputePrecision = precision
        self.batch = 8 if self.device.type == "cpu" else GPU_BATCH
        self._tensors = backbone.spec.tensors
        self._backbone, self._given = backbone, network
        self._lock = threading.Lock()

    @cached_property
    def _network(self) -> nn.Module:
        """The network on its device, loaded for the first batch: where all rows are stored there is none."""
        network = _load(self._backbone) if self._given is None else self._given
        return place_network(network, self.device)

    def forward(self, batch: Batch) -> dict[str, Floats]:
        """See ``Engine.forward``.

        Raises:
            EngineError: the weights are no longer those that were converted.
        """
        with self._lock:
            return run_on_device(self.device, partial(self._compute, batch))

    def _compute(self, batch: Batch) -> dict[str, Floats]:
        autocast = torch.autocast(self.device.type, torch.bfloat16, enabled=self.precision == "bf16")
        with torch.inference_mode(), autocast:
            outputs = self._network(*to_device(batch, self._tensors, self.device))
            check_outputs(self._backbone.name, self._backbone.layers, outputs, count_parts(batch))
            rows = [output.float().cpu().numpy() for output in outputs]
        return dict(zip((layer.name for layer in self._backbone.layers), rows, strict=True))

    def subgraph(
        self,
        write: Callable[[], Path],
        tensors: Sequence[TensorSpec],
        outputs: tuple[str, ...],
        precision: ComputePrecision,
    ) -> None:
        """Return None: PyTorch runs parts of a network without a graph, see ``training.trunk``."""


def to_device(batch: Batch, tensors: Sequence[TensorSpec], device: torch.device) -> list[Tensor]:
    """Return the tensors of a batch, in the order of a spec, on a device."""
    # An array may be read-only, which from_numpy warns about and nothing here writes to.
    return [torch.from_numpy(np.array(batch[one.name])).to(device, non_blocking=True) for one in tensors]


def _load(backbone: Backbone) -> nn.Module:
    loaded = load_network(resolve_origin(backbone.name))
    if loaded.weights_sha256 != backbone.weights_sha256:
        raise EngineError(
            f"the weights of {backbone.name} are no longer those that were converted; remove {backbone.folder} "
            "(headstart cache --prune-to 0GB does) and fit again"
        )
    return loaded.network


def can_train_in_bf16(device: str) -> bool:
    """Return whether a kind of device computes in bf16 itself: imitating it is many times slower than float32."""
    if is_bf16_off():
        return False
    if device == "cuda":
        return torch.cuda.is_bf16_supported(including_emulation=False)
    return has_bf16() if device == "cpu" else torch.backends.mps.is_macos_or_newer(14, 0)


def select_device() -> str:
    """Return the fastest kind of device there is: cuda, mps or cpu."""
    if torch.cuda.is_available():
        return "cuda"
    return "mps" if torch.backends.mps.is_available() else "cpu"
