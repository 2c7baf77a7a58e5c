"""Labels held against answers of heads that had not seen their samples: the record that every task's check gives.

A suspect is one sample, whatever of its label is doubted, for a person corrects it once: its label as it is written,
the label that it would have if what is doubted were as the answers say, and the doubts one by one.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from headstart.diagnostics.distances import SAME
from headstart.evaluation.label_noise import LabelNoise
from headstart.evaluation.means import MeanScore
from headstart_runtime.arrays import Bools, Doubles, Floats, Ints

LISTED = 60  #: suspects that a run keeps
MOST_DOUBTS = 8  #: of one suspect that are kept
_LEAST = 1e-12  #: probability under which none is told from nothing

DoubtKind = Literal["missing", "too many", "too low", "too high", "decimal point", "other"]


@dataclass(frozen=True, slots=True)
class Doubt:
    """One output of a label that looks wrong."""

    output: int  #: an index into the names of the space: a label, a column; -1 where a label has one part alone
    kind: DoubtKind
    given: float  #: 1 or 0 of a label, a number, a rank
    expected: float  #: the probability of the label, the number, the mean rank; by heads that had not seen the sample
    strength: float  #: larger is surer: log odds against the label, local standard deviations, ranks times log odds


@dataclass(frozen=True, slots=True)
class LabelSuspect:
    """A sample whose label looks wrong: worth a second look."""

    id: str
    given: str  #: its label, as a person writes it
    likely: str  #: the label with what is doubted as the answers have it; the task reads it
    given_probability: float  #: that the label is right in what is doubted most; held out, uncalibrated
    likely_probability: float  #: of what the answers say instead
    doubts: tuple[Doubt, ...] = ()  #: the strongest first; none where the label has one part alone


@dataclass(frozen=True)
class LabelReview:
    """The labels of N samples, held against answers."""

    n: int  #: samples that were compared
    agreement: str  #: how well the answers and the labels agree, for a person, after a colon: "94.1% of ... agree"
    summary: str  #: how many labels are wrong, as far as it can be told, and how many are doubted; a sentence's words
    suspects: tuple[LabelSuspect, ...]  #: the strongest first
    noise: LabelNoise | None  #: how many are wrong by estimate; None where that is not estimated
    accuracy: float | None = None  #: share of the labels, or of their parts, that the answers agree with
    #: Distance of two labels (``TargetReading.measure_distances``) up to which they say the same of one item: what
    #: answers are off by anyway tells no contradiction.
    same: float = SAME


@dataclass(frozen=True, slots=True)
class LabelReviewRecord:
    """A review as a run keeps it."""

    summary: str
    noise: LabelNoise | None
    corrected_in_test: int  #: test labels that were corrected before; only disputed ones are, so the score gains by it
    untouched: MeanScore | None  #: score of the test samples whose labels were not corrected; None where none was
    issues: tuple[LabelSuspect, ...]  #: the strongest, ``LISTED`` at most


def record_review(review: LabelReview, corrected: Bools, untouched: MeanScore | None) -> LabelReviewRecord:
    """Return the record of a review.

    Args:
        review: of all samples.
        corrected: of each test sample, whether its label was corrected.
        untouched: score of the other ones.
    """
    count = int(corrected.sum())
    return LabelReviewRecord(
        review.summary, review.noise, count, untouched if count else None, review.suspects[:LISTED]
    )


def describe_doubts(doubts: Sequence[Doubt], names: Sequence[str]) -> str:
    """Return what is doubted in a few words, for a cell: "missing: cat; too many: dog"; "" where nothing is named."""
    told: dict[str, list[str]] = {}
    for doubt in doubts:
        name = names[doubt.output] if doubt.output >= 0 and len(names) > 1 else ""
        told.setdefault(doubt.kind, []).append(name)
    parts = (f"{kind}: {', '.join(filter(None, named))}" if any(named) else kind for kind, named in told.items())
    return "; ".join(parts)


def describe_doubted(doubted: int, many: str) -> str:
    """Return how many labels are worth a second look, without a full stop."""
    if not doubted:
        return "none is doubted"
    return f"{doubted:,} {many} worth a second look, strongest first" if doubted > 1 else "1 is worth a second look"


def find_ordered_suspects(
    ids: Sequence[str], ranks: Ints, probabilities: Floats, names: Sequence[str], known: Bools | None = None
) -> tuple[LabelSuspect, ...]:
    """Return the samples whose grade looks wrong, the surest and furthest first.

    The order is that of the ranks by which the best grade is nearer on average than the one given, as answers see it,
    times the logarithm of how much likelier the likeliest grade is: the first alone lists grades that are merely hard
    to tell, the second alone those that are next to the right one. Listed are those whose median grade is another one.

    Args:
        ids: of N samples.
        ranks: (N,) the grades given, 0 to C - 1.
        probabilities: (N, C), each row by a classifier that was not fitted on that sample.
        names: of the C grades, in order.
        known: (N,) the rows that are looked at; all where not given.
    """
    rows = np.arange(len(ranks))
    steps = np.arange(probabilities.shape[1])
    chances = probabilities.astype(np.float64)
    chances /= np.maximum(chances.sum(axis=1, keepdims=True), 1e-12)
    distances: Doubles = chances @ np.abs(steps[:, None] - steps)
    nearer = distances[rows, ranks] - distances.min(axis=1)
    expected: Doubles = chances @ steps
    likely = (chances.cumsum(axis=1) < 0.5 - 1e-12).sum(axis=1)
    doubted = (likely != ranks) & (np.ones(len(ranks), bool) if known is None else known)
    own, best = chances[rows, ranks], chances[rows, likely]
    likelier = np.log(np.maximum(chances.max(axis=1), _LEAST)) - np.log(np.maximum(own, _LEAST))
    doubt: Doubles = nearer * likelier
    return tuple(
        LabelSuspect(
            id=ids[row],
            given=names[ranks[row]],
            likely=names[likely[row]],
            given_probability=float(own[row]),
            likely_probability=float(best[row]),
            doubts=(
                Doubt(
                    -1,
                    "too low" if expected[row] > ranks[row] else "too high",
                    float(ranks[row]),
                    float(expected[row]),
                    float(doubt[row]),
                ),
            ),
        )
        for row in np.argsort(-doubt, kind="stable").tolist()
        if doubted[row]
    )
