"""Exports for ONNX Runtime: the graph as it is saved, preprocessing in it where the modality has it there."""

from collections.abc import Sequence
from pathlib import Path

import onnx
from onnx import helper

from headstart.deployment.formats import ExportJob, ExportPrecision
from headstart.deployment.host_code import copy_code, describe_code, load_code
from headstart.deployment.tolerance import EXACT, Tolerance
from headstart_runtime.exported.host import ExportRunner
from headstart_runtime.inference.model_format import GRAPH, ModelRecord, features_name, tensor_name


class OnnxFormat:
    """The saved graph itself."""

    name = "onnx"
    title = "ONNX Runtime"
    precisions: Sequence[ExportPrecision] = ("f32", "int8")

    def get_tolerance(self, precision: ExportPrecision) -> Tolerance:
        """Return those of float32; in int8 only what comes before the network is judged by them."""
        return EXACT

    def write(self, job: ExportJob, folder: Path) -> None:
        """Write ``model.onnx``, its networks perhaps in int8, and ``predict.py``."""
        (folder / GRAPH).write_bytes(make_graph(job))
        copy_code("onnx", folder)

    def start(self, folder: Path) -> ExportRunner:
        """Return the code of the folder, running; its graph also gives the tensors inside it."""
        code = load_code(folder)
        record = code.start(folder).host.record
        runner: ExportRunner = code.start(folder, expose((folder / GRAPH).read_bytes(), record))
        return runner

    def describe_use(self, job: ExportJob) -> str:
        """Return how ``predict.py`` is run, and what ``model.onnx`` takes where that is used by itself."""
        record = job.classifier.record
        graph = record.modality.graph
        takes = graph.describe() if graph is not None else "the tensors that `predict.py` makes of an item,"
        return describe_code(job, ()) + (
            f"\n\n`model.onnx` runs in ONNX Runtime alone: it takes {takes} and gives `{record.task.answer}` and what "
            "else the task answers."
        )


def make_graph(job: ExportJob) -> bytes:
    """Return the saved graph, its networks in int8 where that is asked for.

    Raises:
        SettingError: int8 without training items.
    """
    if job.precision != "int8":
        return job.classifier.files.graph
    from headstart.deployment.quantize import quantize_graph

    return quantize_graph(job.classifier, job.calibration)


def expose(graph: bytes, record: ModelRecord) -> bytes:
    """Return a graph that also gives the tensors its networks read, and the features of each branch."""
    proto = onnx.load_from_string(graph)
    known = {one.name for one in (*proto.graph.input, *proto.graph.output)}
    made = {name for node in proto.graph.node for name in node.output}
    for name in list_inner(record):
        if name in made - known:
            proto.graph.output.append(helper.make_empty_tensor_value_info(name))
    return bytes(proto.SerializeToString())


def list_inner(record: ModelRecord) -> list[str]:
    """Return the names of the tensors that networks read, then those of the features of each branch."""
    first = {branch.network: record.branches[branch.network] for branch in record.branches}
    tensors = [tensor_name(one.name, index) for index, branch in first.items() for one in branch.spec.tensors]
    return [*dict.fromkeys(tensors), *(features_name(index) for index in range(len(record.branches)))]
