"""Label noise: an estimate of how many labels are wrong, with its interval, or the reason that there is none.

What a held-out classifier contradicts is a wrong label or a mistake of its own. The two differ in one thing: its own
mistakes get rarer as it gets surer, down to none, while a share of labels that is wrong stays, however sure it is. So
the share of contradictions is fitted as a curve over sureness that falls to a floor, and the floor is the estimate:
the lapse rate of a psychometric function (Wichmann & Hill 2001, Perception & Psychophysics 63, 1293-1313). Its interval
is that of the profile likelihood, over straight and bent curves. Where the classifier is poor there is no floor to see,
the interval is wide, and nothing is claimed. The confident joint (Northcutt, Jiang & Chuang 2021, J. Artif. Intell.
Res. 70, 1373-1411) counts a weak classifier's own mistakes: see ``benchmarks/labels.py``.

Wrong labels are taken to be spread over easy and hard samples alike; those among the hard ones alone look like mistakes
of the classifier and are not counted.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from headstart.evaluation.grouping import effective_sample_size
from headstart_runtime.arrays import Bools, Doubles, Floats, Ints
from headstart_runtime.modalities.item import SAMPLE, Noun

_SHARES = np.concatenate([[0.0], np.geomspace(2e-4, 0.4, 80)])  #: of wrong labels that are tried
_BENDS = (1.0, 0.7)  #: powers of sureness: the log odds of a mistake fall along it, or ever slower
_STARTS = np.linspace(-1.0, 4.0, 16)  #: log odds against a mistake where two classes are as likely
_FALLS = np.geomspace(0.05, 20.0, 28)  #: of these log odds over the median sureness
_BINS = 60  #: of samples by sureness; as many samples in each
_DROP = 1.9207  #: of log likelihood to the ends of a 95 % interval: half the quantile of chi-squared with 1 degree
_LEAST = 1e-30  #: probability under which none is told from nothing
_CLAIMED = 0.03  #: mistakes that the surest answers may claim: where they are unsure too, no floor can be seen
_CLAIMED_OF_LOW = 0.6  #: or this much of the floor, for what a head is fitted on has the wrong labels too
_POINT = 0.01  #: of the interval that is told, beside a factor of two
_FEWEST = 50  #: samples; of fewer nothing is told
_MANY = 1000  #: samples from which on it is the classifier, not their number, that says too little
_WEAK = "the classifier they are held to is wrong too often itself"
_FEW = "the {many} are too few to tell a wrong label from a mistake of the classifier"
_INCOMPLETE = "the {many} of each class are all of one group, so no classifier could be made without them"
_SUREST = 30.0  #: log odds above which all are as sure


@dataclass(frozen=True, slots=True)
class LabelNoise:
    """Estimate of how many labels are wrong; the one record that every place shows."""

    n: int  #: labels that were compared
    doubted: int  #: of them, another class is likelier
    estimate: int | None  #: wrong ones; None where it can't be told
    low: int | None  #: ends of its 95 % interval
    high: int | None
    reason: str = ""  #: why it can't be told, for a person; empty where it can


def estimate_label_noise(
    labels: Ints, probabilities: Floats, groups: Ints | None = None, *, noun: Noun = SAMPLE
) -> LabelNoise:
    """Return how many labels are wrong, as far as that can be told.

    It is told where the interval's upper end is at most twice the lower and a point more: then twice the share that is
    wrong and a point is more than what is said, wherever in the interval the truth lies.

    Args:
        labels: (N,), classes.
        probabilities: (N, C), each row by a classifier that was not fitted on that sample; need not be calibrated.
        groups: (N,) which samples belong together: a burst is labelled wrongly as one. None: each is by itself.
        noun: of the samples.
    """
    n = len(labels)
    if not n:
        return LabelNoise(0, 0, None, None, None, noun.fill(_INCOMPLETE))
    doubted = int(np.sum(probabilities.max(axis=1) > probabilities[np.arange(n), labels]))
    worth = float(n) if groups is None else effective_sample_size(probabilities.argmax(axis=1) != labels, groups)
    if worth < _FEWEST:
        return LabelNoise(n, doubted, None, None, None, noun.fill(_FEW))
    floor = fit_noise_floor(labels, probabilities, worth / n)
    if floor.claimed > max(_CLAIMED, _CLAIMED_OF_LOW * floor.low):
        return LabelNoise(n, doubted, None, None, None, _WEAK)
    if floor.high > 2 * floor.low + _POINT:
        return LabelNoise(n, doubted, None, None, None, noun.fill(_FEW) if worth < _MANY else _WEAK)
    return LabelNoise(n, doubted, round(floor.share * n), math.floor(floor.low * n), math.ceil(floor.high * n))


def describe_label_noise(noise: LabelNoise, number: Callable[[str, int], str] = lambda _, value: f"{value:,}") -> str:
    """Return the sentence that every place says, without a full stop.

    Args:
        noise: the estimate.
        number: shows a number, given its field's name; a page marks its numbers.
    """
    n, doubted = number("n", noise.n), number("doubted", noise.doubted)
    look = f"{doubted} {'is' if noise.doubted == 1 else 'are'} worth a second look, strongest first"
    rest = f"; {look}" if noise.doubted else "; none is doubted"
    if noise.estimate is None or noise.low is None or noise.high is None:
        return f"how many of {n} labels are wrong can't be told: {noise.reason}{rest}"
    high = number("high", noise.high)
    if not noise.low:
        return f"at most {high} of {n} labels are wrong by estimate{rest}"
    about, low = number("estimate", noise.estimate), number("low", noise.low)
    return f"about {about} of {n} labels are wrong by estimate (95 % interval {low} to {high}){rest}"


@dataclass(frozen=True, slots=True)
class NoiseFloor:
    """Share of wrong labels, by the curve of contradictions."""

    share: float
    low: float  #: ends of the 95 % interval
    high: float
    claimed: float  #: mistakes that the surest tenth of the answers claim by their own probabilities


def fit_noise_floor(labels: Ints, probabilities: Floats, worth: float = 1.0) -> NoiseFloor:
    """Fit the curve of contradictions over sureness.

    Args:
        labels: (N,), classes.
        probabilities: (N, C), each row by a classifier that was not fitted on that sample; need not be calibrated.
        worth: of a sample, where several tell as much as one by itself: 0 to 1. The likelihood counts by it, as Rao &
            Scott (1992, Biometrics 48) count shares of grouped rows.
    """
    sure, wrong = _find_contradictions(labels, probabilities)
    bins = np.array_split(np.argsort(sure, kind="stable"), min(_BINS, len(sure)))
    at = np.array([sure[rows].mean() for rows in bins])
    n = np.array([len(rows) for rows in bins], float)
    k = np.array([wrong[rows].sum() for rows in bins], float)
    at /= max(float(np.median(sure)), 1e-9)
    met = 1 / (probabilities.shape[1] - 1)  # a mistake on a wrong label may hit what the label says
    likelihood = np.full(len(_SHARES), -np.inf)
    for bend in _BENDS:
        for start in _STARTS:
            mistakes = 1 / (1 + np.exp(np.minimum(start + _FALLS[:, None] * at**bend, 60)))
            seen = mistakes + _SHARES[:, None, None] * (1 - mistakes - met * mistakes)
            seen = np.clip(seen, 1e-9, 1 - 1e-9)
            fit = np.log(seen) @ k + np.log1p(-seen) @ (n - k)
            likelihood = np.maximum(likelihood, fit.max(axis=1))
    low, high = _find_ends(worth * likelihood)
    surest = np.sort(probabilities.max(axis=1))[-max(1, len(sure) // 10) :]
    return NoiseFloor(float(_SHARES[likelihood.argmax()]), low, high, float(1 - surest.mean()))


def _find_ends(likelihood: Doubles) -> tuple[float, float]:
    """Return where the log likelihood of the shares crosses the drop below its top, between shares that were tried."""
    above = likelihood - likelihood.max() + _DROP
    inside = np.flatnonzero(above >= 0)
    first, last = inside[0], inside[-1]
    low = np.interp(0, above[[first - 1, first]], _SHARES[[first - 1, first]]) if first else 0.0
    high = np.interp(0, above[[last + 1, last]], _SHARES[[last + 1, last]]) if last + 1 < len(above) else _SHARES[-1]
    return float(low), float(high)


def _find_contradictions(labels: Ints, probabilities: Floats) -> tuple[Doubles, Bools]:
    """Return log odds (N,) of the likeliest class to the next, and whether the label differs from it (N,)."""
    two = np.log(np.maximum(np.partition(probabilities, -2, axis=1)[:, -2:].astype(np.float64), _LEAST))
    return np.minimum(two[:, 1] - two[:, 0], _SUREST), probabilities.argmax(axis=1) != labels


def describe_left_out(in_test: int) -> str:
    """Return why so many doubted samples are not listed."""
    those, are = ("one", "is") if in_test == 1 else (f"{in_test:,}", "are")
    return (
        f"{those} of these {are} of the test part and not in the table: correcting what a classifier disputes there "
        "flatters its score; --include-test lists them too"
    )
