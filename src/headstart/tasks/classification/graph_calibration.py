"""Calibration, prediction sets and predicted class as nodes of a graph, on a row (1, C), as ``inference`` has them."""

import numpy as np

from headstart.modalities.graph_builder import GraphBuilder
from headstart_runtime.tasks.classification.calibration import SMALLEST, Calibration
from headstart_runtime.tasks.classification.conformal import ConformalPredictor
from headstart_runtime.tasks.classification.decision import ClassDecision


def add_calibration(builder: GraphBuilder, calibration: Calibration, uncalibrated: str) -> str:
    """Add ``Calibration.apply``; return the name of the calibrated tensor, (1, C)."""
    if calibration.kind == "none":
        return uncalibrated
    if calibration.kind == "isotonic":
        return _add_curves(builder, calibration, uncalibrated)
    smallest = builder.constant("calibration/smallest", SMALLEST, np.float32)
    logits = builder.node(
        "Log", [builder.node("Max", [uncalibrated, smallest], "calibration/above")], "calibration/log"
    )
    scale = builder.constant("calibration/scale", [calibration.scale], np.float32)
    logits = builder.node("Mul", [logits, scale], "calibration/scaled")
    scaled = builder.node("Softmax", [logits], "calibration/probabilities", axis=1)
    return _add_mix(builder, calibration.mix, scaled) if calibration.mix else scaled


def _add_mix(builder: GraphBuilder, mix: float, scaled: str) -> str:
    """Add a share of every class alike: of the mean of a row, which sums to 1, that is."""
    axis = builder.constant("calibration/classes", [1], np.int64)
    alike = builder.node("ReduceMean", [scaled, axis], "calibration/alike", keepdims=1)
    share, rest = (builder.constant(f"calibration/{n}", v, np.float32) for n, v in (("mix", mix), ("rest", 1 - mix)))
    shared = builder.node("Mul", [alike, share], "calibration/shared-alike")
    kept = builder.node("Mul", [scaled, rest], "calibration/kept")
    return builder.node("Add", [kept, shared], "calibration/mixed")


def _add_curves(builder: GraphBuilder, calibration: Calibration, uncalibrated: str) -> str:
    """Add the curve of each class: the piece it lies in is found, then where on it, then all divided by the sum.

    Curves of fewer knots than the longest get more beyond 1, where no probability lies.
    """
    length = max(max(len(knots) for knots in calibration.knots), 2)
    rows = list(zip(calibration.knots, calibration.values, strict=True))
    knots = np.array([[*own, *(2.0 + np.arange(length - len(own)))] for own, _ in rows], np.float32)
    values = np.array([[*own, *([own[-1]] * (length - len(own)))] for _, own in rows], np.float32)

    def constant(name: str, value: object, dtype: type[np.generic] = np.int64) -> str:
        return builder.constant(f"calibration/{name}", value, dtype)

    def node(kind: str, inputs: list[str], output: str, **attributes: object) -> str:
        return builder.node(kind, inputs, f"calibration/{output}", **attributes)

    column = node("Transpose", [uncalibrated], "column", perm=[1, 0])
    beyond = node("GreaterOrEqual", [column, constant("inner", knots[:, 1:-1], np.float32)], "knots-below")
    counted = node("Cast", [beyond], "counted", to=7)  # int64
    piece = node("ReduceSum", [counted, constant("columns", [1])], "piece", keepdims=1)
    ends = [
        node("GatherElements", [constant(f"{name}-all", array, np.float32), piece], name, axis=1)
        for name, array in {
            "left": knots[:, :-1],
            "low": values[:, :-1],
            "width": np.diff(knots, axis=1),
            "rise": np.diff(values, axis=1),
        }.items()
    ]
    left, low, width, rise = ends
    along = node("Div", [node("Sub", [column, left], "beyond"), width], "along")
    inside = node("Clip", [along, constant("zero", 0, np.float32), constant("one", 1, np.float32)], "inside")
    curved = node("Add", [low, node("Mul", [inside, rise], "risen")], "curved")
    row = node("Transpose", [curved], "row", perm=[1, 0])
    total = node("ReduceSum", [row, constant("across", [1])], "total", keepdims=1)
    nothing = node("LessOrEqual", [total, constant("nothing-at-all", 0, np.float32)], "nothing")
    shared = node("Div", [row, node("Where", [nothing, constant("any", 1, np.float32), total], "divisor")], "shared")
    return node("Where", [nothing, uncalibrated, shared], "probabilities")


def add_conformal(builder: GraphBuilder, conformal: ConformalPredictor, calibrated: str, classes: int) -> str:
    """Add ``ConformalPredictor.predict``; return the name of a tensor bool (1, C), whether each class is in."""

    def node(kind: str, inputs: list[str], *outputs: str, **attributes: object) -> str:
        first, *more = (f"sets/{output}" for output in outputs)
        return builder.node(kind, inputs, first, *more, **attributes)

    threshold = builder.constant("sets/threshold", conformal.threshold, np.float32)
    first = builder.constant("sets/first", np.arange(classes)[None] == 0, np.bool_)
    most = builder.constant("sets/classes", [classes])
    falling = node("TopK", [calibrated, most], "falling", "order", axis=1)
    score = node("Sub", [builder.constant("sets/one", 1, np.float32), falling], "score")
    chosen = node("Or", [node("LessOrEqual", [score, threshold], "below"), first], "chosen")
    nobody = builder.constant("sets/nobody", np.zeros((1, classes)), np.bool_)
    return node("ScatterElements", [nobody, "sets/order", chosen], "members", axis=1)


def add_decision(builder: GraphBuilder, decision: ClassDecision, calibrated: str, classes: int) -> str:
    """Add ``ClassDecision.predict`` by a threshold; return the name of a tensor int64 (1,), the index of the class."""
    assert decision.threshold is not None

    def node(kind: str, inputs: list[str], output: str, **attributes: object) -> str:
        return builder.node(kind, inputs, f"decision/{output}", **attributes)

    row = np.arange(classes)[None] == decision.positive
    mask, nothing = builder.constant("decision/mask", row, np.bool_), builder.constant("decision/none", -1, np.float32)
    index = builder.constant("decision/positive", [decision.positive])
    least = builder.constant("decision/threshold", decision.threshold, np.float32)
    others = node("ArgMax", [node("Where", [mask, nothing, calibrated], "others")], "other", axis=1, keepdims=0)
    own = node("Gather", [calibrated, index], "own", axis=1)
    found = node(
        "GreaterOrEqual", [node("Reshape", [own, builder.constant("decision/row", [1])], "score"), least], "is"
    )
    return node("Where", [found, index, others], "class")
