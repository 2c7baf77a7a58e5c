"""Ordered classes that are drawn: features that a hidden location moves along, and ranks by its thresholds."""

import numpy as np

from headstart.heads.head import TrainingSet


def draw_ranks(
    rows: int, columns: int, ranks: int, *, slope: float = 2.0, seed: int = 0, outputs: int | None = None
) -> TrainingSet:
    """Rows whose location is a direction of the features, and whose rank has logistic noise."""
    chance = np.random.default_rng(seed)
    features = chance.standard_normal((rows, columns))
    location = slope * features @ (np.arange(columns) % 3 - 0.7) / np.sqrt(columns) + chance.logistic(size=rows)
    edges = np.quantile(location, np.linspace(0, 1, ranks + 1)[1:-1])
    scaled = (3 + 4 * features).astype(np.float32)
    return TrainingSet(
        scaled, np.searchsorted(edges, location), outputs or ranks, np.arange(rows), balanced=False, seed=seed
    )
