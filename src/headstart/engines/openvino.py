"""OpenVINO on a CPU."""

from typing import Literal

import numpy as np
from numpy.typing import NDArray

from headstart.backbones.backbone import Backbone
from headstart.engines.rounding import round_graph
from headstart.hardware import ComputePrecision, count_cores
from headstart.inference.openvino import BATCH, Runner


class OpenVinoEngine:
    """Runs a backbone's graph on the processor, one stream per core."""

    name: Literal["openvino", "pytorch"] = "openvino"

    def __init__(self, backbone: Backbone, precision: ComputePrecision, *, batch: int = BATCH, streams: int = 0):
        self.precision: ComputePrecision = precision
        self.batch = batch
        self.streams = streams or count_cores()
        self._runner = Runner(
            round_graph(backbone.graph) if precision == "bf16" else backbone.graph,
            batch=batch,
            size=backbone.spec.size,
            precision=precision,
            streams=self.streams,
            outputs=tuple(layer.name for layer in backbone.layers),
        )

    def forward(self, pixels: NDArray[np.uint8]) -> dict[str, NDArray[np.float32]]:
        """See ``Engine.forward``."""
        return self._runner.run(pixels)
