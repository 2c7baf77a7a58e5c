"""ONNX Runtime on a CPU: the reference of a network whose graph was built without PyTorch."""

from collections.abc import Callable, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

from headstart.backbones.backbone import Backbone
from headstart_runtime.arrays import Floats
from headstart_runtime.hardware import ComputePrecision
from headstart_runtime.libraries import start_onnxruntime
from headstart_runtime.modalities.batch import Batch, TensorSpec


class OnnxRuntimeEngine:
    """Runs a backbone's graph in float32; the graph is loaded for the first batch."""

    name = "onnxruntime"
    precision: ComputePrecision = "f32"
    batch = 8
    streams = 1

    def __init__(self, backbone: Backbone):
        self._graph = backbone.graph
        self._layers = [layer.name for layer in backbone.layers]

    @cached_property
    def _session(self) -> Any:
        return start_onnxruntime(self._graph)

    def forward(self, batch: Batch) -> dict[str, Floats]:
        """See ``Engine.forward``."""
        known = [one.name for one in self._session.get_inputs()]
        rows = self._session.run(self._layers, {name: batch[name] for name in known})
        return dict(zip(self._layers, rows, strict=True))

    def subgraph(
        self,
        write: Callable[[], Path],
        tensors: Sequence[TensorSpec],
        outputs: tuple[str, ...],
        precision: ComputePrecision,
    ) -> None:
        """Return None: it runs whole backbones only."""
