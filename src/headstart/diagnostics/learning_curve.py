"""Learning curve: heads fitted on parts of the training samples, scored on samples held out.

Hyperparameters stay as they were chosen on all samples: C of ``logistic`` and the penalty of ``ridge`` are the strength
of a prior on the weights, which has nothing to do with how many samples there are. On a half of four sets, one split
each, choosing C again changed the accuracy by -1.1, 0, 0 and 0.7 points.

The error, of a share what is missing to 1, is taken to fall as a power of the number of samples (Hestness et al., 2017,
Deep learning scaling is predictable, empirically): each doubling removes the same share of it. Foretold from halves of
the training samples, and their halves, and so on, which accuracy all of them reached, mean of 20 halves (root mean
square of what it was wrong by, in brackets that of foretelling nothing): trash 3.4 points, really 3.3 (1.2; 3.5);
brain scans 3.5, really 2.7 (3.4; 4.2); ants and bees 1.3, really 0.5 (1.3; 1.1); cats and dogs 0.1, really 0.1 (0.3;
0.3). Fits without the smallest part, or with more weight on the larger ones, were on the whole no nearer.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from math import sqrt
from typing import Any

import numpy as np

from headstart.evaluation.grouping import Targets
from headstart.evaluation.intervals import Interval, wilson_interval
from headstart.heads.folds import assign_folds
from headstart.heads.head import Fit, TrainingSet
from headstart.heads.subsample import choose_tolerance
from headstart.heads.threads import limit_to_idle_threads
from headstart.tasks.facets import ItemScores, Strata
from headstart_runtime.arrays import Bools, Doubles, Floats, Ints
from headstart_runtime.tasks.task import Measure, TargetSpace, Task

PARTS = 8  #: the training samples in as many parts; a class, or other stratum, needs a group in each
SHARES = (1, 2, 4)  #: parts that a head is fitted on; all of them once besides
#: Rows up to which there are so many heads of each share: of more samples the luck of the draw is smaller.
REPEATS = ((4000, 6), (16384, 3))
FEWEST = 2  #: heads of each share of still more rows; without two of them nothing were known of that luck
DRAWS = 2000  #: of what chance could have made of the curve
NORMAL = 1.96  #: half the width of a 95 % interval in standard errors


@dataclass(frozen=True, slots=True)
class CurvePoint:
    """Scores of heads that were fitted on so many samples."""

    samples: int  #: mean over the repeats
    score: float  #: mean over the repeats of the mean score of the held-out items, as ``Measure`` has it: accuracy
    low: float  #: of a 95 % interval: other training samples and other held-out ones
    high: float
    loss: float  #: mean over the repeats
    repeats: int


@dataclass(frozen=True, slots=True)
class ClassGain:
    """Gain of one class by the second half of the training samples."""

    name: str
    recall_half: float  #: mean over the repeats
    recall_all: float
    gain: float  #: ``recall_all - recall_half``
    low: float  #: of its 95 % interval, as of ``CurvePoint``
    high: float


@dataclass(frozen=True, slots=True)
class LearningCurve:
    """Score over training samples."""

    sizes: tuple[CurvePoint, ...]  #: few to many
    doubling: float | None  #: by which twice the samples should better the score; None where noise hides whether any
    #: The class that gained most first; without classes that no held-out sample has. Empty where strata are no answers.
    gains: tuple[ClassGain, ...]


def read_curve(record: Mapping[str, Any]) -> LearningCurve:
    """Return the learning curve that ``dataclasses.asdict`` took apart."""
    return LearningCurve(
        tuple(CurvePoint(**point) for point in record["sizes"]),
        record["doubling"],
        tuple(ClassGain(**gain) for gain in record["gains"]),
    )


@dataclass(frozen=True, slots=True)
class _Answers:
    """Answers of the heads that were fitted on one number of samples."""

    samples: float
    scores: Doubles  #: (M,) of each held-out sample, mean over the repeats; greater is better
    by_stratum: Doubles  #: (repeats, S) their means; NaN for a stratum without held-out samples
    spread: float  #: standard deviation of the repeats' means; of one alone it is not known: NaN
    loss: float
    repeats: int


def fit_learning_curve(
    train: TrainingSet,
    held_out_features: Floats,
    held_out: Targets,
    fit: Fit,
    options: Any,
    fixed: Mapping[str, float] | None,
    task: Task,
    space: TargetSpace,
    seed: int,
) -> LearningCurve | None:
    """Fit heads on an eighth, a quarter, a half and all of the training samples; groups stay together.

    Args:
        train: the training samples.
        held_out_features: (M, D) of samples that are not among them.
        held_out: their targets.
        fit: the kind of head.
        options: its settings.
        fixed: its hyperparameters, as chosen on all of ``train``.
        task: that scores.
        space: of the targets.
        seed: of the parts.

    Returns:
        None where a class, or another stratum, has fewer than ``PARTS`` groups to train on, or nothing is held out.
    """
    strata = task.targets.stratify(space, train.targets)
    pairs = np.unique(np.stack([strata.numbers, train.groups]), axis=1)[0]
    groups = np.bincount(pairs, minlength=len(strata.names))
    # A sample of several strata counts for its rarest alone, so that others may seem to have few.
    if not len(held_out) or (groups.min() if strata.members is None else groups.sum() // 2) < PARTS:
        return None
    train = replace(train, tolerance=choose_tolerance(len(train)))
    points, held = [], task.targets.stratify(space, held_out.values)
    with limit_to_idle_threads(train.features.size):
        for draws in _draw_rows(train, strata.numbers, seed):
            fits = (fit(_take(train, rows), options, fixed) for rows in draws)  # one copy of the features at a time
            outputs = [task.activate(fitted.head.logits(held_out_features)) for fitted in fits]
            samples = float(np.mean([rows.sum() for rows in draws]))
            scored = [task.scoring.score_arms(held_out, {"head": rows})["head"] for rows in outputs]
            points.append(_summarise(samples, scored, held))
    # Of all samples there is one draw only. Its luck is less than a half's, as the square root of the samples.
    points[-1] = replace(points[-1], spread=points[-2].spread / sqrt(2))
    gains = _estimate_gains(points[-2], points[-1], held) if strata.required else ()
    return LearningCurve(
        sizes=tuple(_estimate_point(point, task.measure) for point in points),
        doubling=_predict_doubling(points, task.measure, seed),
        gains=tuple(sorted(gains, key=lambda gain: -gain.gain)),
    )


def _draw_rows(train: TrainingSet, strata: Ints, seed: int) -> Iterator[list[Bools]]:
    """Yield, for each size, few to many, the rows (N,) of its training sets. Those of one cut have no row in common."""
    repeats = next((heads for most, heads in REPEATS if len(train.targets) <= most), FEWEST)
    cuts = [assign_folds(strata, train.groups, PARTS, seed + number) for number in range((repeats + 1) // 2)]
    for share in SHARES:
        sets = PARTS // share
        yield [cuts[number // sets] // share == number % sets for number in range(repeats)]
    yield [np.ones(len(train.targets), np.bool_)]


def _take(train: TrainingSet, rows: Bools) -> TrainingSet:
    return train if rows.all() else train.take(rows)


def _summarise(samples: float, scored: Sequence[ItemScores], strata: Strata) -> _Answers:
    scores = np.stack([items.scores for items in scored])
    member = strata.membership
    counts = member.sum(axis=0)
    found = scores @ member
    return _Answers(
        samples=samples,
        scores=scores.mean(axis=0),
        by_stratum=np.divide(found, counts, out=np.full(found.shape, np.nan), where=counts > 0),
        spread=float(scores.mean(axis=1).std(ddof=1)) if len(scores) > 1 else float("nan"),
        loss=float(np.mean([items.losses.mean() for items in scored])),
        repeats=len(scores),
    )


def _estimate_point(point: _Answers, measure: Measure) -> CurvePoint:
    """Return the scores of a size.

    The interval is Wilson's for the samples held out, of scores that are no shares the normal one, widened by the luck
    of the samples that were trained on.
    """
    score, n = float(point.scores.mean()), len(point.scores)
    if measure.share and measure.counted:
        interval = wilson_interval(round(score * n), n)
    else:
        width = NORMAL * float(point.scores.std(ddof=1)) / sqrt(n) if n > 1 else 0.0
        interval = Interval(score - width, score + width, 0.95)
        if measure.share and not width:  # flawless: how scores scatter is not known
            interval = wilson_interval(score * n, n)
    luck = NORMAL * point.spread / sqrt(point.repeats)
    below, above = (sqrt((score - end) ** 2 + luck**2) for end in (interval.low, interval.high))
    low, high = score - below, score + above
    if measure.share:
        low, high = max(0.0, low), min(1.0, high)
    if not measure.greater:
        score, low, high = -score, -high, -low
    return CurvePoint(round(point.samples), score, low, high, point.loss, point.repeats)


def _predict_doubling(points: Sequence[_Answers], measure: Measure, seed: int) -> float | None:
    """Return the gain of the next doubling by a power law through the errors; None where chance could have made it 0.

    None too for a score without a best value. Scores are drawn anew as other held-out samples, the same for all sizes,
    and other training samples would have made them. 95 % one-sided.
    """
    if measure.greater and not measure.share:
        return None
    best = 1.0 if measure.share and measure.greater else 0.0
    scores = np.stack([point.scores for point in points])
    luck = np.array([point.spread / sqrt(point.repeats) for point in points])
    noise = np.atleast_2d(np.cov(scores)) / scores.shape[1] if scores.shape[1] > 1 else np.zeros((len(scores),) * 2)
    samples = np.array([point.samples for point in points])
    # Half a sample, of a share; of other errors a thousandth of the mean: no error at all has no logarithm.
    least = 0.5 / scores.shape[1] if measure.share else max(1e-3 * float(best - scores.mean()), 1e-12)
    drawn = np.random.default_rng(seed).multivariate_normal(
        scores.mean(axis=1), noise + np.diag(luck**2), DRAWS, method="eigh"
    )
    if np.quantile(_extrapolate(drawn, samples, least, best), 0.05) <= 0:
        return None
    return float(_extrapolate(scores.mean(axis=1)[None], samples, least, best)[0])


def _extrapolate(scores: Doubles, samples: Doubles, least: float, best: float = 1.0) -> Doubles:
    """Return what the next doubling adds to curves (K, S), (K,), by a line through log error over log samples."""
    errors = np.log2(np.maximum(best - scores, least))
    along = np.log2(samples) - np.log2(samples).mean()
    slope = errors @ along / (along @ along)
    at_all = errors.mean(axis=1) + slope * along[-1]
    return np.asarray(2**at_all - 2 ** (at_all + slope))


def _estimate_gains(half: _Answers, whole: _Answers, strata: Strata) -> Iterator[ClassGain]:
    """Yield the gain of each class. Half a sample won and half a lost one are added, so that no interval is empty.

    So do Agresti & Min, 2005, Statistics in Medicine 24, for paired shares.
    """
    for number, name in enumerate(strata.names):
        inside = strata.numbers == number
        if not inside.any():
            continue
        difference = whole.scores[inside] - half.scores[inside]
        before, after = float(half.scores[inside].mean()), float(whole.scores[inside].mean())
        n = len(difference) + 2
        centre = float(difference.sum()) / n
        held_out = ((np.square(difference).sum() + 1) / n - centre**2) / n
        luck = float(half.by_stratum[:, number].var(ddof=1)) * (1 / half.repeats + 1 / 2)
        width = NORMAL * sqrt(float(held_out) + luck)
        gain = after - before
        yield ClassGain(name, before, after, gain, min(centre - width, gain), max(centre + width, gain))
