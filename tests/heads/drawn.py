"""Tasks drawn at random: classes are clouds around their means, in features that hang together."""

import numpy as np

from headstart.heads.head import TrainingSet


def draw(
    rows: int = 120, columns: int = 20, classes: int = 3, *, apart: float = 1.0, seed: int = 0, balanced: bool = False
) -> TrainingSet:
    random = np.random.default_rng(seed)
    labels = np.arange(rows) % classes
    hidden = random.standard_normal((classes, 12))[labels] * apart + random.standard_normal((rows, 12))
    features = hidden @ random.standard_normal((12, columns)) + random.standard_normal((rows, columns)) + 3
    return TrainingSet(features.astype(np.float32), labels, classes, np.arange(rows), balanced, seed)
