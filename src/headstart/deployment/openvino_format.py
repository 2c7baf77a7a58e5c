"""Exports for OpenVINO: all from the tensors that networks read to the answer, as its own IR; the host prepares items.

OpenVINO reads the antialiased ``Resize`` of the saved graph in a way of its own, so preprocessing stays on the host.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx

from headstart.deployment.formats import ExportJob, ExportPrecision
from headstart.deployment.host_code import copy_code, copy_heads, describe_code, start_code
from headstart.deployment.onnx_format import make_graph
from headstart.deployment.tolerance import EXACT, HALF, Tolerance
from headstart.engines.rounding import round_weights
from headstart_runtime.errors import EngineError
from headstart_runtime.exported.host import ExportRunner
from headstart_runtime.inference.classifier import Classifier
from headstart_runtime.inference.graph_inputs import find_first_branches
from headstart_runtime.inference.model_format import features_name, tensor_name
from headstart_runtime.libraries import import_openvino

FIRST_CONVOLUTIONS = 2  #: of each path through a network, in float32 where the rest is in bf16


class OpenVinoFormat:
    """``model.xml`` and ``model.bin``."""

    name = "openvino"
    title = "OpenVINO"
    precisions: Sequence[ExportPrecision] = ("f32", "f16", "bf16", "int8")

    def get_tolerance(self, precision: ExportPrecision) -> Tolerance:
        """Return those of float32, or of numbers of half the size."""
        return HALF if precision in ("f16", "bf16") else EXACT

    def write(self, job: ExportJob, folder: Path) -> None:
        """Write the IR and ``predict.py``; weights are kept in float16 where that is asked for.

        Raises:
            EngineError: OpenVINO cannot read the graph.
        """
        openvino = import_openvino()
        try:
            graph = make_graph(job)
            if job.precision == "bf16":  # as those are that a classifier was fitted in bf16 with
                rounded = onnx.load_from_string(graph)
                round_weights(rounded)
                graph = rounded.SerializeToString()
            model = convert_graph(job.classifier, graph)
            if job.precision == "bf16":
                keep_first_convolutions(model)
            openvino.save_model(model, folder / "model.xml", compress_to_fp16=job.precision == "f16")
        except RuntimeError as error:
            last = str(error).strip().splitlines()[-1]
            raise EngineError(f"OpenVINO cannot convert this classifier: {last}") from error
        if job.precision in ("f16", "bf16"):
            copy_heads(job, folder)
        copy_code(self.name, folder)

    def start(self, folder: Path) -> ExportRunner:
        """Return the code of the folder, running."""
        return start_code(folder)

    def describe_use(self, job: ExportJob) -> str:
        """Return how ``predict.py`` is run, and what the IR takes where that is used by itself."""
        record = job.classifier.record
        takes = ", ".join(
            f"`{one.name}`, {one.dtype} {('parts', *one.shape)}"
            for branch in record.branches[:1]
            for one in branch.spec.tensors
        )
        return describe_code(job, ("openvino",)) + (
            f"\n\n`model.xml` with `model.bin` runs in OpenVINO alone: it takes {takes}, as `predict.py` makes them, "
            f"and gives `{record.task.answer}` and what else the task answers."
        )


def convert_graph(classifier: Classifier, graph: bytes) -> Any:
    """Return a graph of a classifier as a model of OpenVINO, from the tensors of each spec to outputs and features.

    Raises:
        RuntimeError: OpenVINO cannot read it.
    """
    openvino = import_openvino()
    record = classifier.record
    model = openvino.Core().read_model(graph)
    ports = {name: port for node in model.get_ops() for port in node.outputs() for name in port.get_names()}
    one_part = record.modality.graph is not None and record.modality.graph.one_part
    before = list(model.get_parameters())
    entries = []
    for spec, first in find_first_branches([branch.spec for branch in record.branches]).items():
        networks = {branch.network for branch in record.branches if branch.spec == spec}
        for tensor in spec.tensors:
            shape = [1 if one_part else -1, *(-1 if axis is None else axis for axis in tensor.shape)]
            name = tensor_name(tensor.name, first)
            entry = openvino.opset11.parameter(shape, openvino.Type(np.dtype(tensor.dtype)), name=name)
            inner = [ports[own] for index in networks if (own := tensor_name(tensor.name, index)) in ports]
            for port in inner:
                for target in list(port.get_target_inputs()):
                    target.replace_source_output(entry.output(0))
                port.get_tensor().set_names(set())
            entry.output(0).get_tensor().set_names({name})
            entries.append(entry)
    model.add_parameters(entries)
    for parameter in before:
        model.remove_parameter(parameter)
    model.add_outputs([features_name(index) for index in range(len(record.branches))])
    model.validate_nodes_and_infer_types()
    return model


def keep_first_convolutions(model: Any) -> None:
    """Mark what leads up to the third convolution on each path: it stays in float32 where the rest is in bf16.

    Rounded there, a flat dark background moves all that follows: of brain scans the mean difference of probabilities
    was .017, and is .008 with the first two convolutions in float32, for a sixth more time (5.6 ms, 4.8 before).
    """
    depths: dict[str, int] = {}  #: of each node, how many convolutions lie on the longest way to its result
    ends = []
    for node in model.get_ordered_ops():
        own = node.get_type_name() in ("Convolution", "GroupConvolution")
        before = max((depths[value.get_node().get_name()] for value in node.input_values()), default=0)
        depths[node.get_name()] = before + own
        if own and before <= FIRST_CONVOLUTIONS:
            ends.append(node)
    seen = set[str]()
    while ends:
        node = ends.pop()
        if node.get_name() in seen or node.get_type_name() in ("Constant", "Parameter"):
            continue
        seen.add(node.get_name())
        if depths[node.get_name()] <= FIRST_CONVOLUTIONS:
            node.get_rt_info()["precise_0"] = ""
        ends += [value.get_node() for value in node.input_values()]
