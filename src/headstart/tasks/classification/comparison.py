"""Classifiers compared sample by sample on the same samples.

An arm's answer is its most probable class, the first of equals. Where arms stand in a mapping, they stand in the order
cheap to dear.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from headstart.evaluation.comparison import PairedTest
from headstart.evaluation.grouping import Targets
from headstart.evaluation.metrics import SMALLEST
from headstart.evaluation.paired import (
    DRAWS,
    accuracy_interval,
    adjust_holm,
    exceeds_one_se,
    paired_exact_test,
    percentile_interval,
    resampled_means,
    standard_error,
)
from headstart_runtime.arrays import Bools, Doubles
from headstart_runtime.errors import DataError


def compare_pairs(
    targets: Targets, probabilities: Mapping[str, NDArray[np.floating]], seed: int
) -> tuple[PairedTest, ...]:
    """Test every arm against every later one, with Holm's correction over all of these pairs.

    Args:
        targets: labels and groups of N samples.
        probabilities: (N, C) of each arm, cheap to dear.
        seed: of the bootstrap; all pairs are resampled together.

    Raises:
        DataError: no arms, no samples, or arrays that do not belong together.
    """
    scored = score_arms(targets, probabilities)
    return run_paired_tests(scored, list(combinations(scored.names, 2)), seed)


@dataclass(frozen=True, slots=True)
class ArmScores:
    """Answers of arms, sample by sample: which are right, and their losses."""

    targets: Targets  #: of N samples
    names: tuple[str, ...]  #: K arms
    right: Bools  #: (N, K)
    losses: Doubles  #: (N, K), nats


def score_arms(targets: Targets, probabilities: Mapping[str, NDArray[np.floating]]) -> ArmScores:
    """Return the rights and losses of arms, from their probabilities (N, C).

    Raises:
        DataError: no arms, no samples, or arrays that do not belong together.
    """
    labels = targets.values
    if not len(labels) or not probabilities:
        raise DataError(f"{len(probabilities)} arms on {len(labels)} samples cannot be compared; wanted one of each")
    shape = (len(labels), next(iter(probabilities.values())).shape[-1])
    for name, array in probabilities.items():
        if array.shape != shape or not np.isfinite(array).all():
            raise DataError(
                f"arm {name!r} has probabilities of shape {array.shape}; wanted {shape}, a row for each label and a "
                "column for each class, without NaN"
            )
    if not 0 <= labels.min() <= labels.max() < shape[1]:
        raise DataError(f"labels run from {labels.min()} to {labels.max()}; wanted 0 to {shape[1] - 1}")
    rows = np.arange(len(labels))
    own = np.stack([array[rows, labels] for array in probabilities.values()], axis=1).astype(np.float64)
    right = np.stack([array.argmax(axis=1) == labels for array in probabilities.values()], axis=1)
    return ArmScores(targets, tuple(probabilities), right, -np.log(np.clip(own, SMALLEST, 1)))


def run_paired_tests(
    scored: ArmScores, names: Collection[tuple[str, str]], seed: int, level: float = 0.95
) -> tuple[PairedTest, ...]:
    """Test pairs of arms, given by name; all see the same resamples, so the cost hardly grows with their number."""
    if not names:
        return ()
    columns = [(scored.names.index(a), scored.names.index(b)) for a, b in names]
    losses, groups = scored.losses, scored.targets.groups
    means = resampled_means(losses, groups, seed, DRAWS)
    rights = [(scored.right[:, a], scored.right[:, b]) for a, b in columns]
    p_values = [paired_exact_test(a, b, groups) for a, b in rights]
    return tuple(
        PairedTest(
            a=scored.names[a],
            b=scored.names[b],
            n=len(ours),
            difference=(int(ours.sum()) - int(theirs.sum())) / len(ours),
            interval=accuracy_interval(ours, theirs, groups, level),
            only_a=int((ours & ~theirs).sum()),
            only_b=int((theirs & ~ours).sum()),
            p=p,
            p_holm=p_holm,
            standard_error=standard_error(ours, theirs, groups),
            loss_difference=float((losses[:, a] - losses[:, b]).mean()),
            loss_interval=percentile_interval(means[:, a] - means[:, b], level),
            exceeds_one_se=exceeds_one_se(ours, theirs, groups),
        )
        for (a, b), (ours, theirs), p, p_holm in zip(columns, rights, p_values, adjust_holm(p_values), strict=True)
    )
