"""Arms compared photo by photo on the same photos, and which of them wins.

An arm's answer is its most probable class, the first of equals. Where arms stand in a mapping, they stand in the order
cheap to dear.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import combinations
from math import comb, exp, inf, lgamma, log, sqrt
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from headstart.errors import DataError, SettingError, nearest
from headstart.evaluation.intervals import Interval
from headstart.evaluation.metrics import SMALLEST

Rights = NDArray[np.bool_]
Ints = NDArray[np.int64]
Score = Callable[[Ints, Ints], float]  #: labels (N,), predicted (N,) -> a score such as the macro F1

SIGNIFICANT = 0.05  #: a corrected p below this is beyond chance
POWER = 0.8  #: how often a difference that is there shall be seen
DRAWS = 2000  #: resamples of a bootstrap
_CHUNK = 1_000_000  #: resampled rows held at once: some 25 MB


@dataclass(frozen=True, slots=True)
class Pair:
    """Two arms on the same photos; differences are a - b."""

    a: str
    b: str
    n: int  #: photos
    difference: float  #: of accuracy
    interval: Interval  #: of ``difference``, bootstrapped over photos; of no width where no answer differs
    only_a: int  #: photos that a alone answers rightly
    only_b: int  #: photos that b alone answers rightly
    p: float  #: McNemar's exact test, two-sided
    p_holm: float  #: after Holm over all pairs compared with it
    standard_error: float  #: of ``difference``, paired
    loss_difference: float  #: of log loss, nats per photo; below 0 where a is better
    loss_interval: Interval  #: of ``loss_difference``, bootstrapped over photos

    @property
    def told(self) -> bool:
        """Whether the difference exceeds one paired standard error.

        In whole numbers, for |a - b| / n > ``standard_error`` is (only_a - only_b)² > only_a + only_b.
        """
        return (self.only_a - self.only_b) ** 2 > self.only_a + self.only_b

    @property
    def beyond_chance(self) -> bool:
        """Whether McNemar's test, corrected, says so too."""
        return self.p_holm < SIGNIFICANT

    def to_json(self) -> dict[str, Any]:
        """As what ``json.dumps`` takes."""
        return asdict(self)

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Self:
        """Back from ``to_json``.

        Raises:
            DataError: fields missing or unknown.
        """
        try:
            intervals = {name: Interval(**value[name]) for name in ("interval", "loss_interval")}
            return cls(**{**value, **intervals})
        except (KeyError, TypeError) as error:
            raise DataError(f"pair cannot be read: {error}; wanted the fields that to_json writes") from None


@dataclass(frozen=True, slots=True)
class Choice:
    """The winner among arms, and why."""

    winner: str  #: the cheapest arm that cannot be told from ``best``
    best: str  #: the arm with the highest accuracy, of equals the lower log loss, of equals the cheaper
    pairs: tuple[Pair, ...]  #: ``best`` (a) against each other arm (b), cheap to dear
    told_apart: bool  #: ``best`` is told from every other arm
    too_small: bool  #: not even an arm without mistakes would be beyond chance on these photos
    reason: str  #: for a person

    def to_json(self) -> dict[str, Any]:
        """As what ``json.dumps`` takes."""
        return asdict(self) | {"pairs": [pair.to_json() for pair in self.pairs]}

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Self:
        """Back from ``to_json``.

        Raises:
            DataError: fields missing or unknown.
        """
        try:
            return cls(**{**value, "pairs": tuple(Pair.from_json(pair) for pair in value["pairs"])})
        except (KeyError, TypeError) as error:
            raise DataError(f"choice cannot be read: {error}; wanted the fields that to_json writes") from None


def choose_winner(
    labels: Ints, probabilities: Mapping[str, NDArray[np.floating]], baseline: str | None, seed: int
) -> Choice:
    """The cheapest arm that cannot be told from the best.

    An arm is told from the best when it falls short of it by more than one standard error of their paired difference:
    the rule of Breiman, Friedman, Olshen & Stone, 1984, Classification and Regression Trees, section 3.4.3, on paired
    differences. McNemar's test stands beside it in the record. The best is picked on the photos that it is judged on,
    so its lead is on average a little too large.

    Args:
        labels: (N,) in 0..C-1.
        probabilities: (N, C) of each arm, cheap to dear.
        baseline: the arm that each other must beat in accuracy to win at all; None for no such arm.
        seed: of the bootstrap.

    Raises:
        DataError: no arms, no photos, or arrays that do not belong together.
        SettingError: the baseline is not among the arms.
    """
    scored = _scored(labels, probabilities)
    if baseline is not None and baseline not in scored.names:
        raise SettingError(f"baseline {baseline!r} is not among the arms; {nearest(baseline, list(scored.names))}")
    hits = dict(zip(scored.names, scored.right.sum(axis=0).tolist(), strict=True))
    # Rounded: equal losses in another order of photos have sums that differ in the last bit.
    losses = dict(zip(scored.names, scored.losses.mean(axis=0).round(12).tolist(), strict=True))
    able = [name for name in scored.names if baseline in (None, name) or hits[name] > hits[baseline]]
    best = min(able, key=lambda name: (-hits[name], losses[name]))
    pairs = _pairs(scored, [(best, name) for name in scored.names if name != best], seed)
    told = {pair.b: pair.told for pair in pairs}
    winner = next(name for name in able if not told.get(name, False))
    mistakes = len(labels) - hits[baseline or scored.names[0]]
    extreme = min(1.0, _two_sided(0, mistakes) * len(pairs))
    sentences = _sentences(winner, best, hits[winner] / len(labels), len(labels), pairs, baseline)
    if extreme >= SIGNIFICANT:
        sentences.append(
            f"These {len(labels)} photos are too few to tell: {baseline or scored.names[0]} makes {mistakes} "
            f"mistake{'s' * (mistakes != 1)} on them, so that even an arm without mistakes would have p {_p(extreme)} "
            f"after Holm; wanted below {SIGNIFICANT}."
        )
    return Choice(winner, best, pairs, all(told.values()), extreme >= SIGNIFICANT, " ".join(sentences))


def compare_pairs(labels: Ints, probabilities: Mapping[str, NDArray[np.floating]], seed: int) -> tuple[Pair, ...]:
    """Every arm against every later one, Holm over all of these pairs.

    Args:
        labels: (N,) in 0..C-1.
        probabilities: (N, C) of each arm, cheap to dear.
        seed: of the bootstrap; all pairs are resampled together.

    Raises:
        DataError: no arms, no photos, or arrays that do not belong together.
    """
    scored = _scored(labels, probabilities)
    return _pairs(scored, list(combinations(scored.names, 2)), seed)


def mcnemar_exact(right_a: Rights, right_b: Rights) -> float:
    """Two-sided p of as uneven a count among the photos that one arm alone has right; 1 where there are none.

    McNemar, 1947, Psychometrika 12, with the binomial in place of chi-squared. Arrays are (N,).
    """
    return _two_sided(int((right_a & ~right_b).sum()), int((right_b & ~right_a).sum()))


def standard_error(right_a: Rights, right_b: Rights) -> float:
    """Standard error of accuracy a - accuracy b on the same photos (N,), from the sample variance (n - 1).

    Of one photo, which has no variance, it is the difference itself.
    """
    difference = right_a.astype(np.float64) - right_b
    n = len(difference)
    return abs(float(difference[0])) if n == 1 else float(difference.std(ddof=1)) / sqrt(n)


def holm(p_values: Sequence[float]) -> tuple[float, ...]:
    """P-values adjusted so that the chance of any false claim stays below the level; in the order given.

    Holm, 1979, Scandinavian J. of Statistics 6.
    """
    p = np.asarray(p_values, dtype=np.float64)
    order = np.argsort(p, kind="stable")
    adjusted = np.empty(len(p))
    adjusted[order] = np.minimum(1, np.maximum.accumulate(p[order] * np.arange(len(p), 0, -1)))
    return tuple(adjusted.tolist())


def paired_interval(
    values_a: NDArray[Any], values_b: NDArray[Any], seed: int, *, level: float = 0.95, draws: int = DRAWS
) -> Interval:
    """Percentile bootstrap of mean(a - b), both values (N,) of the same photos, which are resampled.

    Efron & Tibshirani, 1993, An Introduction to the Bootstrap, chapter 13.
    """
    differences = np.asarray(values_a, np.float64) - np.asarray(values_b, np.float64)
    return _percentiles(_resampled_means(differences[:, None], seed, draws)[:, 0], level)


def score_interval(
    score: Score,
    labels: Ints,
    probabilities_a: NDArray[np.floating],
    probabilities_b: NDArray[np.floating],
    seed: int,
    *,
    level: float = 0.95,
    draws: int = DRAWS,
) -> Interval:
    """Percentile bootstrap of score a - score b for scores that are not means over photos.

    Args:
        score: of labels and predictions (N,); a class may be missing from a resample.
        labels: (N,).
        probabilities_a: (N, C).
        probabilities_b: (N, C).
        seed: of the bootstrap.
        level: 0.95 for 95 %.
        draws: resamples; each costs two calls of ``score``.
    """
    predicted_a, predicted_b = probabilities_a.argmax(axis=1), probabilities_b.argmax(axis=1)
    random = np.random.default_rng(seed)
    differences = np.empty(draws)
    for draw in range(draws):
        rows = random.integers(0, len(labels), len(labels))
        differences[draw] = score(labels[rows], predicted_a[rows]) - score(labels[rows], predicted_b[rows])
    return _percentiles(differences, level)


def smallest_difference(n: int, error_rate: float) -> float:
    """The smallest difference in accuracy that n photos show in 4 of 5 cases; a rule of thumb.

    It is that of an arm which mends mistakes and makes no new ones: the photos that differ are then binomial (n,
    difference), and McNemar's exact test at 0.05 needs 6 of them. Two arms that each have photos of their own right
    need more photos.

    Args:
        n: photos.
        error_rate: of the arm to be beaten, which has no more than this to mend.

    Returns:
        A share, about 7.9 / n; infinite where more than ``error_rate`` would have to be mended.
    """
    needed = next(count for count in range(1, 64) if _two_sided(0, count) < SIGNIFICANT)
    if n < needed:
        return inf
    low, high = 0.0, 1.0
    while high - low > 1e-9:
        middle = (low + high) / 2
        missed = sum(comb(n, count) * middle**count * (1 - middle) ** (n - count) for count in range(needed))
        low, high = (middle, high) if 1 - missed < POWER else (low, middle)
    return high if high <= error_rate else inf


@dataclass(frozen=True, slots=True)
class _Scored:
    names: tuple[str, ...]  #: K arms
    right: Rights  #: (N, K)
    losses: NDArray[np.float64]  #: (N, K), nats


def _scored(labels: Ints, probabilities: Mapping[str, NDArray[np.floating]]) -> _Scored:
    if not len(labels) or not probabilities:
        raise DataError(f"{len(probabilities)} arms on {len(labels)} photos cannot be compared; wanted one of each")
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
    return _Scored(tuple(probabilities), right, -np.log(np.clip(own, SMALLEST, 1)))


def _pairs(scored: _Scored, names: Sequence[tuple[str, str]], seed: int, level: float = 0.95) -> tuple[Pair, ...]:
    """Pairs by name; every pair sees the same resamples, so that the cost hardly grows with their number."""
    if not names:
        return ()
    columns = [(scored.names.index(a), scored.names.index(b)) for a, b in names]
    right, losses = scored.right, scored.losses
    hits_drawn, losses_drawn = np.split(_resampled_means(np.hstack([right, losses]), seed, DRAWS), 2, axis=1)
    p_values = [mcnemar_exact(right[:, a], right[:, b]) for a, b in columns]
    return tuple(
        Pair(
            a=scored.names[a],
            b=scored.names[b],
            n=len(right),
            difference=(int(right[:, a].sum()) - int(right[:, b].sum())) / len(right),
            interval=_percentiles(hits_drawn[:, a] - hits_drawn[:, b], level),
            only_a=int((right[:, a] & ~right[:, b]).sum()),
            only_b=int((right[:, b] & ~right[:, a]).sum()),
            p=p,
            p_holm=p_holm,
            standard_error=standard_error(right[:, a], right[:, b]),
            loss_difference=float((losses[:, a] - losses[:, b]).mean()),
            loss_interval=_percentiles(losses_drawn[:, a] - losses_drawn[:, b], level),
        )
        for (a, b), p, p_holm in zip(columns, p_values, holm(p_values), strict=True)
    )


def _two_sided(only_a: int, only_b: int) -> float:
    """Twice the binomial tail; summed from its largest term down, so that 100,000 photos neither overflow nor round."""
    n, k = only_a + only_b, min(only_a, only_b)
    largest = exp(lgamma(n + 1) - lgamma(k + 1) - lgamma(n - k + 1) - n * log(2))
    counts = np.arange(k, 0, -1)
    return min(1.0, 2 * largest * (1 + float(np.cumprod(counts / (n - counts + 1)).sum())))


def _resampled_means(values: NDArray[np.float64], seed: int, draws: int) -> NDArray[np.float64]:
    """Means (draws, M) of values (N, M) over resampled rows, in chunks of bounded memory."""
    n, random = len(values), np.random.default_rng(seed)
    means = np.empty((draws, values.shape[1]))
    step = max(1, _CHUNK // n)
    for start in range(0, draws, step):
        size = min(step, draws - start)
        rows = random.integers(0, n, (size, n)) + n * np.arange(size)[:, None]
        counts = np.bincount(rows.ravel(), minlength=size * n).reshape(size, n)
        means[start : start + size] = counts.astype(np.float64) @ values / n
    return means


def _percentiles(values: NDArray[np.float64], level: float) -> Interval:
    low, high = np.quantile(values, [(1 - level) / 2, (1 + level) / 2])
    return Interval(float(low), float(high), level)


def _sentences(
    winner: str, best: str, accuracy: float, n: int, pairs: Sequence[Pair], baseline: str | None
) -> list[str]:
    """Who wins, and what stands between it, its nearest rival and the baseline."""
    head = f"{winner} wins with {accuracy:.1%} of {n} photos right"
    if not pairs:
        return [f"{winner} is the only arm; it has {accuracy:.1%} of {n} photos right."]
    if winner != best:
        near = next(pair for pair in pairs if pair.b == winner)
        found = [f"{head}: it is the cheapest arm that cannot be told from the best, {best}.", _in_words(near)]
    else:
        near = min(pairs, key=lambda pair: (pair.difference, -pair.loss_difference))
        found = [f"{head}{': no other arm beats it' if winner == baseline else ''}.", _in_words(near)]
    return found + [_in_words(pair) for pair in pairs if pair.b == baseline and pair is not near]


def _in_words(pair: Pair) -> str:
    points, low, high = (100 * share for share in (pair.difference, pair.interval.low, pair.interval.high))
    ahead = f"is {points:.1f} points ahead of {pair.b}" if points else f"and {pair.b} have as many photos right"
    lead = (
        f"{pair.a} {ahead} ({100 * pair.interval.level:.0f} % interval {low:z.1f} to {high:z.1f} points, McNemar p "
        f"{_p(pair.p_holm)} after Holm)"
    )
    error = f"one standard error ({100 * pair.standard_error:.1f} points)"
    if not pair.told:
        return f"{lead}, which is within {error}: no difference could be seen."
    return f"{lead}: beyond chance." if pair.beyond_chance else f"{lead}: more than {error}, but not beyond chance."


def _p(p: float) -> str:
    return "below 0.001" if p < 0.001 else f"{p:.2g}"
