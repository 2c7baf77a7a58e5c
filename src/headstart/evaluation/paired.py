"""Two arms on the same samples: their difference, and whether it can be chance.

Samples that belong together (bursts, patients, near-duplicates) are drawn, flipped and counted as one group. Where each
sample is a group of its own, all of this is what textbooks have for single samples.
"""

from collections.abc import Sequence
from math import comb, copysign, exp, inf, lgamma, log, sqrt
from statistics import NormalDist

import numpy as np

from headstart.evaluation.grouping import effective_sample_size, group_sums, number_groups
from headstart.evaluation.intervals import Interval
from headstart_runtime.arrays import Bools, Doubles, Ints

SIGNIFICANT = 0.05  #: a corrected p below this is beyond chance
POWER = 0.8  #: how often a difference that is there shall be seen
DRAWS = 2000  #: resamples of a bootstrap
_CHUNK = 1_000_000  #: resampled groups held at once: some 25 MB
_SAME = 1e-12  #: differences that are rounding
_HALVINGS = 60  #: of an interval in which the limit of a score interval is sought


def group_differences(right_a: Bools | Ints, right_b: Bools | Ints, groups: Ints) -> Ints:
    """Return for each group (G,) the samples that a alone has right less those that b alone has right."""
    each = right_a.astype(np.int64) - right_b
    return group_sums(each, number_groups(groups)).astype(np.int64)


def paired_exact_test(right_a: Bools | Ints, right_b: Bools | Ints, groups: Ints) -> float:
    """Return the two-sided p of as uneven a count among samples that one arm alone has right; 1 where there are none.

    If neither arm is better, their answers to a group could as well be swapped: p is the share of all swaps of whole
    groups that leave as large a difference. Of single samples that is McNemar's test with the binomial in place of
    chi-squared (McNemar, 1947, Psychometrika 12); of groups it asks what the test of Obuchowski, 1998, Statistics in
    Medicine 17, asks, exactly. Arrays are (N,).
    """
    differences = np.abs(group_differences(right_a, right_b, groups))
    total = int(group_differences(right_a, right_b, groups).sum())
    sizes, counts = np.unique(differences[differences > 0], return_counts=True)
    if not len(sizes) or total == 0:
        return 1.0
    if len(sizes) == 1:  # groups that weigh the same: a binomial
        first = (abs(total) // int(sizes[0]) + int(counts[0])) // 2
        return binomial_p_value(first, int(counts[0]) - first)
    return _swaps_as_uneven(sizes, counts, abs(total))


def _swaps_as_uneven(sizes: Ints, counts: Ints, total: int) -> float:
    """Return the share of swaps of groups (``counts`` of each of ``sizes``) whose sum is as far from 0 as ``total``."""
    chances = np.ones(1)  # of the sums -reach, -reach + 1, ... reach
    for size, count in zip(sizes.tolist(), counts.tolist(), strict=True):
        ways = np.array([lgamma(count + 1) - lgamma(k + 1) - lgamma(count - k + 1) for k in range(count + 1)])
        spread = np.zeros(2 * size * count + 1)
        spread[:: 2 * size] = np.exp(ways - count * log(2))
        chances = np.convolve(chances, spread)
    sums = np.arange(len(chances)) - len(chances) // 2
    return min(1.0, float(chances[np.abs(sums) >= total].sum()))


def binomial_p_value(only_a: int, only_b: int) -> float:
    """Return twice the binomial tail, summed from its largest term down: 100,000 samples neither overflow nor round."""
    n, k = only_a + only_b, min(only_a, only_b)
    largest = exp(lgamma(n + 1) - lgamma(k + 1) - lgamma(n - k + 1) - n * log(2))
    counts = np.arange(k, 0, -1)
    return min(1.0, 2 * largest * (1 + float(np.cumprod(counts / (n - counts + 1)).sum())))


def standard_error(right_a: Bools | Ints, right_b: Bools | Ints, groups: Ints) -> float:
    """Return the standard error of accuracy a - accuracy b on the same samples (N,), from the variance between groups.

    See ``standard_error_of_mean``.
    """
    return standard_error_of_mean(right_a.astype(np.float64) - right_b.astype(np.float64), groups)


def standard_error_of_mean(values: Doubles, groups: Ints) -> float:
    """Return the standard error of the mean of values (N,), from the variance between groups.

    That of a ratio: the sum over groups, by their sizes (Cochran, 1977, Sampling Techniques, section 6.3), with G - 1.
    Of single samples it is the sample variance's. Of one group, which has no variance, it is the mean itself.
    """
    numbers = number_groups(groups)
    sums, sizes = group_sums(values, numbers), np.bincount(numbers)
    count, n = len(sizes), int(sizes.sum())
    mean = float(sums.sum()) / n
    if count == 1:
        return abs(mean)
    return sqrt(float(np.square(sums - mean * sizes).sum()) * count / (count - 1)) / n


def exceeds_one_se(right_a: Bools | Ints, right_b: Bools | Ints, groups: Ints) -> bool:
    """Return whether the difference is larger than its ``standard_error``; in whole numbers, as rounding decides ties.

    Of single samples it is (only_a - only_b)² > only_a + only_b.
    """
    differences = group_differences(right_a, right_b, groups).tolist()
    sizes = np.bincount(number_groups(groups)).tolist()
    count, n, total = len(sizes), sum(sizes), sum(differences)
    if count == 1:
        return False
    spread = sum((n * own - total * size) ** 2 for own, size in zip(differences, sizes, strict=True))
    return bool(total**2 * n**2 * (count - 1) > count * spread)


def adjust_holm(p_values: Sequence[float]) -> tuple[float, ...]:
    """Return p-values adjusted so that the chance of any false claim stays below the level; in the order given.

    Holm, 1979, Scandinavian J. of Statistics 6.
    """
    p = np.asarray(p_values, dtype=np.float64)
    order = np.argsort(p, kind="stable")
    adjusted = np.empty(len(p))
    adjusted[order] = np.minimum(1, np.maximum.accumulate(p[order] * np.arange(len(p), 0, -1)))
    return tuple(adjusted.tolist())


def accuracy_interval(right_a: Bools, right_b: Bools, groups: Ints, level: float = 0.95) -> Interval:
    """Return Tango's score interval of accuracy a - accuracy b on the same samples (N,).

    It has a width where no answer differs too: n samples without a difference leave room for one of z² / (n + z²), a
    little more than the 3 / n of the rule of three. Tango, 1998, Statistics in Medicine 17; recommended for paired
    shares by Fagerland, Lydersen & Laake, 2014, Statistics in Medicine 33. Groups count as the samples that they are
    worth, see ``effective_sample_size``.
    """
    each = right_a.astype(np.int64) - right_b
    n = len(each)
    worth = effective_sample_size(each, groups) / n
    return tango_interval(worth * int((each > 0).sum()), worth * int((each < 0).sum()), worth * n, level)


def tango_interval(only_a: float, only_b: float, n: float, level: float = 0.95) -> Interval:
    """Return the interval of the difference of two paired shares, with ``only_a`` and ``only_b`` of ``n`` unlike."""
    z, found = NormalDist().inv_cdf((1 + level) / 2), (only_a - only_b) / n

    def score(difference: float) -> float:
        """Return by how many standard errors the observation lies above ``difference``, were that the truth."""
        second = -only_a - only_b + (2 * n - only_a + only_b) * difference
        free = -only_b * difference * (1 - difference)
        share = (sqrt(max(0.0, second**2 - 8 * n * free)) - second) / (4 * n)
        variance = n * (2 * share + difference * (1 - difference))
        ahead = only_a - only_b - n * difference
        return copysign(inf, ahead) if variance <= 0 else ahead / sqrt(variance)

    def limit(outside: float, sign: float) -> float:
        inside = found
        for _ in range(_HALVINGS):
            middle = (inside + outside) / 2
            inside, outside = (middle, outside) if sign * score(middle) < z else (inside, middle)
        return inside

    return Interval(limit(-1.0, 1.0), limit(1.0, -1.0), level)


def resampled_means(values: Doubles, groups: Ints, seed: int, draws: int) -> Doubles:
    """Return means (draws, M) of values (N, M) over the rows of resampled groups, in chunks of bounded memory."""
    numbers = number_groups(groups)
    sums, sizes = group_sums(values, numbers), np.bincount(numbers).astype(np.float64)
    n, random = len(sums), np.random.default_rng(seed)
    means = np.empty((draws, values.shape[1]))
    step = max(1, _CHUNK // n)
    for start in range(0, draws, step):
        size = min(step, draws - start)
        rows = random.integers(0, n, (size, n)) + n * np.arange(size)[:, None]
        counts = np.bincount(rows.ravel(), minlength=size * n).reshape(size, n).astype(np.float64)
        means[start : start + size] = counts @ sums / (counts @ sizes)[:, None]
    return means


def percentile_interval(values: Doubles, level: float) -> Interval:
    """Return the middle ``level`` of resampled values (draws,)."""
    low, high = np.quantile(values, [(1 - level) / 2, (1 + level) / 2])
    return Interval(float(low), float(high), level)


def resampled_difference_interval(values: Doubles, groups: Ints, level: float) -> Interval:
    """Return the middle ``level`` of resampled differences (draws,) of two arms' scores on the same rows (N,).

    Where they are all 0 the arms are told apart nowhere, as where neither makes a mistake. So few groups leave room for
    a difference nevertheless: that of two shares with as many pairs and none unlike (``tango_interval``).
    """
    if np.abs(values).max() > _SAME:
        return percentile_interval(values, level)
    return tango_interval(0, 0, len(np.unique(groups)), level)


def smallest_detectable_difference(n: int, error_rate: float) -> float:
    """Return the smallest difference in accuracy that n samples show in 4 of 5 cases; a rule of thumb.

    It is that of an arm which mends mistakes and makes no new ones: the samples that differ are then binomial (n,
    difference), and McNemar's exact test at 0.05 needs 6 of them. Two arms that each have samples of their own right
    need more samples.

    Args:
        n: samples that are independent, or as many as groups are worth.
        error_rate: of the arm to be beaten, which has no more than this to mend.

    Returns:
        A share, about 7.9 / n; infinite where more than ``error_rate`` would have to be mended.
    """
    needed = next(count for count in range(1, 64) if binomial_p_value(0, count) < SIGNIFICANT)
    if n < needed:
        return inf
    low, high = 0.0, 1.0
    while high - low > 1e-9:
        middle = (low + high) / 2
        missed = sum(comb(n, count) * middle**count * (1 - middle) ** (n - count) for count in range(needed))
        low, high = (middle, high) if 1 - missed < POWER else (low, middle)
    return high if high <= error_rate else inf


def format_p(p: float) -> str:
    """Return a p-value for a sentence."""
    return "below 0.001" if p < 0.001 else f"{p:.2g}"
