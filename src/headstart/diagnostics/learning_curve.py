"""Learning curve: heads fitted on parts of the training samples, scored on samples held out.

Hyperparameters stay as they were chosen on all samples: C of ``logistic`` and the penalty of ``ridge`` are the strength
of a prior on the weights, which has nothing to do with how many samples there are. On a half of four sets, one split
each, choosing C again changed the accuracy by -1.1, 0, 0 and 0.7 points.

The error is taken to fall as a power of the number of samples (Hestness et al., 2017, Deep learning scaling is
predictable, empirically): each doubling removes the same share of it. Foretold from halves of the training samples, and
their halves, and so on, what all of them reached, mean of 20 halves (root mean square of what it was wrong by, in
brackets that of foretelling nothing): trash 3.4 points, really 3.3 (1.2; 3.5); brain scans 3.5, really 2.7 (3.4; 4.2);
ants and bees 1.3, really 0.5 (1.3; 1.1); cats and dogs 0.1, really 0.1 (0.3; 0.3). Fits without the smallest part, or
with more weight on the larger ones, were on the whole no nearer.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from math import sqrt
from typing import Any

import numpy as np

from headstart.arrays import Bools, Doubles, Floats, Ints
from headstart.evaluation.intervals import wilson_interval
from headstart.evaluation.metrics import log_loss
from headstart.heads.folds import assign_folds
from headstart.heads.head import Fit, TrainingSet
from headstart.heads.threads import limit_threads
from headstart.linalg import softmax

PARTS = 8  #: the training samples in as many parts; a class needs a group in each
SHARES = (1, 2, 4)  #: parts that a head is fitted on; all of them once besides
REPEATS, FEWER = 6, 3  #: heads of each share; of many samples, where the luck of the draw is small
MANY = 4000  #: rows
DRAWS = 2000  #: of what chance could have made of the curve
NORMAL = 1.96  #: half the width of a 95 % interval in standard errors


@dataclass(frozen=True, slots=True)
class CurvePoint:
    """Scores of heads that were fitted on so many samples."""

    samples: int  #: mean over the repeats
    accuracy: float  #: mean over the repeats
    low: float  #: of a 95 % interval: other training samples and other held-out ones
    high: float
    log_loss: float  #: nats, mean over the repeats
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
    """Accuracy over training samples."""

    sizes: tuple[CurvePoint, ...]  #: few to many
    doubling: float | None  #: accuracy that twice the samples are expected to add; None where noise hides whether any
    gains: tuple[ClassGain, ...]  #: the class that gained most first; a class without held-out samples is left out


@dataclass(frozen=True, slots=True)
class _Answers:
    """Answers of the heads that were fitted on one number of samples."""

    samples: float
    right: Doubles  #: (M,) share of the repeats that answer each held-out sample rightly
    by_class: Doubles  #: (repeats, C) recall; NaN for a class without held-out samples
    spread: float  #: standard deviation of the repeats' accuracies; of one alone it is not known: NaN
    log_loss: float
    repeats: int


def fit_learning_curve(
    train: TrainingSet,
    held_out_features: Floats,
    held_out_labels: Ints,
    fit: Fit,
    options: Any,
    fixed: Mapping[str, float] | None,
    seed: int,
    classes: Sequence[str],
) -> LearningCurve | None:
    """Fit heads on an eighth, a quarter, a half and all of the training samples; groups stay together.

    Args:
        train: the training samples.
        held_out_features: (M, D) of samples that are not among them.
        held_out_labels: (M,).
        fit: the kind of head.
        options: its settings.
        fixed: its hyperparameters, as chosen on all of ``train``.
        seed: of the parts.
        classes: their names.

    Returns:
        None where a class has fewer than ``PARTS`` groups to train on, or where nothing is held out.
    """
    pairs = np.unique(np.stack([train.targets, train.groups]), axis=1)[0]
    if not len(held_out_labels) or np.bincount(pairs, minlength=train.outputs).min() < PARTS:
        return None
    points = []
    with limit_threads(train.features.size):
        for sets in _make_training_sets(train, seed):
            probabilities = [softmax(fit(rows, options, fixed).head.logits(held_out_features)) for rows in sets]
            samples = float(np.mean([len(rows.targets) for rows in sets]))
            points.append(_summarise(samples, probabilities, held_out_labels, train.outputs))
    # Of all samples there is one draw only. Its luck is less than a half's, as the square root of the samples.
    points[-1] = replace(points[-1], spread=points[-2].spread / sqrt(2))
    return LearningCurve(
        sizes=tuple(_estimate_point(point) for point in points),
        doubling=_predict_doubling(points, seed),
        gains=tuple(
            sorted(_estimate_gains(points[-2], points[-1], held_out_labels, classes), key=lambda gain: -gain.gain)
        ),
    )


def _make_training_sets(train: TrainingSet, seed: int) -> Iterator[list[TrainingSet]]:
    """Yield, for each size, few to many, its training sets. Those of one cut into parts have no sample in common."""
    repeats = REPEATS if len(train.targets) <= MANY else FEWER
    cuts = [assign_folds(train.targets, train.groups, PARTS, seed + number) for number in range((repeats + 1) // 2)]
    for share in SHARES:
        sets = PARTS // share
        yield [_select(train, cuts[number // sets] // share == number % sets) for number in range(repeats)]
    yield [train]


def _select(train: TrainingSet, inside: Bools) -> TrainingSet:
    return train.take(inside)


def _summarise(samples: float, answers: Sequence[Floats], labels: Ints, classes: int) -> _Answers:
    right = np.stack([probabilities.argmax(axis=1) == labels for probabilities in answers]).astype(np.float64)
    member = labels[:, None] == np.arange(classes)
    counts = member.sum(axis=0)
    found = right @ member
    return _Answers(
        samples=samples,
        right=right.mean(axis=0),
        by_class=np.divide(found, counts, out=np.full(found.shape, np.nan), where=counts > 0),
        spread=float(right.mean(axis=1).std(ddof=1)) if len(right) > 1 else float("nan"),
        log_loss=float(np.mean([log_loss(labels, probabilities) for probabilities in answers])),
        repeats=len(right),
    )


def _estimate_point(point: _Answers) -> CurvePoint:
    """Return the scores of a size.

    The interval is Wilson's for the samples held out, widened by the luck of the samples that were trained on.
    """
    accuracy, n = float(point.right.mean()), len(point.right)
    interval = wilson_interval(round(accuracy * n), n)
    luck = NORMAL * point.spread / sqrt(point.repeats)
    below, above = (sqrt((accuracy - end) ** 2 + luck**2) for end in (interval.low, interval.high))
    low, high = max(0.0, accuracy - below), min(1.0, accuracy + above)
    return CurvePoint(round(point.samples), accuracy, low, high, point.log_loss, point.repeats)


def _predict_doubling(points: Sequence[_Answers], seed: int) -> float | None:
    """Return the gain of the next doubling by a power law through the errors; None where chance could have made it 0.

    Accuracies are drawn anew as other held-out samples, the same for all sizes, and other training samples would have
    made them. 95 % one-sided.
    """
    right = np.stack([point.right for point in points])
    luck = np.array([point.spread / sqrt(point.repeats) for point in points])
    noise = np.atleast_2d(np.cov(right)) / right.shape[1] if right.shape[1] > 1 else np.zeros((len(right),) * 2)
    samples = np.array([point.samples for point in points])
    least = 0.5 / right.shape[1]  # half a sample; no error at all has no logarithm
    drawn = np.random.default_rng(seed).multivariate_normal(
        right.mean(axis=1), noise + np.diag(luck**2), DRAWS, method="eigh"
    )
    if np.quantile(_extrapolate(drawn, samples, least), 0.05) <= 0:
        return None
    return float(_extrapolate(right.mean(axis=1)[None], samples, least)[0])


def _extrapolate(accuracies: Doubles, samples: Doubles, least: float) -> Doubles:
    """Return what the next doubling adds to curves (K, S), (K,), by a line through log error over log samples."""
    errors = np.log2(np.maximum(1 - accuracies, least))
    along = np.log2(samples) - np.log2(samples).mean()
    slope = errors @ along / (along @ along)
    at_all = errors.mean(axis=1) + slope * along[-1]
    return np.asarray(2**at_all - 2 ** (at_all + slope))


def _estimate_gains(half: _Answers, whole: _Answers, labels: Ints, classes: Sequence[str]) -> Iterator[ClassGain]:
    """Yield the gain of each class. Half a sample won and half a lost one are added, so that no interval is empty.

    So do Agresti & Min, 2005, Statistics in Medicine 24, for paired shares.
    """
    for label, name in enumerate(classes):
        inside = labels == label
        if not inside.any():
            continue
        difference = whole.right[inside] - half.right[inside]
        before, after = float(half.right[inside].mean()), float(whole.right[inside].mean())
        n = len(difference) + 2
        centre = float(difference.sum()) / n
        held_out = ((np.square(difference).sum() + 1) / n - centre**2) / n
        luck = float(half.by_class[:, label].var(ddof=1)) * (1 / half.repeats + 1 / 2)
        width = NORMAL * sqrt(float(held_out) + luck)
        gain = after - before
        yield ClassGain(name, before, after, gain, min(centre - width, gain), max(centre + width, gain))
