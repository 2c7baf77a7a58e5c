"""The contract of an engine."""

from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from headstart.hardware import ComputePrecision


class Engine(Protocol):
    """Runs a backbone's graph. ``forward`` may be called from ``streams`` threads at once; more wait."""

    name: Literal["openvino", "pytorch"]
    precision: ComputePrecision
    batch: int  #: photos a call likes to get; fewer are fine
    streams: int  #: calls that run at the same time

    def forward(self, pixels: NDArray[np.uint8]) -> dict[str, NDArray[np.float32]]:
        """Uint8 (B, S, S, 3) RGB, B <= batch -> for each layer's name float32 (B, width)."""
        ...
