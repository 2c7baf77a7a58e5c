"""The protocol of an engine."""

from typing import Protocol

from headstart.arrays import Floats
from headstart.hardware import ComputePrecision
from headstart.modalities.image.decode import Pixels


class Engine(Protocol):
    """Runs a backbone's graph. ``forward`` may be called from ``streams`` threads at once; more wait."""

    name: str
    precision: ComputePrecision
    batch: int  #: photos a call likes to get; fewer are fine
    streams: int  #: calls that run at the same time

    def forward(self, pixels: Pixels) -> dict[str, Floats]:
        """Return for each layer's name float32 (B, width), from uint8 (B, S, S, 3) RGB, B <= batch."""
        ...
