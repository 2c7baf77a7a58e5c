"""The contract of an engine."""

from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray

Arithmetic = Literal["bf16", "f32"]


class Engine(Protocol):
    """Runs a backbone's graph. ``forward`` may be called from ``lanes`` threads at once; more wait."""

    name: Literal["openvino", "pytorch"]
    precision: Arithmetic
    batch: int  #: photos a call likes to get; fewer are fine
    lanes: int  #: calls that run at the same time

    def forward(self, pixels: NDArray[np.uint8]) -> dict[str, NDArray[np.float32]]:
        """Uint8 (B, S, S, 3) RGB, B <= batch -> for each layer's name float32 (B, width)."""
        ...
