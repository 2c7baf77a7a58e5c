"""Parts of the graph of ordered classes: distributions of cumulative logits, and running maxima, on one row.

How many ranks there are is read from the tensors, for a head's numbers come without it.
"""

import numpy as np

from headstart.modalities.graph_builder import GraphBuilder

_END = np.iinfo(np.int64).max  #: of a slice that goes to the last column
_BELOW_ALL = -1e30  #: keeps a place out of a maximum


def add_slice(builder: GraphBuilder, tensor: str, start: int, end: int | None, output: str) -> str:
    """Add some columns of a tensor (1, K); the last of them is before ``end``, or the last of all where it is None."""
    ends = {"from": start, "to": _END if end is None else end, "axis": 1}
    parts = [builder.constant(f"{output}/{name}", [value]) for name, value in ends.items()]
    return builder.node("Slice", [tensor, *parts], output)


def add_running_maximum(builder: GraphBuilder, values: str, prefix: str, *, backward: bool = False) -> str:
    """Add the largest value so far in a row (1, M), from the first on, or from the last on ``backward``: (1, M)."""
    count = builder.node("Shape", [values], f"{prefix}shape", start=1, end=2)
    first, one = builder.constant(f"{prefix}zero", 0), builder.constant(f"{prefix}one", 1)
    scalar = builder.node("Squeeze", [count, builder.constant(f"{prefix}axis", [0])], f"{prefix}count")
    places = builder.node("Range", [first, scalar, one], f"{prefix}places")
    column = builder.node("Unsqueeze", [places, builder.constant(f"{prefix}columns", [1])], f"{prefix}column")
    seen = builder.node("LessOrEqual" if backward else "GreaterOrEqual", [column, places], f"{prefix}seen")
    hidden = builder.constant(f"{prefix}hidden", _BELOW_ALL, np.float32)
    visible = builder.node("Where", [seen, values, hidden], f"{prefix}visible")  # (M, M): a row for each place
    most = builder.node("ReduceMax", [visible, builder.constant(f"{prefix}last", [1])], f"{prefix}most", keepdims=0)
    return builder.node("Unsqueeze", [most, builder.constant(f"{prefix}rows", [0])], f"{prefix}maximum")


def add_distribution(builder: GraphBuilder, cumulative: str, output: str, prefix: str) -> str:
    """Add ``distribute`` of cumulative logits (1, K - 1); the result, (1, K), has the name ``output``."""
    one = builder.constant(f"{prefix}whole", [[1]], np.float32)
    opposite = builder.node("Neg", [cumulative], f"{prefix}opposite")
    reached = builder.sigmoid(cumulative, f"{prefix}reached")
    passed = builder.sigmoid(opposite, f"{prefix}not-passed")
    from_below = builder.node("Concat", [one, reached], f"{prefix}from-below", axis=1)
    from_above = builder.node("Concat", [passed, one], f"{prefix}from-above", axis=1)
    both = builder.node("Mul", [from_below, from_above], f"{prefix}both")
    upper = add_slice(builder, cumulative, 0, -1, f"{prefix}upper")
    lower = add_slice(builder, cumulative, 1, None, f"{prefix}lower")
    gaps = builder.node("Relu", [builder.node("Sub", [upper, lower], f"{prefix}fall")], f"{prefix}gaps")
    shrunk = builder.node("Exp", [builder.node("Neg", [gaps], f"{prefix}narrow")], f"{prefix}shrunk")
    between = builder.node("Sub", [one, shrunk], f"{prefix}between")
    inside = builder.node("Concat", [one, between, one], f"{prefix}inside", axis=1)
    return builder.node("Mul", [both, inside], output)
