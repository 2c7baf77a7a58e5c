"""Samples with several labels, drawn at random: each label is a direction in features that hang together."""

import numpy as np
from numpy.typing import NDArray

from headstart.heads.head import TrainingSet

Targets8 = NDArray[np.int8]


def draw_labels(
    rows: int = 120,
    columns: int = 20,
    labels: int = 4,
    *,
    noise: float = 1.0,
    unknown: float = 0.0,
    seed: int = 0,
    balanced: bool = False,
    each: int = 1,
) -> TrainingSet:
    """Rare and frequent labels, the first the rarest; ``each`` rows in turn are a group."""
    random = np.random.default_rng(seed)
    hidden = random.standard_normal((rows, labels))
    shares = np.linspace(0.15, 0.6, labels)
    targets = (hidden > np.quantile(hidden, 1 - shares)).astype(np.int8)
    mixed = hidden @ random.standard_normal((labels, columns))
    features = (mixed + noise * 3 * random.standard_normal((rows, columns)) + 3).astype(np.float32)
    targets[random.random((rows, labels)) < unknown] = -1
    return TrainingSet(features, targets, labels, np.arange(rows) // each, balanced, seed)


def draw_probabilities(
    rows: int, labels: int, *, seed: int = 0, sharp: float = 1.0
) -> tuple[Targets8, NDArray[np.float32]]:
    """Targets and probabilities that mean what they say; ``sharp`` multiplies their logits afterwards."""
    random = np.random.default_rng(seed)
    logits = random.normal(-0.5, 2, (rows, labels))
    targets = (random.random((rows, labels)) < 1 / (1 + np.exp(-logits))).astype(np.int8)
    return targets, (1 / (1 + np.exp(-sharp * logits))).astype(np.float32)
