"""Several models of labels as one: a mean of their probabilities, or a vote on each label."""

from collections.abc import Sequence

import numpy as np

from headstart_runtime.arrays import Floats


def combine_label_members(members: Sequence[Floats], weights: Sequence[float], how: str) -> Floats:
    """Return the members' probabilities, each float32 (N, K), as one, float32 (N, K).

    A ``mean`` weighs them. In a ``vote`` each says of every label whether it is there, from a probability of 0.5 on,
    and the mean of all counts as one voter more, with a share of a vote: so the majority wins, and ties go to the mean.
    """
    stacked = np.stack(members)
    if how == "mean":
        return np.asarray(np.einsum("m,mnk->nk", np.asarray(weights, np.float32), stacked), np.float32)
    votes = (stacked >= 0.5).sum(axis=0, dtype=np.float32)
    return np.asarray((votes + stacked.mean(axis=0)) / np.float32(len(members) + 1), np.float32)
