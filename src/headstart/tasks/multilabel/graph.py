"""Sigmoids, the combination of members, calibration, thresholds and sets as nodes of a graph, on one row."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from headstart.modalities.graph_builder import GraphBuilder
from headstart.tasks.facets import ComparedOutput
from headstart_runtime.inference.model_format import PREDICTION_SET, PROBABILITIES, UNCALIBRATED
from headstart_runtime.tasks.multilabel.label_calibration import LEAST, MOST, LabelCalibration
from headstart_runtime.tasks.multilabel.postprocessor import LABELS, LabelSetPostprocessor
from headstart_runtime.tasks.task import TargetSpace

MOST_MEAN_DIFFERENCE = 0.03  #: in probability, that rounding can explain; more is a fault
_FLOAT = 1  #: of ONNX


class LabelSetGraph:
    """Outputs: ``probabilities``, ``uncalibrated``, ``labels``; ``prediction_set`` where a miss rate is promised."""

    def add_activation(self, builder: GraphBuilder, logits: str, output: str) -> str:
        """Add sigmoids, (1, K)."""
        return builder.sigmoid(logits, output)

    def add_combination(
        self, builder: GraphBuilder, stacked: str, weights: Sequence[float], how: str, space: TargetSpace
    ) -> str:
        """Add the weighted mean of M members' probabilities, (M, K), or their vote on each label."""
        if how != "vote":
            shares = builder.constant("members/weights", [list(weights)], np.float32)
            return builder.node("MatMul", [shares, stacked], "members/mean")
        members = len(weights)
        even = builder.constant("members/even", 0.5, np.float32)
        above = builder.node("GreaterOrEqual", [stacked, even], "members/above")
        votes = builder.node("Cast", [above], "members/votes", to=_FLOAT)
        vote = builder.constant("members/vote", np.full((1, members), 1 / (members + 1)), np.float32)
        share = builder.constant("members/share", np.full((1, members), 1 / (members * (members + 1))), np.float32)
        counted = builder.node("MatMul", [vote, votes], "members/counted")
        shared = builder.node("MatMul", [share, stacked], "members/shared")
        return builder.node("Add", [counted, shared], "members/vote-and-mean")

    def add_postprocessor(
        self, builder: GraphBuilder, postprocessor: LabelSetPostprocessor, raw: str, space: TargetSpace
    ) -> Mapping[str, str]:
        """Add calibration, labels and sets, as ``LabelSetPostprocessor.apply`` computes them."""
        calibrated = _add_label_calibration(builder, postprocessor.calibration, raw)
        thresholds = np.broadcast_to(postprocessor.threshold_values, len(space.names))[None]
        outputs = {
            UNCALIBRATED: raw,
            PROBABILITIES: calibrated,
            LABELS: _add_comparison(builder, calibrated, thresholds, "labels"),
        }
        if postprocessor.risk is not None:
            least = postprocessor.risk.list_thresholds(thresholds)
            outputs[PREDICTION_SET] = _add_comparison(builder, calibrated, least, "sets")
        return outputs

    def list_outputs(
        self, postprocessor: LabelSetPostprocessor, space: TargetSpace
    ) -> list[tuple[str, str, tuple[int]]]:
        """Return name, dtype and shape of each output, for one sample."""
        shape = (len(space.names),)
        outputs = [(PROBABILITIES, "float32", shape), (UNCALIBRATED, "float32", shape), (LABELS, "bool", shape)]
        return outputs + ([(PREDICTION_SET, "bool", shape)] if postprocessor.risk is not None else [])

    def list_compared(self, fitted: Mapping[str, NDArray[Any]]) -> list[ComparedOutput]:
        """Return both probabilities; what is read off them is not compared."""
        return [
            ComparedOutput(UNCALIBRATED, "probabilities", MOST_MEAN_DIFFERENCE, "the head"),
            ComparedOutput(PROBABILITIES, "calibrated probabilities", MOST_MEAN_DIFFERENCE, "calibration"),
        ]


def _add_label_calibration(builder: GraphBuilder, calibration: LabelCalibration, raw: str) -> str:
    """Add ``LabelCalibration.apply``; return the tensor (1, K)."""
    if calibration.kind == "none":
        return raw

    def constant(name: str, value: Any) -> str:
        return builder.constant(f"calibration/{name}", value, np.float32)

    def node(kind: str, inputs: list[str], output: str) -> str:
        return builder.node(kind, inputs, f"calibration/{output}")

    bounded = node("Clip", [raw, constant("least", LEAST), constant("most", MOST)], "bounded")
    rest = node("Sub", [constant("one", 1), bounded], "rest")
    logits = node("Sub", [node("Log", [bounded], "log"), node("Log", [rest], "log-rest")], "logits")
    moved = node("Mul", [logits, constant("scales", [calibration.scales])], "scaled")
    if calibration.biases:
        moved = node("Add", [moved, constant("biases", [calibration.biases])], "moved")
    return builder.sigmoid(moved, "calibration/probabilities")


def _add_comparison(builder: GraphBuilder, probabilities: str, least: NDArray[Any], name: str) -> str:
    """Add whether each probability is no less than its threshold, bool (1, K)."""
    thresholds = builder.constant(f"{name}/thresholds", least, np.float32)
    return builder.node("GreaterOrEqual", [probabilities, thresholds], f"{name}/above")
