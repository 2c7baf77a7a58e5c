"""The novelty score as nodes of the graph. See ``inference.novelty``."""

import numpy as np

from headstart.modalities.graph_builder import GraphBuilder
from headstart_runtime.inference.novelty import TINY, Novelty

SCORE = "novelty/score"


def add_novelty_score(builder: GraphBuilder, novelty: Novelty, features: list[str], uncalibrated: str) -> str:
    """Add ``Novelty.score``, from the features of its branches; 1.0 is the threshold.

    Args:
        builder: the graph.
        novelty: the fitted score.
        features: for each of ``novelty.branches`` the tensor of its features, (1, D of it).
        uncalibrated: the tensor of uncalibrated probabilities, (1, C); this kind does not read it.

    Returns:
        The name of the score's tensor, float32 (1,).
    """

    def constant(name: str, value: object) -> str:
        return builder.constant(f"novelty/{name}", value, np.float32)

    across = builder.constant("novelty/across", [1])
    units = [_normalize(builder, name, f"novelty/{index}/", across) for index, name in enumerate(features)]
    whole = builder.node("Concat", units, "novelty/features", axis=1) if len(units) > 1 else units[0]
    rows = builder.node("Sub", [whole, constant("centre", novelty.centre)], "novelty/centred")
    directions = constant("directions", novelty.directions)
    along = builder.node("MatMul", [rows, directions], "novelty/along")
    apart = builder.node("Sub", [along, constant("points", novelty.points)], "novelty/apart")
    each = builder.node("ReduceSumSquare", [apart, across], "novelty/each", keepdims=0)
    near = builder.node("ReduceMin", [each], "novelty/near", keepdims=0)
    inside = builder.node("Gemm", [along, directions], "novelty/inside", transB=1)
    outside = builder.node("Sub", [rows, inside], "novelty/outside")
    left = builder.node("ReduceSumSquare", [outside, across], "novelty/left", keepdims=0)
    root = builder.node("Sqrt", [builder.node("Add", [near, left], "novelty/squared")], "novelty/distance")
    return builder.node("Mul", [root, constant("scale", [novelty.scale])], SCORE)


def _normalize(builder: GraphBuilder, features: str, prefix: str, across: str) -> str:
    """Scale a row (1, D) to length 1."""
    squared = builder.node("ReduceSumSquare", [features, across], f"{prefix}squared", keepdims=1)
    tiny = builder.constant(f"{prefix}tiny", [TINY], np.float32)
    length = builder.node("Sqrt", [builder.node("Add", [squared, tiny], f"{prefix}positive")], f"{prefix}length")
    return builder.node("Div", [features, length], f"{prefix}unit")
