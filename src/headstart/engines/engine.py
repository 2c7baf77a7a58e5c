"""The protocol of an engine."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Protocol

import numpy as np

from headstart_runtime.arrays import Floats
from headstart_runtime.hardware import ComputePrecision
from headstart_runtime.modalities.batch import Batch, TensorSpec, count_parts, take


class Engine(Protocol):
    """Runs a backbone's graph. ``forward`` may be called from ``streams`` threads at once; more wait."""

    name: str
    precision: ComputePrecision
    batch: int  #: parts a call likes to get; fewer are fine
    streams: int  #: calls that run at the same time

    def forward(self, batch: Batch) -> dict[str, Floats]:
        """Return for each layer's name float32 (B, width).

        Args:
            batch: the tensors of the backbone's spec, of B <= ``self.batch`` parts.
        """
        ...

    def subgraph(
        self,
        write: Callable[[], Path],
        tensors: Sequence[TensorSpec],
        outputs: tuple[str, ...],
        precision: ComputePrecision,
    ) -> "Engine | None":
        """Return an engine like this one for a part of the network; None where it runs whole backbones only.

        Args:
            write: gives the part as an ONNX file, which is written when it is first asked for.
            tensors: what the part reads.
            outputs: names of what it gives, float32 (B, ...).
            precision: arithmetic inside.

        Raises:
            EngineError: it cannot run the part.
        """
        ...


def forward_all(engine: Engine, batch: Batch, *, threads: int = 1) -> dict[str, Floats]:
    """Return each layer's features of any number of parts, which the engine is given as many at a time as it likes.

    Args:
        engine: that computes them.
        batch: the tensors of all parts.
        threads: that call the engine, at most ``engine.streams``.
    """
    count = count_parts(batch)
    if count <= engine.batch:
        return engine.forward(batch)
    pieces = [take(batch, slice(at, at + engine.batch)) for at in range(0, count, engine.batch)]
    if threads == 1:
        found = [engine.forward(piece) for piece in pieces]
    else:
        with ThreadPoolExecutor(threads) as pool:
            found = list(pool.map(engine.forward, pieces))
    return {name: np.concatenate([rows[name] for rows in found]) for name in found[0]}
