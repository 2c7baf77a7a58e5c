"""Distributions over ranks 0..K-1, made of cumulative logits, the log odds that the rank is k or more, k = 1..K-1.

A head gives 2 K numbers for an item. The first K are a location, and K - 1 thresholds on its scale (McCullagh, 1980,
Regression Models for Ordinal Data, J. Royal Statistical Society B 42: P(rank >= k) is the logistic function of
location - threshold k). Where thresholds are the same for all items that is the proportional odds model, which is what
the solved head gives; a network may move them with the item. They are put in order here, each at least as high as the
one before, so whatever numbers come in, a proper distribution goes out. The last K are a logit for each rank: its
probability is multiplied by the exponential of that. Where they are 0 the cumulative logits alone decide.
"""

import numpy as np
from numpy.typing import NDArray

from headstart_runtime.arrays import Floats, Ints
from headstart_runtime.linalg import Real, sigmoid, softmax

SMALLEST = 1e-30  #: probabilities below count as this in logarithms


def spread_numbers(numbers: NDArray[Real]) -> NDArray[Real]:
    """Return the probabilities (N, K) that a head's numbers (N, 2 K) mean, in their precision."""
    ranks = numbers.shape[1] // 2
    ordered = np.maximum(distribute(order_logits(numbers[:, :ranks])), np.asarray(SMALLEST, numbers.dtype))
    return softmax(np.asarray(np.log(ordered) + numbers[:, ranks:]))


def order_logits(numbers: NDArray[Real]) -> NDArray[Real]:
    """Return cumulative logits (N, K - 1), falling along a row, of location and thresholds (N, K)."""
    thresholds = np.maximum.accumulate(numbers[:, 1:], axis=1)
    return np.asarray(numbers[:, :1] - thresholds)


def distribute(cumulative: NDArray[Real]) -> NDArray[Real]:
    """Return probabilities (N, K), each row with a sum of 1, of cumulative logits (N, K - 1), in their precision.

    The difference of two logistic functions at a and b is sigmoid(a) sigmoid(-b) (1 - exp(b - a)), in which nothing
    cancels, so that small probabilities keep their digits.

    Args:
        cumulative: falling along a row; where one rises by rounding, that rank gets 0.
    """
    one = np.ones((len(cumulative), 1), cumulative.dtype)
    gaps = np.maximum(cumulative[:, :-1] - cumulative[:, 1:], 0)
    inside = np.concatenate([one, 1 - np.exp(-gaps), one], axis=1)
    reached = np.concatenate([one, sigmoid(cumulative)], axis=1)
    not_passed = np.concatenate([sigmoid(-cumulative), one], axis=1)
    if cumulative.shape[1] == 1:  # two ranks: nothing lies between thresholds
        inside = np.ones_like(reached)
    return np.asarray(reached * not_passed * inside, cumulative.dtype)


def sum_tails(probabilities: NDArray[Real]) -> tuple[NDArray[Real], NDArray[Real]]:
    """Return the probabilities that the rank is k or more, and that it is less, (N, K - 1) each, for k = 1..K-1."""
    at_least, less = make_tail_matrices(probabilities.shape[1])
    return probabilities @ at_least.astype(probabilities.dtype), probabilities @ less.astype(probabilities.dtype)


def make_tail_matrices(ranks: int) -> tuple[Floats, Floats]:
    """Return the matrices of 0 and 1, (K, K - 1) each, that make of probabilities the two tails of ``sum_tails``."""
    at_least = (np.arange(ranks)[:, None] >= np.arange(1, ranks)).astype(np.float32)
    return at_least, np.float32(1) - at_least


def accumulate_logits(probabilities: NDArray[Real]) -> NDArray[Real]:
    """Return the cumulative logits (N, K - 1) of probabilities (N, K), in their precision."""
    upper, lower = sum_tails(probabilities)
    smallest = np.asarray(SMALLEST, probabilities.dtype)
    return np.asarray(np.log(np.maximum(upper, smallest)) - np.log(np.maximum(lower, smallest)))


def find_medians(probabilities: NDArray[Real]) -> Ints:
    """Return the median rank (N,) of each distribution (N, K): of all ranks it has the least expected distance.

    Of two that are medians both, it is the lower one.
    """
    return np.asarray((sum_tails(probabilities)[0] > 0.5).sum(axis=1), np.int64)
