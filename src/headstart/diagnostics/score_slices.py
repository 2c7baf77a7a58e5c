"""Slices of the test samples by scores that are any numbers, and those in which a model is worse than elsewhere.

Each slice's mean score is compared with that of all samples outside it, one-sided, by Welch's test with variances
between groups; Holm's correction over all slices that were tested. As in ``slices``, where scores are right or wrong.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

import numpy as np

from headstart.data.groups import encode_groups
from headstart.data.samples import Sample
from headstart.diagnostics.slices import LEAST, Cut, ItemProperty, cut_by_properties
from headstart.evaluation.means import compare_with_rest, estimate_mean, estimate_mean_share
from headstart.evaluation.paired import SIGNIFICANT, adjust_holm
from headstart_runtime.arrays import Bools, Doubles, Ints
from headstart_runtime.tasks.task import Measure


@dataclass(frozen=True, slots=True)
class ScoreSlice:
    """The test samples that share a property."""

    by: str  #: the property: "folder", "group", or one of the task or the modality
    value: str  #: the property's value or limits, for a person
    n: int  #: samples
    score: float  #: their mean
    low: float  #: of its 95 % interval
    high: float
    p: float  #: one-sided: of a mean so much worse here, were the slice like the rest
    adjusted: float  #: ``p`` after Holm over all slices
    worse: bool  #: than the rest, beyond chance


@dataclass(frozen=True, slots=True)
class ScoreSlices:
    """All slices of the test samples."""

    n: int  #: samples
    score: float  #: the mean of all; NaN of nothing
    measure: str  #: the name of a sample's score: "absolute error"
    share: bool  #: whether it lies in 0..1 and is shown in percent
    greater: bool  #: whether a greater score is the better one
    slices: tuple[ScoreSlice, ...]  #: by property, then by value
    worst: ScoreSlice | None  #: of those that are worse; None where none is
    least: int  #: samples of the smallest slice that is tested


def compute_score_slices(
    samples: Sequence[Sample],
    properties: Sequence[ItemProperty],
    names: Collection[str],
    scores: Doubles,
    measure: Measure,
) -> ScoreSlices:
    """Return slices of the test samples, each tested against the rest.

    A slice of fewer than ``LEAST`` samples is left out, and so is one outside which there are fewer.

    Args:
        samples: N samples that the model was not fitted on.
        properties: by which they are sliced, with values in their order.
        names: of classes or labels: folders that are called so are none to slice by.
        scores: (N,) greater is better, whatever ``measure`` says: as ``ItemScores`` has them. One that is not known is
            NaN, and its sample is left out.
        measure: of these scores.
    """
    known = np.isfinite(scores)
    groups, sign = encode_groups(samples), 1.0 if measure.greater else -1.0
    found = [
        tested
        for by, value, rows in cut_by_properties(samples, properties, names)
        if (tested := _test_slice((by, value, rows[known[rows]]), scores, groups, known, share=measure.share))
        is not None
    ]
    corrected = tuple(
        replace(tested, adjusted=p, worse=p < SIGNIFICANT)
        for tested, p in zip(found, adjust_holm([it.p for it in found]), strict=True)
    )
    worse = [it for it in corrected if it.worse]
    worst = min(worse, key=lambda tested: (tested.score, tested.adjusted), default=None)
    return ScoreSlices(
        n=int(known.sum()),
        score=sign * float(scores[known].mean()) if known.any() else float("nan"),
        measure=measure.name,
        share=measure.share,
        greater=measure.greater,
        slices=corrected if measure.greater else tuple(_turn(it) for it in corrected),
        worst=worst if worst is None or measure.greater else _turn(worst),
        least=LEAST,
    )


def _test_slice(cut: Cut, scores: Doubles, groups: Ints, known: Bools, *, share: bool) -> ScoreSlice | None:
    """Return a slice by itself, greater scores the better ones; None where it or the rest is too small.

    Args:
        cut: the slice.
        scores: (N,).
        groups: (N,) of the rows.
        known: (N,) rows whose score is known.
        share: whether scores lie in 0..1.
    """
    by, value, rows = cut
    if not LEAST <= len(rows) <= int(known.sum()) - LEAST:
        return None
    mean = (estimate_mean_share if share else estimate_mean)(scores[rows], groups[rows])
    assert mean is not None
    inside = np.zeros(len(scores), bool)
    inside[rows] = True
    p = compare_with_rest(scores[known], inside[known], groups[known])
    return ScoreSlice(by, value, mean.n, mean.score, mean.low, mean.high, p, p, worse=False)


def _turn(tested: ScoreSlice) -> ScoreSlice:
    return replace(tested, score=-tested.score, low=-tested.high, high=-tested.low)
