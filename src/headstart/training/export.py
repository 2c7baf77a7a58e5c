"""The export of a trained network: frozen part and trained top as one ONNX file, a backbone like any other."""

import copy
import json
import shutil
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import Tensor, nn

from headstart.backbones.backbone import GRAPH, INPUT, Backbone, Layer, write_record
from headstart.backbones.graph import FINAL, extract_trunk, list_carried
from headstart.backbones.torch_export import write_graph
from headstart.engines.openvino import check_trained_network
from headstart.heads.saving import write_head
from headstart.storage.atomic import new_folder
from headstart.storage.intact import write_digests
from headstart.training.cache import CURVES, HEAD
from headstart.training.inputs import TrainingInputs
from headstart.training.network import TrainableTop
from headstart_runtime.errors import EngineError
from headstart_runtime.whole_files import hash_file


class WholeNetwork(nn.Module):
    """Frozen part and trained top as one network: the spec's tensors -> the last layer's features."""

    def __init__(self, below: nn.Module | None, network: TrainableTop, carried: Sequence[int] = ()):
        """Joins both; ``carried`` are the places of inputs that the top reads beside the activations."""
        super().__init__()
        self.below, self.carried = below, tuple(carried)
        self.top = copy.deepcopy(network.top).cpu().float()

    def forward(self, *inputs: Tensor) -> tuple[Tensor]:
        """Compute the last layer's features, float32 (N, D), of the network's tensors."""
        if self.below is None:
            return (self.top(*inputs),)
        return (self.top(self.below(*inputs), *(inputs[place] for place in self.carried)),)


def export_result(
    inputs: TrainingInputs, network: TrainableTop, record: Mapping[str, Any], folder: Path, began: float
) -> None:
    """Write a trained network with its record, head and curves into a new folder, whole or not at all.

    Args:
        inputs: of the training.
        network: as trained.
        record: the fields of ``FineTuneResult`` but backbone and head.
        folder: is made.
        began: when the export began, by ``time.perf_counter``.

    Raises:
        EngineError: OpenVINO gives other features than PyTorch.
    """
    spec, boundary = inputs.spec, inputs.boundary
    below = extract_trunk(inputs.traced, boundary) if boundary != INPUT else None
    carried = [inputs.traced.tensors.index(one) for one in list_carried(inputs.traced, boundary)]
    whole = WholeNetwork(below, network, carried).eval()
    with new_folder(folder) as draft:
        if inputs.loaded.build_graph is None:
            write_graph(whole, inputs.loaded.spec.tensors, [FINAL], draft / GRAPH)
        else:
            import onnx

            onnx.save(inputs.loaded.build_graph(_collect_weights(inputs, network)), draft / GRAPH)
        backbone = _describe_backbone(inputs, draft)
        write_head(network.fitted_head("linear"), draft / HEAD)
        parity = check_trained_network(backbone, whole, spec.parity_samples)
        if not parity.passed:
            raise EngineError(
                f"the trained {spec.backbone.name} gives other features in OpenVINO than in PyTorch (cosine "
                f"{parity.least_cosine:.4f}); report it with the backbone's name"
            )
        write_record(backbone, draft)
        seconds = {**record["seconds"], "export": time.perf_counter() - began}
        (draft / CURVES).write_text(json.dumps({**record, "seconds": seconds}, indent=2), "utf-8")
        write_digests(draft)
        shutil.rmtree(folder, ignore_errors=True)  # damaged, or of another version


def _collect_weights(inputs: TrainingInputs, network: TrainableTop) -> dict[str, NDArray[np.float32]]:
    """Return all weights of a network by their names in it: those that were trained, and what is frozen below."""
    state = {**inputs.traced.module.state_dict(), **network.top.state_dict()}
    return {name: value.detach().cpu().float().numpy() for name, value in state.items()}


def _describe_backbone(inputs: TrainingInputs, folder: Path) -> Backbone:
    """The record of the trained network, whose graph lies in a folder."""
    spec = inputs.spec
    origin = "trained from random weights" if inputs.scratch else f"{spec.backbone.weights}, fine-tuned"
    return Backbone(
        name=f"{spec.backbone.name} ({spec.name})",
        architecture=spec.backbone.architecture,
        weights=f"{origin} above {inputs.boundary}",
        weights_sha256=hash_file(folder / GRAPH),
        licence="your own" if inputs.scratch else spec.backbone.licence,
        parameters=spec.backbone.parameters,
        layers=(Layer(FINAL, inputs.loaded.layers[-1].width),),
        spec=inputs.loaded.spec,
        folder=folder,
    )
