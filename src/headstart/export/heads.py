"""Heads in the graph of a classifier, several answers made one, and what is said of these."""

import numpy as np

from headstart.export.calibration import add_calibration, add_sets
from headstart.export.model import FittedModel
from headstart.export.novelty import add_novelty
from headstart.heads.head import Head
from headstart.inference import model_format
from headstart.modalities.graph_builder import GraphBuilder


def add_features(pieces: GraphBuilder, layers: list[str], features: str) -> None:
    """Pooled layers, each (1, width), joined under the name of a branch's features."""
    _join(pieces, layers, features)


def add_outputs(pieces: GraphBuilder, parts: FittedModel) -> None:
    """The branches' features -> the graph's outputs, as ``FittedModel.answered`` makes them."""
    uncalibrated = _combined(pieces, parts)
    calibrated = add_calibration(pieces, parts.calibration, uncalibrated)
    photo = pieces.constant("answers/photo", [0])
    pieces.node("Squeeze", [uncalibrated, photo], model_format.UNCALIBRATED)
    pieces.node("Squeeze", [calibrated, photo], model_format.PROBABILITIES)
    if parts.conformal is not None:
        members = add_sets(pieces, parts.conformal, calibrated, len(parts.classes))
        pieces.node("Squeeze", [members, photo], model_format.PREDICTION_SET)
    if parts.novelty is not None:
        features = [model_format.features_name(branch) for branch in parts.novelty.branches]
        score = add_novelty(pieces, parts.novelty, features, uncalibrated)
        pieces.node("Squeeze", [score, photo], model_format.NOVELTY)
        limit = pieces.constant("answers/limit", 1, np.float32)
        pieces.node("Greater", [model_format.NOVELTY, limit], model_format.OUT_OF_DISTRIBUTION)


def _combined(pieces: GraphBuilder, parts: FittedModel) -> str:
    """Each head's probabilities, combined as ``runtime.answers.combined`` does, (1, C)."""
    rows = []
    for index, answer in enumerate(parts.members):
        prefix = f"answer{index}/"
        read = [model_format.features_name(branch) for branch in answer.branches]
        rows.append(_answer(pieces, answer.head, _join(pieces, read, f"{prefix}features"), prefix))
    stacked = pieces.node("Concat", rows, "answers/probabilities", axis=0)
    return _vote(pieces, stacked, parts) if parts.combine == "vote" else _mean(pieces, stacked, parts)


def _join(pieces: GraphBuilder, tensors: list[str], out: str) -> str:
    """Rows (1, D) one after the other."""
    if len(tensors) == 1:
        return pieces.node("Identity", tensors, out)
    return pieces.node("Concat", tensors, out, axis=1)


def _answer(pieces: GraphBuilder, head: Head, values: str, prefix: str) -> str:
    """Dense layers with ReLU between them, then softmax: (1, D) -> (1, C)."""
    for index, layer in enumerate(head.layers):
        if index:
            values = pieces.node("Relu", [values], f"{prefix}relu{index}")
        weight = pieces.constant(f"{prefix}{index}.weight", layer.weight, np.float32)
        bias = pieces.constant(f"{prefix}{index}.bias", layer.bias, np.float32)
        values = pieces.node("Gemm", [values, weight, bias], f"{prefix}dense{index}")
    return pieces.node("Softmax", [values], f"{prefix}probabilities", axis=1)


def _mean(pieces: GraphBuilder, stacked: str, parts: FittedModel) -> str:
    """The weighted mean of K answers: (K, C) -> (1, C)."""
    weights = pieces.constant("answers/weights", [[answer.weight for answer in parts.members]], np.float32)
    return pieces.node("MatMul", [weights, stacked], "answers/mean")


def _vote(pieces: GraphBuilder, stacked: str, parts: FittedModel) -> str:
    """One vote for each answer's likeliest class, and the mean as one voter more: (K, C) -> (1, C)."""
    answers, classes = len(parts.members), len(parts.classes)
    best = pieces.node("ArgMax", [stacked], "answers/best", axis=1, keepdims=0)
    depth, values = pieces.constant("answers/classes", classes), pieces.constant("answers/no-yes", [0, 1], np.float32)
    votes = pieces.node("OneHot", [best, depth, values], "answers/votes", axis=1)
    count = pieces.constant("answers/vote", np.full((1, answers), 1 / (answers + 1)), np.float32)
    share = pieces.constant("answers/share", np.full((1, answers), 1 / (answers * (answers + 1))), np.float32)
    counted = pieces.node("MatMul", [count, votes], "answers/counted")
    shared = pieces.node("MatMul", [share, stacked], "answers/shared")
    return pieces.node("Add", [counted, shared], "answers/vote-and-mean")
