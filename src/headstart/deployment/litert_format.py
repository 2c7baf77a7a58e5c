"""Exports for LiteRT: each network as a ``.tflite`` file; the host prepares items and computes the head in NumPy.

The converter is litert-torch. It takes PyTorch, so the graph of a network is given to it as a module (``torch_graph``),
with one part of an item at a time, and padded to the longest that a part can be.
"""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx

from headstart.deployment.formats import ExportJob, ExportPrecision
from headstart.deployment.host_code import copy_code, copy_heads, describe_code, start_code
from headstart.deployment.tolerance import Tolerance
from headstart_runtime.errors import HeadstartError, SettingError
from headstart_runtime.exported.host import ExportRunner
from headstart_runtime.extras import import_extra, require_extra
from headstart_runtime.inference.graph_inputs import find_first_branches
from headstart_runtime.inference.model_format import (
    BranchFacts,
    ModelRecord,
    features_name,
    tensor_name,
)
from headstart_runtime.modalities.batch import TensorSpec

NETWORKS = "networks.json"  #: a list of ``file``, ``inputs`` and ``outputs``, which ``predict.py`` reads


class LiteRtFormat:
    """A ``.tflite`` file for each network."""

    name = "litert"
    title = "LiteRT"
    precisions: Sequence[ExportPrecision] = ("f32",)

    def get_tolerance(self, precision: ExportPrecision) -> Tolerance:
        """Return those of float32 by another library's kernels."""
        return Tolerance(differing=0.01)

    def write(self, job: ExportJob, folder: Path) -> None:
        """Write the networks, heads, novelty and ``predict.py``.

        Raises:
            MissingExtra: litert-torch, PyTorch or ai-edge-litert is not installed.
            SettingError: a network cannot be converted.
        """
        require_extra("litert", "an export for LiteRT", "litert_torch", "ai_edge_litert")
        files, record = job.classifier.files, job.classifier.record
        graph = onnx.load_from_string(files.graph).graph
        networks = [
            _convert(graph, record, network, folder) for network in sorted({one.network for one in record.branches})
        ]
        (folder / NETWORKS).write_text(json.dumps(networks, indent=1), "utf-8")
        copy_heads(job, folder)
        copy_code(self.name, folder)

    def start(self, folder: Path) -> ExportRunner:
        """Return the code of the folder, running."""
        return start_code(folder)

    def describe_use(self, job: ExportJob) -> str:
        """Return how ``predict.py`` is run, and what the files of the networks take."""
        return describe_code(job, ("litert",)) + (
            f"\n\n`{NETWORKS}` says what each `.tflite` file takes, one part of an item at a time, and which features "
            "it gives; `predict.py` computes the head, `head.safetensors`, and what follows it in NumPy."
        )


def _convert(graph: onnx.GraphProto, record: ModelRecord, network: int, folder: Path) -> dict[str, Any]:
    """Write a network, from the tensors of its spec to the features of its branches; return its record."""
    import torch

    from headstart.deployment.torch_graph import OnnxModule

    converter = import_extra("litert", "an export for LiteRT", "litert_torch")
    branch = record.branches[network]
    first = find_first_branches([one.spec for one in record.branches])[branch.spec]
    inner = [tensor_name(one.name, network) for one in branch.spec.tensors]
    sharing = [index for index, one in enumerate(record.branches) if one.network == network]
    module = OnnxModule(graph, inner, [features_name(index) for index in sharing]).eval()
    shapes = [_fix_shape(one, branch) for one in branch.spec.tensors]
    samples = tuple(
        torch.from_numpy(np.ones((1, *shape), one.dtype))
        for one, shape in zip(branch.spec.tensors, shapes, strict=True)
    )
    try:
        file = f"network{network}.tflite"
        converter.convert(module, samples).export(str(folder / file))
    except HeadstartError:
        raise
    except Exception as error:
        said = " ".join(str(error).split())[:200]
        raise SettingError(
            f"litert-torch cannot convert {branch.backbone.name}: {said}; choose another format, such as "
            "onnx or openvino"
        ) from error
    inputs = [
        {"name": tensor_name(one.name, first), "signature": f"args_{place}", "shape": shape, "dtype": one.dtype}
        for place, (one, shape) in enumerate(zip(branch.spec.tensors, shapes, strict=True))
    ]
    outputs = {features_name(index): f"output_{place}" for place, index in enumerate(sharing)}
    return {"file": file, "inputs": inputs, "outputs": outputs}


def _fix_shape(tensor: TensorSpec, branch: BranchFacts) -> list[int]:
    """Return the shape of a part; an axis without a length is as long as the spec says that a part can be.

    Raises:
        SettingError: it says nothing.
    """
    longest = getattr(branch.spec, "longest", None)
    if None in tensor.shape and not isinstance(longest, int):
        raise SettingError(
            f"LiteRT takes tensors of one length, and {tensor.name} of {branch.backbone.name} are as long as they "
            "come; choose another format, such as onnx or openvino"
        )
    return [int(longest or 0) if axis is None else axis for axis in tensor.shape]
