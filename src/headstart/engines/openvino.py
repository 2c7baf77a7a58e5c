"""OpenVINO on a CPU."""

from typing import Literal

import numpy as np
from numpy.typing import NDArray

from headstart.backbones.backbone import Backbone
from headstart.engines.engine import Arithmetic
from headstart.engines.rounding import rounded_graph
from headstart.inference.openvino import BATCH, Runner, cores


class OpenVinoEngine:
    """Runs a backbone's graph on the processor, one stream per core."""

    name: Literal["openvino", "pytorch"] = "openvino"

    def __init__(self, backbone: Backbone, precision: Arithmetic, *, batch: int = BATCH, lanes: int = 0):
        self.precision: Arithmetic = precision
        self.batch = batch
        self.lanes = lanes or cores()
        self._runner = Runner(
            rounded_graph(backbone.graph) if precision == "bf16" else backbone.graph,
            batch=batch,
            size=backbone.spec.size,
            precision=precision,
            lanes=self.lanes,
            outputs=tuple(layer.name for layer in backbone.layers),
        )

    def forward(self, pixels: NDArray[np.uint8]) -> dict[str, NDArray[np.float32]]:
        """See ``Engine.forward``."""
        return self._runner.run(pixels)
