"""Numbers drawn at random: linear in hidden causes of features that hang together, with noise."""

import numpy as np

from headstart.heads.head import TrainingSet


def draw_numbers(
    rows: int = 120, columns: int = 20, outputs: int = 1, *, noise: float = 0.3, seed: int = 0, each: int = 1
) -> TrainingSet:
    """So many rows, ``each`` of them in a group, of so many features and numbers of unlike size."""
    random = np.random.default_rng(seed)
    hidden = random.standard_normal((rows, 6))
    features = hidden @ random.standard_normal((6, columns)) + random.standard_normal((rows, columns)) + 3
    true = hidden @ random.standard_normal((6, outputs)) + noise * random.standard_normal((rows, outputs))
    sizes = 10.0 ** (2 * np.arange(outputs) - 1)
    groups = np.arange(rows) // each
    return TrainingSet(
        features.astype(np.float32), true * sizes + 5 * sizes, outputs, groups, balanced=False, seed=seed
    )
