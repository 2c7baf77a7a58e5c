"""Distributions over ranks, their calibration, the median and ranges as nodes of a graph, on one row."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from headstart.modalities.graph_builder import GraphBuilder
from headstart.tasks.facets import ComparedOutput
from headstart.tasks.ordinal.graph_parts import add_distribution, add_running_maximum, add_slice
from headstart_runtime.inference.model_format import PREDICTION_SET, PROBABILITIES, UNCALIBRATED
from headstart_runtime.tasks.ordinal.calibration import RankCalibration
from headstart_runtime.tasks.ordinal.distribution import SMALLEST, make_tail_matrices
from headstart_runtime.tasks.ordinal.postprocessor import RANGE, RANK, RankPostprocessor
from headstart_runtime.tasks.ordinal.ranges import RangePredictor
from headstart_runtime.tasks.task import TargetSpace

#: Mean difference in probability that rounding can explain; more is a fault. Grades may lie along one direction, and a
#: head on few features, such as the brightness of an early layer, be so steep along it that bf16 moves it by .03.
MOST_DIFFERENCE = 0.05
_INT64 = 7  #: ``onnx.TensorProto.INT64``


class RankGraph:
    """Outputs of the graph: ``probabilities``, ``uncalibrated``, ``rank``, and ranges where the model makes them."""

    def add_activation(self, builder: GraphBuilder, logits: str, output: str) -> str:
        """Add ``spread_numbers`` of a head's numbers (1, 2 K); the result is (1, K)."""
        name = f"{output}/"
        ordered, own = f"{name}ordered", f"{name}own"
        builder.node("Split", [logits], ordered, own, axis=1, num_outputs=2)
        location = add_slice(builder, ordered, 0, 1, f"{name}location")
        thresholds = add_slice(builder, ordered, 1, None, f"{name}thresholds")
        highest = add_running_maximum(builder, thresholds, f"{name}highest-")
        cumulative = builder.node("Sub", [location, highest], f"{name}cumulative")
        spread = add_distribution(builder, cumulative, f"{name}spread", name)
        smallest = builder.constant(f"{name}smallest", SMALLEST, np.float32)
        logs = builder.node("Log", [builder.node("Max", [spread, smallest], f"{name}above")], f"{name}logs")
        return builder.node("Softmax", [builder.node("Add", [logs, own], f"{name}pooled")], output, axis=1)

    def add_combination(
        self, builder: GraphBuilder, stacked: str, weights: Sequence[float], how: str, space: TargetSpace
    ) -> str:
        """Add the weighted mean of M members' distributions, (M, K)."""
        shares = builder.constant("members/weights", [list(weights)], np.float32)
        return builder.node("MatMul", [shares, stacked], "members/mean")

    def add_postprocessor(
        self, builder: GraphBuilder, postprocessor: RankPostprocessor, raw: str, space: TargetSpace
    ) -> Mapping[str, str]:
        """Add calibration, the median and ranges, as ``RankPostprocessor.apply`` computes them."""
        ranks = len(space.names)
        calibrated = _add_calibration(builder, postprocessor.calibration, raw, ranks)
        median = _add_median(builder, calibrated, ranks)
        outputs = {UNCALIBRATED: raw, PROBABILITIES: calibrated, RANK: median}
        if postprocessor.ranges is not None:
            inside = _add_range(builder, postprocessor.ranges, calibrated, median, ranks)
            outputs |= {PREDICTION_SET: inside, RANGE: _add_ends(builder, inside)}
        return outputs

    def list_outputs(
        self, postprocessor: RankPostprocessor, space: TargetSpace
    ) -> list[tuple[str, str, tuple[int, ...]]]:
        """Return name, dtype and shape of each output, for one sample."""
        each = (len(space.names),)
        outputs: list[tuple[str, str, tuple[int, ...]]] = [
            (PROBABILITIES, "float32", each),
            (UNCALIBRATED, "float32", each),
            (RANK, "int64", ()),
            (PREDICTION_SET, "bool", each),
            (RANGE, "int64", (2,)),
        ]
        return outputs if postprocessor.ranges is not None else outputs[:3]

    def list_compared(self, fitted: Mapping[str, NDArray[Any]]) -> list[ComparedOutput]:
        """Return both distributions; ranks and ranges follow from them."""
        return [
            ComparedOutput(UNCALIBRATED, "probabilities", MOST_DIFFERENCE, "the head"),
            ComparedOutput(PROBABILITIES, "calibrated probabilities", MOST_DIFFERENCE, "calibration"),
        ]


def _add_calibration(builder: GraphBuilder, calibration: RankCalibration, raw: str, ranks: int) -> str:
    """Add ``RankCalibration.apply``; return the name of the calibrated tensor, (1, K)."""
    if calibration.kind == "none":
        return raw
    smallest = builder.constant("calibration/smallest", SMALLEST, np.float32)
    logs = []
    for name, matrix in zip(("upper", "lower"), make_tail_matrices(ranks), strict=True):
        summed = builder.constant(f"calibration/{name}-ranks", matrix, np.float32)
        tail = builder.node("MatMul", [raw, summed], f"calibration/{name}")
        above = builder.node("Max", [tail, smallest], f"calibration/{name}-above")
        logs.append(builder.node("Log", [above], f"calibration/{name}-log"))
    logits = builder.node("Sub", logs, "calibration/logits")
    scale = builder.constant("calibration/scale", [calibration.scale], np.float32)
    scaled = builder.node("Mul", [logits, scale], "calibration/scaled")
    spread = add_distribution(builder, scaled, "calibration/probabilities", "calibration/of-")
    if not calibration.mix:
        return spread
    rest = builder.constant("calibration/rest", 1 - calibration.mix, np.float32)
    share = builder.constant("calibration/share", calibration.mix / ranks, np.float32)
    kept = builder.node("Mul", [spread, rest], "calibration/kept")
    return builder.node("Add", [kept, share], "calibration/mixed")


def _add_median(builder: GraphBuilder, probabilities: str, ranks: int) -> str:
    """Add the median rank, (1,) int64."""
    at_least = builder.constant("rank/at-least", make_tail_matrices(ranks)[0], np.float32)
    tails = builder.node("MatMul", [probabilities, at_least], "rank/tails")
    likelier = builder.node("Greater", [tails, builder.constant("rank/half", 0.5, np.float32)], "rank/likelier")
    counted = builder.node("Cast", [likelier], "rank/counted", to=_INT64)
    return builder.node("ReduceSum", [counted, builder.constant("rank/axis", [1])], "rank/median", keepdims=0)


def _add_range(builder: GraphBuilder, ranges: RangePredictor, probabilities: str, median: str, ranks: int) -> str:
    """Add ``RangePredictor.predict``, (1, K) bool."""
    up = add_running_maximum(builder, probabilities, "range/up-", backward=True)
    down = add_running_maximum(builder, probabilities, "range/down-")
    numbers = builder.constant("range/ranks", [np.arange(ranks)])
    middle = builder.node("Unsqueeze", [median, builder.constant("range/axis", [1])], "range/median")
    above = builder.node("GreaterOrEqual", [numbers, middle], "range/above")
    reach = builder.node("Where", [above, up, down], "range/reach")
    scores = builder.node("Sub", [builder.constant("range/one", 1, np.float32), reach], "range/scores")
    threshold = builder.constant("range/threshold", ranges.threshold, np.float32)
    fits = builder.node("LessOrEqual", [scores, threshold], "range/fits")
    always = builder.node("Equal", [numbers, middle], "range/always")
    return builder.node("Or", [fits, always], "range/inside")


def _add_ends(builder: GraphBuilder, inside: str) -> str:
    """Add the lowest and the highest rank of a range (1, K), as (1, 2) int64."""
    whole = builder.node("Cast", [inside], "range/counted", to=_INT64)
    ends = [
        builder.node("ArgMax", [whole], f"range/{name}", axis=1, keepdims=1, select_last_index=last)
        for name, last in (("lowest", 0), ("highest", 1))
    ]
    return builder.node("Concat", ends, "range/ends", axis=1)
