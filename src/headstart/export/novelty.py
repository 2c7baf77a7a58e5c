"""The novelty score as nodes of the graph. See ``runtime.novelty``."""

import numpy as np

from headstart.inference.novelty import TINY, Novelty
from headstart.modalities.graph_builder import GraphBuilder

SCORE = "novelty/score"


def add_novelty(pieces: GraphBuilder, novelty: Novelty, features: list[str], uncalibrated: str) -> str:
    """From the features of its branches to the score; 1.0 is the threshold.

    Args:
        pieces: what the nodes are added to.
        novelty: the fitted score.
        features: for each of ``novelty.branches`` the tensor of its features, (1, D of it).
        uncalibrated: the tensor of uncalibrated probabilities, (1, C); this kind does not read it.

    Returns:
        The name of the score's tensor, float32 (1,).
    """

    def constant(name: str, value: object) -> str:
        return pieces.constant(f"novelty/{name}", value, np.float32)

    across = pieces.constant("novelty/across", [1])
    units = [_unit(pieces, name, f"novelty/{index}/", across) for index, name in enumerate(features)]
    whole = pieces.node("Concat", units, "novelty/features", axis=1) if len(units) > 1 else units[0]
    rows = pieces.node("Sub", [whole, constant("centre", novelty.centre)], "novelty/centred")
    directions = constant("directions", novelty.directions)
    along = pieces.node("MatMul", [rows, directions], "novelty/along")
    apart = pieces.node("Sub", [along, constant("points", novelty.points)], "novelty/apart")
    each = pieces.node("ReduceSumSquare", [apart, across], "novelty/each", keepdims=0)
    near = pieces.node("ReduceMin", [each], "novelty/near", keepdims=0)
    inside = pieces.node("Gemm", [along, directions], "novelty/inside", transB=1)
    outside = pieces.node("Sub", [rows, inside], "novelty/outside")
    left = pieces.node("ReduceSumSquare", [outside, across], "novelty/left", keepdims=0)
    root = pieces.node("Sqrt", [pieces.node("Add", [near, left], "novelty/squared")], "novelty/distance")
    return pieces.node("Mul", [root, constant("scale", [novelty.scale])], SCORE)


def _unit(pieces: GraphBuilder, features: str, prefix: str, across: str) -> str:
    """A row (1, D) scaled to length 1."""
    squared = pieces.node("ReduceSumSquare", [features, across], f"{prefix}squared", keepdims=1)
    tiny = pieces.constant(f"{prefix}tiny", [TINY], np.float32)
    length = pieces.node("Sqrt", [pieces.node("Add", [squared, tiny], f"{prefix}positive")], f"{prefix}length")
    return pieces.node("Div", [features, length], f"{prefix}unit")
