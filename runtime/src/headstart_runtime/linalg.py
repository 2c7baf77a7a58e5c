"""Linear algebra that several rooms use."""

from collections.abc import Callable
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from headstart_runtime.arrays import Floats

Real = TypeVar("Real", np.float32, np.float64)
FAR = 80.0  #: logits beyond are as certain: their exponential is still a number in float32


def softmax(logits: NDArray[Real]) -> NDArray[Real]:
    """Return the row-wise softmax of logits (N, C), in their precision."""
    shifted = np.exp(logits - logits.max(axis=1, keepdims=True))
    return np.asarray(shifted / shifted.sum(axis=1, keepdims=True))


def sigmoid(logits: NDArray[Real]) -> NDArray[Real]:
    """Return the logistic function of logits of any shape, in their precision; never infinite on the way."""
    return np.asarray(1 / (1 + np.exp(-np.clip(logits, -FAR, FAR))), logits.dtype)


def normalize_rows(rows: Floats, least: float) -> Floats:
    """Return rows (N, D) scaled to length 1, float32; rows shorter than ``least`` are divided by that."""
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    return np.asarray(rows / np.maximum(lengths, np.float32(least)), np.float32)


def iterate_subspace(product: Callable[[Floats], Floats], block: Floats, rounds: int = 2) -> Floats:
    """Return an orthonormal basis (D, K) of about the strongest directions of a symmetric matrix (D, D).

    Subspace iteration: Halko, Martinsson & Tropp, 2011, SIAM Review 53, algorithm 4.4.

    Args:
        product: gives the product of the matrix and a block (D, K).
        block: to start from, (D, K).
        rounds: of the iteration.
    """
    for _ in range(rounds):
        block = np.linalg.qr(product(block))[0]
    return block
