"""Arms drawn photo by photo: which photos each has right; and a second opinion on what their difference may be."""

from math import sqrt

import numpy as np
from scipy import optimize

from headstart.evaluation.grouping import Targets
from headstart.evaluation.paired import percentile_interval, resampled_means


def rights(both: int, only_a: int, only_b: int, neither: int) -> tuple[np.ndarray, np.ndarray]:
    counts = [both, only_a, only_b, neither]
    return np.repeat([True, True, False, False], counts), np.repeat([True, False, True, False], counts)


def sure(right: np.ndarray, chance: float = 0.9) -> np.ndarray:
    """Probabilities over two classes, of photos that are all of class 0."""
    first = np.where(right, chance, 1 - chance)
    return np.stack([first, 1 - first], axis=1)


def arms(n: int, **wrong: range) -> tuple[Targets, dict[str, np.ndarray]]:
    """Photos that are all of class 0, each by itself, and arms that are wrong on the photos given."""
    return Targets.independent(np.zeros(n, np.int64)), {
        name.replace("_", "-"): sure(~np.isin(np.arange(n), list(rows))) for name, rows in wrong.items()
    }


def score_of(difference, only_a, only_b, n):
    """Tango's statistic, its likelihood maximised by brute force."""
    if only_a + only_b == 0:
        share = max(0.0, -difference)
    else:

        def unlikely(share):
            first, same = share + difference, 1 - 2 * share - difference
            chances = ((only_a, first), (only_b, share), (n - only_a - only_b, same))
            return -sum(count * np.log(max(chance, 1e-300)) for count, chance in chances if count)

        low, high = max(0.0, -difference), (1 - difference) / 2
        share = optimize.minimize_scalar(unlikely, bounds=(low, high), method="bounded", options={"xatol": 1e-12}).x
    return (only_a - only_b - n * difference) / sqrt(n * (2 * share + difference * (1 - difference)))


def paired_interval(values_a, values_b, groups, seed, *, level=0.95, draws=2000):
    """Percentile bootstrap of mean(a - b) alone, both values (N,) of the same photos; whole groups are resampled."""
    differences = np.asarray(values_a, np.float64) - np.asarray(values_b, np.float64)
    return percentile_interval(resampled_means(differences[:, None], groups, seed, draws)[:, 0], level)
