"""Numbers and their intervals as nodes of a graph, on one row."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from headstart.modalities.graph_builder import GraphBuilder
from headstart.tasks.facets import ComparedOutput
from headstart.tasks.regression.scoring import measure_answer_ranges
from headstart_runtime.tasks.regression.intervals import IntervalRule
from headstart_runtime.tasks.regression.postprocessor import INTERVAL, VALUE, NumberPostprocessor
from headstart_runtime.tasks.task import TargetSpace

MOST_DIFFERENCE = 0.03  #: mean difference, over the range of the answers, that rounding can explain; more is a fault


class NumberGraph:
    """Outputs of the graph: ``value`` (K,), and ``interval`` (K, 2) where there are intervals."""

    def add_activation(self, builder: GraphBuilder, logits: str, output: str) -> str:
        """Add nothing: a head's outputs are the numbers, (1, K)."""
        return builder.node("Identity", [logits], output)

    def add_combination(
        self, builder: GraphBuilder, stacked: str, weights: Sequence[float], how: str, space: TargetSpace
    ) -> str:
        """Add the weighted mean of M members' numbers, (M, K)."""
        shares = builder.constant("members/weights", [list(weights)], np.float32)
        return builder.node("MatMul", [shares, stacked], "members/mean")

    def add_postprocessor(
        self, builder: GraphBuilder, postprocessor: NumberPostprocessor, raw: str, space: TargetSpace
    ) -> Mapping[str, str]:
        """Add intervals, as ``NumberPostprocessor.apply`` computes them."""
        outputs = {VALUE: raw}
        if postprocessor.intervals is not None:
            outputs[INTERVAL] = _add_intervals(builder, postprocessor.intervals, raw)
        return outputs

    def list_outputs(
        self, postprocessor: NumberPostprocessor, space: TargetSpace
    ) -> list[tuple[str, str, tuple[int, ...]]]:
        """Return name, dtype and shape of each output, for one item."""
        outputs: list[tuple[str, str, tuple[int, ...]]] = [(VALUE, "float32", (len(space),))]
        return outputs + ([(INTERVAL, "float32", (len(space), 2))] if postprocessor.intervals is not None else [])

    def list_compared(self, fitted: Mapping[str, NDArray[Any]]) -> list[ComparedOutput]:
        """Return the numbers and their intervals, over the range of the answers."""
        ranges = measure_answer_ranges(fitted)
        compared = [ComparedOutput(VALUE, "numbers, over their range,", MOST_DIFFERENCE, "the head", ranges)]
        if INTERVAL in fitted:
            words = "intervals, over the range of the numbers,"
            compared.append(ComparedOutput(INTERVAL, words, MOST_DIFFERENCE, "intervals", ranges[:, None]))
        return compared


def _add_intervals(builder: GraphBuilder, rule: IntervalRule, values: str) -> str:
    """Add ``IntervalRule.predict`` of values (1, K); return the tensor (1, K, 2)."""
    curve = rule.curve()

    def constant(name: str, value: object, dtype: type[np.generic] = np.float32) -> str:
        return builder.constant(f"interval/{name}", value, dtype)

    def node(kind: str, inputs: list[str], output: str, **attributes: object) -> str:
        return builder.node(kind, inputs, f"interval/{output}", **attributes)

    last = constant("last", [2], np.int64)
    column = node("Unsqueeze", [values, last], "column")
    beyond = node("Sub", [column, constant("starts", curve.starts[None])], "beyond")
    above = node("Max", [beyond, constant("zero", 0)], "above")
    along = node("Min", [above, constant("widths", curve.widths[None])], "along")
    risen = node("Mul", [along, constant("slopes", curve.slopes[None])], "risen")
    summed = node("ReduceSum", [risen, last], "summed", keepdims=0)
    scale = node("Add", [constant("first", curve.first[None]), summed], "scale")
    half = node("Mul", [constant("factors", [rule.factors]), scale], "half")
    ends = [node(kind, [values, half], name) for kind, name in (("Sub", "low"), ("Add", "high"))]
    wide = [node("Unsqueeze", [end, last], f"{end.rpartition('/')[2]}-end") for end in ends]
    return node("Concat", wide, "ends", axis=2)
