"""A PyTorch module -> an ONNX graph, by PyTorch's exporter."""

import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from headstart.backbones.backbone import OPSET
from headstart_runtime.modalities.batch import TensorSpec

if TYPE_CHECKING:
    from torch import nn


def write_graph(
    network: "nn.Module", tensors: Sequence[TensorSpec], outputs: Sequence[str], file: Path, length: int = 16
) -> None:
    """Write a module that takes some tensors, in order, and gives a tensor for each output's name.

    Args:
        network: the module.
        tensors: that it takes.
        outputs: names of what it gives.
        file: to be written.
        length: of axes that are as long as they come, for the example that it is run on.
    """
    import torch

    from headstart.backbones.graph import make_examples

    free = {one.name: _name_free_axes(one) for one in tensors}
    with warnings.catch_warnings():
        # The TorchScript exporter is announced as ageing; it takes 0.6 s where its successor takes 5.
        warnings.simplefilter("ignore")
        torch.onnx.export(
            network,
            make_examples(tensors, 2, length),
            str(file),
            input_names=list(free),
            output_names=list(outputs),
            dynamic_axes={**free, **{name: {0: "N"} for name in outputs}},
            opset_version=OPSET,
            dynamo=False,
        )
    if len(tensors) > 1:
        _restore_inputs(file, tensors)


def _restore_inputs(file: Path, tensors: Sequence[TensorSpec]) -> None:
    """Add the tensors that a network is given and does not read, for the exporter leaves them out.

    So every graph has the inputs that its spec names, in order, and whoever runs it gives it what a batch has.
    """
    import onnx
    from onnx import helper

    model = onnx.load(file)
    known = {value.name: value for value in model.graph.input}
    if list(known) == [one.name for one in tensors]:
        return
    del model.graph.input[:]
    for one in tensors:
        shape = ["N", *(length or f"axis{axis}" for axis, length in enumerate(one.shape, 1))]
        kind = helper.np_dtype_to_tensor_dtype(np.dtype(one.dtype))
        model.graph.input.append(known.get(one.name) or helper.make_tensor_value_info(one.name, kind, shape))
    onnx.save(model, file)


def _name_free_axes(tensor: TensorSpec) -> dict[int, str]:
    """Return names for the axes of a tensor that have no length of their own; the first is the number of parts."""
    axes = enumerate(tensor.shape, 1)
    return {0: "N"} | {axis: f"axis{axis}" for axis, length in axes if length is None}
