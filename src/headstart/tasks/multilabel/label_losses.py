"""Log losses of labels: of each row, and in the mean; what is unknown does not count."""

import numpy as np
from numpy.typing import NDArray

from headstart.evaluation.metrics import SMALLEST
from headstart_runtime.arrays import Doubles, Floats


def compute_label_losses(targets: NDArray[np.integer], probabilities: NDArray[np.floating]) -> Doubles:
    """Return the log loss of each label of each row, (N, K), nats; 0 where the label is unknown."""
    chance = np.where(targets == 1, probabilities, 1 - probabilities.astype(np.float64)).astype(np.float64)
    return np.where(targets >= 0, -np.log(np.clip(chance, SMALLEST, 1)), 0.0)


def compute_row_losses(targets: NDArray[np.integer], probabilities: NDArray[np.floating]) -> Doubles:
    """Return the mean log loss of the known labels of each row, (N,), nats; 0 of a row of which none is known."""
    known = (targets >= 0).sum(axis=1)
    return np.asarray(compute_label_losses(targets, probabilities).sum(axis=1) / np.maximum(known, 1))


def average_label_losses(targets: NDArray[np.integer], probabilities: NDArray[np.floating]) -> float:
    """Return the mean of the log losses of rows of which a label is known, nats; 0 of no such row."""
    rows = (targets >= 0).any(axis=1)
    return float(compute_row_losses(targets, probabilities)[rows].mean()) if rows.any() else 0.0


def weigh_sides(targets: NDArray[np.integer], *, balanced: bool) -> Floats:
    """Return the weight of each label where it is absent and where it is there, (2, K): 1, or so that both weigh alike.

    Args:
        targets: (N, K) 1 there, 0 absent, -1 unknown.
        balanced: whether each side of a label counts as half of its rows.
    """
    weights = np.ones((2, targets.shape[1]), np.float32)
    if balanced:
        counts = np.stack([(targets == side).sum(axis=0) for side in (0, 1)])
        able = (counts > 0).all(axis=0)
        weights[:, able] = counts.sum(axis=0)[able] / (2 * counts[:, able])
    return weights
