"""Heads in the graph of a classifier, the combination of its members, and what follows it."""

import numpy as np

from headstart.heads.head import Head
from headstart.modalities.graph_builder import GraphBuilder
from headstart.saving.model import FittedModel
from headstart.saving.novelty import add_novelty_score
from headstart_runtime.inference import model_format


def add_features(builder: GraphBuilder, layers: list[str], branch: int, *, average: bool) -> None:
    """Join pooled layers, each (P, width) of P parts, as a branch's features; perhaps take their mean."""
    features = _join(builder, layers, model_format.features_name(branch))
    if average:
        axis = builder.constant(f"{features}/parts", [0])
        builder.node("ReduceMean", [features, axis], f"{features}/mean", keepdims=1)


def name_row(model: FittedModel, branch: int) -> str:
    """Return the tensor of a branch's features of the item, (1, D): those of its one part, or the mean of several."""
    features = model_format.features_name(branch)
    return features if model.one_part else f"{features}/mean"


def add_outputs(builder: GraphBuilder, model: FittedModel) -> None:
    """Add all from the branches' features to the graph's outputs, as ``FittedModel.predict`` computes them."""
    raw = _add_members(builder, model)
    item = builder.constant("members/item", [0])
    for output, tensor in model.task.graph.add_postprocessor(builder, model.postprocessor, raw, model.space).items():
        builder.node("Squeeze", [tensor, item], output)
    if model.novelty is not None:
        features = [name_row(model, branch) for branch in model.novelty.branches]
        score = add_novelty_score(builder, model.novelty, features, raw)
        builder.node("Squeeze", [score, item], model_format.NOVELTY)
        limit = builder.constant("members/limit", 1, np.float32)
        builder.node("Greater", [model_format.NOVELTY, limit], model_format.OUT_OF_DISTRIBUTION)


def _add_members(builder: GraphBuilder, model: FittedModel) -> str:
    """Add each head's outputs, combined as the task does, (1, K)."""
    rows = []
    for index, member in enumerate(model.members):
        prefix = f"member{index}/"
        read = [name_row(model, branch) for branch in member.branches]
        logits = _add_head(builder, member.head, _join(builder, read, f"{prefix}features"), prefix)
        rows.append(model.task.graph.add_activation(builder, logits, f"{prefix}outputs"))
    stacked = builder.node("Concat", rows, "members/outputs", axis=0)
    weights = [member.weight for member in model.members]
    return model.task.graph.add_combination(builder, stacked, weights, model.combine, model.space)


def _join(builder: GraphBuilder, tensors: list[str], out: str) -> str:
    """Join rows (1, D), one after the other."""
    if len(tensors) == 1:
        return builder.node("Identity", tensors, out)
    return builder.node("Concat", tensors, out, axis=1)


def _add_head(builder: GraphBuilder, head: Head, values: str, prefix: str) -> str:
    """Add dense layers with ReLU between them: (1, D) -> (1, K)."""
    for index, layer in enumerate(head.layers):
        if index:
            values = builder.node("Relu", [values], f"{prefix}relu{index}")
        weight = builder.constant(f"{prefix}{index}.weight", layer.weight, np.float32)
        bias = builder.constant(f"{prefix}{index}.bias", layer.bias, np.float32)
        values = builder.node("Gemm", [values, weight, bias], f"{prefix}dense{index}")
    return values
