"""ONNX graphs in OpenVINO, one stream per core.

A thread that calls ``run`` computes on its own stream, so a pool of as many threads as streams that decode, then run,
then decode, keeps every core busy with one thing or the other and needs no queue between the two.
"""

import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from headstart_runtime.arrays import Floats
from headstart_runtime.errors import EngineError
from headstart_runtime.hardware import ComputePrecision
from headstart_runtime.inference.forking import after_fork, keep_for_ever
from headstart_runtime.libraries import import_openvino
from headstart_runtime.modalities.batch import Batch, TensorSpec, count_parts

#: Parts in a call. From files to features of EfficientNet-Lite0, decoding included, two cores with AVX512-BF16, a
#: second with 1, 2, 4, 8, 16: float32 138, 157, 147, 144, 136; bf16 210, 243, 269, 270, 234.
BATCH = 8


class Runner:
    """A compiled graph of named inputs and named float32 outputs, for batches of one size or parts of any length."""

    def __init__(
        self,
        graph: Path | bytes,
        *,
        tensors: Sequence[TensorSpec],
        precision: ComputePrecision,
        streams: int,
        outputs: tuple[str, ...],
        taps: tuple[str, ...] = (),
        start: Mapping[str, str] | None = None,
        batch: int = BATCH,
    ):
        """Compile the graph; where parts are as long as they come, so is the number of them in a call.

        Args:
            graph: an ONNX file, or its bytes.
            tensors: what it reads; an axis without a length is as long as each batch has it.
            precision: arithmetic inside; inputs and outputs keep their types.
            streams: calls that run at the same time, each on a core of its own.
            outputs: the tensors to compute, outputs of the graph or tensors inside it; nothing else is computed.
            taps: tensors inside the graph, (B, C, ...), of which means over all but the first two axes are computed and
                not returned, so that steps are not joined there; see ``saving.model.FeatureBranch.find_taps``.
            start: for each of ``tensors``, by name, the tensor inside the graph to feed instead of the graph's input:
                what lies before it is cut off. None feeds the inputs of these names, or the only input.
            batch: parts in a call; fewer are padded where each has one length.

        Raises:
            EngineError: OpenVINO cannot read or compile it.
        """
        self.batch, self.streams = batch, streams
        self._is_free = any(None in one.shape for one in tensors)
        parts = -1 if self._is_free else batch
        core = import_openvino().Core()
        try:
            model = _cut(core.read_model(graph), tensors, start or {}, outputs, taps)
            shapes = [(parts, *(-1 if axis is None else axis for axis in one.shape)) for one in tensors]
            model.reshape({index: import_openvino().PartialShape(shape) for index, shape in enumerate(shapes)})
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
        self.names, self._tensors = outputs, tuple(tensors)
        after_fork(self, keep_for_ever)
        self._local = threading.local()
        self._warm_up(shapes)

    def run(self, batch: Batch) -> dict[str, Floats]:
        """Return for each output's name float32 (B, ...), the caller's to keep.

        Args:
            batch: the tensors that the graph reads, B parts; at most ``batch`` of the runner where each has one length.
        """
        count = count_parts(batch)
        inputs = {index: self._pad(batch[one.name]) for index, one in enumerate(self._tensors)}
        results = self._request().infer(inputs, share_inputs=True, share_outputs=True)
        return {name: np.array(results[index][:count]) for index, name in enumerate(self.names)}

    def _pad(self, tensor: NDArray[Any]) -> NDArray[Any]:
        """Return a tensor with as many parts as the graph was compiled for; what is added is zero."""
        if self._is_free or len(tensor) == self.batch:
            return tensor
        padded = np.zeros((self.batch, *tensor.shape[1:]), tensor.dtype)
        padded[: len(tensor)] = tensor
        return padded

    def _warm_up(self, shapes: Sequence[Sequence[int]]) -> None:
        """Run once on zeros, or, where no length of a free axis is known to suit the network, only make arrays cross.

        The first array that crosses into OpenVINO must cross alone: its binding looks NumPy up then, and two threads
        that do so at once can wait for each other for ever. It also takes the first run's extra time out of the rest.
        """
        zeros = {
            one.name: np.zeros([max(axis, 1) for axis in shape], one.dtype)
            for one, shape in zip(self._tensors, shapes, strict=True)
        }
        if self._is_free:
            for tensor in zeros.values():
                import_openvino().Tensor(tensor, shared_memory=True).data.copy()
        else:
            self.run(zeros)

    def _request(self) -> Any:
        if not hasattr(self._local, "request"):
            self._local.request = self._compiled.create_infer_request()
        return self._local.request


def _cut(
    model: Any,
    tensors: Sequence[TensorSpec],
    start: Mapping[str, str],
    outputs: tuple[str, ...],
    taps: tuple[str, ...],
) -> Any:
    """Return the part of a graph from the tensors at ``start`` to the tensors ``outputs``, its inputs in order.

    Means of the ``taps`` that are there are further outputs, behind the others.
    """
    openvino = import_openvino()
    ports = {name: port for node in model.get_ops() for port in node.outputs() for name in port.get_names()}
    ends = [ports[name] for name in outputs]
    for port in [ports[name] for name in taps if name in ports]:
        axes = np.arange(2, len(port.get_partial_shape()), dtype=np.int64)
        ends.append(openvino.opset11.reduce_mean(port, axes, False).output(0))
    only = model.get_parameters()[0].output(0) if len(model.get_parameters()) == 1 else None
    entries = []
    for tensor in tensors:
        name = start.get(tensor.name, tensor.name)
        port = ports.get(name) if start or only is None else only  # None where no output needs it
        shape = openvino.PartialShape([-1, *(-1 if axis is None else axis for axis in tensor.shape)])
        entry = openvino.opset11.parameter(shape, openvino.Type(np.dtype(tensor.dtype)), name=tensor.name)
        for target in [] if port is None else list(port.get_target_inputs()):
            target.replace_source_output(entry.output(0))
        entries.append(entry)
    return openvino.Model(ends, entries)
