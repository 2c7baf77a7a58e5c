"""Heads in the graph of a classifier, the combination of its members, and what follows it."""

import numpy as np

from headstart.export.model import FittedModel
from headstart.export.novelty import add_novelty_score
from headstart.heads.head import Head
from headstart.inference import model_format
from headstart.modalities.graph_builder import GraphBuilder
from headstart.tasks.classification.graph_calibration import add_calibration, add_conformal


def add_features(builder: GraphBuilder, layers: list[str], features: str) -> None:
    """Join pooled layers, each (1, width), under the name of a branch's features."""
    _join(builder, layers, features)


def add_outputs(builder: GraphBuilder, model: FittedModel) -> None:
    """Add all from the branches' features to the graph's outputs, as ``FittedModel.predict`` computes them."""
    uncalibrated = _add_members(builder, model)
    calibrated = add_calibration(builder, model.calibration, uncalibrated)
    photo = builder.constant("members/photo", [0])
    builder.node("Squeeze", [uncalibrated, photo], model_format.UNCALIBRATED)
    builder.node("Squeeze", [calibrated, photo], model_format.PROBABILITIES)
    if model.conformal is not None:
        inside = add_conformal(builder, model.conformal, calibrated, len(model.classes))
        builder.node("Squeeze", [inside, photo], model_format.PREDICTION_SET)
    if model.novelty is not None:
        features = [model_format.features_name(branch) for branch in model.novelty.branches]
        score = add_novelty_score(builder, model.novelty, features, uncalibrated)
        builder.node("Squeeze", [score, photo], model_format.NOVELTY)
        limit = builder.constant("members/limit", 1, np.float32)
        builder.node("Greater", [model_format.NOVELTY, limit], model_format.OUT_OF_DISTRIBUTION)


def _add_members(builder: GraphBuilder, model: FittedModel) -> str:
    """Add each head's probabilities, combined as ``inference.postprocess.combine_members`` does, (1, C)."""
    rows = []
    for index, member in enumerate(model.members):
        prefix = f"member{index}/"
        read = [model_format.features_name(branch) for branch in member.branches]
        rows.append(_add_head(builder, member.head, _join(builder, read, f"{prefix}features"), prefix))
    stacked = builder.node("Concat", rows, "members/probabilities", axis=0)
    return _add_vote(builder, stacked, model) if model.combine == "vote" else _add_mean(builder, stacked, model)


def _join(builder: GraphBuilder, tensors: list[str], out: str) -> str:
    """Join rows (1, D), one after the other."""
    if len(tensors) == 1:
        return builder.node("Identity", tensors, out)
    return builder.node("Concat", tensors, out, axis=1)


def _add_head(builder: GraphBuilder, head: Head, values: str, prefix: str) -> str:
    """Add dense layers with ReLU between them, then softmax: (1, D) -> (1, C)."""
    for index, layer in enumerate(head.layers):
        if index:
            values = builder.node("Relu", [values], f"{prefix}relu{index}")
        weight = builder.constant(f"{prefix}{index}.weight", layer.weight, np.float32)
        bias = builder.constant(f"{prefix}{index}.bias", layer.bias, np.float32)
        values = builder.node("Gemm", [values, weight, bias], f"{prefix}dense{index}")
    return builder.node("Softmax", [values], f"{prefix}probabilities", axis=1)


def _add_mean(builder: GraphBuilder, stacked: str, model: FittedModel) -> str:
    """Add the weighted mean of K members: (K, C) -> (1, C)."""
    weights = builder.constant("members/weights", [[member.weight for member in model.members]], np.float32)
    return builder.node("MatMul", [weights, stacked], "members/mean")


def _add_vote(builder: GraphBuilder, stacked: str, model: FittedModel) -> str:
    """Add one vote for each member's likeliest class, and the mean as one voter more: (K, C) -> (1, C)."""
    members, classes = len(model.members), len(model.classes)
    best = builder.node("ArgMax", [stacked], "members/best", axis=1, keepdims=0)
    depth, values = builder.constant("members/classes", classes), builder.constant("members/no-yes", [0, 1], np.float32)
    votes = builder.node("OneHot", [best, depth, values], "members/votes", axis=1)
    count = builder.constant("members/vote", np.full((1, members), 1 / (members + 1)), np.float32)
    share = builder.constant("members/share", np.full((1, members), 1 / (members * (members + 1))), np.float32)
    counted = builder.node("MatMul", [count, votes], "members/counted")
    shared = builder.node("MatMul", [share, stacked], "members/shared")
    return builder.node("Add", [counted, shared], "members/vote-and-mean")
