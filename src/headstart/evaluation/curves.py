"""Curves over all thresholds, in NumPy; scikit-learn is the second opinion in the tests.

Rows of equal score pass a threshold together, so no curve depends on the order of the rows.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from headstart_runtime.arrays import Doubles


@dataclass(frozen=True, slots=True, eq=False)
class RocCurve:
    """Rows of a class that are found, by others that are taken for it; M is 1 + the number of unlike scores."""

    false_positives: Doubles  #: (M,) share of the other rows, rising from 0 to 1; all 0 where there are none
    true_positives: Doubles  #: (M,) share of the class's rows, rising from 0 to 1; all 0 where there are none
    thresholds: Doubles  #: (M,) falling; the first is infinite
    area: float | None  #: under the curve; None without rows of the class, or without others


@dataclass(frozen=True, slots=True, eq=False)
class PrecisionRecallCurve:
    """Precision of a class by its recall; M is the number of unlike scores."""

    precision: Doubles  #: (M,)
    recall: Doubles  #: (M,) rising; all 0 where the class has no rows
    thresholds: Doubles  #: (M,) falling
    area: float | None  #: average precision: the mean of precision weighed by the steps of recall; None without rows


@dataclass(frozen=True, slots=True, eq=False)
class RiskCoverageCurve:
    """Share of wrong answers where only the surest are given; M is the number of unlike confidences."""

    coverage: Doubles  #: (M,) share of the rows that are answered, rising to 1
    risk: Doubles  #: (M,) share of these that are wrong
    thresholds: Doubles  #: (M,) falling: the least confidence that is answered
    area: float | None  #: AURC, the mean risk over the coverages at which the rows are let in; None of no rows


def roc_curve(labels: NDArray[np.int64], probabilities: NDArray[np.floating], k: int) -> RocCurve:
    """Return the ROC curve of class ``k`` against the rest: labels (N,), probabilities (N, C)."""
    thresholds, found, wrong = _count_above(probabilities[:, k], labels == k)
    true_positives, false_positives = (np.r_[0.0, _shares(counts)] for counts in (found, wrong))
    known = len(found) > 0 and found[-1] > 0 and wrong[-1] > 0
    heights = (true_positives[1:] + true_positives[:-1]) / 2
    area = float((np.diff(false_positives) * heights).sum()) if known else None
    return RocCurve(false_positives, true_positives, np.r_[np.inf, thresholds], area)


def precision_recall_curve(
    labels: NDArray[np.int64], probabilities: NDArray[np.floating], k: int
) -> PrecisionRecallCurve:
    """Return precision and recall of class ``k`` against the rest: labels (N,), probabilities (N, C)."""
    thresholds, found, wrong = _count_above(probabilities[:, k], labels == k)
    precision, recall = found / (found + wrong), _shares(found)
    known = len(found) > 0 and found[-1] > 0
    area = float((np.diff(recall, prepend=0.0) * precision).sum()) if known else None
    return PrecisionRecallCurve(precision, recall, thresholds, area)


def risk_coverage_curve(right: NDArray[np.bool_], confidence: NDArray[np.floating]) -> RiskCoverageCurve:
    """Return the risk by coverage of answers that were right or not, (N,), and how sure they were, (N,).

    The area is that of Geifman & El-Yaniv (2017, NeurIPS): the mean of the risks at the coverages 1/N, 2/N, ..., 1;
    rows of equal confidence all count with the risk at which they are let in together.
    """
    thresholds, good, wrong = _count_above(confidence, right)
    answered = good + wrong
    risk = wrong / answered
    area = float(np.average(risk, weights=np.diff(answered, prepend=0.0))) if len(right) else None
    return RiskCoverageCurve(answered / max(len(right), 1), risk, thresholds, area)


def _count_above(scores: NDArray[np.floating], wanted: NDArray[np.bool_]) -> tuple[Doubles, Doubles, Doubles]:
    """Return unlike scores, falling, and for each how many wanted and how many other rows have it or a higher one."""
    values, at = np.unique(-scores.astype(np.float64), return_inverse=True)
    found = np.bincount(at, wanted, minlength=len(values)).cumsum()
    return -values, found, np.bincount(at, minlength=len(values)).cumsum() - found


def _shares(counts: Doubles) -> Doubles:
    return counts / max(counts[-1], 1) if len(counts) else counts
