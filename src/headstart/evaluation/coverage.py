"""Conformal prediction's quantile, and the coverage that prediction sets reach.

Of n samples that a model was not fitted on, a threshold is the ceil((n + 1) * coverage)-th smallest score of the truth.
A further sample of the same kind then has the truth in its set with a probability of at least ``coverage``, whatever
the model (Vovk, Gammerman & Shafer, 2005, Algorithmic Learning in a Random World; Lei et al., 2018, J. American
Statistical Association 113). It is a promise about all samples together, not about each class.
"""

from dataclasses import dataclass
from math import ceil

import numpy as np

from headstart.evaluation.intervals import grouped_wilson_interval
from headstart_runtime.arrays import Bools, Ints
from headstart_runtime.errors import DataError


@dataclass(frozen=True, slots=True)
class Coverage:
    """Share of prediction sets that held the true class, and how large they were."""

    coverage: float  #: share of samples
    low: float  #: of Wilson's 95 % interval
    high: float
    n: int
    mean_size: float  #: classes in a set
    sizes: tuple[int, ...]  #: how many sets have 1, 2, ..., C classes
    per_class: tuple[float | None, ...]  #: coverage among the samples of each class; None where there is none


def find_conformal_rank(coverage: float, n: int) -> int:
    """Return ceil((n + 1) * coverage), whatever rounding makes of 0.9 * 10: 1 for the smallest of n scores.

    It is more than n where n samples are too few to promise so much; then nothing may be left out.
    """
    return ceil((n + 1) * coverage - 1e-9)


def measure_coverage(sets: Bools, labels: Ints, *, groups: Ints | None = None) -> Coverage:
    """Return how well prediction sets (N, C) of samples with known labels (N,) do.

    Args:
        sets: (N, C).
        labels: (N,) true classes.
        groups: (N,) which samples belong together, for the interval; None: each is by itself.

    Raises:
        DataError: no samples, or shapes that do not belong together.
    """
    if sets.ndim != 2 or labels.shape != (len(sets),):
        raise DataError(f"labels {labels.shape} and sets {sets.shape} do not belong together; wanted (N,) and (N, C)")
    if not len(labels):
        raise DataError("there are no prediction sets to measure; wanted one sample at least")
    held, classes = sets[np.arange(len(labels)), labels], sets.shape[1]
    sizes = sets.sum(axis=1)
    interval = grouped_wilson_interval(held, np.arange(len(labels)) if groups is None else groups)
    each = [held[labels == index] for index in range(classes)]
    return Coverage(
        coverage=float(held.mean()),
        low=interval.low,
        high=interval.high,
        n=len(labels),
        mean_size=float(sizes.mean()),
        sizes=tuple(int(count) for count in np.bincount(sizes, minlength=classes + 1)[1:]),
        per_class=tuple(float(own.mean()) if len(own) else None for own in each),
    )
