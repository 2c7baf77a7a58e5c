"""Several classifiers as one: a mean of their probabilities, or a vote."""

from collections.abc import Sequence

import numpy as np

from headstart_runtime.arrays import Floats


def combine_members(members: Sequence[Floats], weights: Sequence[float], how: str) -> Floats:
    """Return the members' probabilities, each float32 (N, C), as one, float32 (N, C).

    A ``mean`` weighs them. In a ``vote`` each gives one vote to its likeliest class (the first of equals), and the mean
    of all counts as one more voter, whose vote is spread over the classes: so where one class has more votes than any
    other it wins, and ties go to the mean.
    """
    stacked = np.stack(members)
    if how == "mean":
        return np.asarray(np.einsum("k,knc->nc", np.asarray(weights, np.float32), stacked), np.float32)
    votes = np.eye(stacked.shape[2], dtype=np.float32)[stacked.argmax(axis=2)].sum(axis=0)
    return np.asarray((votes + stacked.mean(axis=0)) / (len(members) + 1), dtype=np.float32)
