"""ONNX graphs in OpenVINO, one stream per core.

A thread that calls ``run`` computes on its own stream, so a pool of as many threads as streams that decode, then run,
then decode, keeps every core busy with one thing or the other and needs no queue between the two.
"""

import threading
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from headstart.arrays import Floats
from headstart.errors import EngineError
from headstart.hardware import ComputePrecision
from headstart.inference.forking import after_fork, keep_for_ever
from headstart.libraries import import_openvino

#: Photos in a call. Together with decoding, 8 was as fast as 1 or a little faster; alone, 16 and 32 were slower.
BATCH = 8


class Runner:
    """A compiled graph of one uint8 input and named float32 outputs, for batches of a fixed size."""

    def __init__(
        self,
        graph: Path | bytes,
        *,
        size: int,
        precision: ComputePrecision,
        streams: int,
        outputs: tuple[str, ...],
        start: str | None = None,
        batch: int = BATCH,
    ):
        """Compile the graph.

        Args:
            graph: an ONNX file, or its bytes.
            size: edge of the square input, pixels.
            precision: arithmetic inside; inputs and outputs keep their types.
            streams: calls that run at the same time, each on a core of its own.
            outputs: the tensors to compute, outputs of the graph or tensors inside it; nothing else is computed.
            start: a tensor inside the graph to feed instead of its input: what lies before it is cut off.
            batch: photos in a call; fewer are padded.

        Raises:
            EngineError: OpenVINO cannot read or compile it.
        """
        self.batch, self.streams = batch, streams
        core = import_openvino().Core()
        try:
            model = _cut(core.read_model(graph), start, outputs)
            model.reshape([batch, size, size, 3])
            self._compiled = core.compile_model(
                model,
                "CPU",
                {
                    "NUM_STREAMS": streams,
                    "INFERENCE_NUM_THREADS": streams,
                    "INFERENCE_PRECISION_HINT": precision,
                    # Without it two programs on one machine pin their threads to the same cores.
                    "ENABLE_CPU_PINNING": False,
                },
            )
        except RuntimeError as error:
            name = "the graph" if isinstance(graph, bytes) else graph.name
            raise EngineError(f"OpenVINO cannot run {name}: {str(error).strip().splitlines()[-1]}") from error
        self.names = outputs
        after_fork(self, keep_for_ever)
        self._shape = (batch, size, size, 3)
        self._local = threading.local()
        # The first array that crosses into OpenVINO must cross alone: its binding looks NumPy up then, and two threads
        # that do so at once can wait for each other for ever. It also takes the first run's extra time out of the rest.
        self.run(np.zeros(self._shape, np.uint8))

    def run(self, pixels: NDArray[np.uint8]) -> dict[str, Floats]:
        """Return for each output's name float32 (B, ...), the caller's to keep.

        Args:
            pixels: uint8 (B, S, S, 3), B at most ``batch``.
        """
        count = len(pixels)
        if count < self.batch:
            padded = np.zeros(self._shape, np.uint8)
            padded[:count] = pixels
            pixels = padded
        results = self._request().infer({0: pixels}, share_inputs=True, share_outputs=True)
        return {name: np.array(results[index][:count]) for index, name in enumerate(self.names)}

    def _request(self) -> Any:
        if not hasattr(self._local, "request"):
            self._local.request = self._compiled.create_infer_request()
        return self._local.request


def _cut(model: Any, start: str | None, outputs: tuple[str, ...]) -> Any:
    """Return the part of a graph from the tensor ``start``, or its input, to the tensors ``outputs``."""
    openvino = import_openvino()
    ports = {name: port for node in model.get_ops() for port in node.outputs() for name in port.get_names()}
    ends = [ports[name] for name in outputs]
    if start is None:
        return openvino.Model(ends, model.get_parameters())
    entry = openvino.opset11.parameter([-1, -1, -1, 3], openvino.Type.u8, name=start)
    for target in list(ports[start].get_target_inputs()):
        target.replace_source_output(entry.output(0))
    return openvino.Model(ends, [entry])
