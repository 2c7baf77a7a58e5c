"""Two arms on the same samples by a score that is a mean over samples: errors, ranks, shares of each sample.

If neither arm is better, their answers to a group of samples could as well be swapped: p is the share of all swaps of
whole groups that leave as large a difference (Fisher's randomisation test for pairs; Good, 2005, Permutation,
Parametric and Bootstrap Tests of Hypotheses, section 3.4). Of few groups all swaps are made, of more some are drawn.
"""

from collections.abc import Mapping, Sequence
from math import sqrt

import numpy as np

from headstart.evaluation.comparison import PairedTest
from headstart.evaluation.grouping import group_sums, number_groups
from headstart.evaluation.paired import DRAWS, adjust_holm, percentile_interval, resampled_means
from headstart.tasks.facets import ItemScores
from headstart_runtime.arrays import Doubles, Ints

EXACT = 12  #: groups that differ up to which all swaps are made
SWAPS = 9999  #: that are drawn where there are more
_ROUNDING = 1e-9  #: share of the sum of all differences by which sums are taken to be equal
_VALUES = 1 << 22  #: signs held at a time


def compare_means(
    scores: Mapping[str, ItemScores], groups: Ints, pairs: Sequence[tuple[str, str]], seed: int
) -> tuple[PairedTest, ...]:
    """Return tests of pairs of arms, by name, corrected for their number (Holm); all see the same resamples.

    Args:
        scores: of each arm on the same N samples; greater scores are better, smaller losses.
        groups: (N,) samples that belong together, any numbers.
        pairs: names of arms.
        seed: of swaps and resamples.
    """
    if not pairs:
        return ()
    apart = [scores[a].scores - scores[b].scores for a, b in pairs]
    lost = [scores[a].losses - scores[b].losses for a, b in pairs]
    means = resampled_means(np.stack([*apart, *lost], axis=1), groups, seed, DRAWS)
    p_values = [swap_p_value(each, groups, seed) for each in apart]
    corrected = adjust_holm(p_values)
    found = []
    for index, (a, b) in enumerate(pairs):
        difference, error = float(apart[index].mean()), mean_standard_error(apart[index], groups)
        found.append(
            PairedTest(
                a=a,
                b=b,
                n=len(apart[index]),
                difference=difference,
                interval=percentile_interval(means[:, index], 0.95),
                only_a=int((apart[index] > 0).sum()),
                only_b=int((apart[index] < 0).sum()),
                p=p_values[index],
                p_holm=corrected[index],
                standard_error=error,
                loss_difference=float(lost[index].mean()),
                loss_interval=percentile_interval(means[:, len(pairs) + index], 0.95),
                exceeds_one_se=abs(difference) > error,
            )
        )
    return tuple(found)


def swap_p_value(differences: Doubles, groups: Ints, seed: int) -> float:
    """Return the two-sided p of a mean of paired differences (N,) as far from 0, where groups (N,) could be swapped."""
    sums = np.abs(group_sums(differences, number_groups(groups)))
    total = abs(float(group_sums(differences, number_groups(groups)).sum()))
    sums = sums[sums > 0]
    if not len(sums) or total == 0:
        return 1.0
    least = total - _ROUNDING * float(sums.sum())
    if len(sums) <= EXACT:
        signs = 1 - 2 * ((np.arange(1 << len(sums))[:, None] >> np.arange(len(sums))) & 1)
        return float((np.abs(signs @ sums) >= least).mean())
    random, extreme, step = np.random.default_rng(seed), 0, max(1, _VALUES // len(sums))
    for start in range(0, SWAPS, step):
        signs = 2 * random.integers(0, 2, (min(step, SWAPS - start), len(sums))) - 1
        extreme += int((np.abs(signs @ sums) >= least).sum())
    return (extreme + 1) / (SWAPS + 1)


def mean_standard_error(values: Doubles, groups: Ints) -> float:
    """Return the standard error of the mean of values (N,), from the variance between groups (N,).

    That of a ratio: the sum over groups, by their sizes (Cochran, 1977, Sampling Techniques, section 6.3), with G - 1.
    Of one group, which has no variance, it is the mean itself.
    """
    numbers = number_groups(groups)
    sums, sizes = group_sums(values, numbers), np.bincount(numbers)
    count, n, mean = len(sizes), len(values), float(values.mean())
    if count == 1:
        return abs(mean)
    return sqrt(float(np.square(sums - mean * sizes).sum()) * count / (count - 1)) / n


def smallest_p_value(differences: Doubles, groups: Ints) -> float:
    """Return the smallest p that ``swap_p_value`` can give, were all differences (N,) of one sign."""
    sums = np.abs(group_sums(np.abs(differences), number_groups(groups)))
    return float(2.0 ** (1 - int((sums > 0).sum())))
