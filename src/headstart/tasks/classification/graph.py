"""Softmax, the combination of members, calibration and prediction sets as nodes of a graph, on one row."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from headstart.modalities.graph_builder import GraphBuilder
from headstart.tasks.classification.graph_calibration import add_calibration, add_conformal, add_decision
from headstart.tasks.facets import ComparedOutput
from headstart_runtime.inference.model_format import PREDICTED, PREDICTION_SET, PROBABILITIES, UNCALIBRATED
from headstart_runtime.tasks.classification.postprocessor import ClassPostprocessor
from headstart_runtime.tasks.task import TargetSpace

MOST_DIFFERENCE = 0.03  #: mean difference in probability that rounding can explain; more is a fault


class ClassGraph:
    """Outputs of a classifier's graph: probabilities; prediction sets and the predicted class where it has rules."""

    def add_activation(self, builder: GraphBuilder, logits: str, output: str) -> str:
        """Add softmax, (1, C)."""
        return builder.node("Softmax", [logits], output, axis=1)

    def add_combination(
        self, builder: GraphBuilder, stacked: str, weights: Sequence[float], how: str, space: TargetSpace
    ) -> str:
        """Add the weighted mean of M members' probabilities, (M, C), or their vote."""
        if how == "vote":
            return _add_vote(builder, stacked, len(weights), len(space.names))
        return _add_mean(builder, stacked, weights)

    def add_postprocessor(
        self, builder: GraphBuilder, postprocessor: ClassPostprocessor, raw: str, space: TargetSpace
    ) -> Mapping[str, str]:
        """Add calibration, prediction sets and the predicted class, as ``ClassPostprocessor.apply`` computes them."""
        calibrated = add_calibration(builder, postprocessor.calibration, raw)
        outputs = {UNCALIBRATED: raw, PROBABILITIES: calibrated}
        if postprocessor.conformal is not None:
            outputs[PREDICTION_SET] = add_conformal(builder, postprocessor.conformal, calibrated, len(space.names))
        if postprocessor.uses_threshold:
            assert postprocessor.decision is not None
            outputs[PREDICTED] = add_decision(builder, postprocessor.decision, calibrated, len(space.names))
        return outputs

    def list_outputs(
        self, postprocessor: ClassPostprocessor, space: TargetSpace
    ) -> list[tuple[str, str, tuple[int, ...]]]:
        """Return name, dtype and shape of each output, for one sample."""
        shape = (len(space.names),)
        outputs: list[tuple[str, str, tuple[int, ...]]] = []
        outputs += [(name, "float32", shape) for name in (PROBABILITIES, UNCALIBRATED)]
        outputs += [(PREDICTION_SET, "bool", shape)] if postprocessor.conformal is not None else []
        return outputs + ([(PREDICTED, "int64", ())] if postprocessor.uses_threshold else [])

    def list_compared(self, fitted: Mapping[str, NDArray[Any]]) -> list[ComparedOutput]:
        """Return both probabilities; sets and predicted classes are not compared."""
        return [
            ComparedOutput(UNCALIBRATED, "probabilities", MOST_DIFFERENCE, "the head"),
            ComparedOutput(PROBABILITIES, "calibrated probabilities", MOST_DIFFERENCE, "calibration"),
        ]


def _add_mean(builder: GraphBuilder, stacked: str, weights: Sequence[float]) -> str:
    """Add the weighted mean of M members: (M, C) -> (1, C)."""
    shares = builder.constant("members/weights", [list(weights)], np.float32)
    return builder.node("MatMul", [shares, stacked], "members/mean")


def _add_vote(builder: GraphBuilder, stacked: str, members: int, classes: int) -> str:
    """Add one vote for each member's likeliest class, and the mean as one voter more: (M, C) -> (1, C)."""
    best = builder.node("ArgMax", [stacked], "members/best", axis=1, keepdims=0)
    depth, values = builder.constant("members/classes", classes), builder.constant("members/no-yes", [0, 1], np.float32)
    votes = builder.node("OneHot", [best, depth, values], "members/votes", axis=1)
    count = builder.constant("members/vote", np.full((1, members), 1 / (members + 1)), np.float32)
    share = builder.constant("members/share", np.full((1, members), 1 / (members * (members + 1))), np.float32)
    counted = builder.node("MatMul", [count, votes], "members/counted")
    shared = builder.node("MatMul", [share, stacked], "members/shared")
    return builder.node("Add", [counted, shared], "members/vote-and-mean")
